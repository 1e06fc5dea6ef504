-- Whether the certificate of a service's upstream is verified.

ALTER TABLE services ADD COLUMN verify_tls boolean NOT NULL DEFAULT true;

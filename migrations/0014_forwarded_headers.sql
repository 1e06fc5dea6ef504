-- What goes upstream of where a request came from, as of X-Forwarded-Proto.

ALTER TABLE services
  ADD COLUMN forwarded_headers text NOT NULL DEFAULT 'add'
  CONSTRAINT services_forwarded_headers CHECK (forwarded_headers IN ('add', 'keep', 'none'));

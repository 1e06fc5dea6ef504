-- Rules that look at the logs a query finds, of one service or of all.

-- service_id null: all services. Where the query alone says which logs count, nothing is compared.
ALTER TABLE alerts
    ADD COLUMN query text CHECK (char_length(query) BETWEEN 1 AND 8000),
    ALTER COLUMN service_id DROP NOT NULL,
    ALTER COLUMN condition_operator DROP NOT NULL,
    ALTER COLUMN condition_value DROP NOT NULL;

-- Saved views of the list of logs, shared by all. filters is JSON in bytes: PostgreSQL's text
-- and jsonb refuse U+0000.
CREATE TABLE views (
    id         uuid PRIMARY KEY,
    name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 128),
    filters    bytea NOT NULL,
    range      text,
    columns    text[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- A name is unique, whatever its letter case; lists are by name.
CREATE UNIQUE INDEX views_name ON views (lower(name));

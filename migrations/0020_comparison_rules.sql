-- Which differences between answers are ignored, and which count whatever is known of them.

CREATE TABLE comparison_rules (
    id         uuid PRIMARY KEY,
    service_id uuid NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    -- Null: of all endpoints.
    endpoint   text,
    part       text NOT NULL CHECK (part IN ('header', 'body')),
    path       text NOT NULL,
    ignore     boolean NOT NULL,
    created_at timestamptz NOT NULL
);
-- One rule a place; those of one service are read with each comparison.
CREATE UNIQUE INDEX comparison_rules_place
    ON comparison_rules (service_id, coalesce(endpoint, ''), part, md5(path));

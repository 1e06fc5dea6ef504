-- Moments that charts show: a deploy, a change of configuration.

-- service_id null: of all services.
CREATE TABLE marks (
    id         uuid PRIMARY KEY,
    service_id uuid REFERENCES services (id) ON DELETE CASCADE,
    marked_at  timestamptz NOT NULL,
    text       text NOT NULL CHECK (char_length(text) BETWEEN 1 AND 256),
    created_at timestamptz NOT NULL
);
-- Those of a window, newest first, and the oldest, which go.
CREATE INDEX marks_marked_at ON marks (marked_at DESC, id DESC);
-- Those that go with a service.
CREATE INDEX marks_service ON marks (service_id);

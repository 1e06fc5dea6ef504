-- Rules on every log, and what they found.
CREATE TABLE alerts (
    id                 uuid PRIMARY KEY,
    service_id         uuid NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    name               text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 128),
    description        text CHECK (char_length(description) <= 512),
    condition_field    text NOT NULL,
    condition_operator text NOT NULL,
    condition_value    text NOT NULL,
    is_active          boolean NOT NULL DEFAULT true,
    error              text,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL
);
-- The rules of a batch's services.
CREATE INDEX alerts_service ON alerts (service_id);

-- log_id is a soft reference: retention drops the logs' partitions.
CREATE TABLE alert_events (
    service_id uuid NOT NULL,
    id         uuid NOT NULL,
    alert_id   uuid NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
    log_id     uuid NOT NULL,
    fired_at   timestamptz NOT NULL,
    message    text NOT NULL,
    PRIMARY KEY (service_id, id)
);
-- The newest events of one rule; the id carries the time.
CREATE INDEX alert_events_alert ON alert_events (alert_id, id DESC);

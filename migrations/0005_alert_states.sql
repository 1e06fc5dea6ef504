-- Rules over a window of time with their states, and whom events are told to.

-- condition_field is null where an aggregate of all logs is compared. state is null
-- where a rule looks at each log by itself. value is what the aggregate was last.
ALTER TABLE alerts
    ALTER COLUMN condition_field DROP NOT NULL,
    ADD COLUMN aggregate    text,
    ADD COLUMN window_s     integer CHECK (window_s >= 1),
    ADD COLUMN for_s        integer CHECK (for_s >= 0),
    ADD COLUMN threshold    integer CHECK (threshold >= 1),
    ADD COLUMN cooldown_s   integer CHECK (cooldown_s >= 0),
    ADD COLUMN state        text,
    ADD COLUMN state_since  timestamptz,
    ADD COLUMN value        double precision,
    ADD COLUMN evaluated_at timestamptz,
    ADD COLUMN notified_at  timestamptz,
    ADD CHECK ((window_s IS NULL) = (aggregate IS NULL)),
    ADD CHECK ((window_s IS NULL) = (state IS NULL));

-- A rule over a window may fire without a log: no traffic.
ALTER TABLE alert_events
    ALTER COLUMN log_id DROP NOT NULL,
    ADD COLUMN state text NOT NULL DEFAULT 'firing';

-- service_id null: the events of all services. The secret signs, so it is kept as it is.
CREATE TABLE alert_channels (
    id         uuid PRIMARY KEY,
    service_id uuid REFERENCES services (id) ON DELETE CASCADE,
    name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 128),
    kind       text NOT NULL,
    url        text NOT NULL,
    secret     text,
    is_active  boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX alert_channels_service ON alert_channels (service_id);

-- body is what is sent, the same in each attempt. alert_id and event_id are null where
-- a channel is tested. event_id is a soft reference.
CREATE TABLE alert_deliveries (
    id              uuid PRIMARY KEY,
    channel_id      uuid NOT NULL REFERENCES alert_channels (id) ON DELETE CASCADE,
    alert_id        uuid REFERENCES alerts (id) ON DELETE CASCADE,
    event_id        uuid,
    body            text NOT NULL,
    state           text NOT NULL,
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    created_at      timestamptz NOT NULL
);
-- The next one due of each channel.
CREATE INDEX alert_deliveries_due ON alert_deliveries (channel_id, next_attempt_at)
    WHERE state = 'waiting';
-- The newest of a channel, of a rule, and of all; the id carries the time.
CREATE INDEX alert_deliveries_channel ON alert_deliveries (channel_id, id DESC);
CREATE INDEX alert_deliveries_alert ON alert_deliveries (alert_id, id DESC);

-- Noted when an attempt begins: one without an outcome was cut off.
CREATE TABLE alert_delivery_attempts (
    delivery_id uuid NOT NULL REFERENCES alert_deliveries (id) ON DELETE CASCADE,
    number      integer NOT NULL,
    started_at  timestamptz NOT NULL,
    status_code smallint,
    error       text,
    duration_ms double precision,
    PRIMARY KEY (delivery_id, number)
);

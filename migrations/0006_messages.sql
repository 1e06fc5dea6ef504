-- What an exchange's time went to, and the messages and events that passed within it.
-- The same SQL runs on plain PostgreSQL 15 to 18 and on a Citus coordinator.

-- Null where ingested, and where an earlier version captured it. message_count is of a
-- WebSocket, event_count of an event stream: all that passed, kept or not.
ALTER TABLE log_details
    ADD COLUMN connect_ms       double precision,
    ADD COLUMN tls_ms           double precision,
    ADD COLUMN ttfb_ms          double precision,
    ADD COLUMN overhead_ms      double precision,
    ADD COLUMN message_count    bigint,
    ADD COLUMN event_count      bigint,
    ADD COLUMN messages_problem text;

-- The first messages of an exchange, n from 0 in the order in which they ended. They are
-- kept as long as bodies are. size is null where it is not known.
CREATE TABLE log_messages (
    bucket     integer NOT NULL,
    ts         timestamptz NOT NULL,
    id         uuid NOT NULL,
    n          integer NOT NULL,
    direction  text NOT NULL,
    kind       text NOT NULL,
    offset_ms  double precision NOT NULL,
    name       text,
    event_id   text,
    size       bigint,
    wire_size  bigint NOT NULL,
    state      text NOT NULL,
    data       bytea NOT NULL,
    PRIMARY KEY (bucket, ts, id, n)
) PARTITION BY RANGE (ts);

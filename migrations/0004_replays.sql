-- Replays, what makes a push safe to repeat, and the order in which logs were committed.

-- log_id and replay_log_id are soft references: retention drops the logs' partitions.
-- document is the answer of the replay as JSON in bytes: PostgreSQL's text and jsonb
-- refuse U+0000.
CREATE TABLE replays (
    service_id    uuid NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    id            uuid NOT NULL,
    log_id        uuid NOT NULL,
    replay_log_id uuid,
    document      bytea NOT NULL,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (service_id, id)
);
-- The newest replays of one log; the id carries the time.
CREATE INDEX replays_log ON replays (log_id, id DESC);

-- What Idempotency-Key has already stored, for 24 hours. Inserted in the transaction of
-- the logs, so that a second push waits for the first and never doubles it.
CREATE TABLE idempotency_keys (
    service_id uuid NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    key_hash   bytea NOT NULL,
    body_hash  bytea NOT NULL,
    log_ids    uuid[] NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (service_id, key_hash)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

-- Logs in the order of their commits, for those who follow them live. One row a batch;
-- position is that of its last id. feed_head is what makes commits take turns, at their
-- very end.
CREATE TABLE feed_head (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint NOT NULL
);
INSERT INTO feed_head (position) VALUES (0);

CREATE TABLE feed (
    position bigint PRIMARY KEY,
    ids      uuid[] NOT NULL
);

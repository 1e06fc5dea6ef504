-- The registry, the logs by day, the bodies beside them, and the recorder's books.
-- The same SQL runs on plain PostgreSQL 15 to 18 and on a Citus coordinator.

CREATE TABLE services (
    id                  uuid PRIMARY KEY,
    name                text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 128),
    slug                text NOT NULL UNIQUE CHECK (char_length(slug) <= 63),
    description         text CHECK (char_length(description) <= 512),
    base_url            text,
    preserve_host       boolean NOT NULL DEFAULT false,
    body_limit          integer CHECK (body_limit >= 0),
    retention_days      integer CHECK (retention_days >= 1),
    body_retention_days integer CHECK (body_retention_days >= 0),
    redact_fields       text[] NOT NULL DEFAULT '{}',
    timeout_s           double precision NOT NULL DEFAULT 60 CHECK (timeout_s > 0),
    is_recording        boolean NOT NULL DEFAULT true,
    expose_log_id       boolean NOT NULL DEFAULT true,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL
);
-- A deleted service frees its name at once: its row goes, deletions keeps what is left
-- to clear of it.
CREATE UNIQUE INDEX services_name ON services (name);

CREATE TABLE service_hosts (
    host       text PRIMARY KEY,
    service_id uuid NOT NULL REFERENCES services (id) ON DELETE CASCADE
);
CREATE INDEX service_hosts_service ON service_hosts (service_id);

CREATE TABLE deletions (
    service_id uuid PRIMARY KEY,
    deleted_at timestamptz NOT NULL
);

CREATE TABLE api_keys (
    id           uuid PRIMARY KEY,
    service_id   uuid NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    name         text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 128),
    key_prefix   text NOT NULL,
    key_hash     bytea NOT NULL UNIQUE,
    is_active    boolean NOT NULL DEFAULT true,
    created_at   timestamptz NOT NULL,
    last_used_at timestamptz
);
CREATE INDEX api_keys_service ON api_keys (service_id);

CREATE TABLE admin_tokens (
    id         uuid PRIMARY KEY,
    name       text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 128),
    token_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL
);

-- The id is a UUIDv7 that carries ts and bucket, so an id alone is the exact key.
-- No foreign key to services: a deleted service's logs are hidden at once (every read
-- joins services) and cleared in the background in small steps.
CREATE TABLE logs (
    bucket           integer NOT NULL,
    ts               timestamptz NOT NULL,
    id               uuid NOT NULL,
    service_id       uuid NOT NULL,
    source           text NOT NULL,
    method           text NOT NULL,
    url              text NOT NULL,
    path             text NOT NULL,
    client_url       text,
    query_params     text,
    status_code      smallint,
    latency_ms       double precision,
    duration_ms      double precision,
    error            text,
    source_ip        text,
    tags             text[],
    request_size     bigint,
    response_size    bigint,
    replay_of        uuid,
    is_error         boolean GENERATED ALWAYS AS (
                         coalesce(status_code >= 500, false)
                         OR (error IS NOT NULL
                             AND error <> 'client_disconnect'
                             AND NOT starts_with(error, 'client_disconnect: '))
                     ) STORED,
    PRIMARY KEY (bucket, ts, id)
) PARTITION BY RANGE (ts);

-- The newest of one service, and of all; status, method and latency filter along them.
CREATE INDEX logs_service ON logs (service_id, id DESC);
CREATE INDEX logs_newest ON logs (id DESC);
-- Errors are rare among many: their own short path to the newest of them.
CREATE INDEX logs_errors ON logs (id DESC) WHERE is_error;
CREATE INDEX logs_tags ON logs USING gin (tags) WHERE tags IS NOT NULL;

-- What lists never read. Headers are JSON in bytes: pairs in wire order where captured,
-- the pushed object where ingested; bytes, because PostgreSQL's text and jsonb refuse
-- U+0000. Bodies as they passed; *_text is the decoded text of a coded body, for search.
CREATE TABLE log_details (
    bucket              integer NOT NULL,
    ts                  timestamptz NOT NULL,
    id                  uuid NOT NULL,
    request_headers     bytea,
    response_headers    bytea,
    PRIMARY KEY (bucket, ts, id)
) PARTITION BY RANGE (ts);

CREATE TABLE log_bodies (
    bucket              integer NOT NULL,
    ts                  timestamptz NOT NULL,
    id                  uuid NOT NULL,
    request_body        bytea,
    request_truncated   boolean NOT NULL,
    request_state       text NOT NULL,
    request_is_text     boolean NOT NULL,
    request_text        text,
    response_body       bytea,
    response_truncated  boolean NOT NULL,
    response_state      text NOT NULL,
    response_is_text    boolean NOT NULL,
    response_text       text,
    PRIMARY KEY (bucket, ts, id)
) PARTITION BY RANGE (ts);

-- How far each spool segment has been recorded, moved in the rows' own transaction.
CREATE TABLE spool_positions (
    segment     text PRIMARY KEY,
    position    bigint NOT NULL,
    updated_at  timestamptz NOT NULL
);

-- What has been stored and refused, over the life of the installation.
CREATE TABLE ledger (
    bucket     integer NOT NULL,
    service_id uuid NOT NULL,
    outcome    text NOT NULL,
    n          bigint NOT NULL,
    PRIMARY KEY (bucket, service_id, outcome)
);

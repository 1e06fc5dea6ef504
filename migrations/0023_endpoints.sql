-- The endpoints of each service, as they were learned or set, that all processes share.

-- Answers up to so long are satisfying, up to four times so long bearable; null: APDEX_T_MS.
ALTER TABLE services ADD COLUMN apdex_t_ms integer CHECK (apdex_t_ms >= 1);
-- Grows with each change of what a service's endpoints are; who changes them has the row locked.
ALTER TABLE services ADD COLUMN endpoints_version bigint NOT NULL DEFAULT 0;

-- Bounded by ENDPOINTS_PER_SERVICE. Not is_answered: nobody was told but that it is not there.
CREATE TABLE endpoint_templates (
    service_id  uuid NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    template    text NOT NULL,
    is_answered boolean NOT NULL,
    hits        bigint NOT NULL
);
CREATE INDEX endpoint_templates_service ON endpoint_templates (service_id);

-- What was set by hand, newest last; what was undone stays for its history.
CREATE TABLE endpoint_changes (
    id          uuid PRIMARY KEY,
    service_id  uuid NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    templates   text[] NOT NULL,
    created_at  timestamptz NOT NULL,
    undone_at   timestamptz
);
CREATE INDEX endpoint_changes_service ON endpoint_changes (service_id, created_at);

-- Since when and until when there were logs of an endpoint, whatever became of them.
-- The key is a hash of method and endpoint: those may be longer than an index takes.
CREATE TABLE endpoint_seen (
    service_id  uuid NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    key         bytea NOT NULL,
    method      text NOT NULL,
    endpoint    text NOT NULL,
    first_seen  timestamptz NOT NULL,
    last_seen   timestamptz NOT NULL,
    PRIMARY KEY (service_id, key)
);

-- Stored logs that are to be named anew: those of these names, before that hour.
CREATE TABLE endpoint_renames (
    id          uuid PRIMARY KEY,
    service_id  uuid NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    names       text[] NOT NULL,
    before      timestamptz NOT NULL,
    due         timestamptz NOT NULL,
    is_last     boolean NOT NULL
);
CREATE INDEX endpoint_renames_service ON endpoint_renames (service_id);
CREATE INDEX endpoint_renames_due ON endpoint_renames (due);

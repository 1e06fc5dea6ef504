-- What is counted and measured of logs, so that metrics need not read them all.

-- What came and went, by five minutes: appended in the transaction that stores or removes the
-- logs, never updated. Where requests are below zero, the latencies are taken off.
CREATE TABLE rollup_changes (
    start       timestamptz NOT NULL,
    service_id  uuid NOT NULL,
    source      text NOT NULL,
    method      text NOT NULL,
    endpoint    text NOT NULL,
    status_code smallint,
    requests    bigint NOT NULL,
    errors      bigint NOT NULL,
    latencies   double precision[] NOT NULL
);
-- Those of a window, and the oldest, which are folded first.
CREATE INDEX rollup_changes_start ON rollup_changes (start);

-- What changes were folded into: all of them by hour and by day, and by five minutes too where
-- endpoints do not matter. A cell may have several rows, which add up. A histogram is one
-- long number, with twelve digits for each bin, so that sum() adds histograms.
CREATE TABLE endpoint_rollups (
    width_s     integer NOT NULL,
    start       timestamptz NOT NULL,
    service_id  uuid NOT NULL,
    source      text NOT NULL,
    method      text NOT NULL,
    endpoint    text NOT NULL,
    status_code smallint,
    requests    bigint NOT NULL,
    errors      bigint NOT NULL,
    latency_n   bigint NOT NULL,
    latency_sum numeric NOT NULL,
    histogram   numeric NOT NULL
);
CREATE TABLE service_rollups (
    width_s     integer NOT NULL,
    start       timestamptz NOT NULL,
    service_id  uuid NOT NULL,
    source      text NOT NULL,
    requests    bigint NOT NULL,
    errors      bigint NOT NULL,
    latency_n   bigint NOT NULL,
    latency_sum numeric NOT NULL,
    histogram   numeric NOT NULL
);
-- Those of a window, of all services and of one.
CREATE INDEX endpoint_rollups_start ON endpoint_rollups (width_s, start);
CREATE INDEX endpoint_rollups_service ON endpoint_rollups (service_id, width_s, start);
CREATE INDEX service_rollups_start ON service_rollups (width_s, start);
CREATE INDEX service_rollups_service ON service_rollups (service_id, width_s, start);

-- From which moment on there are rollups of all logs; what there was before is filled in,
-- newest first.
CREATE TABLE rollup_state (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    filled_from timestamptz NOT NULL
);
INSERT INTO rollup_state (filled_from)
SELECT CASE WHEN EXISTS (SELECT 1 FROM logs) THEN '9999-12-31 00:00+00'::timestamptz
            ELSE '1970-01-01 00:00+00' END;

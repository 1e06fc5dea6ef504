-- Logs that were handed over later than they happened.

-- Their bodies are kept from their arrival on. har is JSON in bytes: what the archive of
-- an imported log said of it that no other column holds. Of those that come in time, which
-- are nearly all, there is no row. A row goes with its log.
CREATE TABLE log_arrivals (
    bucket     integer NOT NULL,
    ts         timestamptz NOT NULL,
    id         uuid NOT NULL,
    arrived_at timestamptz NOT NULL,
    har        bytea,
    PRIMARY KEY (bucket, ts, id)
);
-- Those whose logs' days are gone.
CREATE INDEX log_arrivals_ts ON log_arrivals (ts);

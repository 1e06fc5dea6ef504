-- Bodies of logs that are some time old, many in a row: beside each other they compress to a
-- third of what each takes alone, and have neither a row nor an entry of an index each.

-- Of a day, no two packs have ids that overlap. *ts* is its begin; place n of each array is of
-- the log of place n of *ids*, which ascend. Bodies in parts, and those of the attic, are in
-- no pack.
CREATE TABLE body_packs (
    ts                  timestamptz NOT NULL,
    first_id            uuid NOT NULL,
    last_id             uuid NOT NULL,
    ids                 uuid[] NOT NULL,
    request_body        bytea[] NOT NULL,
    request_truncated   boolean[] NOT NULL,
    request_state       text[] NOT NULL,
    request_is_text     boolean[] NOT NULL,
    request_text        text[] NOT NULL,
    response_body       bytea[] NOT NULL,
    response_truncated  boolean[] NOT NULL,
    response_state      text[] NOT NULL,
    response_is_text    boolean[] NOT NULL,
    response_text       text[] NOT NULL
) PARTITION BY RANGE (ts);

CREATE INDEX body_packs_last ON body_packs (last_id);

INSERT INTO attics (name, before)
SELECT 'body_packs', before FROM attics WHERE name = 'log_bodies';

-- Nothing comes here: what is kept of a day that goes is a row of log_bodies again.
CREATE TABLE body_packs_attic (LIKE body_packs INCLUDING ALL);
DO $$
BEGIN
    EXECUTE format(
        'ALTER TABLE body_packs ATTACH PARTITION body_packs_attic
               FOR VALUES FROM (MINVALUE) TO (%L)',
        (SELECT before || ' 00:00+00' FROM attics WHERE name = 'log_bodies'));
END $$;

-- Below all ids of logs of that millisecond, and above those before it.
CREATE FUNCTION lowest_id(moment timestamptz) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$
    SELECT (lpad(to_hex(least(greatest(floor(extract(epoch FROM moment) * 1000), 0),
                              281474976710655)::bigint), 12, '0')
            || repeat('0', 20))::uuid
$$;

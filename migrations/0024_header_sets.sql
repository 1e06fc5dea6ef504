-- Headers in two parts: the form of a head, which many logs have, stored once a day, and
-- what differs beside it. What stood in log_details stands with the log: a row and an
-- index less. Days that are there stay as they are, and are read from where it is.

-- A form is the JSON of a head as log_details had it, with U+0001 in place of what differs.
-- ts: when its day begins. doubted_at: when a log of it went; it goes once none has it.
CREATE TABLE header_sets (
    id         integer NOT NULL,
    ts         timestamptz NOT NULL,
    bucket     integer NOT NULL,
    form       text NOT NULL,
    doubted_at timestamptz,
    PRIMARY KEY (id, ts, bucket)
) PARTITION BY RANGE (ts);
CREATE INDEX header_sets_doubted ON header_sets (ts) WHERE doubted_at IS NOT NULL;
CREATE SEQUENCE header_set_ids AS integer;

CREATE TABLE header_sets_attic (LIKE header_sets INCLUDING ALL);
INSERT INTO attics (name, before)
SELECT 'header_sets', before FROM attics WHERE name = 'logs';
DO $$
BEGIN
    EXECUTE format(
        'ALTER TABLE header_sets ATTACH PARTITION header_sets_attic'
        ' FOR VALUES FROM (MINVALUE) TO (%L)',
        (SELECT before || ' 00:00+00' FROM attics WHERE name = 'logs'));
END
$$;

-- What differs, with U+0001 between; the whole head where it has no set. Null in rows of
-- before.
ALTER TABLE logs
    ADD COLUMN had_request_body  boolean,
    ADD COLUMN had_response_body boolean,
    ADD COLUMN request_set       integer,
    ADD COLUMN response_set      integer,
    ADD COLUMN connect_ms        double precision,
    ADD COLUMN tls_ms            double precision,
    ADD COLUMN ttfb_ms           double precision,
    ADD COLUMN overhead_ms       double precision,
    ADD COLUMN message_count     bigint,
    ADD COLUMN event_count       bigint,
    ADD COLUMN messages_problem  text,
    ADD COLUMN request_fields    text,
    ADD COLUMN response_fields   text;

-- A head as it was.
CREATE FUNCTION header_text(form text, fields text) RETURNS text
    LANGUAGE sql IMMUTABLE AS
$$
    SELECT CASE WHEN form IS NULL THEN fields
                WHEN position(chr(1) IN form) = 0 THEN form
                ELSE (SELECT string_agg(part || coalesce(field, ''), '' ORDER BY n)
                        FROM unnest(string_to_array(form, chr(1)),
                                    string_to_array(fields, chr(1)))
                             WITH ORDINALITY AS p (part, field, n))
           END
$$;

-- Names in small letters: pairs where they were captured, an object where pushed. Of a
-- form, U+0001 is the value of what differs.
CREATE FUNCTION header_fields(head text) RETURNS TABLE (name text, value text)
    LANGUAGE sql IMMUTABLE AS
$$
    WITH read AS MATERIALIZED (
        SELECT read_json(replace(head, chr(1), '\u0001')) AS document)
    SELECT lower(pair ->> 0), pair ->> 1
      FROM read,
           jsonb_path_query(
               CASE WHEN jsonb_typeof(document) = 'array' THEN document END,
               '$[*]') AS pair
    UNION ALL
    SELECT lower(member ->> 'key'), item #>> '{}'
      FROM read,
           jsonb_path_query(
               CASE WHEN jsonb_typeof(document) = 'object' THEN document END,
               '$.keyvalue()') AS member,
           jsonb_path_query(member -> 'value', '$[*]') AS item
$$;

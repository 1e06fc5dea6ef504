-- Documents within rows, as the query language reads them.

-- Null where it is no object or array of JSON: a body may be anything.
CREATE FUNCTION read_json(document text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE STRICT AS
$$
BEGIN
    IF document !~ '^[ \t\r\n]*[{[]' THEN
        RETURN NULL;
    END IF;
    RETURN document::jsonb;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$$;

-- Names in small letters: pairs where they were captured, an object where pushed.
CREATE FUNCTION header_fields(headers bytea) RETURNS TABLE (name text, value text)
    LANGUAGE sql IMMUTABLE AS
$$
    SELECT lower(pair ->> 0), pair ->> 1
      FROM jsonb_path_query(
               read_json(CASE WHEN substr(headers, 1, 1) = '\x5b'
                              THEN convert_from(headers, 'UTF8') END),
               '$[*]') AS pair
    UNION ALL
    SELECT lower(member ->> 'key'), item #>> '{}'
      FROM jsonb_path_query(
               read_json(CASE WHEN substr(headers, 1, 1) = '\x7b'
                              THEN convert_from(headers, 'UTF8') END),
               '$.keyvalue()') AS member,
           jsonb_path_query(member -> 'value', '$[*]') AS item
$$;

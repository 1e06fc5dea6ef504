-- What a log's URL, path and parameters have in common is stored once. Where it is a URL of
-- origin, path and query, *url* is null; where its query says the parameters, *query_params*
-- is null, too. Logs that are there stay as they are.
ALTER TABLE logs
    ADD COLUMN origin text,
    ADD COLUMN query text,
    ALTER COLUMN url DROP NOT NULL;

-- As they are said beside it; else those of a query, with its mark, in which nothing is coded
-- and no name comes twice.
CREATE FUNCTION parameters(said text, query text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$
    SELECT CASE WHEN said IS NOT NULL THEN read_json(said)
                WHEN query IS NOT NULL
                THEN (SELECT jsonb_object_agg(
                                 split_part(part, '=', 1),
                                 coalesce(substr(part, nullif(position('=' IN part), 0) + 1),
                                          ''))
                        FROM unnest(string_to_array(substr(query, 2), '&')) AS p (part)
                       WHERE part <> '')
           END
$$;

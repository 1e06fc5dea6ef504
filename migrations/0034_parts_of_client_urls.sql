-- What a client asked for is mostly its own origin, then the path and the query of the URL:
-- *client_url* is null there. It is null, too, where nothing is known of it; as before.
ALTER TABLE logs ADD COLUMN client_origin text;

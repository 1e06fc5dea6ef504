-- What is kept for how long, and what people say of a log.

-- A pinned log outlives its retention, with its bodies.
ALTER TABLE logs
    ADD COLUMN pinned boolean NOT NULL DEFAULT false,
    ADD COLUMN note text;
-- The newest pinned ones, and those of a day that is about to go.
CREATE INDEX logs_pinned ON logs (id DESC) WHERE pinned;

-- Which bodies there were: so that one that is gone can be told from none at all.
ALTER TABLE log_details
    ADD COLUMN had_request_body  boolean,
    ADD COLUMN had_response_body boolean;

-- One partition for all days that were dropped: it holds what was pinned of them, and
-- what comes late. Its range ends where the oldest day begins that is still there.
CREATE TABLE logs_attic (LIKE logs INCLUDING ALL);
CREATE TABLE log_details_attic (LIKE log_details INCLUDING ALL);
CREATE TABLE log_bodies_attic (LIKE log_bodies INCLUDING ALL);
CREATE TABLE log_messages_attic (LIKE log_messages INCLUDING ALL);
ALTER TABLE logs ATTACH PARTITION logs_attic
    FOR VALUES FROM (MINVALUE) TO ('1970-01-01 00:00+00');
ALTER TABLE log_details ATTACH PARTITION log_details_attic
    FOR VALUES FROM (MINVALUE) TO ('1970-01-01 00:00+00');
ALTER TABLE log_bodies ATTACH PARTITION log_bodies_attic
    FOR VALUES FROM (MINVALUE) TO ('1970-01-01 00:00+00');
ALTER TABLE log_messages ATTACH PARTITION log_messages_attic
    FOR VALUES FROM (MINVALUE) TO ('1970-01-01 00:00+00');

-- Where the range of each attic ends.
CREATE TABLE attics (
    name   text PRIMARY KEY,
    before date NOT NULL
);
INSERT INTO attics (name, before)
VALUES ('logs', '1970-01-01'), ('log_details', '1970-01-01'),
       ('log_bodies', '1970-01-01'), ('log_messages', '1970-01-01');

-- Ids ascend: in an index that descends, each lands on the first page, which is split in
-- halves that are never filled. And one index less: what is unique by id is in its order.
-- Indexes of all days are made anew, one to two seconds for a million logs.

DROP INDEX logs_service, logs_newest, logs_errors, logs_pinned;
ALTER TABLE logs
    DROP CONSTRAINT logs_pkey,
    ADD CONSTRAINT logs_newest PRIMARY KEY (id, ts, bucket);
CREATE INDEX logs_service ON logs (service_id, id);
CREATE INDEX logs_errors ON logs (id) WHERE is_error;
CREATE INDEX logs_pinned ON logs (id) WHERE pinned;

-- Bodies are unique because their logs are. The attic is gone over by its key.
ALTER TABLE log_bodies DROP CONSTRAINT log_bodies_pkey;
CREATE INDEX log_bodies_id ON log_bodies (id);
CREATE INDEX log_bodies_attic_key ON log_bodies_attic (bucket, ts, id);

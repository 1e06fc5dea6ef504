-- The logs of the replays of a log, which go with it where someone deletes it. Few logs
-- are replays.
CREATE INDEX logs_replay_of ON logs (replay_of, id) WHERE replay_of IS NOT NULL;

-- What a list shows of a replay, without its bodies and differences. Null in older rows.

ALTER TABLE replays ADD COLUMN summary bytea;

-- Days that were there before bodies were packed have no room for packs yet.
DO $$
DECLARE
    day text;
BEGIN
    FOR day IN
        SELECT right(c.relname, 8)
          FROM pg_inherits AS i
          JOIN pg_class AS c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'log_bodies'::regclass
           AND c.relname ~ '^log_bodies_[0-9]{8}$'
    LOOP
        IF to_regclass('body_packs_' || day) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE %I (LIKE body_packs INCLUDING ALL)', 'body_packs_' || day);
            EXECUTE format(
                'ALTER TABLE body_packs ATTACH PARTITION %I
                       FOR VALUES FROM (%L) TO (%L)',
                'body_packs_' || day,
                to_char(day::date, 'YYYY-MM-DD') || ' 00:00+00',
                to_char(day::date + 1, 'YYYY-MM-DD') || ' 00:00+00');
        END IF;
    END LOOP;
END $$;

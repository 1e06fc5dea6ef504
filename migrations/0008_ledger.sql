-- What became of the records of each appliance, over the life of its installation.

-- Several appliances may share a database; each counts for itself, in rows of its own
-- bucket, which no other's transactions wait for.
ALTER TABLE ledger
    ADD COLUMN installation text NOT NULL,
    DROP CONSTRAINT ledger_pkey,
    ADD PRIMARY KEY (bucket, installation, service_id, outcome);

ALTER TABLE spool_positions
    ADD COLUMN installation text NOT NULL DEFAULT '';

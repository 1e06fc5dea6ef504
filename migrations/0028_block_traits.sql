-- Blocks know the statuses, amounts and states of their logs, too: all are made anew, in the
-- background; until then what is in none is searched without them.
TRUNCATE search_slices, search_chunks;

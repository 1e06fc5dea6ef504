-- Which short pieces of text stand in which logs, so that a search reads only where it may find.

-- Blocks are logs that follow one another by id, chunks are 64 blocks. *bounds* are the last ids
-- of the blocks; the first begins after *after_id*.
CREATE TABLE search_chunks (
    id       bigint PRIMARY KEY,
    after_id uuid NOT NULL,
    bounds   uuid[] NOT NULL
);

-- A slice is one bit for each block of a chunk: whether a gram of its place may stand there.
-- *bits* are the slices of a part, eight bytes each.
CREATE TABLE search_slices (
    part     integer NOT NULL,
    chunk_id bigint NOT NULL,
    bits     bytea NOT NULL,
    PRIMARY KEY (part, chunk_id)
);

-- Logs up to there are in a chunk, or are about to be: who stores or changes one notes it.
CREATE TABLE search_state (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    sealed_to uuid NOT NULL
);
INSERT INTO search_state (sealed_to) VALUES ('00000000-0000-0000-0000-000000000000');

-- What a chunk does not know of yet, though its ids are within it.
CREATE TABLE search_late (
    id uuid NOT NULL
);

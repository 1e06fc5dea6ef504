-- Before which day bodies were gone as the chunk was made; null: it is not known. Once more of them
-- are, what it says of these is made anew.
ALTER TABLE search_chunks ADD COLUMN bodies_before date;

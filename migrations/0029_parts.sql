-- Bodies longer than a page are cut into parts before they come: each is one row of a page,
-- where PostgreSQL itself would make four, with an entry of an index for each.

-- Null: all of both bodies. 0: the first row, which says all that is said of them, and begins
-- them; what follows of each stands in the rows of higher numbers, in their order.
ALTER TABLE log_bodies ADD COLUMN part smallint;

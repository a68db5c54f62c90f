-- Which database server and database this store lies in, and on which of the server's timelines. A store that was restored elsewhere, or
-- to a point in time, or promoted, differs in one of them. NULL: nobody has looked yet.
ALTER TABLE store_head ADD COLUMN lies_in text;

-- The epoch of which every target was told everything: where it is behind the head's, rows are moved to the head's until none is left.
ALTER TABLE store_head ADD COLUMN told_epoch integer;
UPDATE store_head SET told_epoch = epoch;
ALTER TABLE store_head ALTER COLUMN told_epoch SET NOT NULL, ALTER COLUMN told_epoch SET DEFAULT 1;

-- What a look-up needs of a record, and the hashes of what leads to it: an index is loaded from these two alone.
ALTER TABLE sanction_record
    ADD COLUMN facts text,
    ADD COLUMN leads bytea;
-- They are read by all and searched by none; facts stay in the row, out of which the body goes where both are large.
ALTER TABLE sanction_record ALTER COLUMN facts SET STORAGE MAIN, ALTER COLUMN leads SET STORAGE PLAIN;

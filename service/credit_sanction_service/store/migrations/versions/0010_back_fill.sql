-- A target whose rows are being moved to what its changed table says, slice by slice of records: up to which record that has
-- been done, and which rows are moved. 1: of what enters or leaves; 2: of what stays, too; 3: all. Null: nothing is left to do.
ALTER TABLE target
    ADD COLUMN moving smallint CHECK (moving BETWEEN 1 AND 3),
    ADD COLUMN moved_to uuid;

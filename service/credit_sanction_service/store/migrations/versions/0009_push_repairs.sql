-- What a give-up age counts from beside due_since, which stays when a row moves: when the row was last moved, or asked for by
-- a person; and when its target's last pause ended, or will end.
ALTER TABLE delivery ADD COLUMN tried_since timestamptz;
ALTER TABLE target ADD COLUMN called_since timestamptz;

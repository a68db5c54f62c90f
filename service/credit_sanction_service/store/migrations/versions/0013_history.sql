-- `ever`: keys of every number and name under which a record was ever known, so that its past is found by them too.
-- Each entry goes in at once: a list of pending ones would be read through anew for every key that is asked for.
CREATE INDEX sanction_record_ever ON sanction_record USING gin (ever) WITH (fastupdate = off);
ALTER TABLE sanction_record ALTER COLUMN ever DROP DEFAULT;
-- Which revision was the last one known at an instant.
CREATE INDEX revision_known_at ON revision (known_at, epoch, number);

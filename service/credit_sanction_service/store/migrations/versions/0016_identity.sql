-- Which database server and database this store lies in, and on which of the server's timelines. A store that was restored elsewhere, or
-- to a point in time, or promoted, differs in one of them. NULL: nobody has looked yet.
ALTER TABLE store_head ADD COLUMN lies_in text;

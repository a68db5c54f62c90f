"""SQL only here: the schema, the one way to write, and the queries. Synchronous; nobody's transaction waits for a network."""

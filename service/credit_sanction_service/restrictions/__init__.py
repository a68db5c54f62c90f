"""The answer: an in-memory index of all records, the feed that keeps it fresh, and the look-up over both."""

"""Search by name: candidates with a score and the reasons for it, never a verdict. What it rests on: docs/search.md."""

"""What the service does in a second, beside what it is built on: each module prints its figures and one JSON line."""

"""Takes sanction records in, brings every target to agree with them, and answers joint-punishment look-ups."""

"""How well and how fast the search by name finds whom somebody means."""

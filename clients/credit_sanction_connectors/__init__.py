"""Outbound HTTP: one module per kind of target, and the stand-ins that play the other side."""

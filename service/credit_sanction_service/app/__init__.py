"""Composition: which parts each process is made of, with plain constructors. Nothing is decided here but who meets whom."""

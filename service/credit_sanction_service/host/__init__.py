"""
Owns what runs on one machine: the data directory, the embedded PostgreSQL, the port and the processes.

Imports no other room: what it starts and keeps alive is told to it by the composition root.
"""

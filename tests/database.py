"""The value that the `database` fixture gives."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A fresh, empty database of the session's cluster, and how each role reaches it."""

    name: str
    owner_dsn: str
    service_dsn: str

"""Who may enter the embedded database and how he proves who he is."""

import secrets
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

Role = Literal["owner", "service", "admin"]
"""The owner migrates and owns the tables, the service works with them, admin is PostgreSQL's superuser."""

ROLE_NAMES: Mapping[Role, str] = {
    "owner": "credit_sanction_owner",
    "service": "credit_sanction_service",
    "admin": "postgres",
}
DATABASE = "credit_sanction"
_MAP = "credit_sanction"


class Access(Protocol):
    """One way of proving who one is, as the server's files, its first SQL and a caller's parameters see it."""

    def hba(self) -> str:
        """Write the text of pg_hba.conf: the rules, none of which lets anybody in over the network."""

    def ident(self) -> str:
        """Write the text of pg_ident.conf: which operating system user may be which role."""

    def statements(self) -> Iterable[str]:
        """Give the SQL that a new cluster runs once the roles exist, one statement to a line."""

    def parameters(self) -> Mapping[str, str]:
        """Give what a connection string needs for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByPeer:
    """
    The kernel says which operating system user is at the other end of the socket: no secret exists.

    `users` may be any of the roles: who runs the service could write to the data's files as well.
    """

    users: frozenset[str]

    def hba(self) -> str:
        """Write one rule: over the socket, by the map."""
        return f"local all all peer map={_MAP}\n"

    def ident(self) -> str:
        """Write a line for each user and role."""
        pairs = [(user, role) for user in sorted(self.users) for role in ROLE_NAMES.values()]
        return "".join(f"{_MAP} {_quoted(user)} {role}\n" for user, role in pairs)

    def statements(self) -> Iterable[str]:
        """Give none: roles without a password cannot be entered by one."""
        return ()

    def parameters(self) -> Mapping[str, str]:
        """Add nothing."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ByPassword:
    """For systems whose sockets do not tell the other end's user: a random password, in a file of this user."""

    passfile: Path

    def hba(self) -> str:
        """Write one rule: over the socket, with the password."""
        return "local all all scram-sha-256\n"

    def ident(self) -> str:
        """Write no map."""
        return ""

    def statements(self) -> Iterable[str]:
        """Draw the password, keep it in the file, give it to every role."""
        password = secrets.token_urlsafe(32)
        self.passfile.unlink(missing_ok=True)
        self.passfile.touch(mode=0o600)
        self.passfile.write_text(f"*:*:*:*:{password}\n", encoding="ascii")
        return [f"ALTER ROLE {role} PASSWORD '{password}'" for role in ROLE_NAMES.values()]

    def parameters(self) -> Mapping[str, str]:
        """Name the file, so that no secret is in a connection string."""
        return {"passfile": str(self.passfile)}


def access_for(users: Iterable[str], home: Path) -> Access:
    """By peer where the platform's sockets have it, else by password."""
    if sys.platform == "win32":
        return ByPassword(passfile=home / "passwords")
    return ByPeer(users=frozenset(users))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

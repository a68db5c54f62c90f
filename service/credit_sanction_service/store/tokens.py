"""Callers' tokens. Only their SHA-256 is stored: who reads the database cannot call the service."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.domain.terms import Standard

if TYPE_CHECKING:
    from datetime import datetime

    from credit_sanction_service.store.connect import Connection

_PREFIX: Final = "cst_"


def token_hash(token: str) -> bytes:
    """Return what a token is stored as. Tokens carry 256 random bits, so a plain hash needs no salt and no work factor."""
    return hashlib.sha256(token.encode()).digest()


def issue_token(connection: Connection, principal: Principal, *, expires_at: datetime | None = None) -> str:
    """Store a new token for `principal` and return it. This is the only moment at which it can be read."""
    token = _PREFIX + secrets.token_urlsafe(32)
    grants = {
        "roles": sorted(principal.roles),
        "authorities": _scope(principal.authorities),
        "standards": _scope(principal.standards),
        "districts": _scope(principal.districts),
    }
    with connection.transaction():
        connection.execute(
            "INSERT INTO access_token (hash, principal, grants, expires_at) VALUES (%s, %s, %s::jsonb, %s)",
            (token_hash(token), principal.name, json.dumps(grants), expires_at),
        )
        connection.execute("UPDATE store_head SET access_version = access_version + 1")
    return token


def withdraw_tokens(connection: Connection, principal: str) -> int:
    """Delete every token of a principal and return how many there were. API processes notice within their polling."""
    with connection.transaction():
        count = connection.execute("DELETE FROM access_token WHERE principal = %s", (principal,)).rowcount
        connection.execute("UPDATE store_head SET access_version = access_version + 1")
    return count


def load_tokens(connection: Connection) -> dict[bytes, tuple[Principal, datetime | None]]:
    """Return every principal with the end of its token, by the token's hash."""
    rows = connection.execute("SELECT hash, principal, grants, expires_at FROM access_token").fetchall()
    return {
        bytes(digest): (
            Principal(
                name=name,
                roles=frozenset(Role(role) for role in grants["roles"]),
                authorities=_unscope(grants.get("authorities")),
                standards=None if grants.get("standards") is None else frozenset(map(Standard, grants["standards"])),
                districts=_unscope(grants.get("districts")),
            ),
            expires_at,
        )
        for digest, name, grants, expires_at in rows
    }


def _scope(values: frozenset[str] | frozenset[Standard] | None) -> list[str] | None:
    return None if values is None else sorted(values)


def _unscope(values: list[str] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(values)

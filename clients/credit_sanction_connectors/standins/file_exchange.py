"""Stands in for a file exchange: the desk behind its counterpart, which brings it each entry of a batch file."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Final

from aiohttp import web

from credit_sanction_connectors.standins.dialect import names_of, read_object, version_of
from credit_sanction_connectors.standins.ledger import Arrival

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from credit_sanction_connectors.standins.dialect import Line, StandIn
    from credit_sanction_connectors.standins.ledger import Outcome

ENTRIES: Final = "/entries"


class FileExchangeDialect:
    """One address, at which the counterpart alone calls; the connector knows two directories instead."""

    push_paths: Sequence[str] = (ENTRIES,)
    list_path: str | None = None
    lookup_path: str | None = None

    def __init__(self, stand_in: StandIn, now: Callable[[], datetime]) -> None:  # noqa: ARG002 - a token has no age
        """Take the token that the counterpart bears."""
        self._bearer = f"Bearer {stand_in.secret}".encode()
        self._directory = stand_in.directory

    @property
    def connector_keys(self) -> Mapping[str, str]:
        """See the protocol. Raises ValueError where the stand-in was given no directory."""
        if self._directory is None:
            raise ValueError("a file exchange without a directory; expected the one below which files are exchanged")
        out_dir, in_dir = exchange_directories(self._directory)
        return {"out_dir": str(out_dir), "in_dir": str(in_dir)}

    @staticmethod
    def new_secret() -> str:
        """See the protocol."""
        return secrets.token_urlsafe(32)

    def authentic(self, headers: Mapping[str, str], body: bytes) -> bool:  # noqa: ARG002 - a token signs no body
        """See the protocol."""
        return hmac.compare_digest(self._bearer, headers.get("Authorization", "").encode(errors="replace"))

    def arrival(self, path: str, headers: Mapping[str, str], body: bytes) -> Arrival:  # noqa: ARG002 - one address
        """See the protocol."""
        entry = read_object(body)
        present = {"LIST": True, "WITHDRAW": False}[entry["action"]]
        own = [entry["record"]] if present else []
        return Arrival(
            key=entry["key"],
            subject=entry["record"],
            enterprise=entry["enterprise_code"],
            version=version_of(entry["version"]),
            present=present,
            document=entry["list_record"] if present else {},
            standing=entry["standing"],
            standing_revision=version_of(entry["standing_revision"]),
            in_force=own + names_of(entry["standing"]),
        )

    def taken(self, outcome: Outcome) -> web.Response:
        """See the protocol."""
        return web.json_response({"receipt": outcome.receipt})

    def refused(self, words: str) -> web.Response:
        """See the protocol."""
        return web.json_response({"error": words}, status=422)

    def listed(self, lines: Sequence[Line], next_page_token: str) -> web.Response:  # noqa: ARG002 - never asked
        """See the protocol."""
        return web.json_response({"error": "no list is offered"}, status=404)


def exchange_directories(directory: Path) -> tuple[Path, Path]:
    """Return the two below `directory`, as the connector calls them: out, which it writes, and in."""
    return directory / "out", directory / "in"

"""What the stand-ins of one kind must know: to read the connector's requests and to answer in the kind's own form."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, cast, runtime_checkable

from credit_sanction_connectors.port import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from aiohttp import web

    from credit_sanction_connectors.standins.ledger import Arrival, Held, Outcome

TOLERANCE_S: Final = 300
TIMESTAMP_MAX: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """
    One stand-in target: `name` is its prefix in the address, `secret` what its kind's connector is given.

    `version_check` false makes it one that lets the last writer win. `app_key` matters to a credit platform only,
    `directory` to a file exchange: below it the files lie.
    """

    name: str
    kind: str
    secret: str = field(repr=False)
    version_check: bool = True
    app_key: str = "stand-in"
    page_size: int = 100
    directory: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the list a stand-in holds."""

    record: str
    version: Version | None
    standing: Sequence[str]

    def json(self) -> dict[str, object]:
        """Return the line as the connectors read it."""
        version = self.version and {"epoch": self.version.epoch, "number": self.version.number}
        return {"record": self.record, "version": version, "standing": list(self.standing)}


class Dialect(Protocol):
    """One kind's form. `arrival` raises KeyError, TypeError or ValueError for a body that it does not understand."""

    push_paths: Sequence[str]
    list_path: str | None
    lookup_path: str | None

    def __init__(self, stand_in: StandIn, now: Callable[[], datetime]) -> None:
        """Speak for `stand_in`; `now` tells how old a signature is."""
        ...

    @property
    def connector_keys(self) -> Mapping[str, str]:
        """What the kind's connector needs in its table, but for address and secret."""
        ...

    @staticmethod
    def new_secret() -> str:
        """Make a random secret in the kind's form."""
        ...

    def authentic(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Say whether the request is signed as the kind demands."""
        ...

    def arrival(self, path: str, headers: Mapping[str, str], body: bytes) -> Arrival:
        """Read one push."""
        ...

    def taken(self, outcome: Outcome) -> web.Response:
        """Answer a push that was taken."""
        ...

    def refused(self, words: str) -> web.Response:
        """Refuse a push as bad data."""
        ...

    def listed(self, lines: Sequence[Line], next_page_token: str) -> web.Response:
        """Answer one page of the list."""
        ...


@runtime_checkable
class ChecksForms(Protocol):
    """A kind that looks into what it is told, field by field."""

    def refusal(self, body: bytes) -> web.Response | None:
        """Refuse a push that was understood, for what its fields say; None where they are in order."""
        ...


@runtime_checkable
class ShowsPages(Protocol):
    """A kind that shows each record on a page that anybody may read, at `pages_path` and the record's identifier."""

    pages_path: str

    def page(self, held: Held | None) -> web.Response:
        """Show what is held of a record, None for one that was never heard of."""
        ...


def is_fresh(timestamp: str, now: datetime) -> bool:
    """Say whether `timestamp`, seconds in decimal digits, lies within `TOLERANCE_S` of `now`."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= TIMESTAMP_MAX):
        return False
    return abs(now.timestamp() - int(timestamp)) <= TOLERANCE_S


def read_object(body: bytes) -> dict[str, Any]:
    """Return the body as a JSON object. TypeError or ValueError otherwise."""
    value: object = json.loads(body)
    if not isinstance(value, dict):
        raise TypeError("expected a JSON object")
    return cast("dict[str, Any]", value)


def version_of(told: Mapping[str, int]) -> Version:
    """Read {"epoch", "number"}."""
    return Version(epoch=int(told["epoch"]), number=int(told["number"]))


def names_of(documents: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the record names of documents."""
    return [document["record"] for document in documents]

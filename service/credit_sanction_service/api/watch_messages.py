"""Between the contract's messages and what readers who keep a copy are told."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from typing import TYPE_CHECKING, Final
from uuid import UUID

from google.protobuf.message import DecodeError

from credit_sanction.v1 import watch_service_pb2 as pb
from credit_sanction_service.api.entry_bytes import entry_bytes, within
from credit_sanction_service.api.parts import revision_message, set_time
from credit_sanction_service.api.requests import invalid, require_few
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeAlias

    from credit_sanction_service.restrictions.entries import Entry
    from credit_sanction_service.restrictions.watch import Told
    from credit_sanction_service.store.portfolios import Portfolio

    Run: TypeAlias = list[tuple[str, bytes]]
    """Entries as the bytes of their messages, each with the id of its record."""

_ENTRIES_OF_WATCH: Final = pb.WatchRestrictionsResponse.ENTRIES_FIELD_NUMBER
_ENTRIES_OF_EXPORT: Final = pb.ExportRestrictionsResponse.ENTRIES_FIELD_NUMBER
MOST_MESSAGE_BYTES: Final = 2_000_000
_LONGEST_TOKEN: Final = 40_000
_DISTRICT: Final = re.compile(r"[0-9]{6}", re.ASCII)  # GB/T 2260


def told_messages(told: Told) -> Iterator[bytes]:
    """Yield a part of a revision, in as many messages as its size wants; of all but the last more follow."""
    for run, is_last in packed(told.entries):
        message = pb.WatchRestrictionsResponse(
            revision=revision_message(told.revision),
            more=told.more or not is_last,
            law_changed=told.law_changed and is_last,
        )
        set_time(message.known_at, told.known_at)
        yield message.SerializeToString() + within(_ENTRIES_OF_WATCH, [entry for _, entry in run])


def export_message(message: pb.ExportRestrictionsResponse, run: Run) -> bytes:
    """Return a message of an Export with its entries."""
    return message.SerializeToString() + within(_ENTRIES_OF_EXPORT, [entry for _, entry in run])


def packed(entries: Iterable[Entry]) -> Iterator[tuple[Run, bool]]:
    """Yield entries in runs that fit a message, with whether it is the last; at least one run, and be it empty."""
    run: Run = []
    size = 0
    for entry in entries:
        written = entry_bytes(entry)
        if run and size + len(written) > MOST_MESSAGE_BYTES:
            yield run, False
            run, size = [], 0
        run.append((entry.record.id, written))
        size += len(written)
    yield run, True


def portfolio_message(portfolio: Portfolio) -> pb.Portfolio:
    """Write a portfolio."""
    message = pb.Portfolio(name=portfolio.resource, size=portfolio.size)
    set_time(message.updated_at, portfolio.updated_at)
    return message


def read_districts(districts: Sequence[str]) -> frozenset[str] | None:
    """Return the districts of a scope, None for all. Raises `Invalid` for what cannot be a district's code."""
    require_few("scope.districts", len(districts))
    for number, code in enumerate(districts):
        if not _DISTRICT.fullmatch(code):
            raise invalid(f"scope.districts[{number}]", "it is not a district's code: six digits are expected")
    return frozenset(districts) or None


def resume_token(revision: Revision, last: UUID, scope: pb.RestrictionScope, seal: str) -> str:
    """Return what an Export goes on with: where it is, with its scope as it was asked for. It opens nothing to anybody."""
    asked = base64.b64encode(scope.SerializeToString(deterministic=True)).decode()
    place = [revision.epoch, revision.number, str(last), asked, seal]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def read_resume_token(token: str) -> tuple[Revision, UUID, pb.RestrictionScope, str]:
    """Return what `resume_token` wrote. Raises `Invalid` for any other text."""
    fault = invalid("resume_token", "it is not the token of a message of an Export")
    if len(token) > _LONGEST_TOKEN:
        raise fault
    try:
        epoch, number, last, asked, seal = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
        scope = pb.RestrictionScope.FromString(base64.b64decode(asked, validate=True))
        if not (type(epoch) is int and type(number) is int and isinstance(seal, str)):
            raise fault
        return Revision(epoch=epoch, number=number), UUID(last), scope, seal
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError, DecodeError):
        raise fault from None


def seal_of_scope(*facts: object) -> str:
    """Return what ties a token to what it was made for."""
    return hashlib.sha256(json.dumps([str(fact) for fact in facts]).encode()).hexdigest()[:16]

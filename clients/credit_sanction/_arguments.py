"""What callers pass, checked before anything is sent: a fault is one sentence that names the argument."""

from __future__ import annotations

import math
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final

from credit_sanction._errors import ClientError, WrongKind, WrongValue
from credit_sanction.v1.revision_pb2 import Revision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_sanction._words import RevisionLike

EPOCH_MAX: Final = 2**31 - 1
NUMBER_MAX: Final = 2**63 - 1
"""The largest that the contract has room for."""


def text(what: str, value: str) -> str:
    """Return a text. Raises WrongKind for anything else."""
    if not isinstance(value, str):
        raise WrongKind(f"{what}: expected a text, not {value!r:.60}")
    return value


def named(what: str, collection: str, name: str) -> str:
    """Return a resource's whole name, for people who leave its collection out. Raises ClientError for one of another kind."""
    if not text(what, name).strip():
        raise ClientError(f"{what}: it is empty; expected NAME or {collection}/NAME")
    if "/" not in name:
        return f"{collection}/{name}"
    if not name.startswith(f"{collection}/") or name.count("/") > 1:
        raise ClientError(f"{what}: {name[:100]!r} is not of the form NAME or {collection}/NAME")
    return name


def chosen(what: str, value: str | None) -> str:
    """Return a filter, empty where there is none. Raises ClientError for an empty text, which would let everything through."""
    if value is not None and not text(what, value).strip():
        raise ClientError(f"{what}: it is empty; leave it out where nothing is to be left out")
    return value or ""


def chosen_name(what: str, collection: str, name: str | None) -> str:
    """Return a filter that names a resource, empty where there is none. Raises ClientError."""
    return "" if name is None else named(what, collection, name)


def aware(what: str, instant: datetime) -> datetime:
    """Return an instant that says where it is. Raises ClientError: one that does not would be taken as UTC in silence."""
    if not isinstance(instant, datetime):
        raise ClientError(f"{what}: expected an aware datetime, not {instant!r:.60}")
    if instant.utcoffset() is None:
        raise ClientError(f"{what} has no time zone: give an aware datetime")
    return instant


def wire_revision(what: str, value: RevisionLike) -> Revision:
    """Return a revision as a message. Raises WrongKind for what is none, WrongValue for one that there cannot be."""
    epoch, number = getattr(value, "epoch", None), getattr(value, "number", None)
    if not isinstance(epoch, int) or not isinstance(number, int):
        raise WrongKind(f"{what}: expected a Revision, not {value!r:.60}")
    if not (0 <= epoch <= EPOCH_MAX and 0 <= number <= NUMBER_MAX):
        raise WrongValue(f"{what}: there is no such revision: an epoch is 0 to {EPOCH_MAX}, a number 0 to {NUMBER_MAX}")
    return Revision(epoch=epoch, number=number)


def seconds(what: str, value: object) -> float:
    """Return a span of time. Raises ClientError for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value) or value < 0:
        raise ClientError(f"{what}: expected seconds from 0, not {value!r:.60}")
    return value


def whole(what: str, value: object) -> int:
    """Return a whole number. Raises ClientError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ClientError(f"{what}: expected a whole number, not {value!r:.60}")
    return value


@contextmanager
def fitting() -> Iterator[None]:
    """Raise ClientError where a request cannot be built of what was passed."""
    try:
        yield
    except (TypeError, ValueError) as wrong:
        raise ClientError(f"an argument of the wrong kind: {wrong}") from None

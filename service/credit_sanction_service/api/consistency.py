"""How fresh an answer has to be, as a caller says it: which demands go together, and what each may be."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from credit_sanction_service.api.requests import invalid
from credit_sanction_service.domain.calendar import day_of, parse_day
from credit_sanction_service.restrictions.demands import Demand
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from google.protobuf.timestamp_pb2 import Timestamp

    from credit_sanction.v1 import restriction_service_pb2 as pb
    from credit_sanction.v1.revision_pb2 import Revision as RevisionMessage

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NANOS: Final = 1_000_000_000
_TOO_FAR: Final = 1 << 62
_LONGEST_S: Final = 315_576_000_000  # of a google.protobuf.Duration: a longer one cannot be written into a receipt
_ON_THE_WAY_S: Final = 0.25  # what a refusal may take to arrive
_OF_LITTLE: Final = 0.3
_Field: TypeAlias = Literal["min_revision", "max_staleness", "at_revision", "as_known_at"]
_WAITED_FOR: Final[Sequence[_Field]] = ("min_revision", "at_revision", "as_known_at")
_EXCLUDED: Final[Mapping[_Field, Sequence[_Field]]] = {
    "at_revision": ("min_revision", "max_staleness", "as_known_at"),
    "as_known_at": ("min_revision", "max_staleness"),
}


def read_consistency(message: pb.Consistency, time_left: Callable[[], float | None] = lambda: None) -> Demand:
    """
    Return the demand. `at_revision` and `as_known_at` each speak of one past, and go with `as_of_date` alone; `min_revision`,
    `max_staleness` and `as_of_date` go together. `time_left`: how many seconds the caller still waits, None: for ever. Raises
    `Invalid`.
    """
    for field, others in _EXCLUDED.items():
        for other in others:
            if message.HasField(field) and message.HasField(other):
                raise invalid(f"consistency.{field}", f"it excludes `{other}`: give one of them")
    waits = any(message.HasField(field) for field in _WAITED_FOR)
    return Demand(
        min_revision=_revision(message.min_revision) if message.HasField("min_revision") else None,
        at_revision=_past_revision(message.at_revision) if message.HasField("at_revision") else None,
        known_at=_instant(message.as_known_at) if message.HasField("as_known_at") else None,
        max_staleness=_staleness(message) if message.HasField("max_staleness") else None,
        day=_day(message.as_of_date),
        deadline=_deadline(time_left()) if waits else None,
    )


def _revision(message: RevisionMessage) -> Revision:
    return Revision(epoch=message.epoch, number=message.number)


def _past_revision(message: RevisionMessage) -> Revision:
    # With number 0 a later epoch may begin: it knows what the one before knew, and answers name it.
    if message.number < 0 or (message.number == 0 and message.epoch <= 1):
        raise invalid("consistency.at_revision", "its number is below 1: the first revision of a store has number 1")
    return _revision(message)


def _instant(message: Timestamp) -> datetime:
    """Return the instant, cut to the microseconds in which the store counts."""
    seconds = message.seconds if 0 <= message.nanos < _NANOS else _TOO_FAR
    try:
        instant = _EPOCH + timedelta(seconds=seconds, microseconds=message.nanos // 1_000)
        day_of(instant)
    except OverflowError:
        raise invalid("consistency.as_known_at", "it is no instant of the years 1 to 9999 in Asia/Shanghai") from None
    return instant


def _staleness(message: pb.Consistency) -> float:
    seconds, nanos = message.max_staleness.seconds, message.max_staleness.nanos
    if seconds < 0 or nanos < 0 or not (seconds or nanos):
        raise invalid("consistency.max_staleness", "it must be above 0")
    if seconds > _LONGEST_S or nanos >= _NANOS:
        raise invalid("consistency.max_staleness", "it is no duration of up to 10,000 years with less than 10^9 nanos")
    return seconds + nanos / _NANOS


def _deadline(time_left: float | None) -> float | None:
    """Return until when to wait, so that the caller hears where the service is before it has gone."""
    if time_left is None:
        return None
    return time.monotonic() + time_left - min(_ON_THE_WAY_S, time_left * _OF_LITTLE)


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return parse_day(text)
    except ValueError as fault:
        raise invalid("consistency.as_of_date", str(fault)) from None

"""How fresh an answer has to be, as a caller says it: which demands go together, and what each may be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from credit_sanction_service.api.requests import invalid
from credit_sanction_service.domain.calendar import parse_day
from credit_sanction_service.restrictions.look_up import Demand
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from google.protobuf.timestamp_pb2 import Timestamp

    from credit_sanction.v1 import restriction_service_pb2 as pb
    from credit_sanction.v1.revision_pb2 import Revision as RevisionMessage

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NANOS: Final = 1_000_000_000
_TOO_FAR: Final = 1 << 62
_Field: TypeAlias = Literal["min_revision", "max_staleness", "at_revision", "as_known_at"]
_EXCLUDED: Final[Mapping[_Field, Sequence[_Field]]] = {
    "at_revision": ("min_revision", "max_staleness", "as_known_at"),
    "as_known_at": ("min_revision", "max_staleness"),
}


def read_consistency(message: pb.Consistency) -> Demand:
    """
    Return the demand. `at_revision` and `as_known_at` each speak of one past, and go with `as_of_date` alone; `min_revision`,
    `max_staleness` and `as_of_date` go together. Raises `Invalid`.
    """
    for field, others in _EXCLUDED.items():
        for other in others:
            if message.HasField(field) and message.HasField(other):
                raise invalid(f"consistency.{field}", f"it excludes `{other}`: give one of them")
    return Demand(
        min_revision=_revision(message.min_revision) if message.HasField("min_revision") else None,
        at_revision=_past_revision(message.at_revision) if message.HasField("at_revision") else None,
        known_at=_instant(message.as_known_at) if message.HasField("as_known_at") else None,
        max_staleness=_staleness(message) if message.HasField("max_staleness") else None,
        day=_day(message.as_of_date),
    )


def _revision(message: RevisionMessage) -> Revision:
    return Revision(epoch=message.epoch, number=message.number)


def _past_revision(message: RevisionMessage) -> Revision:
    if message.number < 1:
        raise invalid("consistency.at_revision", "its number is below 1: the first revision of an epoch has number 1")
    return _revision(message)


def _instant(message: Timestamp) -> datetime:
    """Return the instant, cut to the microseconds in which the store counts."""
    seconds = message.seconds if 0 <= message.nanos < _NANOS else _TOO_FAR
    try:
        return _EPOCH + timedelta(seconds=seconds, microseconds=message.nanos // 1_000)
    except OverflowError:
        raise invalid("consistency.as_known_at", "it is no instant of the years 1 to 9999") from None


def _staleness(message: pb.Consistency) -> float:
    staleness = message.max_staleness.seconds + message.max_staleness.nanos / _NANOS
    if staleness <= 0:
        raise invalid("consistency.max_staleness", "it must be above 0")
    return staleness


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return parse_day(text)
    except ValueError as fault:
        raise invalid("consistency.as_of_date", str(fault)) from None

"""How fresh an answer has to be, or of which past it is to be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from credit_sanction._answers import Revision
from credit_sanction._arguments import aware, wire_revision
from credit_sanction._errors import WrongValue
from credit_sanction._words import RevisionLike, day_text
from credit_sanction.v1.restriction_service_pb2 import Consistency

if TYPE_CHECKING:
    from datetime import date, datetime

    from credit_sanction._answers import AsKnown

Staleness: TypeAlias = timedelta | float | None


def as_known(at_revision: RevisionLike | None, as_known_at: datetime | None) -> AsKnown | None:
    """Return the past as of whose knowledge is asked, None where the present is. Both at once the service refuses."""
    if at_revision is not None:
        return Revision(epoch=at_revision.epoch, number=at_revision.number)
    return as_known_at


def consistency(
    *,
    max_staleness: Staleness = None,
    min_revision: RevisionLike | None = None,
    as_of_date: date | str | None = None,
    at_revision: RevisionLike | None = None,
    as_known_at: datetime | None = None,
) -> Consistency | None:
    """
    Return what a request says of it, None where nothing is asked for. Raises ClientError, naming the argument: for an instant
    without a zone, for a revision or a time beyond what there can be.
    """
    wire = Consistency(as_of_date=day_text(as_of_date))
    if min_revision is not None:
        wire.min_revision.CopyFrom(wire_revision("min_revision", min_revision))
    if at_revision is not None:
        wire.at_revision.CopyFrom(wire_revision("at_revision", at_revision))
    if max_staleness is not None:
        try:
            span = max_staleness if isinstance(max_staleness, timedelta) else timedelta(seconds=max_staleness)
            wire.max_staleness.FromTimedelta(span)
        except (TypeError, ValueError, OverflowError):
            raise WrongValue("max_staleness: expected a timedelta, or seconds that one can hold") from None
    if as_known_at is not None:
        try:
            wire.as_known_at.FromDatetime(aware("as_known_at", as_known_at))
        except (ValueError, OverflowError):
            raise WrongValue(f"as_known_at: {as_known_at} lies beyond all instants that can be asked about") from None
    return wire if wire.ByteSize() or at_revision is not None or min_revision is not None else None

"""How fresh an answer has to be, or of which past it is to be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from credit_sanction._arguments import aware
from credit_sanction._words import RevisionLike, day_text
from credit_sanction.v1.restriction_service_pb2 import Consistency
from credit_sanction.v1.revision_pb2 import Revision as WireRevision

if TYPE_CHECKING:
    from datetime import date, datetime

Staleness: TypeAlias = timedelta | float | None


def consistency(
    *,
    max_staleness: Staleness = None,
    min_revision: RevisionLike | None = None,
    as_of_date: date | str | None = None,
    at_revision: RevisionLike | None = None,
    as_known_at: datetime | None = None,
) -> Consistency | None:
    """Return what a request says of it, None where nothing is asked for. Raises ClientError for an instant without a zone."""
    wire = Consistency(as_of_date=day_text(as_of_date))
    if min_revision is not None:
        wire.min_revision.CopyFrom(WireRevision(epoch=min_revision.epoch, number=min_revision.number))
    if at_revision is not None:
        wire.at_revision.CopyFrom(WireRevision(epoch=at_revision.epoch, number=at_revision.number))
    if max_staleness is not None:
        span = max_staleness if isinstance(max_staleness, timedelta) else timedelta(seconds=max_staleness)
        wire.max_staleness.FromTimedelta(span)
    if as_known_at is not None:
        wire.as_known_at.FromDatetime(aware("as_known_at", as_known_at))
    return wire if wire.ByteSize() or at_revision is not None or min_revision is not None else None

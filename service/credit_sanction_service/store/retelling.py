"""
Every target is told everything again once an epoch has begun: what was pushed in the history that was lost nobody knows, and a
target that compares versions refuses those of the epoch before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from credit_sanction_service.store.commit import MOVED

if TYPE_CHECKING:
    from credit_sanction_service.store.connect import Connection

AT_ONCE: Final = 5_000  # rows of a transaction: whoever writes about one of them waits for it
_IS_BEHIND: Final = "SELECT epoch FROM store_head WHERE told_epoch < epoch"
_NEXT: Final = """
SELECT target, subject FROM delivery WHERE (target, subject) > (%(target)s, %(subject)s) ORDER BY target, subject
OFFSET %(most)s - 1 LIMIT 1
"""
# Whatever a row says of it, the target may have been told: so all of them count as claimed.
_MOVE: Final = f"""
UPDATE delivery SET {MOVED}, claimed_epoch = coalesce(delivery.claimed_epoch, delivery.desired_epoch),
    claimed_number = coalesce(delivery.claimed_number, delivery.desired_number)
FROM store_head head, (
    SELECT d.target, d.subject FROM delivery d JOIN target t ON t.name = d.target CROSS JOIN store_head h
    WHERE (d.target, d.subject) > (%(target)s, %(subject)s)
        AND (%(last_target)s::text IS NULL OR (d.target, d.subject) <= (%(last_target)s, %(last_subject)s))
        AND d.desired_epoch < h.epoch AND t.retired IS DISTINCT FROM 'abandon'
    ORDER BY d.target, d.subject FOR UPDATE OF d
) AS chosen
WHERE delivery.target = chosen.target AND delivery.subject = chosen.subject
"""  # noqa: S608 - joined from constants
_DONE: Final = "UPDATE store_head SET told_epoch = %s WHERE told_epoch < %s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """How far the rows have been gone through, for an epoch; `moved` of them were in the last slice."""

    epoch: int
    target: str = ""
    subject: str = ""
    moved: int = 0


def behind(connection: Connection) -> Place | None:
    """Return where to begin, None where every target has been told, or is being told, everything."""
    row = connection.execute(_IS_BEHIND).fetchone()
    return Place(epoch=row[0]) if row else None


def move_some(connection: Connection, place: Place, *, at_once: int = AT_ONCE) -> Place | None:
    """Make the next rows due at the head's revision, and return how far that went; None at the end, which is noted."""
    here = {"target": place.target, "subject": place.subject}
    with connection.transaction():
        last = connection.execute(_NEXT, {**here, "most": at_once}).fetchone()
        bounds = {"last_target": last[0] if last else None, "last_subject": last[1] if last else None}
        moved = connection.execute(_MOVE, {**here, **bounds}).rowcount
        if last is None:
            connection.execute(_DONE, (place.epoch, place.epoch))
            return None
    return Place(epoch=place.epoch, target=last[0], subject=last[1], moved=moved)

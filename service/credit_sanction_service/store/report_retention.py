"""How long reports of reconciliations are kept, and how they go: the oldest first, so many at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from credit_sanction_service.store.connect import Connection

AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """
    A target's newest `last` reports are kept whatever they say; of the others, for `days`, those that found differences or
    that a person asked for.
    """

    last: int = 500
    days: int = 1_830  # five years, for which who asked for what has to be known


_ENDED: Final = "r.state IN ('DONE', 'FAILED')"
_FORGET: Final = """
DELETE FROM reconciliation WHERE id IN (
    SELECT r.id FROM reconciliation r WHERE {which} ORDER BY r.requested_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
)
"""
_OLD: Final = "r.requested_at < clock_timestamp() - make_interval(days => %(days)s)"
_OF_TARGET: Final = _FORGET.format(
    which=f"""
        r.target = %(target)s AND {_ENDED} AND r.requested_at < (
            SELECT k.requested_at FROM reconciliation k WHERE k.target = %(target)s
            ORDER BY k.requested_at DESC OFFSET %(last)s - 1 LIMIT 1
        ) AND ({_OLD} OR r.requested_by = '' AND NOT r.counts @? '$.* ? (@ > 0)')
    """  # noqa: S608 - joined from constants
)
_OF_THE_GONE: Final = _FORGET.format(
    which=f"{_OLD} AND NOT EXISTS (SELECT FROM target t WHERE t.name = r.target)",
)


def forget_reports(connection: Connection, target: str, retention: Retention, *, at_once: int = AT_ONCE) -> int:
    """Delete a target's oldest reports that need not be kept, at most `at_once`; return how many."""
    values = {"target": target, "last": retention.last, "days": retention.days, "most": at_once}
    return connection.execute(_OF_TARGET, values).rowcount


def forget_reports_of_the_gone(connection: Connection, *, at_once: int = AT_ONCE) -> int:
    """Do the same for targets that there are no more, whose reports are kept for the usual number of days."""
    return connection.execute(_OF_THE_GONE, {"days": Retention().days, "most": at_once}).rowcount

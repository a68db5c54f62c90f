"""The targets with what waits for them, as people read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.faults import NotFound
from credit_sanction_service.store.deliveries import PAUSED

if TYPE_CHECKING:
    from credit_sanction_service.store.connect import Connection, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetBacklog:
    """
    A target with what waits for it: `backlog` not confirmed (`rejected` and `given_up` of these), `listed` confirmed as
    present, `in_flight` held by a worker. `paused_until` is None where it is not paused, or until somebody resumes it.
    """

    name: str
    kind: str
    retired: str | None
    paused_reason: str | None
    paused_until: datetime | None
    backlog: int
    rejected: int
    given_up: int
    in_flight: int
    listed: int
    oldest_due: datetime | None


_BACKLOG: Final = f"""
SELECT t.name, t.kind, t.retired, CASE WHEN {PAUSED} THEN t.paused_reason END,
    CASE WHEN {PAUSED} THEN t.paused_until END, count(d.due_since), count(*) FILTER (WHERE d.rejected),
    count(*) FILTER (WHERE d.given_up), count(*) FILTER (WHERE d.lease_until > statement_timestamp()),
    count(*) FILTER (WHERE d.confirmed_present), min(d.due_since)
FROM target t LEFT JOIN delivery d ON d.target = t.name
WHERE %(name)s::text IS NULL OR t.name = %(name)s
GROUP BY t.name ORDER BY t.name
"""  # noqa: S608 - joined from constants


def list_targets(connection: Connection) -> list[TargetBacklog]:
    """Return all targets by name, retired ones included, with their backlog."""
    return [_backlog(row) for row in connection.execute(_BACKLOG, {"name": None}).fetchall()]


def get_target(connection: Connection, name: str) -> TargetBacklog:
    """Return one target with its backlog. Raises `NotFound`."""
    row = connection.execute(_BACKLOG, {"name": name}).fetchone()
    if row is None:
        raise NotFound("target", f"targets/{name}")
    return _backlog(row)


def has_target(connection: Connection, name: str) -> bool:
    """Whether the targets file has, or had, a target of this name."""
    return connection.execute("SELECT true FROM target WHERE name = %s", (name,)).fetchone() is not None


def read_clock(connection: Connection) -> datetime:
    """Return the store's clock, by which pauses end."""
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    if row is None:
        raise RuntimeError("the store has no clock")
    now: datetime = row[0]
    return now


def in_flight(connection: Connection, name: str) -> int:
    """Return how many of a target's deliveries are held by a worker at present."""
    # What is leased is looked at again when its lease ends: with that, the rows that are merely due need not be read.
    row = connection.execute(
        "SELECT count(*) FROM delivery WHERE target = %s AND desired_present IN (false, true)"
        " AND next_attempt_at > statement_timestamp() AND lease_until > statement_timestamp()",
        (name,),
    ).fetchone()
    return row[0] if row else 0


def _backlog(row: Row) -> TargetBacklog:
    return TargetBacklog(
        name=row[0],
        kind=row[1],
        retired=row[2],
        paused_reason=row[3],
        paused_until=row[4],
        backlog=row[5],
        rejected=row[6],
        given_up=row[7],
        in_flight=row[8],
        listed=row[9],
        oldest_due=row[10],
    )

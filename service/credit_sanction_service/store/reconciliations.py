"""Comparisons of targets' own lists with ours: asked for by people, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4, uuid5

from credit_sanction_service.domain.faults import NotFound, Overloaded, RequestIdReused, StateConflict
from credit_sanction_service.store.deliveries import PAUSED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from credit_sanction_service.store.connect import Connection, Row

MOST_SUBJECTS: Final = 100  # told of each kind of difference; their number is whole
MOST_WAITING: Final = 20  # asked for and not done yet, of one target
_ASKED: Final = UUID("5b0c6c0e-3f0e-4f5c-9f57-0d6a5f3d7c11")  # what ids of requests are drawn in


class ReconciliationState(StrEnum):
    """How far a reconciliation is 对账状态, in the contract's words."""

    REQUESTED = "REQUESTED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One kind of difference: how many subjects, and the first `MOST_SUBJECTS` of them by name."""

    count: int = 0
    subjects: tuple[str, ...] = ()

    @classmethod
    def of(cls, subjects: Sequence[str]) -> Drift:
        """Tell of these."""
        return cls(count=len(subjects), subjects=tuple(sorted(subjects)[:MOST_SUBJECTS]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one comparison found: `compared` rows were at rest, `repaired` were made due again."""

    compared: int = 0
    missing: Drift = field(default_factory=Drift)
    stale: Drift = field(default_factory=Drift)
    extra: Drift = field(default_factory=Drift)
    standing: Drift = field(default_factory=Drift)
    repaired: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """One comparison. `requested_by` is a principal, empty for the schedule; `detail` says why it failed, or what it left undone."""

    id: UUID
    target: str
    repair: bool
    requested_by: str
    requested_at: datetime
    state: ReconciliationState
    worker: str = ""
    ended_at: datetime | None = None
    report: Report = field(default_factory=Report)
    detail: str = ""


_COLUMNS: Final = """
SELECT r.id, r.target, r.repair, r.requested_by, r.requested_at, r.state, r.worker, r.ended_at, r.compared, r.missing,
    r.stale, r.extra, r.standing, r.counts, r.repaired, r.detail
FROM reconciliation r
"""


def request(
    connection: Connection, target: str, *, repair: bool, requested_by: str, request_id: str = ""
) -> Reconciliation:
    """
    Ask for a comparison, or return the one that was asked for under this request id before.

    Raises `StateConflict` where the target is paused or abandoned, `Overloaded` where many wait already, `NotFound`, and
    `RequestIdReused` where it was asked for something else under the id.
    """
    key = uuid5(_ASKED, f"{requested_by}/{request_id}") if request_id else uuid4()
    found = _find(connection, key)
    if found is None:
        _require_callable(connection, target)
        connection.execute(
            "INSERT INTO reconciliation (id, target, repair, requested_by, state)"
            " VALUES (%s, %s, %s, %s, 'REQUESTED') ON CONFLICT DO NOTHING",
            (key, target, repair, requested_by),
        )
        found = get_reconciliation(connection, str(key))
    if (found.target, found.repair) != (target, repair):
        raise RequestIdReused(request_id)
    return found


def get_reconciliation(connection: Connection, reconciliation_id: str) -> Reconciliation:
    """Return one. Raises `NotFound`."""
    try:
        found = _find(connection, UUID(reconciliation_id))
    except ValueError:
        found = None
    if found is None:
        raise NotFound("reconciliation", f"reconciliations/{reconciliation_id[:64]}")
    return found


def list_reconciliations(
    connection: Connection, *, target: str | None = None, after: tuple[datetime, UUID] | None = None, limit: int = 50
) -> list[Reconciliation]:
    """Return one page, the newest first. `after` is the instant and the id of the last one of the page before."""
    instant, last = after or (None, None)
    rows = connection.execute(
        _COLUMNS + "WHERE (%(target)s::text IS NULL OR r.target = %(target)s)"
        " AND (%(instant)s::timestamptz IS NULL OR (r.requested_at, r.id) < (%(instant)s, %(last)s))"
        " ORDER BY r.requested_at DESC, r.id DESC LIMIT %(limit)s",
        {"target": target, "instant": instant, "last": last, "limit": limit},
    ).fetchall()
    return [_reconciliation(row) for row in rows]


def _require_callable(connection: Connection, target: str) -> None:
    row = connection.execute(
        f"SELECT {PAUSED}, coalesce(t.retired, ''), (SELECT count(*) FROM reconciliation r WHERE r.target = t.name"  # noqa: S608 - constants
        " AND r.requested_by <> '' AND r.state IN ('REQUESTED', 'RUNNING')) FROM target t WHERE t.name = %s",
        (target,),
    ).fetchone()
    if row is None:
        raise NotFound("target", f"targets/{target}")
    paused, retired, waiting = row
    if retired == "abandon":
        raise StateConflict(f"the target {target!r} is retired as abandoned: it is not called any more")
    if paused:
        raise StateConflict(f"the target {target!r} is paused: resume it before it is asked for its list")
    if waiting >= MOST_WAITING:
        raise Overloaded(f"{waiting} reconciliations of {target!r} wait already")


def _find(connection: Connection, key: UUID) -> Reconciliation | None:
    row = connection.execute(_COLUMNS + "WHERE r.id = %s", (key,)).fetchone()
    return _reconciliation(row) if row else None


def _reconciliation(row: Row) -> Reconciliation:
    subjects: Mapping[str, Sequence[str]] = dict(zip(("missing", "stale", "extra", "standing"), row[9:13], strict=True))
    counts: Mapping[str, int] = row[13]
    drifts = {kind: Drift(count=counts.get(kind, 0), subjects=tuple(names)) for kind, names in subjects.items()}
    return Reconciliation(
        id=row[0],
        target=row[1],
        repair=row[2],
        requested_by=row[3],
        requested_at=row[4],
        state=ReconciliationState(row[5]),
        worker=row[6],
        ended_at=row[7],
        report=Report(compared=row[8], repaired=row[14], **drifts),
        detail=row[15],
    )

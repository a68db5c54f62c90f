"""Reconciliations as workers take them: one at a time for each target, under a lease, and as often as the schedule wants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from credit_sanction_service.store.deliveries import PAUSED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.reconciliations import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """
    A target that a worker can read the list of, where the store knows it by this digest. It is compared every `every_s`
    (0: only when asked for), and a run is its worker's own for `lease_s`.
    """

    target: str
    digest: str
    every_s: float
    lease_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """
    One comparison to be made: of rows at rest since before `began`. `by_schedule`: nobody asked for it, so that it repairs
    only what is surely ours.
    """

    id: UUID
    target: str
    repair: bool
    by_schedule: bool
    began: datetime


# A run is somebody's as long as its lease lasts.
_HELD: Final = "r.state = 'RUNNING' AND r.lease_until > clock_timestamp()"
_OPEN: Final = "(r.state = 'REQUESTED' OR r.state = 'RUNNING' AND r.lease_until <= clock_timestamp())"
_SERVED: Final = """
unnest(%(targets)s::text[], %(digests)s::text[], %(every)s::float8[], %(leases)s::float8[])
    AS served (target, digest, every, lease)
"""
# Whether the schedule wants one: none of its own has been asked for within the period, and none waits from before.
_WANTED: Final = """
(served.every > 0 AND NOT EXISTS (
    SELECT FROM reconciliation r WHERE r.target = served.target AND r.requested_by = ''
        AND (r.requested_at > clock_timestamp() - make_interval(secs => served.every)
            OR r.state IN ('REQUESTED', 'RUNNING'))
))
"""
_READY: Final = f"""
SELECT t.name FROM {_SERVED} JOIN target t ON t.name = served.target AND t.digest = served.digest
WHERE NOT {PAUSED} AND t.retired IS DISTINCT FROM 'abandon'
    AND NOT EXISTS (SELECT FROM reconciliation r WHERE r.target = t.name AND {_HELD})
    AND (EXISTS (SELECT FROM reconciliation r WHERE r.target = t.name AND {_OPEN}) OR {_WANTED})
"""  # noqa: S608 - joined from constants
_SCHEDULE: Final = f"""
INSERT INTO reconciliation (id, target, repair, requested_by, state)
SELECT gen_random_uuid(), served.target, true, '', 'REQUESTED' FROM {_SERVED}
WHERE served.target = ANY (%(mine)s) AND {_WANTED}
"""  # noqa: S608 - joined from constants
_TAKE: Final = f"""
UPDATE reconciliation SET state = 'RUNNING', worker = %(worker)s,
    lease_until = clock_timestamp() + make_interval(secs => served.lease)
FROM {_SERVED}, (
    SELECT DISTINCT ON (r.target) r.id FROM reconciliation r
    WHERE r.target = ANY (%(mine)s) AND {_OPEN}
        AND NOT EXISTS (SELECT FROM reconciliation h WHERE h.target = r.target AND {_HELD.replace("r.", "h.")})
    ORDER BY r.target, r.requested_at
) AS oldest
WHERE reconciliation.id = oldest.id AND served.target = reconciliation.target
RETURNING reconciliation.id, reconciliation.target, reconciliation.repair, reconciliation.requested_by = '',
    clock_timestamp()
"""  # noqa: S608 - joined from constants


def take(connection: Connection, served: Sequence[Served], *, worker: str) -> list[Run]:
    """
    Take what is to be done of these targets, at most one run of each: what was asked for, what the schedule wants now, and
    what a worker left undone. A target that is paused or abandoned, or that a worker is at, is left alone.
    """
    values: dict[str, Any] = {
        "targets": [one.target for one in served],
        "digests": [one.digest for one in served],
        "every": [one.every_s for one in served],
        "leases": [one.lease_s for one in served],
        "worker": worker,
    }
    ready = [row[0] for row in connection.execute(_READY, values).fetchall()]
    if not ready:
        return []
    with connection.transaction():
        # One worker at a time for each target: who does not get hold of it leaves it to the other.
        locked = connection.execute(
            "SELECT name FROM target WHERE name = ANY (%s) ORDER BY name FOR NO KEY UPDATE SKIP LOCKED", (ready,)
        ).fetchall()
        values["mine"] = [row[0] for row in locked]
        connection.execute(_SCHEDULE, values)
        rows = connection.execute(_TAKE, values).fetchall()
    return [Run(id=row[0], target=row[1], repair=row[2], by_schedule=row[3], began=row[4]) for row in rows]


def hold(connection: Connection, run: Run, *, worker: str) -> bool:
    """Hold a run until the transaction ends; False where it is another's by now, or done."""
    row = connection.execute(
        "SELECT true FROM reconciliation WHERE id = %s AND state = 'RUNNING' AND worker = %s FOR UPDATE",
        (run.id, worker),
    ).fetchone()
    return row is not None


def finish(connection: Connection, run: Run, report: Report, detail: str = "") -> None:
    """Write the report of a run that the caller holds; `detail` says what was left undone."""
    kinds = {"missing": report.missing, "stale": report.stale, "extra": report.extra, "standing": report.standing}
    connection.execute(
        """
        UPDATE reconciliation SET state = 'DONE', ended_at = clock_timestamp(), lease_until = NULL,
            compared = %(compared)s, missing = %(missing)s, stale = %(stale)s, extra = %(extra)s,
            standing = %(standing)s, counts = %(counts)s, repaired = %(repaired)s, detail = %(detail)s
        WHERE id = %(id)s
        """,
        {
            "id": run.id,
            "compared": report.compared,
            "detail": detail,
            "repaired": report.repaired,
            "counts": Jsonb({kind: drift.count for kind, drift in kinds.items()}),
            **{kind: Jsonb(list(drift.subjects)) for kind, drift in kinds.items()},
        },
    )


def fail(connection: Connection, run: Run, detail: str, *, worker: str) -> None:
    """Write down why a run came to nothing, unless it is another's by now."""
    connection.execute(
        "UPDATE reconciliation SET state = 'FAILED', ended_at = clock_timestamp(), lease_until = NULL, detail = %s"
        " WHERE id = %s AND state = 'RUNNING' AND worker = %s",
        (detail, run.id, worker),
    )


def give_back(connection: Connection, run: Run, *, worker: str) -> None:
    """Leave a run that was broken off to the next worker."""
    connection.execute(
        "UPDATE reconciliation SET state = 'REQUESTED', lease_until = NULL, worker = ''"
        " WHERE id = %s AND state = 'RUNNING' AND worker = %s",
        (run.id, worker),
    )

"""Rows at rest, to be compared with a target's own list, and what is repaired of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from credit_sanction_service.store.connect import Connection

_OUR_NAMES: Final = "^sanctionRecords/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_AT_ONCE: Final = 5_000  # rows of a statement, for statements are bounded in time
_AT_REST: Final = "due_since IS NULL AND lease_until IS NULL AND changed_at < %(before)s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """
    What a target confirmed and still should have. `standing` are the enterprise's other records in force there, None where
    the target holds enterprises.
    """

    subject: str
    version: Revision
    present: bool
    standing: frozenset[str] | None


def at_rest(connection: Connection, target: str, *, before: datetime) -> list[Resting]:
    """Return the rows that have been confirmed and untouched since before `before`, of one snapshot."""
    rows = connection.execute(
        f"""
        SELECT d.subject, d.confirmed_epoch, d.confirmed_number, d.confirmed_present, d.record_id IS NOT NULL,
            others.names
        FROM delivery d LEFT JOIN (
            SELECT enterprise_code, array_agg('sanctionRecords/' || record_id) AS names FROM in_force_at
            WHERE target = %(target)s GROUP BY enterprise_code HAVING count(*) > 1
        ) AS others USING (enterprise_code)
        WHERE d.target = %(target)s AND d.confirmed_number IS NOT NULL AND {_AT_REST}
        """,  # noqa: S608 - joined from constants
        {"target": target, "before": before},
    ).fetchall()
    return [
        Resting(
            subject=row[0],
            version=Revision(epoch=row[1], number=row[2]),
            present=row[3],
            standing=frozenset(row[5] or ()) - {row[0]} if row[4] else None,
        )
        for row in rows
    ]


def repair(connection: Connection, target: str, subjects: Sequence[str], *, before: datetime) -> set[str]:
    """Make those due under a new key that are still at rest; others are being pushed as it is. Returns which were."""
    made: set[str] = set()
    for first in range(0, len(subjects), _AT_ONCE):
        made |= _repair(connection, target, subjects[first : first + _AT_ONCE], before)
    return made


def _repair(connection: Connection, target: str, subjects: Sequence[str], before: datetime) -> set[str]:
    rows = connection.execute(
        f"""
        UPDATE delivery SET generation = generation + 1, failures = 0, due_since = clock_timestamp(),
            next_attempt_at = clock_timestamp(), changed_at = clock_timestamp(),
            claimed_epoch = coalesce(claimed_epoch, desired_epoch),
            claimed_number = coalesce(claimed_number, desired_number)
        WHERE (target, subject) IN (
            SELECT target, subject FROM delivery
            WHERE target = %(target)s AND subject = ANY (%(subjects)s) AND {_AT_REST}
            FOR UPDATE SKIP LOCKED
        )
        RETURNING subject
        """,  # noqa: S608 - joined from constants
        {"target": target, "subjects": list(subjects), "before": before},
    ).fetchall()
    return {row[0] for row in rows}


_UNHELD: Final = """
FROM target t CROSS JOIN store_head head CROSS JOIN unnest(%(subjects)s::text[]) AS given (subject)
LEFT JOIN sanction_record r ON t.holds = 'record' AND r.id = CASE WHEN given.subject ~ %(ours)s
    THEN substring(given.subject FROM '/(.*)')::uuid END
WHERE t.name = %(target)s
    AND NOT EXISTS (SELECT FROM delivery d WHERE d.target = t.name AND d.subject = given.subject)
    AND CASE WHEN t.holds = 'record' THEN given.subject ~ %(ours)s
        ELSE EXISTS (SELECT FROM sanction_record o WHERE o.enterprise_code = given.subject) END
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unheld:
    """
    What a target lists and we have no row of, although it is named as ours are: names of sanction records, or codes of
    enterprises of whom we know a record. `known` are those of records that this store has; `strangers`, the others, may be
    another installation's at the same target.
    """

    known: frozenset[str]
    strangers: frozenset[str]


def unheld(connection: Connection, target: str, subjects: Sequence[str]) -> Unheld:
    """Return those of `subjects`, which the target lists, that we have no row of."""
    rows = connection.execute(
        f"SELECT given.subject, r.id IS NOT NULL {_UNHELD}",
        {"target": target, "subjects": list(subjects), "ours": _OUR_NAMES},
    ).fetchall()
    return Unheld(
        known=frozenset(row[0] for row in rows if row[1]), strangers=frozenset(row[0] for row in rows if not row[1])
    )


def adopt(connection: Connection, target: str, subjects: Sequence[str]) -> set[str]:
    """
    Make rows, due and desired absent at the store's head, for those of `subjects` that are `unheld`.

    They count as possibly sent. A row made in the meantime is left alone. Returns which were made.
    """
    rows = connection.execute(
        f"""
        INSERT INTO delivery (target, subject, record_id, enterprise_code, desired_epoch, desired_number, desired_present,
            claimed_epoch, claimed_number, generation, next_attempt_at, due_since)
        SELECT t.name, given.subject, r.id,
            CASE WHEN t.holds = 'enterprise' THEN given.subject ELSE coalesce(r.enterprise_code, '') END,
            head.epoch, head.number, false, head.epoch, head.number, 1, clock_timestamp(), clock_timestamp()
        {_UNHELD}
        ON CONFLICT DO NOTHING RETURNING subject
        """,
        {"target": target, "subjects": list(subjects), "ours": _OUR_NAMES},
    ).fetchall()
    return {row[0] for row in rows}

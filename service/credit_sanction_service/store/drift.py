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
_AT_REST: Final = "due_since IS NULL AND lease_until IS NULL AND changed_at < %(before)s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """What a target confirmed and still should have."""

    subject: str
    version: Revision
    present: bool


def begin(connection: Connection, target: str, digest: str) -> datetime | None:
    """Return the store's clock, None unless the target is active and known by this digest."""
    row = connection.execute(
        "SELECT clock_timestamp() FROM target WHERE name = %s AND digest = %s AND paused_reason IS NULL"
        " AND retired IS DISTINCT FROM 'abandon'",
        (target, digest),
    ).fetchone()
    return row[0] if row else None


def at_rest(connection: Connection, target: str, *, before: datetime) -> list[Resting]:
    """Return the rows that have been confirmed and untouched since before `before`."""
    rows = connection.execute(
        f"SELECT subject, confirmed_epoch, confirmed_number, confirmed_present FROM delivery"  # noqa: S608 - constants
        f" WHERE target = %(target)s AND confirmed_number IS NOT NULL AND {_AT_REST}",
        {"target": target, "before": before},
    ).fetchall()
    return [Resting(subject=row[0], version=Revision(epoch=row[1], number=row[2]), present=row[3]) for row in rows]


def repair(connection: Connection, target: str, subjects: Sequence[str], *, before: datetime) -> set[str]:
    """Make those due under a new key that are still at rest; others are being pushed as it is. Returns which were."""
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


def adopt(connection: Connection, target: str, subjects: Sequence[str]) -> set[str]:
    """
    Make rows, due and desired absent at the store's head, for `subjects` that the target lists and we have no row of.

    They count as possibly sent. Only what must have come from us is taken: names of sanction records, or codes of
    enterprises of whom we know a record. A row made in the meantime is left alone. Returns which were made.
    """
    rows = connection.execute(
        """
        INSERT INTO delivery (target, subject, record_id, enterprise_code, desired_epoch, desired_number, desired_present,
            claimed_epoch, claimed_number, generation, next_attempt_at, due_since)
        SELECT t.name, given.subject, r.id,
            CASE WHEN t.holds = 'enterprise' THEN given.subject ELSE coalesce(r.enterprise_code, '') END,
            head.epoch, head.number, false, head.epoch, head.number, 1, clock_timestamp(), clock_timestamp()
        FROM target t CROSS JOIN store_head head CROSS JOIN unnest(%(subjects)s::text[]) AS given (subject)
        LEFT JOIN sanction_record r ON t.holds = 'record' AND r.id = CASE WHEN given.subject ~ %(ours)s
            THEN substring(given.subject FROM '/(.*)')::uuid END
        WHERE t.name = %(target)s
            AND NOT EXISTS (SELECT FROM delivery d WHERE d.target = t.name AND d.subject = given.subject)
            AND CASE WHEN t.holds = 'record' THEN given.subject ~ %(ours)s
                ELSE EXISTS (SELECT FROM sanction_record o WHERE o.enterprise_code = given.subject) END
        ON CONFLICT DO NOTHING RETURNING subject
        """,
        {"target": target, "subjects": list(subjects), "ours": _OUR_NAMES},
    ).fetchall()
    return {row[0] for row in rows}

"""What people may do with deliveries: have them sent again. What goes out is always the current state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.faults import StateConflict
from credit_sanction_service.store.deliveries import STATE, DeliveryState, DeliveryView, get_delivery

if TYPE_CHECKING:
    from credit_sanction_service.store.connect import Connection

RETRYABLE: Final = (
    DeliveryState.PENDING,
    DeliveryState.RETRYING,
    DeliveryState.REJECTED,
    DeliveryState.GIVEN_UP,
)
HELD_UP: Final = RETRYABLE[1:]
_ABANDONED: Final = "the target {!r} is retired as abandoned: nothing is sent to it any more"

# Due now, with its schedule begun anew; what is in flight first ends.
_DUE_NOW: Final = """
    rejected = false, given_up = false, corrections = '[]', failures = 0, changed_at = clock_timestamp(),
    next_attempt_at = greatest(d.lease_until, clock_timestamp())
"""
# What a target has lost, of whatever version, it has to be told as something new.
_ANEW: Final = f"""
    {_DUE_NOW}, generation = d.generation + 1, due_since = coalesce(d.due_since, clock_timestamp()),
    claimed_epoch = coalesce(d.claimed_epoch, d.desired_epoch),
    claimed_number = coalesce(d.claimed_number, d.desired_number)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """
    Which of a target's deliveries: those in `states`, of `RETRYABLE`, that have changed at `since` or later, are of this
    enterprise, and whose last error holds this text, in any case. What is None or empty does not narrow.
    """

    target: str
    states: tuple[DeliveryState, ...] = HELD_UP
    since: datetime | None = None
    enterprise_code: str = ""
    error_contains: str = ""


def retry_delivery(connection: Connection, target: str, subject: str, *, lost_by_target: bool) -> DeliveryView:
    """
    Make a delivery due now, whatever its schedule says; one in flight first ends. What goes out is the current state.

    `lost_by_target` gives it a new idempotency key, for a target found without what it had confirmed. A paused target
    stays paused. Raises `NotFound`, and `StateConflict` where the target was retired as abandoned.
    """
    # Alone in its transaction, so that it can wait for the row but nobody for it and something else.
    with connection.transaction():
        connection.execute(
            f"""
            UPDATE delivery d SET {_DUE_NOW}, generation = generation + %s::integer,
                due_since = coalesce(due_since, clock_timestamp())
            FROM target t
            WHERE d.target = %s AND d.subject = %s AND t.name = d.target AND t.retired IS DISTINCT FROM 'abandon'
            """,  # noqa: S608 - joined from constants
            (int(lost_by_target), target, subject),
        )
        view, _ = get_delivery(connection, target, subject)
    if view.state is DeliveryState.ABANDONED:
        raise StateConflict(_ABANDONED.format(target))
    return view


def retry_deliveries(connection: Connection, chosen: Chosen) -> int:
    """Make the chosen deliveries due now, and return how many. What goes out is the current state of each."""
    with connection.transaction():
        # In the order of their keys, as everybody who takes several: nobody waits for one who waits for him.
        rows = connection.execute(
            f"""
            UPDATE delivery d SET {_DUE_NOW}
            FROM (
                SELECT d.target, d.subject FROM delivery d JOIN target t ON t.name = d.target
                WHERE d.target = %(target)s AND {STATE} = ANY (%(states)s)
                    AND (%(since)s::timestamptz IS NULL OR d.changed_at >= %(since)s)
                    AND (%(code)s = '' OR d.enterprise_code = %(code)s)
                    AND (%(words)s = '' OR position(lower(%(words)s) IN lower(d.last_error)) > 0)
                ORDER BY d.target, d.subject FOR UPDATE OF d
            ) AS chosen
            WHERE d.target = chosen.target AND d.subject = chosen.subject
            """,  # noqa: S608 - joined from constants
            {
                "target": chosen.target,
                "states": [state.value for state in chosen.states],
                "since": chosen.since,
                "code": chosen.enterprise_code,
                "words": chosen.error_contains,
            },
        )
        return rows.rowcount


def recover_deliveries(connection: Connection, target: str, *, since: datetime) -> int:
    """
    Have everything sent again, under new keys, that a target confirmed at `since` or later and has lost; return how many.

    What it refuses at present is left alone. Raises `StateConflict` where the target was retired as abandoned.
    """
    with connection.transaction():
        if _is_abandoned(connection, target):
            raise StateConflict(_ABANDONED.format(target))
        rows = connection.execute(
            f"""
            UPDATE delivery d SET {_ANEW}
            FROM (
                SELECT d.target, d.subject FROM delivery d
                WHERE d.target = %(target)s AND NOT d.rejected AND EXISTS (
                    SELECT FROM attempt_closed a WHERE a.target = d.target AND a.subject = d.subject
                        AND a.outcome = 'CONFIRMED' AND a.closed_at >= %(since)s
                )
                ORDER BY d.target, d.subject FOR UPDATE OF d
            ) AS chosen
            WHERE d.target = chosen.target AND d.subject = chosen.subject
            """,  # noqa: S608 - joined from constants
            {"target": target, "since": since},
        )
        return rows.rowcount


def _is_abandoned(connection: Connection, target: str) -> bool:
    row = connection.execute("SELECT retired FROM target WHERE name = %s", (target,)).fetchone()
    return row is not None and row[0] == "abandon"

"""What people may do with deliveries: have them sent again. What goes out is always the current state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.faults import StateConflict
from credit_sanction_service.store.deliveries import STATE, DeliveryState, DeliveryView, get_delivery

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credit_sanction_service.store.connect import Connection

RETRYABLE: Final = (
    DeliveryState.PENDING,
    DeliveryState.RETRYING,
    DeliveryState.REJECTED,
    DeliveryState.GIVEN_UP,
)
HELD_UP: Final = RETRYABLE[1:]
_ABANDONED: Final = "the target {!r} is retired as abandoned: nothing is sent to it any more"

# Due now, with its schedule begun anew; what is in flight first ends. What was refused gets a new key: under the old one the
# same bytes would go out, whatever has been mended since of how they are composed.
_DUE_NOW: Final = """
    rejected = false, given_up = false, corrections = '[]', failures = 0, changed_at = clock_timestamp(),
    tried_since = clock_timestamp(), next_attempt_at = greatest(d.lease_until, clock_timestamp())
"""
# What a target has lost, of whatever version, it has to be told as something new.
_ANEW: Final = f"""
    {_DUE_NOW}, generation = d.generation + 1, due_since = coalesce(d.due_since, clock_timestamp()),
    claimed_epoch = coalesce(d.claimed_epoch, d.desired_epoch),
    claimed_number = coalesce(d.claimed_number, d.desired_number)
"""
_AGAIN: Final = f"{_DUE_NOW}, generation = d.generation + d.rejected::integer"
_AT_ONCE: Final = 5_000  # rows of a transaction: whoever writes about one of them waits for it
_CHOSEN: Final = f"""
    {STATE} = ANY (%(states)s)
    AND (%(since)s::timestamptz IS NULL OR d.changed_at >= %(since)s)
    AND (%(code)s = '' OR d.enterprise_code = %(code)s)
    AND (%(words)s = '' OR position(lower(%(words)s) IN lower(d.last_error)) > 0)
"""
_CONFIRMED_SINCE: Final = """
    NOT d.rejected AND EXISTS (
        SELECT FROM attempt_closed a WHERE a.target = d.target AND a.subject = d.subject
            AND a.outcome = 'CONFIRMED' AND a.closed_at >= %(since)s
    )
"""
# How far a slice reaches is asked first: of rows that are locked in order some may fit no more once they are held.
_SLICE: Final = """
SELECT count(*), max(subject) FROM (
    SELECT d.subject FROM delivery d JOIN target t ON t.name = d.target
    WHERE d.target = %(target)s AND d.subject > %(after)s AND {which}
    ORDER BY d.subject LIMIT %(most)s
) AS slice
"""
# In the order of their keys, as everybody who takes several: nobody waits for one who waits for him.
_MOVE: Final = """
UPDATE delivery d SET {setting}
FROM (
    SELECT d.target, d.subject FROM delivery d JOIN target t ON t.name = d.target
    WHERE d.target = %(target)s AND d.subject > %(after)s AND d.subject <= %(last)s AND {which}
    ORDER BY d.target, d.subject FOR UPDATE OF d
) AS chosen
WHERE d.target = chosen.target AND d.subject = chosen.subject
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

    `lost_by_target` gives it a new idempotency key, for a target found without what it had confirmed; one that was refused
    gets one in any case. A paused target stays paused. Raises `NotFound`, and `StateConflict` where the target was retired
    as abandoned.
    """
    # Alone in its transaction, so that it can wait for the row but nobody for it and something else.
    with connection.transaction():
        connection.execute(
            f"""
            UPDATE delivery d SET {_DUE_NOW}, generation = generation + greatest(%s, rejected::integer),
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


def retry_deliveries(connection: Connection, chosen: Chosen, *, at_once: int = _AT_ONCE) -> int:
    """
    Make the chosen deliveries due now, and return how many. What goes out is the current state of each.

    `at_once` at most are held, and committed together: who writes waits for so many alone. Broken off in the middle, it is
    simply called again.
    """
    values = {
        "target": chosen.target,
        "states": [state.value for state in chosen.states],
        "since": chosen.since,
        "code": chosen.enterprise_code,
        "words": chosen.error_contains,
    }
    return _move(connection, _AGAIN, _CHOSEN, values, at_once)


def recover_deliveries(connection: Connection, target: str, *, since: datetime, at_once: int = _AT_ONCE) -> int:
    """
    Have everything sent again, under new keys, that a target confirmed at `since` or later and has lost; return how many.

    What it refuses at present is left alone. `at_once` at most are committed together; broken off in the middle, it is
    simply called again. Raises `StateConflict` where the target was retired as abandoned.
    """
    if _is_abandoned(connection, target):
        raise StateConflict(_ABANDONED.format(target))
    return _move(connection, _ANEW, _CONFIRMED_SINCE, {"target": target, "since": since}, at_once)


def _move(connection: Connection, setting: str, which: str, values: Mapping[str, object], at_once: int) -> int:
    """Move a target's rows in slices by key, a transaction each; return how many."""
    moved, after = 0, ""
    while True:
        with connection.transaction():
            place = {**values, "after": after, "most": at_once}
            row = connection.execute(_SLICE.format(which=which), place).fetchone()
            found, last = row or (0, None)
            if found:
                moved += connection.execute(_MOVE.format(setting=setting, which=which), place | {"last": last}).rowcount
        if found < at_once:
            return moved
        after = last


def _is_abandoned(connection: Connection, target: str) -> bool:
    row = connection.execute("SELECT retired FROM target WHERE name = %s", (target,)).fetchone()
    return row is not None and row[0] == "abandon"

"""The delivery rows as the push worker takes hold of them, with what is to be said of them, and writes them back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from credit_sanction_service.store.deliveries import COLUMNS, Delivery, delivery_of
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from credit_sanction_service.store.connect import Connection

RowKey = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """How many due rows of a target to take; none unless the store knows the target by this digest."""

    target: str
    digest: str
    slots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """
    What there is to say of one row, all of one snapshot. Bodies are as stored.

    `own` is the subject's record, or any of the enterprise's; `in_force` are the enterprise's records that the target
    should show, without the subject itself; `filter` is the target's. `known_at` is when the desired version became known,
    `head` the snapshot's.
    """

    own: dict[str, Any] | None
    in_force: list[dict[str, Any]]
    filter: dict[str, Any]
    known_at: datetime
    head: Revision


# A subject that comes back after its target was dropped goes on counting where its earlier life ended.
_COUNTED: Final = COLUMNS.replace(
    "d.attempt,",
    "CASE WHEN d.attempt > 0 THEN d.attempt ELSE coalesce((SELECT max(a.number) FROM attempt_opened a"
    " WHERE a.target = d.target AND a.subject = d.subject), 0) END,",
)
# now(), the transaction's start: a volatile clock could not use the index. Withdrawals come first, then what waited
# longest: the order of the index.
_LOCK_DUE: Final = f"""
SELECT {_COUNTED}, clock_timestamp()
FROM unnest(%s::text[], %s::text[], %s::integer[]) AS want (target, digest, slots)
JOIN target t ON t.name = want.target AND t.digest = want.digest AND t.paused_reason IS NULL
    AND t.retired IS DISTINCT FROM 'abandon'
CROSS JOIN LATERAL (
    SELECT * FROM delivery WHERE delivery.target = want.target AND delivery.next_attempt_at <= now()
    ORDER BY delivery.desired_present, delivery.next_attempt_at LIMIT want.slots FOR UPDATE SKIP LOCKED
) AS d
"""  # noqa: S608 - joined from constants
_LOCK: Final = f"""
SELECT {COLUMNS}, clock_timestamp()
FROM delivery d JOIN unnest(%s::text[], %s::text[]) AS given (target, subject) USING (target, subject)
FOR UPDATE OF d SKIP LOCKED
"""  # noqa: S608 - joined from constants
_WRITE: Final = """
UPDATE delivery d SET confirmed_epoch = g.confirmed_epoch, confirmed_number = g.confirmed_number,
    confirmed_present = g.confirmed_present, claimed_epoch = g.claimed_epoch, claimed_number = g.claimed_number,
    rejected = g.rejected, generation = g.generation, attempt = g.attempt, failures = g.failures,
    lease_until = g.lease_until, next_attempt_at = g.next_attempt_at, due_since = g.due_since,
    unknown_epoch = g.unknown_epoch, unknown_number = g.unknown_number, unknown_until = g.unknown_until,
    last_error = g.last_error, receipt = g.receipt, changed_at = g.changed_at,
    claimed_generation = g.claimed_generation
FROM unnest(%s::text[], %s::text[], %s::integer[], %s::bigint[], %s::boolean[], %s::integer[], %s::bigint[],
    %s::boolean[], %s::integer[], %s::bigint[], %s::integer[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[],
    %s::integer[], %s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::timestamptz[],
    %s::integer[])
    AS g (target, subject, confirmed_epoch, confirmed_number, confirmed_present, claimed_epoch, claimed_number,
    rejected, generation, attempt, failures, lease_until, next_attempt_at, due_since, unknown_epoch, unknown_number,
    unknown_until, last_error, receipt, changed_at, claimed_generation)
WHERE d.target = g.target AND d.subject = g.subject
"""
_READ_CONTENTS: Final = """
SELECT coalesce(own.body, latest.body),
    coalesce((
        SELECT jsonb_agg(r.body ORDER BY r.id) FROM in_force_at f JOIN sanction_record r ON r.id = f.record_id
        WHERE f.target = g.target AND f.enterprise_code = g.code AND f.record_id IS DISTINCT FROM g.record_id
    ), '[]'),
    t.filter, coalesce(v.known_at, clock_timestamp()), head.epoch, head.number
FROM unnest(%s::text[], %s::uuid[], %s::text[], %s::integer[], %s::bigint[])
    WITH ORDINALITY AS g (target, record_id, code, epoch, number, ordinal)
CROSS JOIN store_head head
JOIN target t ON t.name = g.target
LEFT JOIN revision v ON v.epoch = g.epoch AND v.number = g.number
LEFT JOIN sanction_record own ON own.id = g.record_id
LEFT JOIN LATERAL (
    SELECT r.body FROM sanction_record r WHERE g.record_id IS NULL AND r.enterprise_code = g.code
    ORDER BY r.created_at DESC LIMIT 1
) AS latest ON true
ORDER BY g.ordinal
"""


def lock_due(connection: Connection, wants: Sequence[Want]) -> list[tuple[Delivery, datetime]]:
    """
    Return due rows of active targets, at most `slots` each, held until the transaction ends, with the store's clock.

    Nothing is waited for: what another holds is left to it.
    """
    rows = connection.execute(
        _LOCK_DUE,
        ([want.target for want in wants], [want.digest for want in wants], [want.slots for want in wants]),
    ).fetchall()
    return [(delivery_of(row), row[26]) for row in rows]


def lock(
    connection: Connection, keys: Collection[RowKey]
) -> tuple[dict[RowKey, tuple[Delivery, datetime]], set[RowKey]]:
    """
    Return the rows held from here on, with the store's clock, and the keys of those that another holds at present.

    Waiting for them instead could deadlock with a commit, which takes rows in an order of its own.
    """
    pairs = sorted(keys)
    arrays = ([key[0] for key in pairs], [key[1] for key in pairs])
    held = {(row[0], row[1]): (delivery_of(row), row[26]) for row in connection.execute(_LOCK, arrays).fetchall()}
    if len(held) == len(pairs):
        return held, set()
    existing = connection.execute(
        "SELECT target, subject FROM delivery"
        " JOIN unnest(%s::text[], %s::text[]) AS given (target, subject) USING (target, subject)",
        arrays,
    ).fetchall()
    return held, {(row[0], row[1]) for row in existing} - held.keys()


def write(connection: Connection, rows: Sequence[Delivery]) -> None:
    """Write rows back that the caller holds. What is desired is not the worker's to change."""
    connection.execute(
        _WRITE,
        (
            [row.target for row in rows],
            [row.subject for row in rows],
            [row.confirmed and row.confirmed.epoch for row in rows],
            [row.confirmed and row.confirmed.number for row in rows],
            [row.confirmed_present for row in rows],
            [row.claimed and row.claimed.epoch for row in rows],
            [row.claimed and row.claimed.number for row in rows],
            [row.rejected for row in rows],
            [row.generation for row in rows],
            [row.attempt for row in rows],
            [row.failures for row in rows],
            [row.lease_until for row in rows],
            [row.next_attempt_at for row in rows],
            [row.due_since for row in rows],
            [row.unknown and row.unknown.epoch for row in rows],
            [row.unknown and row.unknown.number for row in rows],
            [row.unknown_until for row in rows],
            [row.last_error for row in rows],
            [row.receipt for row in rows],
            [row.changed_at for row in rows],
            [row.claimed_generation for row in rows],
        ),
    )


def read_contents(connection: Connection, rows: Sequence[Delivery]) -> list[Content]:
    """
    Return what there is to say of each of the rows, in their order.

    The caller holds the rows, locked by an earlier statement of the same READ COMMITTED transaction. So what is read here
    is never older than a row's desired version: the commit that wrote it had ended before the row could be locked, and
    this statement's snapshot is younger. Nor is it newer where that would matter: a commit that changes what a target
    should have of a subject moves the subject's row, which waits for the caller. One statement, so one snapshot: content,
    standing, filter and `head` agree.

    The filter is read here, and not taken from what the worker was started with: a targets file that changed a target's
    areas moved its rows, and one of them may have been locked by a statement that still knew the target by its old digest.
    """
    answers = connection.execute(
        _READ_CONTENTS,
        (
            [row.target for row in rows],
            [row.record_id for row in rows],
            [row.enterprise_code for row in rows],
            [row.desired.epoch for row in rows],
            [row.desired.number for row in rows],
        ),
    ).fetchall()
    return [
        Content(own=row[0], in_force=row[1], filter=row[2], known_at=row[3], head=Revision(epoch=row[4], number=row[5]))
        for row in answers
    ]


def pause_target(connection: Connection, target: str, reason: str) -> bool:
    """Stop calling a target until it is resumed; True where it was not paused before. The first reason stays."""
    done = connection.execute(
        "UPDATE target SET paused_reason = %s WHERE name = %s AND paused_reason IS NULL", (reason, target)
    )
    return done.rowcount == 1


def resume_target(connection: Connection, target: str) -> bool:
    """Call a paused target again; True where it was paused."""
    done = connection.execute(
        "UPDATE target SET paused_reason = NULL WHERE name = %s AND paused_reason IS NOT NULL", (target,)
    )
    return done.rowcount == 1


def skewed_targets(connection: Connection, digests: Mapping[str, str]) -> list[str]:
    """Return the names that the store does not know by these digests: a worker leaves those targets alone."""
    rows = connection.execute("SELECT name, digest FROM target").fetchall()
    known = {(row[0], row[1]) for row in rows}
    return sorted(name for name, digest in digests.items() if (name, digest) not in known)

"""The delivery rows as the push worker takes hold of them, with what is to be said of them, and writes them back."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from psycopg import DataError

from credit_sanction_service.store import attempts
from credit_sanction_service.store.arrays import numbers, texts
from credit_sanction_service.store.connect import Row
from credit_sanction_service.store.deliveries import COLUMNS, PAUSED, WIDTH, Delivery, delivery_of
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from credit_sanction_service.store.connect import Connection

RowKey = tuple[str, str]
Entries = attempts.Columns


class Unwritable(ValueError):
    """There is a value among what was to be written that the store cannot hold. The transaction has failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """How many due rows of a target to take; none unless the store knows the target by this digest."""

    target: str
    digest: str
    slots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """
    What there is to say of one row, all of one snapshot. Bodies are JSON text, as stored.

    `own` is the subject's record, or any of the enterprise's; `in_force` are the enterprise's records that the target
    should show, without the subject itself; `filter` is the target's, as JSON text. `known_at` is when the desired version
    became known, `head` and `law_version` are the snapshot's.
    """

    own: str | None
    in_force: list[str]
    filter: str
    known_at: datetime
    head: Revision
    law_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """
    Rows held until the transaction ends, and the store's clock once they were: those that are `due`, and by their keys the
    caller's `own`. `busy` are keys of his that another holds at present.
    """

    due: list[Delivery]
    own: dict[RowKey, Delivery]
    busy: set[RowKey]
    now: datetime


# A subject that comes back after its target was dropped goes on counting where its earlier life ended.
_COUNTED: Final = COLUMNS.replace(
    "d.attempt,",
    "CASE WHEN d.attempt > 0 THEN d.attempt ELSE coalesce((SELECT max(a.number) FROM attempt_opened a"
    " WHERE a.target = d.target AND a.subject = d.subject), 0) END,",
)
# now(), the transaction's start: a volatile clock could not use the index. Withdrawals come first, then what waited
# longest: the order of the index.
_HOLD: Final = f"""
WITH own AS (
    SELECT {COLUMNS}, false
    FROM delivery d JOIN unnest(%s::text[], %s::text[]) AS given (target, subject) USING (target, subject)
    JOIN target t ON t.name = d.target
    FOR UPDATE OF d SKIP LOCKED
), due AS (
    SELECT {_COUNTED}, true
    FROM unnest(%s::text[], %s::text[], %s::integer[]) AS want (target, digest, slots)
    JOIN target t ON t.name = want.target AND t.digest = want.digest AND t.retired IS DISTINCT FROM 'abandon'
        AND NOT {PAUSED}
    CROSS JOIN LATERAL (
        SELECT * FROM delivery WHERE delivery.target = want.target AND delivery.next_attempt_at <= now()
        ORDER BY delivery.desired_present, delivery.next_attempt_at LIMIT want.slots FOR UPDATE SKIP LOCKED
    ) AS d
), held AS (SELECT * FROM own UNION ALL SELECT * FROM due)
SELECT *, clock_timestamp() FROM held
"""  # noqa: S608 - joined from constants
_WRITE: Final = """
UPDATE delivery d SET confirmed_epoch = g.confirmed_epoch, confirmed_number = g.confirmed_number,
    confirmed_present = g.confirmed_present, claimed_epoch = g.claimed_epoch, claimed_number = g.claimed_number,
    rejected = g.rejected, generation = g.generation, attempt = g.attempt, failures = g.failures,
    lease_until = g.lease_until, next_attempt_at = g.next_attempt_at, due_since = g.due_since,
    unknown_epoch = g.unknown_epoch, unknown_number = g.unknown_number, unknown_until = g.unknown_until,
    last_error = g.last_error, receipt = g.receipt, changed_at = g.changed_at,
    claimed_generation = g.claimed_generation, given_up = g.given_up, corrections = g.corrections
FROM unnest(%s::text[], %s::text[], %s::integer[], %s::bigint[], %s::boolean[], %s::integer[], %s::bigint[],
    %s::boolean[], %s::integer[], %s::bigint[], %s::integer[], %b::timestamptz[], %b::timestamptz[], %b::timestamptz[],
    %s::integer[], %s::bigint[], %b::timestamptz[], %s::text[], %s::text[], %b::timestamptz[],
    %s::integer[], %s::boolean[], %s::jsonb[])
    AS g (target, subject, confirmed_epoch, confirmed_number, confirmed_present, claimed_epoch, claimed_number,
    rejected, generation, attempt, failures, lease_until, next_attempt_at, due_since, unknown_epoch, unknown_number,
    unknown_until, last_error, receipt, changed_at, claimed_generation, given_up,
    corrections)
WHERE d.target = g.target AND d.subject = g.subject
"""
_WRITE_ALL: Final = f"WITH moved AS ({_WRITE}), opened AS ({attempts.OPEN}) {attempts.CLOSE}"
_READ_CONTENTS: Final = """
SELECT coalesce(own.body, latest.body)::text,
    (
        SELECT array_agg(r.body::text ORDER BY r.id) FROM in_force_at f JOIN sanction_record r ON r.id = f.record_id
        WHERE f.target = g.target AND f.enterprise_code = g.code AND f.record_id IS DISTINCT FROM g.record_id
    ),
    t.filter::text, coalesce(v.known_at, clock_timestamp()), head.epoch, head.number, head.law_version
FROM unnest(%s::text[], %b::uuid[], %s::text[], %s::integer[], %s::bigint[])
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What `hold` took hold of, as the store gave it."""

    rows: list[Row]
    busy: set[RowKey]
    now: datetime

    def read(self) -> Held:
        """Return the values."""
        own = {(row[0], row[1]): delivery_of(row) for row in self.rows if not row[WIDTH]}
        due = [delivery_of(row) for row in self.rows if row[WIDTH] and (row[0], row[1]) not in own]
        return Held(due=due, own=own, busy=self.busy, now=self.now)


def hold(connection: Connection, wants: Sequence[Want], keys: Collection[RowKey]) -> Found:
    """
    Take hold of due rows of active targets, at most `slots` each, and of the rows of `keys`.

    Nothing is waited for: what another holds is left to him. Waiting could deadlock with a commit, which takes rows in an
    order of its own.
    """
    pairs = sorted(keys)
    arrays = (texts(key[0] for key in pairs), texts(key[1] for key in pairs))
    wanted = (
        texts(want.target for want in wants),
        texts(want.digest for want in wants),
        numbers(want.slots for want in wants),
    )
    rows = connection.execute(_HOLD, (*arrays, *wanted)).fetchall()
    own = {(row[0], row[1]) for row in rows if not row[WIDTH]}
    return Found(
        rows=rows,
        busy=_existing(connection, arrays) - own if len(own) < len(pairs) else set(),
        now=rows[-1][WIDTH + 1] if rows else _clock(connection),
    )


def _existing(connection: Connection, arrays: tuple[str, str]) -> set[RowKey]:
    rows = connection.execute(
        "SELECT target, subject FROM delivery"
        " JOIN unnest(%s::text[], %s::text[]) AS given (target, subject) USING (target, subject)",
        arrays,
    ).fetchall()
    return {(row[0], row[1]) for row in rows}


def _clock(connection: Connection) -> datetime:
    now: datetime = connection.execute("SELECT clock_timestamp()").fetchall()[0][0]
    return now


def entries_of(
    rows: Sequence[Delivery],
    opened: Sequence[attempts.Opened],
    closed: Sequence[tuple[attempts.AttemptKey, attempts.Closed]],
) -> Entries:
    """Say what `enter` is to write: rows that the caller holds, and which attempts begin and end with that."""
    if not (rows or closed):
        return ()
    moved = (
        texts(row.target for row in rows),
        texts(row.subject for row in rows),
        numbers(row.confirmed.epoch if row.confirmed else None for row in rows),
        numbers(row.confirmed.number if row.confirmed else None for row in rows),
        numbers(row.confirmed_present for row in rows),
        numbers(row.claimed.epoch if row.claimed else None for row in rows),
        numbers(row.claimed.number if row.claimed else None for row in rows),
        numbers(row.rejected for row in rows),
        numbers(row.generation for row in rows),
        numbers(row.attempt for row in rows),
        numbers(row.failures for row in rows),
        [row.lease_until for row in rows],
        [row.next_attempt_at for row in rows],
        [row.due_since for row in rows],
        numbers(row.unknown.epoch if row.unknown else None for row in rows),
        numbers(row.unknown.number if row.unknown else None for row in rows),
        [row.unknown_until for row in rows],
        texts(row.last_error for row in rows),
        texts(row.receipt for row in rows),
        [row.changed_at for row in rows],
        numbers(row.claimed_generation for row in rows),
        numbers(row.given_up for row in rows),
        texts(_corrections(row) for row in rows),
    )
    return (*moved, *attempts.opening(opened), *attempts.closing(closed))


def write(
    connection: Connection,
    rows: Sequence[Delivery],
    opened: Sequence[attempts.Opened],
    closed: Sequence[tuple[attempts.AttemptKey, attempts.Closed]],
) -> None:
    """See `entries_of` and `enter`."""
    enter(connection, entries_of(rows, opened, closed))


def enter(connection: Connection, entries: Entries) -> None:
    """Write it all in one statement. What is desired is not the worker's to change. Raises `Unwritable`."""
    if entries:
        with _told():
            connection.execute(_WRITE_ALL, entries)


def enter_late(connection: Connection, endings: Sequence[tuple[attempts.AttemptKey, attempts.Closed]]) -> int:
    """Keep what came of attempts after they were closed as lapsed, see `attempts.note_late`. Raises `Unwritable`."""
    with _told():
        return attempts.note_late(connection, endings) if endings else 0


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (DataError, UnicodeError) as fault:
        raise Unwritable(str(fault).partition("\n")[0]) from fault


def _corrections(row: Delivery) -> str:
    if not row.corrections:
        return "[]"
    return json.dumps([(one.target_field, one.field, one.words) for one in row.corrections], ensure_ascii=False)


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
            texts(row.target for row in rows),
            [row.record_id for row in rows],
            texts(row.enterprise_code for row in rows),
            numbers(row.desired.epoch for row in rows),
            numbers(row.desired.number for row in rows),
        ),
    ).fetchall()
    return [
        Content(
            own=row[0],
            in_force=row[1] or [],
            filter=row[2],
            known_at=row[3],
            head=Revision(epoch=row[4], number=row[5]),
            law_version=row[6],
        )
        for row in answers
    ]


def pause_target(connection: Connection, target: str, reason: str, until: datetime | None = None) -> bool:
    """
    Stop calling a target until `until`, or else until it is resumed; True where that took effect.

    A pause is never shortened by another: one that would not outlast it leaves it with its own reason.
    """
    done = connection.execute(
        f"""
        UPDATE target t SET paused_reason = %(reason)s, paused_until = %(until)s,
            called_since = coalesce(%(until)s, called_since)
        WHERE t.name = %(target)s AND (NOT {PAUSED} OR t.paused_until < coalesce(%(until)s::timestamptz, 'infinity'))
        """,  # noqa: S608 - a constant
        {"target": target, "reason": reason, "until": until},
    )
    return done.rowcount == 1


def resume_target(connection: Connection, target: str) -> bool:
    """Call a paused target again; True where it was paused."""
    done = connection.execute(
        f"UPDATE target t SET paused_reason = NULL, paused_until = NULL, called_since = now() WHERE t.name = %s AND {PAUSED}",  # noqa: S608 - a constant
        (target,),
    )
    return done.rowcount == 1


def end_pauses(connection: Connection) -> list[str]:
    """Forget the pauses whose time has passed, which nobody minds any more, and return the targets."""
    rows = connection.execute(
        "UPDATE target SET paused_reason = NULL, paused_until = NULL WHERE paused_until <= now() RETURNING name"
    ).fetchall()
    return sorted(row[0] for row in rows)


def skewed_targets(connection: Connection, digests: Mapping[str, str]) -> list[str]:
    """Return the names that the store does not know by these digests: a worker leaves those targets alone."""
    rows = connection.execute("SELECT name, digest FROM target").fetchall()
    known = {(row[0], row[1]) for row in rows}
    return sorted(name for name, digest in digests.items() if (name, digest) not in known)

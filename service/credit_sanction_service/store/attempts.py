"""The proof of delivery: attempts, opened before a byte leaves and closed once. Both are insert-only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from credit_sanction_service.store.arrays import numbers, texts
from credit_sanction_service.store.bodies import packed, unpacked
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credit_sanction_service.store.connect import Connection

_LAPSED: Final = "its lease lapsed"
_RETIRED: Final = "its target was retired"
AttemptKey = tuple[str, str, int]
Columns = tuple[str | list[Any], ...]


class Outcome(StrEnum):
    """What became of an attempt 推送结果, in the contract's words."""

    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"
    UNAVAILABLE = "UNAVAILABLE"
    UNKNOWN = "UNKNOWN"
    NOT_SENT = "NOT_SENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """Of what a body was composed: by which of its target's settings, its `manner`, and at which `head` of the store."""

    manner: str
    head: Revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """
    One attempt as opened. `body` is what was composed to be sent, None where nothing could be, or where the attempt was read
    back (see `sent_bodies`); `digest` its SHA-256; `made` says of what it was composed, None where it was read back.
    """

    target: str
    subject: str
    number: int
    version: Revision
    present: bool
    idempotency_key: str
    worker: str
    opened_at: datetime
    body: bytes | None = None
    digest: bytes | None = None
    made: Making | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """How one attempt ended. `status` is the HTTP status, 0 without an answer."""

    outcome: Outcome
    status: int
    receipt: str
    detail: str
    closed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """
    One request to a target; `closed` is None while nobody has said how it ended. `late` is what its own worker said of it after
    another had closed it as of unknown outcome.
    """

    opened: Opened
    closed: Closed | None
    late: Closed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """
    What was said under a key: the `body` of the last attempt that had one, with what it was composed of, None where that was
    not kept. `taken`: the target confirmed it.
    """

    body: bytes
    made: Making | None
    taken: bool


# Given all at once, attempts are opened and closed as a part of one statement: see `claims.write`. In binary form (%b) goes
# what the driver would be long in writing as text.
OPEN: Final = """
INSERT INTO attempt_opened (target, subject, number, epoch, version, present, idempotency_key, worker, opened_at, body,
    digest, manner, head_epoch, head_number)
SELECT target, subject, number, epoch, version, present, key, worker, at, nullif(body, ''), nullif(digest, ''), manner,
    head_epoch, head_number
FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::integer[], %s::bigint[], %s::boolean[], %s::text[], %s::text[],
    %b::timestamptz[], %b::bytea[], %b::bytea[], %b::text[], %s::integer[], %s::bigint[])
    AS given (target, subject, number, epoch, version, present, key, worker, at, body, digest, manner, head_epoch,
    head_number)
"""
CLOSE: Final = """
INSERT INTO attempt_closed (target, subject, number, outcome, status, receipt, detail, closed_at)
SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::integer[], %s::text[], %s::text[],
    %b::timestamptz[])
ON CONFLICT DO NOTHING
"""
# What a worker says of its own attempt once another has closed it as lapsed. Said twice it is kept once.
_NOTE_LATE: Final = """
INSERT INTO attempt_late (target, subject, number, outcome, status, receipt, detail, noted_at)
SELECT given.* FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::integer[], %s::text[], %s::text[],
    %b::timestamptz[]) AS given (target, subject, number, outcome, status, receipt, detail, noted_at)
JOIN attempt_closed c USING (target, subject, number)
WHERE c.outcome = 'UNKNOWN' AND c.status = 0 AND c.detail IN (%s, %s)
ON CONFLICT DO NOTHING
"""


def opening(attempts: Sequence[Opened]) -> Columns:
    """Return the values of `OPEN`: that these are about to be sent, and what exactly."""
    return (
        texts(attempt.target for attempt in attempts),
        texts(attempt.subject for attempt in attempts),
        numbers(attempt.number for attempt in attempts),
        numbers(attempt.version.epoch for attempt in attempts),
        numbers(attempt.version.number for attempt in attempts),
        numbers(attempt.present for attempt in attempts),
        texts(attempt.idempotency_key for attempt in attempts),
        texts(attempt.worker for attempt in attempts),
        [attempt.opened_at for attempt in attempts],
        [packed(attempt.body) if attempt.body else b"" for attempt in attempts],
        [attempt.digest or b"" for attempt in attempts],
        [attempt.made.manner if attempt.made else None for attempt in attempts],
        numbers(attempt.made.head.epoch if attempt.made else None for attempt in attempts),
        numbers(attempt.made.head.number if attempt.made else None for attempt in attempts),
    )


def closing(endings: Sequence[tuple[AttemptKey, Closed]]) -> Columns:
    """Return the values of `CLOSE`: how these ended. What somebody has closed before stays as it is."""
    return (
        texts(key[0] for key, _ in endings),
        texts(key[1] for key, _ in endings),
        numbers(key[2] for key, _ in endings),
        texts(closed.outcome.value for _, closed in endings),
        numbers(closed.status for _, closed in endings),
        texts(closed.receipt for _, closed in endings),
        texts(closed.detail for _, closed in endings),
        [closed.closed_at for _, closed in endings],
    )


def note_late(connection: Connection, endings: Sequence[tuple[AttemptKey, Closed]]) -> int:
    """
    Keep those of `endings` that came too late, for another had closed their attempts as lapsed; return how many. The closing
    stays.
    """
    return connection.execute(_NOTE_LATE, (*closing(endings), _LAPSED, _RETIRED)).rowcount


def close_lapsed(connection: Connection, keys: Sequence[AttemptKey]) -> list[Opened]:
    """
    Close as UNKNOWN those of `keys` that were opened and never closed, and return them, with those that `close_retired` has
    closed. The caller holds their rows.
    """
    given = ([key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys])
    rows = connection.execute(
        """
        WITH closed AS (
            INSERT INTO attempt_closed (target, subject, number, outcome, status, receipt, detail, closed_at)
            SELECT o.target, o.subject, o.number, 'UNKNOWN', 0, '', %b, clock_timestamp()
            FROM attempt_opened o
            JOIN unnest(%b::text[], %b::text[], %b::bigint[]) AS given (target, subject, number)
                USING (target, subject, number)
            ON CONFLICT DO NOTHING RETURNING target, subject, number
        )
        SELECT o.target, o.subject, o.number, o.epoch, o.version, o.present, o.idempotency_key, o.worker, o.opened_at,
            o.digest
        FROM (
            SELECT * FROM closed
            UNION ALL
            SELECT target, subject, number FROM attempt_closed
            JOIN unnest(%b::text[], %b::text[], %b::bigint[]) AS given (target, subject, number)
                USING (target, subject, number)
            WHERE detail = %s
        ) AS lapsed JOIN attempt_opened o USING (target, subject, number)
        """,
        (_LAPSED, *given, *given, _RETIRED),
    ).fetchall()
    return [_opened(row) for row in rows]


def said_before(connection: Connection, keys: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str], Said]:
    """
    Return, by target and subject, what was said under the idempotency key that is given third. There is none where nothing
    could be composed under it, or bodies were not kept yet.
    """
    rows = connection.execute(
        """
        SELECT given.target, given.subject, said.body, said.manner, said.head_epoch, said.head_number, EXISTS (
            SELECT FROM attempt_opened o
            WHERE o.target = given.target AND o.subject = given.subject AND o.idempotency_key = given.key AND (
                EXISTS (
                    SELECT FROM attempt_closed c
                    WHERE (c.target, c.subject, c.number) = (o.target, o.subject, o.number) AND c.outcome = 'CONFIRMED'
                ) OR EXISTS (
                    SELECT FROM attempt_late l
                    WHERE (l.target, l.subject, l.number) = (o.target, o.subject, o.number) AND l.outcome = 'CONFIRMED'
                )
            )
        )
        FROM unnest(%s::text[], %s::text[], %s::text[]) AS given (target, subject, key)
        CROSS JOIN LATERAL (
            SELECT o.body, o.manner, o.head_epoch, o.head_number FROM attempt_opened o
            WHERE o.target = given.target AND o.subject = given.subject AND o.idempotency_key = given.key
                AND o.body IS NOT NULL
            ORDER BY o.number DESC LIMIT 1
        ) AS said
        """,
        (texts(key[0] for key in keys), texts(key[1] for key in keys), texts(key[2] for key in keys)),
    ).fetchall()
    return {
        (row[0], row[1]): Said(
            body=unpacked(row[2]),
            made=None if row[3] is None else Making(manner=row[3], head=Revision(epoch=row[4], number=row[5])),
            taken=row[6],
        )
        for row in rows
    }


def close_retired(connection: Connection, target: str | None = None) -> int:
    """
    Close as UNKNOWN what was left open at targets retired as abandoned, for nobody claims their rows any more; return how
    many. Left open is what its lease has lapsed of; at a `target` that is about to go, all.
    """
    done = connection.execute(
        """
        INSERT INTO attempt_closed (target, subject, number, outcome, status, receipt, detail, closed_at)
        SELECT o.target, o.subject, o.number, 'UNKNOWN', 0, '', %(detail)s, clock_timestamp()
        FROM target t JOIN delivery d ON d.target = t.name AND d.lease_until IS NOT NULL
        JOIN attempt_opened o ON (o.target, o.subject, o.number) = (d.target, d.subject, d.attempt)
        WHERE t.retired = 'abandon' AND (d.lease_until <= now() OR t.name = %(target)s) AND NOT EXISTS (
            SELECT FROM attempt_closed c WHERE (c.target, c.subject, c.number) = (o.target, o.subject, o.number)
        )
        ON CONFLICT DO NOTHING
        """,
        {"target": target, "detail": _RETIRED},
    )
    return done.rowcount


def attempts_of(connection: Connection, target: str, subject: str) -> list[Attempt]:
    """Return all attempts of one delivery, oldest first."""
    rows = connection.execute(
        """
        SELECT o.target, o.subject, o.number, o.epoch, o.version, o.present, o.idempotency_key, o.worker, o.opened_at,
            o.digest, c.outcome, c.status, c.receipt, c.detail, c.closed_at,
            l.outcome, l.status, l.receipt, l.detail, l.noted_at
        FROM attempt_opened o LEFT JOIN attempt_closed c USING (target, subject, number)
            LEFT JOIN attempt_late l USING (target, subject, number)
        WHERE o.target = %s AND o.subject = %s ORDER BY o.number
        """,
        (target, subject),
    ).fetchall()
    return [Attempt(opened=_opened(row[:10]), closed=ending_of(row[10:15]), late=ending_of(row[15:20])) for row in rows]


def ending_of(columns: Sequence[Any]) -> Closed | None:
    """Return how an attempt ended, by outcome, status, receipt, detail and instant; None where they are null."""
    outcome, status, receipt, detail, at = columns
    if outcome is None:
        return None
    return Closed(outcome=Outcome(outcome), status=status, receipt=receipt, detail=detail, closed_at=at)


def sent_bodies(connection: Connection, target: str, subject: str) -> dict[int, bytes]:
    """Return what was composed for the attempts of one delivery, by their numbers; none for those that had no body."""
    rows = connection.execute(
        "SELECT number, body FROM attempt_opened WHERE target = %s AND subject = %s AND body IS NOT NULL",
        (target, subject),
    ).fetchall()
    return {number: unpacked(body) for number, body in rows}


def _opened(row: tuple[str, str, int, int, int, bool, str, str, datetime, bytes | None]) -> Opened:
    target, subject, number, epoch, version, present, key, worker, opened_at, digest = row
    return Opened(
        target=target,
        subject=subject,
        number=number,
        version=Revision(epoch=epoch, number=version),
        present=present,
        idempotency_key=key,
        worker=worker,
        opened_at=opened_at,
        digest=digest,
    )

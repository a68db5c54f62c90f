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
class Opened:
    """
    One attempt as opened. `body` is what was composed to be sent, None where nothing could be, or where the attempt was read
    back (see `sent_bodies`); `digest` its SHA-256.
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
    """One request to a target; `closed` is None while nobody has said how it ended."""

    opened: Opened
    closed: Closed | None


# Given all at once, attempts are opened and closed as a part of one statement: see `claims.write`. In binary form (%b) goes
# what the driver would be long in writing as text.
OPEN: Final = """
INSERT INTO attempt_opened (target, subject, number, epoch, version, present, idempotency_key, worker, opened_at, body,
    digest)
SELECT target, subject, number, epoch, version, present, key, worker, at, nullif(body, ''), nullif(digest, '')
FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::integer[], %s::bigint[], %s::boolean[], %s::text[], %s::text[],
    %b::timestamptz[], %b::bytea[], %b::bytea[])
    AS given (target, subject, number, epoch, version, present, key, worker, at, body, digest)
"""
CLOSE: Final = """
INSERT INTO attempt_closed (target, subject, number, outcome, status, receipt, detail, closed_at)
SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::integer[], %s::text[], %s::text[],
    %b::timestamptz[])
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
            SELECT o.target, o.subject, o.number, 'UNKNOWN', 0, '', 'its lease lapsed', clock_timestamp()
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
        (*given, *given, _RETIRED),
    ).fetchall()
    return [_opened(row) for row in rows]


def said_before(connection: Connection, keys: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str], bytes]:
    """
    Return, by target and subject, the body of the last attempt under the idempotency key that is given third. There is none
    where nothing could be composed under it, or bodies were not kept yet.
    """
    rows = connection.execute(
        """
        SELECT given.target, given.subject, said.body
        FROM unnest(%s::text[], %s::text[], %s::text[]) AS given (target, subject, key)
        CROSS JOIN LATERAL (
            SELECT o.body FROM attempt_opened o
            WHERE o.target = given.target AND o.subject = given.subject AND o.idempotency_key = given.key
                AND o.body IS NOT NULL
            ORDER BY o.number DESC LIMIT 1
        ) AS said
        """,
        (texts(key[0] for key in keys), texts(key[1] for key in keys), texts(key[2] for key in keys)),
    ).fetchall()
    return {(target, subject): unpacked(body) for target, subject, body in rows}


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
            o.digest, c.outcome, c.status, c.receipt, c.detail, c.closed_at
        FROM attempt_opened o LEFT JOIN attempt_closed c USING (target, subject, number)
        WHERE o.target = %s AND o.subject = %s ORDER BY o.number
        """,
        (target, subject),
    ).fetchall()
    return [
        Attempt(
            opened=_opened(row[:10]),
            closed=None
            if row[10] is None
            else Closed(outcome=Outcome(row[10]), status=row[11], receipt=row[12], detail=row[13], closed_at=row[14]),
        )
        for row in rows
    ]


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

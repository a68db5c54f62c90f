"""The proof of delivery: attempts, opened before a byte leaves and closed once. Both are insert-only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credit_sanction_service.store.connect import Connection

AttemptKey = tuple[str, str, int]


class Outcome(StrEnum):
    """What became of an attempt 推送结果, in the contract's words."""

    CONFIRMED = "CONFIRMED"
    REJECTED = "REJECTED"
    UNAVAILABLE = "UNAVAILABLE"
    UNKNOWN = "UNKNOWN"
    NOT_SENT = "NOT_SENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """One attempt as opened."""

    target: str
    subject: str
    number: int
    version: Revision
    present: bool
    idempotency_key: str
    worker: str
    opened_at: datetime


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


def open_attempts(connection: Connection, attempts: Sequence[Opened]) -> None:
    """Write down that these are about to be sent."""
    connection.execute(
        """
        INSERT INTO attempt_opened (target, subject, number, epoch, version, present, idempotency_key, worker, opened_at)
        SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::integer[], %s::bigint[], %s::boolean[],
            %s::text[], %s::text[], %s::timestamptz[])
        """,
        (
            [attempt.target for attempt in attempts],
            [attempt.subject for attempt in attempts],
            [attempt.number for attempt in attempts],
            [attempt.version.epoch for attempt in attempts],
            [attempt.version.number for attempt in attempts],
            [attempt.present for attempt in attempts],
            [attempt.idempotency_key for attempt in attempts],
            [attempt.worker for attempt in attempts],
            [attempt.opened_at for attempt in attempts],
        ),
    )


def close_attempts(connection: Connection, endings: Sequence[tuple[AttemptKey, Closed]]) -> set[AttemptKey]:
    """Write down how these ended, and return those that nobody had closed before."""
    rows = connection.execute(
        """
        INSERT INTO attempt_closed (target, subject, number, outcome, status, receipt, detail, closed_at)
        SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::integer[], %s::text[], %s::text[],
            %s::timestamptz[])
        ON CONFLICT DO NOTHING RETURNING target, subject, number
        """,
        (
            [key[0] for key, _ in endings],
            [key[1] for key, _ in endings],
            [key[2] for key, _ in endings],
            [closed.outcome.value for _, closed in endings],
            [closed.status for _, closed in endings],
            [closed.receipt for _, closed in endings],
            [closed.detail for _, closed in endings],
            [closed.closed_at for _, closed in endings],
        ),
    ).fetchall()
    return {(row[0], row[1], row[2]) for row in rows}


def close_lapsed(connection: Connection, keys: Sequence[AttemptKey]) -> list[Opened]:
    """Close as UNKNOWN those of `keys` that were opened and never closed, and return them. The caller holds their rows."""
    rows = connection.execute(
        """
        WITH closed AS (
            INSERT INTO attempt_closed (target, subject, number, outcome, status, receipt, detail, closed_at)
            SELECT o.target, o.subject, o.number, 'UNKNOWN', 0, '', 'its lease lapsed', clock_timestamp()
            FROM attempt_opened o
            JOIN unnest(%s::text[], %s::text[], %s::bigint[]) AS given (target, subject, number)
                USING (target, subject, number)
            ON CONFLICT DO NOTHING RETURNING target, subject, number
        )
        SELECT o.target, o.subject, o.number, o.epoch, o.version, o.present, o.idempotency_key, o.worker, o.opened_at
        FROM closed JOIN attempt_opened o USING (target, subject, number)
        """,
        ([key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys]),
    ).fetchall()
    return [_opened(row) for row in rows]


def attempts_of(connection: Connection, target: str, subject: str) -> list[Attempt]:
    """Return all attempts of one delivery, oldest first."""
    rows = connection.execute(
        """
        SELECT o.target, o.subject, o.number, o.epoch, o.version, o.present, o.idempotency_key, o.worker, o.opened_at,
            c.outcome, c.status, c.receipt, c.detail, c.closed_at
        FROM attempt_opened o LEFT JOIN attempt_closed c USING (target, subject, number)
        WHERE o.target = %s AND o.subject = %s ORDER BY o.number
        """,
        (target, subject),
    ).fetchall()
    return [
        Attempt(
            opened=_opened(row[:9]),
            closed=None
            if row[9] is None
            else Closed(outcome=Outcome(row[9]), status=row[10], receipt=row[11], detail=row[12], closed_at=row[13]),
        )
        for row in rows
    ]


def _opened(row: tuple[str, str, int, int, int, bool, str, str, datetime]) -> Opened:
    target, subject, number, epoch, version, present, key, worker, opened_at = row
    return Opened(
        target=target,
        subject=subject,
        number=number,
        version=Revision(epoch=epoch, number=version),
        present=present,
        idempotency_key=key,
        worker=worker,
        opened_at=opened_at,
    )

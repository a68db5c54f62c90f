"""What the store itself has written down: versions, attempts, and whether anything is left to do."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One attempt; `outcome` is empty while nobody has said how it ended."""

    number: int
    version: tuple[int, int]
    present: bool
    key: str
    digest: bytes
    worker: str
    opened_at: datetime
    outcome: str
    receipt: str
    detail: str
    closed_at: datetime | None

    def line(self) -> str:
        """Return it for people to read."""
        closed = f"{self.closed_at:%H:%M:%S.%f} {self.outcome} {self.detail[:80]}" if self.closed_at else "OPEN"
        shown = "present" if self.present else "absent"
        return f"{self.number} {self.opened_at:%H:%M:%S.%f} {self.key} {shown} by {self.worker[-8:]}: {closed}"


Row = tuple[str, str]


def read_tries(dsn: str) -> Mapping[Row, Sequence[Try]]:
    """Return all attempts by target and subject, in the order of their numbers."""
    tries: defaultdict[Row, list[Try]] = defaultdict(list)
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            """
            SELECT o.target, o.subject, o.number, o.epoch, o.version, o.present, o.idempotency_key,
                coalesce(o.digest, ''), o.worker, o.opened_at, coalesce(c.outcome, ''), coalesce(c.receipt, ''),
                coalesce(c.detail, ''), c.closed_at
            FROM attempt_opened o LEFT JOIN attempt_closed c USING (target, subject, number)
            ORDER BY o.target, o.subject, o.number
            """
        )
        for row in rows:
            tries[row[0], row[1]].append(
                Try(
                    number=row[2],
                    version=(row[3], row[4]),
                    present=row[5],
                    key=row[6],
                    digest=row[7],
                    worker=row[8],
                    opened_at=row[9],
                    outcome=row[10],
                    receipt=row[11],
                    detail=row[12],
                    closed_at=row[13],
                )
            )
    return tries


def read_versions(dsn: str) -> set[tuple[str, int, int, int]]:
    """Return every (record, version, epoch, revision) of the change log."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT subject_id::text, version, epoch, revision FROM change_log WHERE kind = 'record'"
        ).fetchall()
    return {(f"sanctionRecords/{row[0]}", row[1], row[2], row[3]) for row in rows}


def left_to_do(connection: psycopg.Connection[tuple[int]]) -> int:
    """Return how many deliveries are due, in flight, refused, or have an attempt in doubt that is still to be verified."""
    row = connection.execute(
        "SELECT count(*) FROM delivery WHERE due_since IS NOT NULL OR next_attempt_at IS NOT NULL OR unknown_number IS NOT NULL"
    ).fetchone()
    return row[0] if row else 0

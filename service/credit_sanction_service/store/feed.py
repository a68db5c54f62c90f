"""What keeps an index fresh: the head, the whole of the records at one revision, and what changed since another."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from psycopg import IsolationLevel

from credit_sanction_service.domain.exits import RegisteredObligation
from credit_sanction_service.domain.facts import RecordFacts, facts_of
from credit_sanction_service.store.codec import load_record
from credit_sanction_service.store.facts import PackedRecords
from credit_sanction_service.store.obligations import load_obligation
from credit_sanction_service.store.transaction import ChangeKind
from credit_sanction_service.store.values import Head, Revision

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from credit_sanction_service.store.connect import Connection

_FETCH: Final = 2_000
_KINDS: Final = [ChangeKind.RECORD.value, ChangeKind.OBLIGATION.value]  # what look-ups speak of
_PAGES: Final = 2_048
_HEAD: Final = """
SELECT epoch, number, access_version, targets_version, law_version, clock_timestamp(),
    (SELECT drawn.known_at FROM revision drawn WHERE (drawn.epoch, drawn.number) = (head.epoch, head.number))
FROM store_head head
"""


def read_head(connection: Connection) -> Head:
    """Return the head revision and the store's clock. Commits are visible in the order of their revisions."""
    row = connection.execute(_HEAD).fetchone()
    if row is None:
        raise RuntimeError("the store has no head")
    return Head(
        revision=Revision(epoch=row[0], number=row[1]),
        access_version=row[2],
        targets_version=row[3],
        law_version=row[4],
        now=row[5],
        known_at=row[6],
        read_at=time.monotonic(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """New versions in the order of their revisions, all of them up to and including `revision`."""

    revision: Revision
    records: Sequence[RecordFacts]
    obligations: Sequence[RegisteredObligation]


@contextmanager
def snapshot(connection: Connection) -> Iterator[Head]:
    """Yield the head; what is read within is all of its revision."""
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        with connection.transaction():
            yield read_head(connection)
    finally:
        connection.isolation_level = None


def known_at(connection: Connection, revision: Revision) -> datetime | None:
    """Return the instant of a revision, None for one that the store does not have."""
    row = connection.execute(
        "SELECT known_at FROM revision WHERE epoch = %s AND number = %s", (revision.epoch, revision.number)
    ).fetchone()
    return row[0] if row else None


def packed_records(connection: Connection, *, pages: int = _PAGES) -> Iterator[PackedRecords]:
    """Yield all records, within a `snapshot`, in the order in which they lie, `pages` pages of the table at a time."""
    row = connection.execute(
        "SELECT pg_relation_size('sanction_record') / current_setting('block_size')::integer"
    ).fetchone()
    last = row[0] if row else 0
    with connection.cursor(binary=True) as cursor:
        for first in range(0, last, pages):
            bounds = (f"({first},0)", f"({first + pages},0)")
            found = cursor.execute(_PACKED, bounds).fetchone()
            if found is not None and found[0]:
                count, facts, facts_lengths, leads, leads_lengths = found
                yield PackedRecords(
                    count=count,
                    facts=facts,
                    facts_lengths=facts_lengths,
                    leads=leads,
                    leads_lengths=leads_lengths,
                    done=min(1.0, (first + pages) / last),
                )


def count_changes(connection: Connection, after: Revision, until: Revision, *, most: int) -> int:
    """Return how many new versions of records (after, until] brought, both of one epoch; counted to `most`."""
    row = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM change_log WHERE kind = %s AND epoch = %s AND revision > %s"
        " AND revision <= %s LIMIT %s) AS counted",
        (ChangeKind.RECORD.value, after.epoch, after.number, until.number, most),
    ).fetchone()
    return row[0] if row else 0


def changes_between(connection: Connection, after: Revision, until: Revision, *, limit: int = _FETCH) -> Changes:
    """
    Return what is new in the whole revisions of (after, until], both of one epoch: up to `until`, or as far as about `limit`
    new versions go.
    """
    rows = connection.execute(
        """
        WITH bounded AS (
            SELECT max(revision) AS last, count(*) AS size FROM (
                SELECT revision FROM change_log
                WHERE kind = ANY (%(kinds)s) AND epoch = %(epoch)s AND revision > %(after)s AND revision <= %(until)s
                ORDER BY revision, ordinal LIMIT %(limit)s
            ) AS page
        )
        SELECT revision, kind, body, size FROM change_log, bounded
        WHERE kind = ANY (%(kinds)s) AND epoch = %(epoch)s AND revision > %(after)s AND revision <= bounded.last
        ORDER BY revision, ordinal
        """,
        {"kinds": _KINDS, "epoch": after.epoch, "after": after.number, "until": until.number, "limit": limit},
    ).fetchall()
    is_all = not rows or rows[0][3] < limit
    return Changes(
        revision=until if is_all else Revision(epoch=after.epoch, number=rows[-1][0]),
        records=[facts_of(load_record(row[2])) for row in rows if row[1] == ChangeKind.RECORD],
        obligations=[load_obligation(row[2]) for row in rows if row[1] == ChangeKind.OBLIGATION],
    )


# All aggregates of one query see the rows in one order.
_PACKED: Final = """
SELECT count(*), convert_to(string_agg(facts, ''), 'UTF8'), string_agg(int4send(octet_length(facts)), ''),
    string_agg(leads, ''), string_agg(int4send(octet_length(leads)), '')
FROM sanction_record WHERE ctid >= %s::tid AND ctid < %s::tid
"""

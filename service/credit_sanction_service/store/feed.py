"""What keeps an index fresh: the head, the whole of the records at one revision, and what changed since another."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from psycopg import IsolationLevel

from credit_sanction_service.domain.exits import RegisteredObligation
from credit_sanction_service.domain.records import SanctionRecord
from credit_sanction_service.store.codec import load_record
from credit_sanction_service.store.obligations import load_obligation
from credit_sanction_service.store.transaction import ChangeKind
from credit_sanction_service.store.values import Head, Revision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_sanction_service.store.connect import Connection

_FETCH: Final = 2_000
_KINDS: Final = [ChangeKind.RECORD.value, ChangeKind.OBLIGATION.value]  # what look-ups speak of
_HEAD: Final = "SELECT epoch, number, access_version, targets_version, law_version, clock_timestamp() FROM store_head"


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
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """New versions in the order of their revisions, all of them up to and including `revision`."""

    revision: Revision
    records: Sequence[SanctionRecord]
    obligations: Sequence[RegisteredObligation]


@contextmanager
def snapshot(connection: Connection) -> Iterator[tuple[Head, int, Iterator[SanctionRecord]]]:
    """Yield the head, the number of records, and the records, all of one revision, within which more can be read."""
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        with connection.transaction():
            head = read_head(connection)
            row = connection.execute("SELECT count(*) FROM sanction_record").fetchone()
            with connection.cursor(name="snapshot") as cursor:
                cursor.itersize = _FETCH
                cursor.execute("SELECT body FROM sanction_record")
                yield head, row[0] if row else 0, (load_record(body) for (body,) in cursor)
    finally:
        connection.isolation_level = None


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
        records=[load_record(row[2]) for row in rows if row[1] == ChangeKind.RECORD],
        obligations=[load_obligation(row[2]) for row in rows if row[1] == ChangeKind.OBLIGATION],
    )

"""What keeps an index fresh: the head, the whole of the records at one revision, and what changed since another."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from psycopg import IsolationLevel

from credit_sanction_service.store.codec import load_record
from credit_sanction_service.store.values import Head, Revision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.store.connect import Connection

_FETCH: Final = 2_000
_HEAD: Final = "SELECT epoch, number, access_version, targets_version, clock_timestamp() FROM store_head"


def read_head(connection: Connection) -> Head:
    """Return the head revision and the store's clock. Commits are visible in the order of their revisions."""
    row = connection.execute(_HEAD).fetchone()
    if row is None:
        raise RuntimeError("the store has no head")
    return Head(
        revision=Revision(epoch=row[0], number=row[1]), access_version=row[2], targets_version=row[3], now=row[4]
    )


@contextmanager
def snapshot(connection: Connection) -> Iterator[tuple[Head, int, Iterator[SanctionRecord]]]:
    """Yield the head, the number of records, and the records, all of one revision."""
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


def changes_between(
    connection: Connection, after: Revision, until: Revision, *, limit: int = _FETCH
) -> list[tuple[Revision, SanctionRecord]]:
    """
    Return the new record versions of whole revisions in (after, until], in commit order, at most about `limit` of them: the
    last revision returned is whole. Both are of one epoch.
    """
    rows = connection.execute(
        """
        WITH bounded AS (
            SELECT max(revision) AS last FROM (
                SELECT revision FROM change_log WHERE epoch = %(epoch)s AND revision > %(after)s AND revision <= %(until)s
                ORDER BY revision, ordinal LIMIT %(limit)s
            ) AS page
        )
        SELECT revision, body FROM change_log, bounded
        WHERE epoch = %(epoch)s AND revision > %(after)s AND revision <= bounded.last
        ORDER BY revision, ordinal
        """,
        {"epoch": after.epoch, "after": after.number, "until": until.number, "limit": limit},
    ).fetchall()
    return [(Revision(epoch=after.epoch, number=row[0]), load_record(row[1])) for row in rows]

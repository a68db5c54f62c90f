"""What the store knew at a revision: records, active exits and law as they were then. It never changes."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from psycopg.errors import LockNotAvailable

from credit_sanction_service.domain.facts import RecordFacts, facts_of
from credit_sanction_service.domain.faults import RevisionNotReached
from credit_sanction_service.store.codec import load_record
from credit_sanction_service.store.ever import ever_keys
from credit_sanction_service.store.obligations import load_obligation
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from credit_sanction_service.domain.exits import RegisteredObligation
    from credit_sanction_service.store.connect import Connection

LONGEST_LOCK_S: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LawThen:
    """Which law held at a revision: `digest` is the same for the same editions, empty where there were none yet."""

    digest: str
    first: Revision | None


@contextmanager
def by_key(connection: Connection) -> Iterator[None]:
    """Have what is read within found key by key: many keys at once would have whole tables read instead."""
    with connection.transaction():
        connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL jit = off", prepare=False)
        yield


def records_then(
    connection: Connection, numbers: Iterable[str], names: Iterable[str], revision: Revision
) -> list[RecordFacts]:
    """
    Return, as of `revision`, every record that was ever known under one of these numbers or names, and perhaps a few more.
    It may have had none of them then. To be called within `by_key`.
    """
    keys = ever_keys(numbers, names)
    rows = connection.execute(_RECORDS, {"keys": keys, "epoch": revision.epoch, "number": revision.number}).fetchall()
    return [facts_of(load_record(body)) for (body,) in rows]


def obligations_then(
    connection: Connection, codes: Collection[str], revision: Revision
) -> Sequence[RegisteredObligation]:
    """Return, as of `revision`, the exit obligations that ever stood under one of these codes and have an active exit."""
    rows = connection.execute(
        _OBLIGATIONS, {"codes": list(codes), "epoch": revision.epoch, "number": revision.number}
    ).fetchall()
    return [load_obligation(body) for (body,) in rows]


def law_then(connection: Connection, revision: Revision) -> LawThen:
    """Return which law held at `revision`."""
    row = connection.execute(
        "SELECT md5(string_agg(digest, ' ' ORDER BY ordinal) FILTER (WHERE (epoch, revision) <= (%s, %s))),"
        " (SELECT ARRAY[epoch, revision] FROM law_edition ORDER BY ordinal LIMIT 1) FROM law_edition",
        (revision.epoch, revision.number),
    ).fetchone()
    digest, first = row or (None, None)
    return LawThen(digest=digest or "", first=Revision(epoch=first[0], number=first[1]) if first else None)


def known_since(connection: Connection, revision: Revision) -> datetime | None:
    """
    Return since when what the store knew as of `revision` is known. None where it does not have that revision: one that was
    restored from a backup may not. The one with which an epoch began was drawn by nobody: it knows what the last one of the epoch
    before knew, and since then.
    """
    row = connection.execute(_KNOWN_SINCE, {"epoch": revision.epoch, "number": revision.number}).fetchone()
    return row[0] if row else None


def first_known_at(connection: Connection) -> datetime | None:
    """Return since when the store's first revision is known, None while it has none."""
    row = connection.execute("SELECT min(known_at) FROM revision").fetchone()
    return row[0] if row else None


def settle(connection: Connection, instant: datetime, *, within_s: float = LONGEST_LOCK_S) -> datetime:
    """
    Have no later commit be known at or before `instant`, and return the store's clock. Where that lies before `instant`
    nothing was settled. Raises `RevisionNotReached` where a commit under way does not end within as many seconds.
    """
    row = connection.execute("SELECT known_at > %s, clock_timestamp() FROM store_head", (instant,)).fetchone()
    if row is None:
        raise RuntimeError("the store has no head")
    is_settled: bool = row[0]
    now: datetime = row[1]
    if is_settled or now < instant:
        return now
    # Whoever draws a revision while this waits, or after it, reads the instant anew: an update has it do so, a lock would not.
    try:
        with connection.transaction():
            longest = max(1, int(min(within_s, LONGEST_LOCK_S) * 1_000))
            connection.execute(f"SET LOCAL synchronous_commit = off; SET LOCAL lock_timeout = {longest}", prepare=False)
            connection.execute(
                "UPDATE store_head"
                " SET known_at = greatest(clock_timestamp(), %(instant)s::timestamptz + interval '1 microsecond')"
                " WHERE known_at <= %(instant)s",
                {"instant": instant},
            )
    except LockNotAvailable:
        raise RevisionNotReached(
            f"consistency.as_known_at: what is known at {instant.isoformat()} is not settled yet: ask again"
        ) from None
    return now


def revision_at(connection: Connection, instant: datetime) -> Revision | None:
    """Return the highest revision that was known at `instant`, None where there was none."""
    row = connection.execute(
        "SELECT epoch, number FROM revision WHERE known_at <= %s ORDER BY known_at DESC, epoch DESC, number DESC LIMIT 1",
        (instant,),
    ).fetchone()
    return Revision(epoch=row[0], number=row[1]) if row else None


_KNOWN_SINCE: Final = """
SELECT last.known_at FROM (
    SELECT epoch, number, known_at FROM revision WHERE (epoch, number) <= (%(epoch)s, %(number)s)
    ORDER BY epoch DESC, number DESC LIMIT 1
) AS last
WHERE (last.epoch, last.number) = (%(epoch)s, %(number)s)
    OR EXISTS (SELECT FROM store_head WHERE (epoch, number) = (%(epoch)s, %(number)s))
    OR (SELECT min(number) FROM revision WHERE epoch = %(epoch)s) = %(number)s::bigint + 1
"""
# Versions grow with revisions, so the highest version that was there is the one that held.
_RECORDS: Final = """
SELECT past.body FROM (
    SELECT DISTINCT r.id FROM unnest(%(keys)b::integer[]) AS key JOIN sanction_record r ON r.ever @> ARRAY[key]
) AS known, LATERAL (
    SELECT body FROM change_log c
    WHERE c.subject_id = known.id AND c.kind = 'record' AND (c.epoch, c.revision) <= (%(epoch)s, %(number)s)
    ORDER BY c.version DESC LIMIT 1
) AS past
"""
_OBLIGATIONS: Final = """
SELECT past.body FROM (
    SELECT DISTINCT subject_id AS id FROM change_log WHERE enterprise_code = ANY (%(codes)s) AND kind = 'obligation'
) AS known, LATERAL (
    SELECT body FROM change_log c
    WHERE c.subject_id = known.id AND c.kind = 'obligation' AND (c.epoch, c.revision) <= (%(epoch)s, %(number)s)
    ORDER BY c.version DESC LIMIT 1
) AS past
WHERE past.body ? 'active_exit'
"""

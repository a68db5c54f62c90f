"""
Records as they stood at a place in the change log, each with every number that then led to its enterprise.

A look-up goes from a number to enterprises, and from each of these to all its records. So must who keeps a copy: in what is told
here `numbers` are those of the enterprise, whichever of its records has them, and whatever has become of that one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

from credit_sanction_service.domain.facts import RecordFacts, facts_of
from credit_sanction_service.domain.faults import EpochChanged
from credit_sanction_service.store.codec import read_record
from credit_sanction_service.store.ever import ever_keys
from credit_sanction_service.store.facts import load_facts
from credit_sanction_service.store.feed import read_head
from credit_sanction_service.store.history import by_key
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from credit_sanction_service.store.connect import Connection, Row

WHOLE: Final = 2**31 - 1  # no revision has that many entries


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """How far the change log was read: all before `revision`, and of it the entries up to `ordinal`."""

    revision: Revision
    ordinal: int = WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsPage:
    """Records as they were, by id, up to and including `last`; None where there are no more."""

    records: Sequence[RecordFacts]
    last: UUID | None


def records_at(connection: Connection, place: Place, *, after: UUID | None, limit: int) -> RecordsPage:
    """Return the next `limit` records behind `after`, None: the first ones. Those begun later are left out."""
    ids = connection.execute(
        "SELECT id, count(*) OVER () FROM (SELECT id FROM sanction_record"
        " WHERE %(after)s::uuid IS NULL OR id > %(after)s ORDER BY id LIMIT %(limit)s) AS block ORDER BY id DESC LIMIT 1",
        {"after": after, "limit": limit},
    ).fetchone()
    if ids is None:
        return RecordsPage(records=(), last=None)
    rows = connection.execute(
        f"{_AS_OF} WHERE (%(after)s::uuid IS NULL OR r.id > %(after)s) AND r.id <= %(last)s ORDER BY r.id",
        {"after": after, "last": ids[0], **_at(place)},
    ).fetchall()
    return RecordsPage(records=_whole(connection, place, rows), last=ids[0] if ids[1] == limit else None)


def records_with(connection: Connection, place: Place, ids: Sequence[UUID]) -> list[RecordFacts]:
    """Return these records, by id. Those begun later are left out."""
    with by_key(connection):
        rows = connection.execute(
            f"{_AS_OF} WHERE r.id = ANY (%(ids)s) ORDER BY r.id", {"ids": ids, **_at(place)}
        ).fetchall()
    return _whole(connection, place, rows)


def others_of(
    connection: Connection, place: Place, codes: Collection[str], *, but: Collection[UUID]
) -> list[RecordFacts]:
    """Return the records of the enterprises with these codes, but for some: each with its own numbers alone."""
    if not codes:
        return []
    with by_key(connection):
        found = ids_with(connection, ever_keys(codes, ())).difference(but)
        if not found:
            return []
        rows = connection.execute(f"{_AS_OF} WHERE r.id = ANY (%(ids)s)", {"ids": list(found), **_at(place)}).fetchall()
    return [record for record in map(_read_row, rows) if record.code in codes]


def ids_with(connection: Connection, keys: Sequence[int]) -> set[UUID]:
    """Return the ids of the records that have, or ever had, one of these keys (`store.ever`). To be called within `by_key`."""
    return {row[0] for row in connection.execute(_IDS_WITH, {"keys": keys}).fetchall()}


def kin_of(connection: Connection, place: Place, ids: Collection[UUID]) -> list[UUID]:
    """Return the ids of all records that ever were of the enterprises of these ones, as they were at `place`; these included."""
    if not ids:
        return []
    with by_key(connection):
        codes = connection.execute(_CODES_OF, {"ids": list(ids), **_at(place)}).fetchall()
        return list(ids_with(connection, ever_keys([row[0] for row in codes], ())))


def require_reached(connection: Connection, revision: Revision) -> None:
    """Raise `EpochChanged` where the store was restored, and has `revision` no more. Asked last: all that was read was there."""
    head = read_head(connection).revision
    if head.epoch != revision.epoch or head < revision:
        raise EpochChanged(f"the store was restored, and has revision {revision.told} no more: take the Export again")


def numbers_of_all(records: Iterable[RecordFacts]) -> tuple[str, ...]:
    """Return the other numbers of an enterprise with these records, in order."""
    return tuple(sorted({number for record in records for number in record.numbers}))


def with_numbers(record: RecordFacts, numbers: tuple[str, ...]) -> RecordFacts:
    """Return a record with the numbers of its enterprise."""
    return record if record.numbers == numbers else replace(record, numbers=numbers)


def read_body(body: str) -> RecordFacts:
    """Return the facts of a version, by its body in the change log."""
    return facts_of(read_record(body))


def _whole(connection: Connection, place: Place, rows: Sequence[Row]) -> list[RecordFacts]:
    """Return the records of these rows, with the numbers of their enterprises."""
    records = [_read_row(row) for row in rows]
    by_code: dict[str, list[RecordFacts]] = defaultdict(list)
    for record in records:
        by_code[record.code].append(record)
    for other in others_of(connection, place, by_code.keys(), but=[UUID(record.id) for record in records]):
        by_code[other.code].append(other)
    return [
        record if len(all_of := by_code[record.code]) == 1 else with_numbers(record, numbers_of_all(all_of))
        for record in records
    ]


def _read_row(row: Row) -> RecordFacts:
    facts, body = row
    return load_facts(facts) if facts is not None else read_body(body)


def _at(place: Place) -> Mapping[str, object]:
    return {
        "epoch": place.revision.epoch,
        "number": place.revision.number,
        "ordinal": place.ordinal,
    }


# The current version's facts stand beside it; those of an older one are in its body. Ids and log are never deleted from.
_AS_OF: Final = """
SELECT CASE WHEN past.version = r.version THEN r.facts END, CASE WHEN past.version <> r.version THEN past.body::text END
FROM sanction_record r CROSS JOIN LATERAL (
    SELECT c.version, c.body FROM change_log c WHERE c.subject_id = r.id
        AND (c.epoch, c.revision, c.ordinal) <= (%(epoch)s::integer, %(number)s::bigint, %(ordinal)s::integer)
    ORDER BY c.version DESC LIMIT 1
) AS past
"""
_IDS_WITH: Final = """
SELECT DISTINCT s.id FROM unnest(%(keys)s::integer[]) AS given (key) JOIN sanction_record s ON s.ever @> ARRAY[given.key]
"""
_CODES_OF: Final = """
SELECT DISTINCT past.enterprise_code FROM unnest(%(ids)s::uuid[]) AS given (id) CROSS JOIN LATERAL (
    SELECT c.enterprise_code FROM change_log c WHERE c.subject_id = given.id
        AND (c.epoch, c.revision, c.ordinal) <= (%(epoch)s::integer, %(number)s::bigint, %(ordinal)s::integer)
    ORDER BY c.version DESC LIMIT 1
) AS past
"""

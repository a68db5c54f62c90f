"""Queries over records and their history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from credit_sanction_service.domain.faults import NotFound
from credit_sanction_service.domain.terms import Area, Standard, State
from credit_sanction_service.store.codec import load_record
from credit_sanction_service.store.transaction import as_uuid
from credit_sanction_service.store.values import Revision, StoredRecord

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from credit_sanction_service.store.connect import Connection

_COLUMNS = """
SELECT c.body, c.epoch, c.revision, r.created_at, v.known_at
FROM sanction_record r
JOIN change_log c ON c.subject_id = r.id AND c.kind = 'record'
JOIN revision v ON v.epoch = c.epoch AND v.number = c.revision
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordQuery:
    """Filters joined by "and", within one by "or"; empty ones take all. Pages go by record id, which is oldest first."""

    number: str = ""
    states: tuple[State, ...] = ()
    standards: tuple[Standard, ...] = ()
    districts: tuple[str, ...] = ()
    areas: tuple[Area, ...] = ()
    after: str = ""
    limit: int = 50
    only_authorities: tuple[str, ...] | None = None


def get_record(connection: Connection, record_id: str) -> StoredRecord:
    """Return a record's current version. Raises `NotFound`."""
    row = connection.execute(_COLUMNS + "WHERE r.id = %s AND c.version = r.version", (as_uuid(record_id),)).fetchone()
    if row is None:
        raise NotFound("record", f"sanctionRecords/{record_id}")
    return _stored(row)


def get_versions(connection: Connection, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], StoredRecord]:
    """Return versions of records by (record id, version): what a request was answered with."""
    pairs = list(wanted)
    rows = connection.execute(
        _COLUMNS
        + "JOIN unnest(%b::uuid[], %b::bigint[]) AS given (id, version) ON r.id = given.id AND c.version = given.version",
        ([as_uuid(pair[0]) for pair in pairs], [pair[1] for pair in pairs]),
    ).fetchall()
    stored = [_stored(row) for row in rows]
    return {(item.record.id, item.record.version): item for item in stored}


def list_records(connection: Connection, query: RecordQuery) -> list[StoredRecord]:
    """Return one page of current versions, oldest first."""
    clauses = ["c.version = r.version"]
    values: list[Any] = []
    choices = (
        ("(r.enterprise_code = %s OR r.old_numbers @> ARRAY[%s])", (query.number, query.number), query.number),
        ("r.state = ANY (%s)", ([state.value for state in query.states],), query.states),
        ("r.standard = ANY (%s)", ([standard.value for standard in query.standards],), query.standards),
        ("r.district_code = ANY (%s)", (list(query.districts),), query.districts),
        ("r.areas && %s", ([area.value for area in query.areas],), query.areas),
        ("r.id > %s", (as_uuid(query.after) if query.after else None,), query.after),
        ("r.authority_code = ANY (%s)", (list(query.only_authorities or ()),), query.only_authorities is not None),
    )
    for clause, parameters, wanted in choices:
        if wanted:
            clauses.append(clause)
            values.extend(parameters)
    rows = connection.execute(
        f"{_COLUMNS} WHERE {' AND '.join(clauses)} ORDER BY r.id LIMIT %s",
        (*values, query.limit),
    ).fetchall()
    return [_stored(row) for row in rows]


def _stored(row: tuple[Any, Any, Any, datetime, datetime]) -> StoredRecord:
    body, epoch, number, created_at, updated_at = row
    return StoredRecord(
        record=load_record(body),
        revision=Revision(epoch=epoch, number=number),
        created_at=created_at,
        updated_at=updated_at,
    )

"""Entries of public lists: written through a transaction, read by name, by version and by page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from credit_sanction_service.domain.faults import NotFound
from credit_sanction_service.domain.public_lists import EntryExists, ListEntry
from credit_sanction_service.domain.terms import ListClass
from credit_sanction_service.store.codec import CONVERTER
from credit_sanction_service.store.transaction import ChangeKind
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """One version of an entry with the revision that wrote it."""

    entry: ListEntry
    revision: Revision
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryQuery:
    """Filters joined by "and", within one by "or"; empty ones take all. Pages go by entry id, which is oldest first."""

    number: str = ""
    list_classes: tuple[ListClass, ...] = ()
    districts: tuple[str, ...] = ()
    withdrawn: bool = False
    after: str = ""
    limit: int = 50


def insert_entry(tx: Transaction, entry: ListEntry, *, principal: str) -> None:
    """Insert a new entry. Raises `EntryExists` with the one that stands in its way."""
    row = _row(entry)
    if tx.connection.execute(_INSERT, {**row, "now": tx.now}).fetchone() is None:
        existing = tx.connection.execute(_EXISTING, row).fetchone()
        raise EntryExists(f"publicListEntries/{existing[0]}" if existing else "")
    _log(tx, entry, row["body"], action="PUBLISH", principal=principal)


def lock_entry(tx: Transaction, entry_id: str) -> ListEntry:
    """Return an entry, held until the transaction ends. Raises `NotFound`."""
    row = tx.connection.execute(
        "SELECT body FROM public_list_entry WHERE id = %s FOR UPDATE", (_as_uuid(entry_id),)
    ).fetchone()
    if row is None:
        raise NotFound("list entry", f"publicListEntries/{entry_id}")
    return load_entry(row[0])


def withdraw_entry(tx: Transaction, entry: ListEntry, *, principal: str) -> None:
    """Write an entry's next version, withdrawn; the caller holds it."""
    row = _row(entry)
    tx.connection.execute(
        "UPDATE public_list_entry SET version = %(version)s, withdrawn = true, body = %(body)s::jsonb WHERE id = %(id)s",
        row,
    )
    _log(tx, entry, row["body"], action="WITHDRAW", principal=principal)


def get_entry(connection: Connection, entry_id: str, version: int | None = None) -> StoredEntry:
    """Return one version of an entry, None: the current one. Raises `NotFound`."""
    row = connection.execute(
        f"{_COLUMNS} WHERE e.id = %(id)s AND c.version = coalesce(%(version)s::bigint, e.version)",
        {"id": _as_uuid(entry_id), "version": version},
    ).fetchone()
    if row is None:
        raise NotFound("list entry", f"publicListEntries/{entry_id}")
    return _stored(row)


def list_entries(connection: Connection, query: EntryQuery) -> list[StoredEntry]:
    """Return one page of current versions, oldest first."""
    clauses = ["c.version = e.version"]
    values: list[Any] = []
    choices = (
        ("(e.enterprise_code = %s OR e.old_numbers @> ARRAY[%s])", (query.number, query.number), query.number),
        ("e.list_class = ANY (%s)", ([each.value for each in query.list_classes],), query.list_classes),
        ("e.district_code = ANY (%s)", (list(query.districts),), query.districts),
        ("NOT e.withdrawn", (), not query.withdrawn),
        ("e.id > %s", (_as_uuid(query.after) if query.after else None,), query.after),
    )
    for clause, parameters, wanted in choices:
        if wanted:
            clauses.append(clause)
            values.extend(parameters)
    rows = connection.execute(
        f"{_COLUMNS} WHERE {' AND '.join(clauses)} ORDER BY e.id LIMIT %s", (*values, query.limit)
    ).fetchall()
    return [_stored(row) for row in rows]


def dump_entry(entry: ListEntry) -> str:
    """Return the whole entry as JSON."""
    return json.dumps(_DUMP(entry), ensure_ascii=False, separators=(",", ":"))


def load_entry(body: Mapping[str, Any]) -> ListEntry:
    """Return the entry that `dump_entry` wrote, from parsed JSON."""
    entry: ListEntry = _LOAD(body, ListEntry)
    return entry


# Made here, and not at the first use, which several threads may come to at once.
_LOAD = CONVERTER.get_structure_hook(ListEntry)
_DUMP = CONVERTER.get_unstructure_hook(ListEntry)

_COLUMNS = """
SELECT c.body, c.epoch, c.revision, e.created_at, v.known_at
FROM public_list_entry e
JOIN change_log c ON c.subject_id = e.id AND c.kind = 'list_entry'
JOIN revision v ON v.epoch = c.epoch AND v.number = c.revision
"""
_INSERT = """
INSERT INTO public_list_entry (id, version, list_class, enterprise_code, old_numbers, item, document_number,
    district_code, withdrawn, body, created_at)
VALUES (%(id)s, %(version)s, %(list_class)s, %(enterprise)s, %(old_numbers)s, %(item)s, %(document)s, %(district)s,
    %(withdrawn)s, %(body)s::jsonb, %(now)s)
ON CONFLICT DO NOTHING
RETURNING id
"""
_EXISTING = """
SELECT id FROM public_list_entry
WHERE (list_class, enterprise_code, item, document_number) = (%(list_class)s, %(enterprise)s, %(item)s, %(document)s)
    AND NOT withdrawn
"""


def _row(entry: ListEntry) -> dict[str, Any]:
    list_class, enterprise, item, document = entry.key
    return {
        "id": _as_uuid(entry.id),
        "version": entry.version,
        "list_class": list_class,
        "enterprise": enterprise,
        "old_numbers": sorted(entry.enterprise.old_numbers),
        "item": item,
        "document": document,
        "district": entry.district.code,
        "withdrawn": entry.withdrawn,
        "body": dump_entry(entry),
    }


def _log(tx: Transaction, entry: ListEntry, body: str, *, action: str, principal: str) -> None:
    tx.log(
        ChangeKind.LIST_ENTRY,
        _as_uuid(entry.id),
        version=entry.version,
        body=body,
        action=action,
        principal=principal,
        enterprise_code=entry.enterprise.code,
    )


def _as_uuid(entry_id: str) -> UUID:
    try:
        return UUID(entry_id)
    except ValueError:
        raise NotFound("list entry", f"publicListEntries/{entry_id[:64]}") from None


def _stored(row: tuple[Any, ...]) -> StoredEntry:
    body, epoch, number, created_at, updated_at = row
    return StoredEntry(
        entry=load_entry(body),
        revision=Revision(epoch=epoch, number=number),
        created_at=created_at,
        updated_at=updated_at,
    )

"""Exit obligations: written through a transaction, every version in the change log, and what is asked of them."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from credit_sanction_service.domain.exits import RegisteredObligation, calendar_loaded
from credit_sanction_service.domain.faults import NotFound
from credit_sanction_service.domain.terms import ObligationState, Sector, Standard
from credit_sanction_service.domain.text import name_key
from credit_sanction_service.store.codec import CONVERTER
from credit_sanction_service.store.transaction import ChangeKind
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.transaction import Transaction

LAW: Final = "law"  # who did it, in the change log, where a new law had it follow
CALENDAR_LOADED: Final = "CALENDAR_LOADED"
_AT_ONCE: Final = 1_000
_FETCH: Final = 2_000
_LOAD = CONVERTER.get_structure_hook(RegisteredObligation)
_DUMP = CONVERTER.get_unstructure_hook(RegisteredObligation)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObligation:
    """One version of an obligation with the revision that wrote it, and the records that name it now, oldest first."""

    registered: RegisteredObligation
    revision: Revision
    created_at: datetime
    updated_at: datetime
    sanction_records: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObligationQuery:
    """
    Filters joined by "and", within one by "or"; empty ones take all. `number` is the enterprise's code or another of its
    numbers, `overdue_on` takes what is overdue on that day. Pages go by id, which is oldest first.
    """

    number: str = ""
    states: tuple[ObligationState, ...] = ()
    standards: tuple[Standard, ...] = ()
    sectors: tuple[Sector, ...] = ()
    districts: tuple[str, ...] = ()
    overdue_on: date | None = None
    after: str = ""
    limit: int = 50
    only_authorities: tuple[str, ...] | None = None


def dump_obligation(registered: RegisteredObligation) -> str:
    """Return the whole obligation as JSON."""
    return json.dumps(_DUMP(registered), ensure_ascii=False, separators=(",", ":"))


def load_obligation(body: Mapping[str, Any]) -> RegisteredObligation:
    """Return the obligation that `dump_obligation` wrote, from parsed JSON."""
    registered: RegisteredObligation = _LOAD(body, RegisteredObligation)
    return registered


def obligation_key(obligation_id: str) -> UUID:
    """Return an obligation's id as the store keys it. Raises `NotFound` for what cannot be one, and for another spelling."""
    try:
        key = UUID(obligation_id)
    except ValueError:
        key = None
    if key is None or str(key) != obligation_id:  # records name it by its one spelling
        raise _not_found(obligation_id)
    return key


def lock_obligation(connection: Connection, obligation_id: str) -> RegisteredObligation:
    """Return an obligation, held until the transaction ends. Raises `NotFound`."""
    row = connection.execute(
        "SELECT body FROM exit_obligation WHERE id = %s FOR UPDATE", (obligation_key(obligation_id),)
    ).fetchone()
    if row is None:
        raise _not_found(obligation_id)
    return load_obligation(row[0])


def insert_obligation(tx: Transaction, registered: RegisteredObligation, *, action: str, principal: str) -> None:
    """Insert a new obligation."""
    row = _row(registered)
    tx.connection.execute(_INSERT, {**row, "now": tx.now})
    _log(tx, registered, row["body"], action=action, principal=principal)


def update_obligation(tx: Transaction, registered: RegisteredObligation, *, action: str, principal: str) -> None:
    """Write an obligation's next version; the caller holds it."""
    row = _row(registered)
    tx.connection.execute(_UPDATE, row)
    _log(tx, registered, row["body"], action=action, principal=principal)


def similar_obligations(connection: Connection, registered: RegisteredObligation) -> list[str]:
    """Return the names of the enterprise's other obligations about the same item, without those completed or withdrawn."""
    rows = connection.execute(
        "SELECT id FROM exit_obligation WHERE enterprise_code = %s AND item = %s"
        " AND state NOT IN ('COMPLETED', 'WITHDRAWN') AND id <> %s ORDER BY id",
        (registered.enterprise.code, name_key(registered.obligation.item), obligation_key(registered.id)),
    ).fetchall()
    return [f"exitObligations/{row[0]}" for row in rows]


def reckon_waiting(tx: Transaction) -> None:
    """
    Write the next version of every obligation whose last day waited for a calendar that the law of `tx` has (民法典 art. 203).
    To be called in the transaction that loads it; the caller keeps writers out.
    """
    last: UUID | None = None
    while True:
        rows = tx.connection.execute(
            "SELECT id, body FROM exit_obligation WHERE last_day IS NULL AND calendar_edition = '' AND state <> 'WITHDRAWN'"
            " AND (%(last)s::uuid IS NULL OR id > %(last)s::uuid) ORDER BY id LIMIT %(limit)s",
            {"last": last, "limit": _AT_ONCE},
        ).fetchall()
        if not rows:
            return
        last = rows[-1][0]
        with tx.connection.pipeline():
            for _, body in rows:
                fresh = calendar_loaded(load_obligation(body), law=tx.law)
                if fresh is not None:
                    update_obligation(tx, fresh, action=CALENDAR_LOADED, principal=LAW)


def get_obligation(connection: Connection, obligation_id: str) -> StoredObligation:
    """Return an obligation's current version. Raises `NotFound`."""
    rows = connection.execute(
        _COLUMNS + "WHERE o.id = %s AND c.version = o.version", (obligation_key(obligation_id),)
    ).fetchall()
    if not rows:
        raise _not_found(obligation_id)
    return _stored(connection, rows)[0]


def get_obligation_versions(
    connection: Connection, wanted: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], StoredObligation]:
    """Return versions of obligations by (id, version): what a request was answered with."""
    pairs = list(wanted)
    rows = connection.execute(
        _COLUMNS
        + "JOIN unnest(%s::uuid[], %s::bigint[]) AS given (id, version) ON o.id = given.id AND c.version = given.version",
        ([obligation_key(pair[0]) for pair in pairs], [pair[1] for pair in pairs]),
    ).fetchall()
    return {(item.registered.id, item.registered.version): item for item in _stored(connection, rows)}


def list_obligations(connection: Connection, query: ObligationQuery) -> list[StoredObligation]:
    """Return one page of current versions, oldest first."""
    clauses = ["c.version = o.version"]
    values: list[Any] = []
    choices = (
        ("(o.enterprise_code = %s OR o.old_numbers @> ARRAY[%s])", (query.number, query.number), query.number),
        ("o.state = ANY (%s)", ([state.value for state in query.states],), query.states),
        ("o.standard = ANY (%s)", ([standard.value for standard in query.standards],), query.standards),
        ("o.sector = ANY (%s)", ([sector.value for sector in query.sectors],), query.sectors),
        ("o.district_code = ANY (%s)", (list(query.districts),), query.districts),
        (_OVERDUE, (query.overdue_on, query.overdue_on), query.overdue_on),
        ("o.id > %s", (obligation_key(query.after) if query.after else None,), query.after),
        ("o.authority_code = ANY (%s)", (list(query.only_authorities or ()),), query.only_authorities is not None),
    )
    for clause, parameters, wanted in choices:
        if wanted:
            clauses.append(clause)
            values.extend(parameters)
    rows = connection.execute(
        f"{_COLUMNS} WHERE {' AND '.join(clauses)} ORDER BY o.id LIMIT %s",
        (*values, query.limit),
    ).fetchall()
    return _stored(connection, rows)


def load_active_exits(connection: Connection) -> list[RegisteredObligation]:
    """
    Return every obligation that was declared an active exit and not withdrawn; `is_supported` tells on which days lenders are to
    support it.
    """
    rows = connection.execute("SELECT body FROM exit_obligation WHERE active_exit ORDER BY id").fetchall()
    return [load_obligation(row[0]) for row in rows]


def _not_found(obligation_id: str) -> NotFound:
    return NotFound("obligation", f"exitObligations/{obligation_id[:64]}")


def _log(tx: Transaction, registered: RegisteredObligation, body: str, *, action: str, principal: str) -> None:
    tx.log(
        ChangeKind.OBLIGATION,
        obligation_key(registered.id),
        version=registered.version,
        body=body,
        action=action,
        principal=principal,
        enterprise_code=registered.enterprise.code,
    )


def _row(registered: RegisteredObligation) -> dict[str, Any]:
    obligation = registered.obligation
    return {
        "id": obligation_key(registered.id),
        "version": registered.version,
        "state": registered.state.value,
        "enterprise": registered.enterprise.code,
        "old_numbers": sorted(registered.enterprise.old_numbers),
        "authority": registered.authority.code,
        "standard": obligation.standard.value,
        "sector": obligation.sector.value,
        "district": registered.district.code,
        "item": name_key(obligation.item),
        "last_day": registered.last_day,
        "edition": obligation.calendar_edition,
        "active_exit": registered.active_exit is not None and registered.withdrawal is None,
        "body": dump_obligation(registered),
    }


def _stored(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> list[StoredObligation]:
    """Return what rows of `_COLUMNS` say, each with the records that name it."""
    found = [(load_obligation(row[0]), row) for row in rows]
    naming = _records_naming(connection, [registered.name for registered, _ in found])
    return [
        StoredObligation(
            registered=registered,
            revision=Revision(epoch=row[1], number=row[2]),
            created_at=row[3],
            updated_at=row[4],
            sanction_records=tuple(naming[registered.name]),
        )
        for registered, row in found
    ]


def running_under(connection: Connection, name: str) -> list[str]:
    """Return the records that name an obligation and have not ended, listed or not."""
    rows = connection.execute(
        "SELECT id FROM sanction_record WHERE body ->> 'obligation_name' = %s"
        " AND state NOT IN ('LIFTED', 'EXPIRED', 'REVOKED') ORDER BY id",
        (name,),
    ).fetchall()
    return [f"sanctionRecords/{row[0]}" for row in rows]


def listed_under(connection: Connection, name: str) -> list[str]:
    """Return the records that name an obligation and have been listed, or await confirmation, and were not revoked."""
    rows = connection.execute(
        "SELECT id FROM sanction_record WHERE body ->> 'obligation_name' = %s"
        " AND state NOT IN ('NOTICE_SERVED', 'DECIDED', 'REVOKED') ORDER BY id",
        (name,),
    ).fetchall()
    return [f"sanctionRecords/{row[0]}" for row in rows]


def standing_on(connection: Connection, name: str) -> list[str]:
    """Return the records that name an obligation and were not revoked, in whatever state: what rests on it."""
    rows = connection.execute(
        "SELECT id FROM sanction_record WHERE body ->> 'obligation_name' = %s AND state <> 'REVOKED' ORDER BY id",
        (name,),
    ).fetchall()
    return [f"sanctionRecords/{row[0]}" for row in rows]


def _records_naming(connection: Connection, names: Sequence[str]) -> Mapping[str, list[str]]:
    naming: dict[str, list[str]] = defaultdict(list)
    rows = connection.execute(
        "SELECT body ->> 'obligation_name', id FROM sanction_record WHERE body ->> 'obligation_name' = ANY (%s) ORDER BY id",
        (list(names),),
    ).fetchall()
    for name, record_id in rows:
        naming[name].append(f"sanctionRecords/{record_id}")
    return naming


_COLUMNS = """
SELECT c.body, c.epoch, c.revision, o.created_at, v.known_at
FROM exit_obligation o
JOIN change_log c ON c.subject_id = o.id AND c.kind = 'obligation'
JOIN revision v ON v.epoch = c.epoch AND v.number = c.revision
"""
# As `RegisteredObligation.is_overdue`: what waits for a calendar has no last day and is not overdue yet, and what was withdrawn
# never is.
_OVERDUE = """
o.last_day < %s AND o.state <> 'WITHDRAWN' AND (o.state <> 'COMPLETED' OR (o.body #>> '{completion,completed_on}')::date > %s)
"""
_INSERT = """
INSERT INTO exit_obligation (id, version, state, enterprise_code, old_numbers, authority_code, standard, sector,
    district_code, item, last_day, calendar_edition, active_exit, body, created_at)
VALUES (%(id)s, %(version)s, %(state)s, %(enterprise)s, %(old_numbers)s, %(authority)s, %(standard)s, %(sector)s,
    %(district)s, %(item)s, %(last_day)s, %(edition)s, %(active_exit)s, %(body)s::jsonb, %(now)s)
"""
_UPDATE = """
UPDATE exit_obligation SET version = %(version)s, state = %(state)s, enterprise_code = %(enterprise)s,
    old_numbers = %(old_numbers)s, authority_code = %(authority)s, standard = %(standard)s, sector = %(sector)s,
    district_code = %(district)s, item = %(item)s, last_day = %(last_day)s, calendar_edition = %(edition)s,
    active_exit = %(active_exit)s, body = %(body)s::jsonb
WHERE id = %(id)s
"""

"""What a piece of work may do inside the writer's transaction."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.domain.facts import facts_of
from credit_sanction_service.domain.faults import Duplicate, NotFound, RequestIdReused
from credit_sanction_service.domain.lifecycle import next_change
from credit_sanction_service.domain.records import SanctionRecord
from credit_sanction_service.store.codec import dump_record, load_record
from credit_sanction_service.store.duties import note_duties
from credit_sanction_service.store.ever import ever_keys
from credit_sanction_service.store.facts import dump_facts, pack_leads

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime

    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.values import Target


class ChangeKind(StrEnum):
    """What the change log tells of."""

    RECORD = "record"
    OBLIGATION = "obligation"
    EDITION = "edition"
    LIST_ENTRY = "list_entry"
    PORTFOLIO = "portfolio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """
    One new version of something, and what did it: an entry of the change log to be. `body` is the whole of it as JSON;
    `record` is set where it is a record, and so moves what targets should have.
    """

    kind: ChangeKind
    subject: UUID
    version: int
    enterprise_code: str
    action: str
    principal: str
    body: str
    record: SanctionRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKey:
    """The scope of a request id, with the digest of the payload it came with."""

    principal: str
    method: str
    request_id: str
    digest: bytes


class Transaction:
    """
    One transaction's view: `law` and `targets` do not move while it lasts. Every record written through it gets an entry in
    `changes`; what else changes is put there with `log`.
    """

    def __init__(self, connection: Connection, *, now: datetime, targets: Sequence[Target], law: Law) -> None:
        self.connection = connection
        self.now = now
        self.targets = targets
        self.law = law
        self.changes: list[Change] = []

    @property
    def today(self) -> date:
        """The Shanghai day that the work speaks of."""
        return day_of(self.now)

    def lock_record(self, record_id: str) -> SanctionRecord:
        """Return a record, held until the transaction ends. Raises `NotFound`."""
        row = self.connection.execute(
            "SELECT body FROM sanction_record WHERE id = %s FOR UPDATE", (as_uuid(record_id),)
        ).fetchone()
        if row is None:
            raise NotFound("record", f"sanctionRecords/{record_id}")
        return load_record(row[0])

    def lock_due_records(self, *, limit: int) -> list[SanctionRecord]:
        """Return records whose next change by date has come, held, leaving out those that others hold."""
        rows = self.connection.execute(
            "SELECT body FROM sanction_record WHERE next_change_on <= %s ORDER BY next_change_on, id LIMIT %s"
            " FOR UPDATE SKIP LOCKED",
            (self.today, limit),
        ).fetchall()
        return [load_record(row[0]) for row in rows]

    def insert(self, records: Sequence[SanctionRecord], *, action: str, principal: str) -> list[Duplicate | None]:
        """Insert new records in one statement; for each None, or the `Duplicate` that stands in its way."""
        return self.insert_each(records, action=action, principals=[principal] * len(records))

    def insert_each(
        self, records: Sequence[SanctionRecord], *, action: str, principals: Sequence[str]
    ) -> list[Duplicate | None]:
        """Do the same for records of several principals."""
        if not records:
            return []
        rows = [_single(record) for record in records]
        inserted = {str(row[0]) for row in self.connection.execute(_INSERT, _columns(records, rows, self)).fetchall()}
        results: list[Duplicate | None] = []
        for record, row, principal in zip(records, rows, principals, strict=True):
            if record.id in inserted:
                self._log_record(record, row["body"], action=action, principal=principal)
                results.append(None)
            else:
                results.append(Duplicate(self._existing(record)))
        note_duties(self.connection, [record for record in records if record.id in inserted], fresh=True)
        return results

    def update(self, record: SanctionRecord, *, action: str, principal: str) -> None:
        """Write a record's next version; the caller holds it. Raises `Duplicate` where its new key is taken."""
        row = _single(record)
        due = next_change(record, after=self.today, law=self.law)
        try:
            with self.connection.transaction():
                self.connection.execute(_UPDATE, {**row, "next": due})
        except UniqueViolation:
            raise Duplicate(self._existing(record)) from None
        note_duties(self.connection, [record])
        self._log_record(record, row["body"], action=action, principal=principal)

    def log(
        self,
        kind: ChangeKind,
        subject: UUID,
        *,
        version: int,
        body: str,
        action: str,
        principal: str,
        enterprise_code: str = "",
    ) -> None:
        """Put a change of something other than a record into the log; `body` is the whole of it as JSON."""
        self.changes.append(
            Change(
                kind=kind,
                subject=subject,
                version=version,
                enterprise_code=enterprise_code,
                action=action,
                principal=principal,
                body=body,
            )
        )

    def look_again(self, record: SanctionRecord, *, on: date) -> None:
        """Have a record that is held wait for another day, as it is."""
        self.connection.execute(
            "UPDATE sanction_record SET next_change_on = %s WHERE id = %s", (on, as_uuid(record.id))
        )

    def names_of(self, codes: Iterable[str]) -> dict[str, set[tuple[str, ...]]]:
        """
        Return by code, for those of `codes` that records know which are not revoked, each set of names that one of them
        has: the present name and then the former ones.
        """
        rows = self.connection.execute(
            "SELECT DISTINCT enterprise_code, body -> 'enterprise' FROM sanction_record"
            " WHERE enterprise_code = ANY (%b) AND state <> 'REVOKED'",
            (sorted(set(codes)),),
        ).fetchall()
        names: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        for code, enterprise in rows:
            names[code].add((enterprise["name"], *enterprise.get("former_names", ())))
        return names

    def recall(self, key: RequestKey) -> Any:  # noqa: ANN401 - JSON of the first answer
        """
        Return what this request id was first answered with, None if it is new. From here on it is taken; `remember` what
        the answer is. Raises `RequestIdReused` where the first payload was another.
        """
        fresh = self.connection.execute(
            "INSERT INTO request (principal, method, request_id, digest) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING RETURNING true",
            (key.principal, key.method, key.request_id, key.digest),
        ).fetchone()
        if fresh:
            return None
        row = self.connection.execute(
            "SELECT digest, outcome FROM request WHERE principal = %s AND method = %s AND request_id = %s",
            (key.principal, key.method, key.request_id),
        ).fetchone()
        if row is None or bytes(row[0]) != key.digest:
            raise RequestIdReused(key.request_id)
        return row[1]

    def remember(self, key: RequestKey, outcome: object) -> None:
        """Keep, with the request id, what it is answered with: JSON."""
        self.connection.execute(
            "UPDATE request SET outcome = %s::jsonb WHERE principal = %s AND method = %s AND request_id = %s",
            (json.dumps(outcome, ensure_ascii=False), key.principal, key.method, key.request_id),
        )

    def recalled(self, keys: Sequence[RequestKey]) -> dict[RequestKey, Any]:
        """
        Return, by the keys of those that were answered before, what they were first answered with, or the `RequestIdReused`
        where the first payload was another. Nothing is taken: see `claim`.
        """
        found = {
            (row[0], row[1], row[2]): row[3:]
            for row in self.connection.execute(_RECALLED, _request_columns(keys)).fetchall()
        }
        return {
            key: found[place][1] if bytes(found[place][0]) == key.digest else RequestIdReused(key.request_id)
            for key in keys
            if (place := (key.principal, key.method, key.request_id)) in found
        }

    def claim(self, answers: Mapping[RequestKey, object]) -> bool:
        """Keep what new request ids are answered with: JSON. False where one of them was taken by now."""
        columns = _request_columns(list(answers))
        columns["outcomes"] = [json.dumps(outcome, ensure_ascii=False) for outcome in answers.values()]
        return self.connection.execute(_CLAIM, columns).rowcount == len(answers)

    def _log_record(self, record: SanctionRecord, body: str, *, action: str, principal: str) -> None:
        self.changes.append(
            Change(
                kind=ChangeKind.RECORD,
                subject=as_uuid(record.id),
                version=record.version,
                enterprise_code=record.enterprise.code,
                action=action,
                principal=principal,
                body=body,
                record=record,
            )
        )

    def _existing(self, record: SanctionRecord) -> str:
        row = self.connection.execute(
            "SELECT id FROM sanction_record WHERE (authority_code, document_number, enterprise_code, item)"
            " = (%s, %s, %s, %s) AND state <> 'REVOKED'",
            record.key,
        ).fetchone()
        return f"sanctionRecords/{row[0]}" if row else ""


def as_uuid(record_id: str) -> UUID:
    """Return a record's id as the store keys it. Raises `NotFound` for what cannot be one."""
    try:
        return UUID(record_id)
    except ValueError:
        raise NotFound("record", f"sanctionRecords/{record_id[:64]}") from None


def _single(record: SanctionRecord) -> dict[str, Any]:
    authority, document, enterprise, item = record.key
    facts = facts_of(record)
    return {
        "id": as_uuid(record.id),
        "version": record.version,
        "state": record.state.value,
        "authority": authority,
        "document": document,
        "enterprise": enterprise,
        "item": item,
        "standard": record.obligation.standard.value,
        "district": record.district.code,
        "areas": [measure.area.value for measure in record.measures],
        "old_numbers": sorted(record.enterprise.old_numbers),
        "ever": ever_keys((facts.code, *facts.numbers), facts.names),
        "body": dump_record(record),
        "facts": dump_facts(facts),
        "leads": pack_leads(facts),
    }


def _columns(
    records: Sequence[SanctionRecord], rows: Sequence[dict[str, Any]], transaction: Transaction
) -> dict[str, Any]:
    columns: dict[str, Any] = {key: [row[key] for row in rows] for key in rows[0]}
    # unnest flattens arrays of arrays, so the two columns that are arrays travel as texts: neither words nor numbers hold commas.
    for key in ("areas", "old_numbers"):
        columns[key] = [",".join(value) for value in columns[key]]
    columns["ever"] = [",".join(map(str, keys)) for keys in columns["ever"]]
    columns["next"] = [next_change(record, after=transaction.today, law=transaction.law) for record in records]
    columns["now"] = transaction.now
    return columns


def _request_columns(keys: Sequence[RequestKey]) -> dict[str, list[Any]]:
    return {
        "principals": [key.principal for key in keys],
        "methods": [key.method for key in keys],
        "ids": [key.request_id for key in keys],
        "digests": [key.digest for key in keys],
    }


_RECALLED = """
SELECT principal, method, request_id, request.digest, outcome
FROM unnest(%(principals)b::text[], %(methods)b::text[], %(ids)b::text[]) AS given (principal, method, request_id)
JOIN request USING (principal, method, request_id)
"""
_CLAIM = """
INSERT INTO request (principal, method, request_id, digest, outcome)
SELECT principal, method, request_id, digest, outcome::jsonb
FROM unnest(%(principals)b::text[], %(methods)b::text[], %(ids)b::text[], %(digests)b::bytea[], %(outcomes)b::text[])
    AS given (principal, method, request_id, digest, outcome)
ON CONFLICT DO NOTHING
"""
_INSERT = """
INSERT INTO sanction_record (id, version, state, authority_code, document_number, enterprise_code, item, standard,
    district_code, areas, old_numbers, ever, next_change_on, body, facts, leads,
    created_at)
SELECT id, version, state, authority, document, enterprise, item, standard, district,
    string_to_array(areas, ','), string_to_array(old_numbers, ','),
    string_to_array(ever, ',')::integer[], next, body::jsonb, facts, leads, %(now)s
FROM unnest(%(id)b::uuid[], %(version)b::bigint[], %(state)b::text[], %(authority)b::text[], %(document)b::text[],
    %(enterprise)b::text[], %(item)b::text[], %(standard)b::text[], %(district)b::text[], %(areas)b::text[],
    %(old_numbers)b::text[], %(ever)b::text[], %(next)b::date[], %(body)b::text[],
    %(facts)b::text[], %(leads)b::bytea[])
    AS given (id, version, state, authority, document, enterprise, item, standard, district, areas, old_numbers, ever, next,
        body, facts, leads)
ON CONFLICT DO NOTHING
RETURNING id
"""

_UPDATE = """
UPDATE sanction_record SET version = %(version)s, state = %(state)s, authority_code = %(authority)s,
    document_number = %(document)s, enterprise_code = %(enterprise)s, item = %(item)s, standard = %(standard)s,
    district_code = %(district)s, areas = %(areas)s, old_numbers = %(old_numbers)s,
    ever = CASE WHEN ever @> %(ever)s::integer[] THEN ever ELSE ever || %(ever)s::integer[] END, next_change_on = %(next)s,
    body = %(body)s::jsonb, facts = %(facts)s, leads = %(leads)s
WHERE id = %(id)s
"""

"""
Use cases over sanction records: take in, amend, lift, revoke, confirm, and what the passing of days does.

Each is one piece of work for the writer. A request id is recalled first and remembered last, in the same transaction as
the change: a retry is answered with the versions that the first call wrote.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from credit_sanction_service.domain.access import Principal
from credit_sanction_service.domain.faults import Duplicate, Invalid, NotPermitted, VersionConflict
from credit_sanction_service.domain.intake import name_warnings, read_confirmation, take_in
from credit_sanction_service.domain.lifecycle import Amendment, amend, check_paths, confirm, lift, pass_days, revoke
from credit_sanction_service.domain.measures import CURRENT_EDITION, Catalogue
from credit_sanction_service.store import reading
from credit_sanction_service.store.outcomes import Refused, Written, dump_outcome, load_outcome
from credit_sanction_service.store.transaction import RequestKey
from credit_sanction_service.store.values import Revision, StoredRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from credit_sanction_service.domain.drafts import ConfirmationDraft, LiftDraft, RecordDraft, RevocationDraft
    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.store.connect import Reader
    from credit_sanction_service.store.transaction import Transaction
    from credit_sanction_service.store.writer import Writer

SCHEDULER: Final = "scheduler"
_DATES_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Who calls what: the caller, the method, the request id with the digest of its payload, and whether it only checks."""

    principal: Principal
    method: str
    request_id: str = ""
    digest: bytes = b""
    validate_only: bool = False

    @property
    def key(self) -> RequestKey | None:
        """The scope of the request id; None where there is nothing to recall or remember."""
        if not self.request_id or self.validate_only:
            return None
        return RequestKey(
            principal=self.principal.name, method=self.method, request_id=self.request_id, digest=self.digest
        )


class _Ids:
    """Draws UUIDs of version 7 (RFC 9562, method 3): opaque to callers, and in the order of intake for paging."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def draw(self) -> str:
        """Return the next id: 48 bits of milliseconds, 12 of their fraction that only grow, 62 of chance."""
        milliseconds, rest = divmod(time.time_ns(), 1_000_000)
        with self._lock:
            self._last = max(self._last + 1, milliseconds << 12 | rest * 4096 // 1_000_000)
            upper = self._last
        chance = int.from_bytes(os.urandom(8), "big") >> 2
        return str(UUID(int=(upper >> 12) << 80 | 0x7 << 76 | (upper & 0xFFF) << 64 | 0b10 << 62 | chance))


new_record_id: Final = _Ids().draw


class Records:
    """The use cases. `catalogues` are the shipped editions; new records are decided under the current one."""

    def __init__(
        self, writer: Writer, reader: Reader, catalogues: Mapping[str, Catalogue], *, timeout: float = 20
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._catalogue = catalogues[CURRENT_EDITION]
        self._timeout = timeout

    def create(self, draft: RecordDraft, call: Call) -> StoredRecord:
        """Take one record in. Raises `Invalid`, `NotPermitted`, `Duplicate`, `RequestIdReused`."""

        def work(tx: Transaction) -> list[SanctionRecord]:
            [record] = _warned(tx, [self._take_in(tx, draft, call)])
            refusal = tx.insert([record], action="CREATE", principal=call.principal.name)[0]
            if refusal:
                raise refusal
            return [record]

        return self._write_records(work, call)[0]

    def create_many(self, drafts: Sequence[RecordDraft], call: Call) -> list[StoredRecord | Refused]:
        """Take many records in; what is refused is refused alone. All that is accepted is of one revision."""

        def work(tx: Transaction) -> list[SanctionRecord | Refused]:
            taken = [self._try_to_take_in(tx, draft, call, number) for number, draft in enumerate(drafts)]
            records = _warned(tx, [item for item in taken if not isinstance(item, Refused)])
            refusals = tx.insert(records, action="CREATE", principal=call.principal.name)
            inserted = iter(zip(records, refusals, strict=True))
            return [item if isinstance(item, Refused) else _inserted(*next(inserted)) for item in taken]

        return self._write(work, call)

    def get(self, record_id: str, principal: Principal) -> StoredRecord:
        """Return a record that the caller may see. Raises `NotFound`, `NotPermitted`."""
        with self._reader.connection() as connection:
            stored = reading.get_record(connection, record_id)
        if not principal.may_see(stored.record):
            raise NotPermitted(f"{principal.name} may not read records of other authorities")
        return stored

    def page(self, query: reading.RecordQuery) -> list[StoredRecord]:
        """Return one page."""
        with self._reader.connection() as connection:
            return reading.list_records(connection, query)

    def amend(
        self,
        record_id: str,
        version: int,
        paths: frozenset[str],
        build: Callable[[SanctionRecord], RecordDraft],
        call: Call,
    ) -> StoredRecord:
        """Amend the fields in `paths`; `build` lays the new values over the current record."""

        def work(tx: Transaction) -> list[SanctionRecord]:
            record = self._hold(tx, record_id, version, call)
            check_paths(record, paths)
            amendment = Amendment(draft=build(record), paths=paths)
            try:
                fresh = amend(record, amendment, today=tx.today, catalogue=self._catalogue)
            except Invalid as fault:
                raise (fault if fault.violations[0].field == "update_mask" else fault.under("record")) from None
            call.principal.require_record(fresh)
            [fresh] = _warned(tx, [fresh])
            tx.update(fresh, action="AMEND", principal=call.principal.name)
            return [fresh]

        return self._write_records(work, call)[0]

    def lift(self, record_id: str, version: int, draft: LiftDraft, call: Call) -> StoredRecord:
        """End a record's effect from a day on."""

        def work(tx: Transaction) -> list[SanctionRecord]:
            lifted = lift(self._hold(tx, record_id, version, call), draft, today=tx.today)
            tx.update(lifted, action="LIFT", principal=call.principal.name)
            return [lifted]

        return self._write_records(work, call)[0]

    def revoke(
        self, record_id: str, version: int, draft: RevocationDraft, replacement: RecordDraft | None, call: Call
    ) -> list[StoredRecord]:
        """Declare that a record never had effect; with a replacement, both in one revision. One or two records come back."""

        def work(tx: Transaction) -> list[SanctionRecord]:
            record = self._hold(tx, record_id, version, call)
            fresh = (
                self._take_in(tx, replacement, call, replaces=record.name, prefix="replacement")
                if replacement
                else None
            )
            revoked = revoke(record, draft, today=tx.today, replacement=fresh.name if fresh else "")
            tx.update(revoked, action="REVOKE", principal=call.principal.name)
            if fresh is None:
                return [revoked]
            [fresh] = _warned(tx, [fresh])
            refusal = tx.insert([fresh], action="REPLACE", principal=call.principal.name)[0]
            if refusal:
                raise refusal
            return [revoked, fresh]

        return self._write_records(work, call)

    def confirm(
        self,
        record_id: str,
        version: int,
        code: str,
        draft: ConfirmationDraft,
        build: Callable[[SanctionRecord], RecordDraft],
        call: Call,
    ) -> StoredRecord:
        """Take a record out of quarantine under a confirmed or corrected code."""

        def work(tx: Transaction) -> list[SanctionRecord]:
            record = self._hold(tx, record_id, version, call)
            confirmation = read_confirmation(draft, today=tx.today)
            fresh = confirm(
                record,
                build(record),
                code=code,
                confirmation=confirmation,
                today=tx.today,
                catalogue=self._catalogue,
            )
            [fresh] = _warned(tx, [fresh])
            tx.update(fresh, action="CONFIRM", principal=call.principal.name)
            return [fresh]

        return self._write_records(work, call)[0]

    def pass_days(self) -> int:
        """
        Let the days that have come do what they do: expire records, end publications. Returns how many moved.

        Each record moves once however often this runs and whenever it is killed: the day it waits for moves with it.
        """

        def work(tx: Transaction) -> int:
            due = tx.lock_due_records(limit=_DATES_AT_ONCE)
            for record in due:
                tx.update(pass_days(record, today=tx.today), action="DATE_PASSED", principal=SCHEDULER)
            return len(due)

        return self._writer.run(work, timeout=self._timeout).value

    def _take_in(
        self, tx: Transaction, draft: RecordDraft, call: Call, *, replaces: str = "", prefix: str = "record"
    ) -> SanctionRecord:
        try:
            record = take_in(
                draft, record_id=new_record_id(), today=tx.today, catalogue=self._catalogue, replaces=replaces
            )
        except Invalid as fault:
            raise fault.under(prefix) from None
        call.principal.require_record(record)
        return record

    def _try_to_take_in(self, tx: Transaction, draft: RecordDraft, call: Call, number: int) -> SanctionRecord | Refused:
        try:
            return self._take_in(tx, draft, call, prefix=f"records[{number}]")
        except Invalid as fault:
            return Refused(
                fault=type(fault).__name__,
                message=str(fault),
                violations=fault.violations,
                likely_codes=fault.likely_codes,
            )
        except NotPermitted as fault:
            return Refused(fault=type(fault).__name__, message=str(fault))

    def _hold(self, tx: Transaction, record_id: str, version: int, call: Call) -> SanctionRecord:
        record = tx.lock_record(record_id)
        call.principal.require_record(record)
        if record.version != version:
            raise VersionConflict(record.name, given=version, actual=record.version)
        return record

    def _write_records(self, work: Callable[[Transaction], list[SanctionRecord]], call: Call) -> list[StoredRecord]:
        return [item for item in self._write(work, call) if isinstance(item, StoredRecord)]

    def _write(
        self, work: Callable[[Transaction], Sequence[SanctionRecord | Refused]], call: Call
    ) -> list[StoredRecord | Refused]:
        """Do the work once for its request id and return what it wrote, as it was then."""
        if call.validate_only:
            now, items = self._writer.run(lambda tx: (tx.now, work(tx)), dry=True, timeout=self._timeout).value
            return [item if isinstance(item, Refused) else _unstored(item, now) for item in items]

        def remembered(tx: Transaction) -> list[dict[str, Any]]:
            key = call.key
            first = tx.recall(key) if key else None
            if first is not None:
                return list(first)
            outcome = dump_outcome(work(tx))
            if key:
                tx.remember(key, outcome)
            return outcome

        outcome = load_outcome(self._writer.run(remembered, timeout=self._timeout).value)
        wanted = [(item.record_id, item.version) for item in outcome if isinstance(item, Written)]
        with self._reader.connection() as connection:
            versions = reading.get_versions(connection, wanted) if wanted else {}
        return [item if isinstance(item, Refused) else versions[item.record_id, item.version] for item in outcome]


def _unstored(record: SanctionRecord, now: datetime) -> StoredRecord:
    """Return a record that was only checked: of no revision."""
    return StoredRecord(record=record, revision=Revision(epoch=0, number=0), created_at=now, updated_at=now)


def _inserted(record: SanctionRecord, refusal: Duplicate | None) -> SanctionRecord | Refused:
    return Refused(fault="Duplicate", message=str(refusal), existing=refusal.existing) if refusal else record


def _warned(tx: Transaction, records: Sequence[SanctionRecord]) -> list[SanctionRecord]:
    """Return the records, each with a warning where others, of the store or of these, know its code under another name."""
    known = tx.names_of(record.enterprise.code for record in records)
    for record in records:
        known[record.enterprise.code].add(record.enterprise.names)
    warnings = [name_warnings(record.enterprise.names, sorted(known[record.enterprise.code])) for record in records]
    return [
        replace(record, warnings=found) if found else record for record, found in zip(records, warnings, strict=True)
    ]

"""Take in, amend, lift, revoke, confirm, and what the passing of days does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_service.domain.amendments import Amendment, amend, check_paths, confirm
from credit_sanction_service.domain.calendar import add_day
from credit_sanction_service.domain.decisions import read_confirmation
from credit_sanction_service.domain.faults import CalendarNotPublished, Duplicate, Invalid, NotPermitted
from credit_sanction_service.domain.lifecycle import lift, pass_days, revoke
from credit_sanction_service.records.taking_in import CREATE, Submission, take_in_together, taken_in
from credit_sanction_service.records.writing import RecordWrites, fixed_of, hold, named_twice, warned
from credit_sanction_service.store import reading
from credit_sanction_service.store.outcomes import Refused
from credit_sanction_service.store.writer import Joint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from credit_sanction_service.calls import Call
    from credit_sanction_service.domain.access import Principal
    from credit_sanction_service.domain.drafts import ConfirmationDraft, LiftDraft, RecordDraft, RevocationDraft
    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.store.connect import Reader
    from credit_sanction_service.store.transaction import Transaction
    from credit_sanction_service.store.values import StoredRecord
    from credit_sanction_service.store.writer import Writer

log: Final = structlog.get_logger()

SCHEDULER: Final = "scheduler"
_DATES_AT_ONCE: Final = 500


class Records:
    """The use cases. What they judge by is the law of the transaction that they write in."""

    def __init__(self, writer: Writer, reader: Reader, *, timeout: float = 20) -> None:
        self._writes = RecordWrites(writer, reader, timeout=timeout)

    def create(self, draft: RecordDraft, call: Call) -> StoredRecord:
        """Take one record in, with those of other callers. Raises `Invalid`, `NotPermitted`, `Duplicate`, `RequestIdReused`."""

        def work(tx: Transaction) -> list[SanctionRecord]:
            [record] = warned(tx, [taken_in(tx, draft, call)])
            refusal = tx.insert([record], action=CREATE, principal=call.principal.name)[0]
            if refusal:
                raise refusal
            return [record]

        joint = Joint(item=Submission(draft=draft, call=call), do=take_in_together)
        return self._writes.write_records(work, call, joint=joint)[0]

    def create_many(self, drafts: Sequence[RecordDraft], call: Call) -> list[StoredRecord | Refused]:
        """Take many records in; what is refused is refused alone. All that is accepted is of one revision."""

        def work(tx: Transaction) -> list[SanctionRecord | Refused]:
            named: set[str] = set()
            taken = [self._try_to_take_in(tx, draft, call, number, named) for number, draft in enumerate(drafts)]
            records = warned(tx, [item for item in taken if not isinstance(item, Refused)])
            refusals = tx.insert(records, action=CREATE, principal=call.principal.name)
            inserted = iter(zip(records, refusals, strict=True))
            return [item if isinstance(item, Refused) else _inserted(*next(inserted)) for item in taken]

        return self._writes.write(work, call)

    def get(self, record_id: str, principal: Principal) -> StoredRecord:
        """Return a record that the caller may see. Raises `NotFound`, `NotPermitted`."""
        with self._writes.reader.connection() as connection:
            stored = reading.get_record(connection, record_id)
        if not principal.may_see(stored.record):
            raise NotPermitted(f"{principal.name} may not read records of other authorities")
        return stored

    def page(self, query: reading.RecordQuery) -> list[StoredRecord]:
        """Return one page."""
        with self._writes.reader.connection() as connection:
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
            record = hold(tx, record_id, version, call)
            check_paths(record, paths, today=tx.today)
            amendment = Amendment(draft=build(record), paths=paths)
            try:
                fresh = amend(record, amendment, today=tx.today, law=tx.law)
            except Invalid as fault:
                raise (fault if fault.violations[0].field == "update_mask" else fault.under("record")) from None
            call.principal.require_record(fresh)
            [fresh] = warned(tx, [fresh])
            tx.update(fresh, action="AMEND", principal=call.principal.name)
            return [fresh]

        return self._writes.write_records(work, call)[0]

    def lift(self, record_id: str, version: int, draft: LiftDraft, call: Call) -> StoredRecord:
        """End a record's effect from a day on."""

        def move(tx: Transaction, record: SanctionRecord) -> SanctionRecord:
            return lift(record, draft, today=tx.today, law=tx.law, fixed=fixed_of(tx, record))

        return self._writes.step(record_id, version, call, "LIFT", move)

    def revoke(
        self, record_id: str, version: int, draft: RevocationDraft, replacement: RecordDraft | None, call: Call
    ) -> list[StoredRecord]:
        """Declare that a record never had effect; with a replacement, both in one revision. One or two records come back."""

        def work(tx: Transaction) -> list[SanctionRecord]:
            record = hold(tx, record_id, version, call)
            fresh = taken_in(tx, replacement, call, replaces=record.name, prefix="replacement") if replacement else None
            revoked = revoke(record, draft, today=tx.today, law=tx.law, replacement=fresh.name if fresh else "")
            tx.update(revoked, action="REVOKE", principal=call.principal.name)
            if fresh is None:
                return [revoked]
            [fresh] = warned(tx, [fresh])
            refusal = tx.insert([fresh], action="REPLACE", principal=call.principal.name)[0]
            if refusal:
                raise refusal
            return [revoked, fresh]

        return self._writes.write_records(work, call)

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
            record = hold(tx, record_id, version, call)
            confirmation = read_confirmation(draft, today=tx.today)
            fresh = confirm(
                record,
                build(record),
                code=code,
                confirmation=confirmation,
                today=tx.today,
                law=tx.law,
            )
            [fresh] = warned(tx, [fresh])
            tx.update(fresh, action="CONFIRM", principal=call.principal.name)
            return [fresh]

        return self._writes.write_records(work, call)[0]

    def pass_days(self, *, at_once: int = _DATES_AT_ONCE) -> int:
        """
        Let the days that have come do what they do: expire records, end publications. Returns how many moved, of `at_once`
        in one transaction.

        Each record moves once however often this runs and whenever it is killed: the day it waits for moves with it.
        """

        def work(tx: Transaction) -> int:
            due = tx.lock_due_records(limit=at_once)
            for record in due:
                try:
                    moved = pass_days(record, today=tx.today, law=tx.law)
                except Exception:
                    # One that nobody foresaw holds up no other; it is looked at again on the next day.
                    log.exception("day.failed", record=record.name)
                    tx.look_again(record, on=add_day(tx.today))
                else:
                    tx.update(moved, action="DATE_PASSED", principal=SCHEDULER)
            return len(due)

        return self._writes.writer.run(work, timeout=self._writes.timeout).value

    def _try_to_take_in(
        self, tx: Transaction, draft: RecordDraft, call: Call, number: int, named: set[str]
    ) -> SanctionRecord | Refused:
        """Take one of a batch in; `named` are the registered obligations that records before it are about."""
        try:
            record = taken_in(tx, draft, call, prefix=f"records[{number}]")
        except Invalid as fault:
            return _refused(fault)
        except (CalendarNotPublished, NotPermitted) as fault:
            return Refused(fault=type(fault).__name__, message=str(fault))
        if record.obligation_name in named:
            return _refused(Invalid([named_twice(f"records[{number}]", record.obligation_name)]))
        if record.obligation_name:
            named.add(record.obligation_name)
        return record


def _refused(fault: Invalid) -> Refused:
    return Refused(
        fault=type(fault).__name__,
        message=str(fault),
        violations=fault.violations,
        likely_codes=fault.likely_codes,
    )


def _inserted(record: SanctionRecord, refusal: Duplicate | None) -> SanctionRecord | Refused:
    return Refused(fault="Duplicate", message=str(refusal), existing=refusal.existing) if refusal else record

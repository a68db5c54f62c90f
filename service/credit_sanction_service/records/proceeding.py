"""From notice to listing, and through objection, suspension and repair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_sanction_service.calls import new_id
from credit_sanction_service.domain.amendments import Amendment, check_paths
from credit_sanction_service.domain.due_process import decide, list_record, record_statement, serve_notice
from credit_sanction_service.domain.faults import Invalid
from credit_sanction_service.domain.objections import decide_objection, raise_objection
from credit_sanction_service.domain.repair import repair
from credit_sanction_service.domain.suspensions import resume, suspend
from credit_sanction_service.records.writing import RecordWrites, fixed_of, named_obligation, warned

if TYPE_CHECKING:
    from collections.abc import Callable

    from credit_sanction_service.calls import Call
    from credit_sanction_service.domain.drafts import (
        DecideDraft,
        ObjectionDecisionDraft,
        ObjectionDraft,
        RecordDraft,
        RepairDraft,
        StatementDraft,
        SuspensionDraft,
    )
    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.store.connect import Reader
    from credit_sanction_service.store.transaction import Transaction
    from credit_sanction_service.store.values import StoredRecord
    from credit_sanction_service.store.writer import Writer


class Proceedings:
    """The steps of a record's proceedings. Each moves a record that the caller has read at `version`."""

    def __init__(self, writer: Writer, reader: Reader, *, timeout: float = 20) -> None:
        self._writes = RecordWrites(writer, reader, timeout=timeout)

    def serve_notice(self, draft: RecordDraft, call: Call) -> StoredRecord:
        """Open a record with the notice that was served. Raises `Invalid`, `NotPermitted`, `Duplicate`."""

        def work(tx: Transaction) -> list[SanctionRecord]:
            fixed = named_obligation(tx, draft, prefix="record")
            try:
                record = serve_notice(draft, record_id=new_id(), today=tx.today, law=tx.law, fixed=fixed)
            except Invalid as fault:
                raise fault.under("record") from None
            call.principal.require_record(record)
            [record] = warned(tx, [record])
            refusal = tx.insert([record], action="SERVE_NOTICE", principal=call.principal.name)[0]
            if refusal:
                raise refusal
            return [record]

        return self._writes.write_records(work, call)[0]

    def record_statement(self, record_id: str, version: int, draft: StatementDraft, call: Call) -> StoredRecord:
        """Record what the enterprise said or asked for after the notice."""
        return self._writes.step(
            record_id,
            version,
            call,
            "RECORD_STATEMENT",
            lambda tx, record: record_statement(record, draft, today=tx.today, law=tx.law),
        )

    def decide(self, record_id: str, version: int, draft: DecideDraft, call: Call) -> StoredRecord:
        """Decide, without effect yet."""

        def move(tx: Transaction, record: SanctionRecord) -> SanctionRecord:
            decided = decide(record, draft, today=tx.today, law=tx.law, fixed=fixed_of(tx, record))
            call.principal.require_record(decided)
            return decided

        return self._writes.step(record_id, version, call, "DECIDE", move)

    def list_record(self, record_id: str, version: int, listed_on: str, call: Call) -> StoredRecord:
        """List what was decided: from that day on it has effect and is pushed."""
        return self._writes.step(
            record_id,
            version,
            call,
            "LIST",
            lambda tx, record: list_record(record, listed_on, today=tx.today, law=tx.law, fixed=fixed_of(tx, record)),
        )

    def raise_objection(self, record_id: str, version: int, draft: ObjectionDraft, call: Call) -> StoredRecord:
        """Mark a record as disputed, at once."""
        return self._writes.step(
            record_id,
            version,
            call,
            "RAISE_OBJECTION",
            lambda tx, record: raise_objection(record, draft, today=tx.today, law=tx.law),
        )

    def decide_objection(
        self,
        record_id: str,
        version: int,
        draft: ObjectionDecisionDraft,
        paths: frozenset[str],
        build: Callable[[SanctionRecord], RecordDraft],
        call: Call,
    ) -> StoredRecord:
        """End an objection; `paths` and `build` say what a correction amends."""

        def move(tx: Transaction, record: SanctionRecord) -> SanctionRecord:
            amendment = None
            if paths:
                check_paths(record, paths, today=tx.today)
                amendment = Amendment(draft=build(record), paths=paths)
            decided = decide_objection(record, draft, today=tx.today, law=tx.law, amendment=amendment)
            call.principal.require_record(decided)
            return decided

        return self._writes.step(record_id, version, call, "DECIDE_OBJECTION", move)

    def suspend(self, record_id: str, version: int, draft: SuspensionDraft, call: Call) -> StoredRecord:
        """Let a record's effect rest by order of the authority or a court."""
        return self._writes.step(
            record_id, version, call, "SUSPEND", lambda tx, record: suspend(record, draft, today=tx.today, law=tx.law)
        )

    def resume(self, record_id: str, version: int, draft: SuspensionDraft, call: Call) -> StoredRecord:
        """Give a suspended record its effect back."""
        return self._writes.step(
            record_id, version, call, "RESUME", lambda tx, record: resume(record, draft, today=tx.today, law=tx.law)
        )

    def repair(self, record_id: str, version: int, draft: RepairDraft, call: Call) -> StoredRecord:
        """Repair credit: end publication, sharing and measures together."""

        def move(tx: Transaction, record: SanctionRecord) -> SanctionRecord:
            return repair(record, draft, today=tx.today, law=tx.law, fixed=fixed_of(tx, record))

        return self._writes.step(record_id, version, call, "REPAIR", move)

"""What becomes of a listed record: objection 异议, suspension 暂停, repair 信用修复, lift 移出, revocation 撤销."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from google.protobuf.field_mask_pb2 import FieldMask

from credit_sanction._words import day_text, number, request_id_of
from credit_sanction.v1 import sanction_record_pb2
from credit_sanction.v1 import sanction_record_service_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from credit_sanction._calls import Caller
    from credit_sanction.v1.sanction_record_pb2 import SanctionRecord


class Revoked(NamedTuple):
    """A revoked record, and the one in its place where one was given."""

    record: SanctionRecord
    replacement: SanctionRecord | None


class Effects:
    """The effect of a listed record: how it is marked, rests, comes back and ends. Each returns the next version."""

    _caller: Caller

    def raise_objection(
        self,
        record: SanctionRecord,
        *,
        reason: str,
        raised_on: date | str | None = None,
        needs_others: bool = False,
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> SanctionRecord:
        """
        Mark a record as disputed at once 登记异议; its effect stays. `raised_on` left out: today. `needs_others` gives 7
        instead of 3 working days to decide. Returns it with `objection.due_on`.
        """
        request = wire.RaiseObjectionRequest(
            name=record.name,
            version=record.version,
            raised_on=day_text(raised_on),
            reason=reason,
            needs_others=needs_others,
            request_id=request_id_of(request_id),
            validate_only=validate_only,
        )
        return self._caller.call(self._caller.records.RaiseObjection, request, request_id=request.request_id)

    def decide_objection(
        self,
        record: SanctionRecord,
        *,
        outcome: str | sanction_record_pb2.ObjectionOutcome.ValueType,
        document_number: str,
        date: date | str,
        reason: str,
        fields: Iterable[str] = (),
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> SanctionRecord:
        """
        End the objection 处理异议. `outcome` is a name without prefix: UPHELD, CORRECTED or REVOKED. A correction, and only
        that, names the `fields` that become what `record`, with the version last read, says: as in `amend`.
        """
        paths = [fields] if isinstance(fields, str) else list(fields)
        request = wire.DecideObjectionRequest(
            name=record.name,
            version=record.version,
            outcome=number(sanction_record_pb2.ObjectionOutcome, "OBJECTION_OUTCOME_", outcome),
            document_number=document_number,
            date=day_text(date),
            reason=reason,
            record=record if paths else None,
            update_mask=FieldMask(paths=paths) if paths else None,
            request_id=request_id_of(request_id),
            validate_only=validate_only,
        )
        return self._caller.call(self._caller.records.DecideObjection, request, request_id=request.request_id)

    def suspend(
        self,
        record: SanctionRecord,
        *,
        ground: str | sanction_record_pb2.SuspensionGround.ValueType,
        document_number: str,
        date: date | str,
        effective_on: date | str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> SanctionRecord:
        """
        Let a record's effect rest 暂停 from `effective_on` on; left out: from today. `ground` is a name without prefix:
        AUTHORITY_ORDER or COURT_ORDER.
        """
        request = wire.SuspendRequest(
            name=record.name,
            version=record.version,
            ground=number(sanction_record_pb2.SuspensionGround, "SUSPENSION_GROUND_", ground),
            document_number=document_number,
            date=day_text(date),
            effective_on=day_text(effective_on),
            request_id=request_id_of(request_id),
            validate_only=validate_only,
        )
        return self._caller.call(self._caller.records.Suspend, request, request_id=request.request_id)

    def resume(
        self,
        record: SanctionRecord,
        *,
        document_number: str,
        date: date | str,
        effective_on: date | str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> SanctionRecord:
        """Give a suspended record its effect back 恢复 from `effective_on` on; left out: from today."""
        request = wire.ResumeRequest(
            name=record.name,
            version=record.version,
            document_number=document_number,
            date=day_text(date),
            effective_on=day_text(effective_on),
            request_id=request_id_of(request_id),
            validate_only=validate_only,
        )
        return self._caller.call(self._caller.records.Resume, request, request_id=request.request_id)

    def repair(
        self,
        record: SanctionRecord,
        *,
        applied_on: date | str,
        corrected_on: date | str,
        document_number: str,
        date: date | str,
        effective_on: date | str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> SanctionRecord:
        """
        End publication, sharing and measures together 信用修复, because the failure was corrected on `corrected_on`. A
        `Conflict` with reason TOO_EARLY before `record.earliest_repair_date`. `effective_on` left out: today.
        """
        request = wire.RepairRequest(
            name=record.name,
            version=record.version,
            applied_on=day_text(applied_on),
            corrected_on=day_text(corrected_on),
            document_number=document_number,
            date=day_text(date),
            effective_on=day_text(effective_on),
            request_id=request_id_of(request_id),
            validate_only=validate_only,
        )
        return self._caller.call(self._caller.records.Repair, request, request_id=request.request_id)

    def lift(
        self,
        record: SanctionRecord,
        *,
        ground: str | sanction_record_pb2.LiftGround.ValueType,
        document_number: str,
        date: date | str,
        effective_on: date | str | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> SanctionRecord:
        """
        End a record's effect 移出 from `effective_on` on; left out: from today. `ground` is a name without prefix:
        EXIT_COMPLETED, COURT_OR_REVIEW or BANKRUPTCY_PLAN; REPAIR is refused, that is `repair`. Returns it as lifted.
        """
        request = wire.LiftSanctionRecordRequest(
            name=record.name,
            version=record.version,
            ground=number(sanction_record_pb2.LiftGround, "LIFT_GROUND_", ground),
            document_number=document_number,
            date=day_text(date),
            effective_on=day_text(effective_on),
            request_id=request_id_of(request_id),
            validate_only=validate_only,
        )
        return self._caller.call(self._caller.records.LiftSanctionRecord, request, request_id=request.request_id)

    def revoke(
        self,
        record: SanctionRecord,
        *,
        reason: str,
        document_number: str,
        date: date | str,
        replacement: SanctionRecord | None = None,
        request_id: str | None = None,
        validate_only: bool = False,
    ) -> Revoked:
        """Declare that a record never had effect 撤销, and put `replacement` in its place in the same revision."""
        request = wire.RevokeSanctionRecordRequest(
            name=record.name,
            version=record.version,
            reason=reason,
            document_number=document_number,
            date=day_text(date),
            replacement=replacement,
            request_id=request_id_of(request_id),
            validate_only=validate_only,
        )
        response = self._caller.call(self._caller.records.RevokeSanctionRecord, request, request_id=request.request_id)
        return Revoked(response.record, response.replacement if response.HasField("replacement") else None)

"""SanctionRecordService: each method moves a request to its use case and the result back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from google.protobuf.field_mask_pb2 import FieldMask
from typing_extensions import override

from credit_sanction.v1 import sanction_record_pb2 as record_pb
from credit_sanction.v1 import sanction_record_service_pb2 as service_pb
from credit_sanction.v1 import sanction_record_service_pb2_grpc as service_grpc
from credit_sanction_service.api import words
from credit_sanction_service.api.drafts import (
    confirmation_draft,
    decide_draft,
    lift_draft,
    objection_decision_draft,
    objection_draft,
    record_draft,
    repair_draft,
    revocation_draft,
    statement_draft,
    suspension_draft,
)
from credit_sanction_service.api.errors import item_error
from credit_sanction_service.api.guard import caller
from credit_sanction_service.api.messages import plain_record, record_message
from credit_sanction_service.api.requests import (
    known_words,
    page_size,
    plain_texts,
    read_token,
    record_id,
    require_count,
    require_few,
    seal_of,
    typed_code,
    write_call,
    write_token,
)
from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.store.outcomes import Refused
from credit_sanction_service.store.reading import RecordQuery

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet
    from datetime import date, datetime

    import grpc
    from google.protobuf.message import Message

    from credit_sanction_service.domain.drafts import RecordDraft
    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.records import Proceedings, Records
    from credit_sanction_service.store.values import StoredRecord

MOST_IN_BATCH: Final = 1_000


class SanctionRecordServicer(service_grpc.SanctionRecordServiceServicer):
    """Takes records in and carries them through their life."""

    def __init__(
        self,
        records: Records,
        proceedings: Proceedings,
        *,
        law: Callable[[AbstractSet[str]], Law],
        clock: Callable[[], datetime],
    ) -> None:
        """`law` gives the rule tables, by which a record's measures are told, with these editions of the catalogue at least."""
        self._records = records
        self._proceedings = proceedings
        self._law = law
        self._clock = clock

    @override
    def CreateSanctionRecord(
        self, request: service_pb.CreateSanctionRecordRequest, context: grpc.ServicerContext
    ) -> record_pb.SanctionRecord:
        draft = record_draft(request.record)
        return self._write(self._records.create(draft, write_call("CreateSanctionRecord", request)))

    @override
    def BatchCreateSanctionRecords(
        self, request: service_pb.BatchCreateSanctionRecordsRequest, context: grpc.ServicerContext
    ) -> service_pb.BatchCreateSanctionRecordsResponse:
        require_count("records", len(request.records), MOST_IN_BATCH)
        drafts = [record_draft(record) for record in request.records]
        items = self._records.create_many(drafts, write_call("BatchCreateSanctionRecords", request))
        today = self._today()
        law = self._law({item.record.catalogue_edition for item in items if not isinstance(item, Refused)})
        return service_pb.BatchCreateSanctionRecordsResponse(
            results=[
                service_pb.CreateResult(error=item_error(item))
                if isinstance(item, Refused)
                else service_pb.CreateResult(record=record_message(item, today, law))
                for item in items
            ]
        )

    @override
    def GetSanctionRecord(
        self, request: service_pb.GetSanctionRecordRequest, context: grpc.ServicerContext
    ) -> record_pb.SanctionRecord:
        return self._write(self._records.get(record_id(request.name), caller()))

    @override
    def ListSanctionRecords(
        self, request: service_pb.ListSanctionRecordsRequest, context: grpc.ServicerContext
    ) -> service_pb.ListSanctionRecordsResponse:
        size, seal = page_size(request.page_size), seal_of(request)
        after = read_token(request.page_token, seal, parts=1)
        scope = caller().authorities
        query = RecordQuery(
            number=typed_code("enterprise_code", request.enterprise_code),
            states=known_words("states", [words.STATE.read(value) for value in request.states]),
            standards=known_words("standards", [words.STANDARD.read(value) for value in request.standards]),
            districts=plain_texts("district_codes", request.district_codes),
            areas=known_words("areas", [words.AREA.read(value) for value in request.areas]),
            after=after[0] if after else "",
            limit=size + 1,
            only_authorities=None if scope is None else tuple(scope),
        )
        page = self._records.page(query)
        today, law = self._today(), self._law({stored.record.catalogue_edition for stored in page})
        return service_pb.ListSanctionRecordsResponse(
            records=[record_message(stored, today, law) for stored in page[:size]],
            next_page_token=write_token([page[size - 1].record.id], seal) if len(page) > size else "",
        )

    @override
    def AmendSanctionRecord(
        self, request: service_pb.AmendSanctionRecordRequest, context: grpc.ServicerContext
    ) -> record_pb.SanctionRecord:
        require_few("update_mask", len(request.update_mask.paths))
        paths = frozenset(request.update_mask.paths)

        identifier = record_id(request.record.name, field="record.name")
        call = write_call("AmendSanctionRecord", request)
        return self._write(
            self._records.amend(identifier, request.record.version, paths, self._overlaid(request.record, paths), call)
        )

    @override
    def LiftSanctionRecord(
        self, request: service_pb.LiftSanctionRecordRequest, context: grpc.ServicerContext
    ) -> record_pb.SanctionRecord:
        call = write_call("LiftSanctionRecord", request)
        return self._write(self._records.lift(record_id(request.name), request.version, lift_draft(request), call))

    @override
    def RevokeSanctionRecord(
        self, request: service_pb.RevokeSanctionRecordRequest, context: grpc.ServicerContext
    ) -> service_pb.RevokeSanctionRecordResponse:
        replacement = record_draft(request.replacement) if request.HasField("replacement") else None
        call = write_call("RevokeSanctionRecord", request)
        draft = revocation_draft(request)
        written = self._records.revoke(record_id(request.name), request.version, draft, replacement, call)
        messages = [self._write(stored) for stored in written]
        return service_pb.RevokeSanctionRecordResponse(
            record=messages[0], replacement=messages[1] if len(messages) > 1 else None
        )

    @override
    def ConfirmIdentifier(
        self, request: service_pb.ConfirmIdentifierRequest, context: grpc.ServicerContext
    ) -> record_pb.SanctionRecord:
        confirmed = self._records.confirm(
            record_id(request.name),
            request.version,
            request.code,
            confirmation_draft(request.confirmation),
            self._overlaid(record_pb.SanctionRecord(), frozenset()),
            write_call("ConfirmIdentifier", request),
        )
        return self._write(confirmed)

    @override
    def ServeNotice(
        self, request: service_pb.ServeNoticeRequest, context: grpc.ServicerContext
    ) -> record_pb.SanctionRecord:
        call = write_call("ServeNotice", request)
        return self._write(self._proceedings.serve_notice(record_draft(request.record), call))

    @override
    def RecordStatement(
        self, request: service_pb.RecordStatementRequest, context: grpc.ServicerContext
    ) -> record_pb.SanctionRecord:
        call, identifier = write_call("RecordStatement", request), record_id(request.name)
        draft = statement_draft(request.statement)
        return self._write(self._proceedings.record_statement(identifier, request.version, draft, call))

    @override
    def Decide(self, request: service_pb.DecideRequest, context: grpc.ServicerContext) -> record_pb.SanctionRecord:
        call, identifier = write_call("Decide", request), record_id(request.name)
        return self._write(self._proceedings.decide(identifier, request.version, decide_draft(request), call))

    @override
    def List(self, request: service_pb.ListRequest, context: grpc.ServicerContext) -> record_pb.SanctionRecord:
        call, identifier = write_call("List", request), record_id(request.name)
        return self._write(self._proceedings.list_record(identifier, request.version, request.listed_on, call))

    @override
    def RaiseObjection(
        self, request: service_pb.RaiseObjectionRequest, context: grpc.ServicerContext
    ) -> record_pb.SanctionRecord:
        call, identifier = write_call("RaiseObjection", request), record_id(request.name)
        draft = objection_draft(request)
        return self._write(self._proceedings.raise_objection(identifier, request.version, draft, call))

    @override
    def DecideObjection(
        self, request: service_pb.DecideObjectionRequest, context: grpc.ServicerContext
    ) -> record_pb.SanctionRecord:
        require_few("update_mask", len(request.update_mask.paths))
        paths = frozenset(request.update_mask.paths)
        decided = self._proceedings.decide_objection(
            record_id(request.name),
            request.version,
            objection_decision_draft(request),
            paths,
            self._overlaid(request.record, paths),
            write_call("DecideObjection", request),
        )
        return self._write(decided)

    @override
    def Suspend(self, request: service_pb.SuspendRequest, context: grpc.ServicerContext) -> record_pb.SanctionRecord:
        call, identifier = write_call("Suspend", request), record_id(request.name)
        return self._write(self._proceedings.suspend(identifier, request.version, suspension_draft(request), call))

    @override
    def Resume(self, request: service_pb.ResumeRequest, context: grpc.ServicerContext) -> record_pb.SanctionRecord:
        call, identifier = write_call("Resume", request), record_id(request.name)
        return self._write(self._proceedings.resume(identifier, request.version, suspension_draft(request), call))

    @override
    def Repair(self, request: service_pb.RepairRequest, context: grpc.ServicerContext) -> record_pb.SanctionRecord:
        call, identifier = write_call("Repair", request), record_id(request.name)
        return self._write(self._proceedings.repair(identifier, request.version, repair_draft(request), call))

    def _write(self, stored: StoredRecord) -> record_pb.SanctionRecord:
        return record_message(stored, self._today(), self._law({stored.record.catalogue_edition}))

    def _overlaid(
        self, given: record_pb.SanctionRecord, paths: frozenset[str]
    ) -> Callable[[SanctionRecord], RecordDraft]:
        """Return what lays the fields in `paths` of `given` over a record and reads it anew."""

        def overlaid(record: SanctionRecord) -> RecordDraft:
            message = plain_record(record, self._today(), self._law({record.catalogue_edition}))
            lay_over(message, given, paths)
            return record_draft(message)

        return overlaid

    def _today(self) -> date:
        return day_of(self._clock())


def lay_over(message: record_pb.SanctionRecord, given: record_pb.SanctionRecord, paths: frozenset[str]) -> None:
    """
    Lay the fields in `paths` of `given` over `message`; what is not there is cleared.

    A new publication class brings its own longest publication, unless the end is given with it: the old end was the old
    class's.
    """
    source = record_pb.SanctionRecord()
    source.CopyFrom(given)
    for path in paths:
        # A mask that names a part of what is not there means that part to be empty; merging would pass it over.
        part: Message = source
        for name in path.split(".")[:-1]:
            if (field := part.DESCRIPTOR.fields_by_name.get(name)) is None or field.message_type is None:
                break
            part = getattr(part, name)
            part.SetInParent()
    FieldMask(paths=sorted(paths)).MergeMessage(source, message, True, True)  # noqa: FBT003 - replace, both
    if "publication_class" in paths and "publication_end_date" not in paths:
        message.publication_end_date = ""

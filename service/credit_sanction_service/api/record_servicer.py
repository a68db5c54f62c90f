"""SanctionRecordService: each method moves a request to its use case and the result back."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.field_mask_pb2 import FieldMask
from typing_extensions import override

from credit_sanction.v1 import sanction_record_pb2 as record_pb
from credit_sanction.v1 import sanction_record_service_pb2 as service_pb
from credit_sanction.v1 import sanction_record_service_pb2_grpc as service_grpc
from credit_sanction_service.api import words
from credit_sanction_service.api.drafts import confirmation_draft, lift_draft, record_draft, revocation_draft
from credit_sanction_service.api.errors import item_error
from credit_sanction_service.api.guard import caller
from credit_sanction_service.api.messages import plain_record, record_message
from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.domain.faults import Invalid, NotFound, Violation
from credit_sanction_service.domain.identifiers import normalise
from credit_sanction_service.domain.text import CODE_LIMIT, REQUEST_ID_LIMIT, has_control_characters
from credit_sanction_service.records import Call
from credit_sanction_service.store.outcomes import Refused
from credit_sanction_service.store.reading import RecordQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    import grpc

    from credit_sanction_service.domain.drafts import RecordDraft
    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.records import Records
    from credit_sanction_service.store.values import StoredRecord

MOST_IN_BATCH: Final = 1_000
DEFAULT_PAGE: Final = 50
LARGEST_PAGE: Final = 1_000


class SanctionRecordServicer(service_grpc.SanctionRecordServiceServicer):
    """Takes records in and carries them through their life."""

    def __init__(self, records: Records, *, clock: Callable[[], datetime]) -> None:
        self._records = records
        self._clock = clock

    @override
    def CreateSanctionRecord(
        self, request: service_pb.CreateSanctionRecordRequest, context: grpc.ServicerContext
    ) -> record_pb.SanctionRecord:
        draft = record_draft(request.record)
        return self._write(self._records.create(draft, _call("CreateSanctionRecord", request)))

    @override
    def BatchCreateSanctionRecords(
        self, request: service_pb.BatchCreateSanctionRecordsRequest, context: grpc.ServicerContext
    ) -> service_pb.BatchCreateSanctionRecordsResponse:
        require_count("records", len(request.records), MOST_IN_BATCH)
        drafts = [record_draft(record) for record in request.records]
        items = self._records.create_many(drafts, _call("BatchCreateSanctionRecords", request))
        today = self._today()
        return service_pb.BatchCreateSanctionRecordsResponse(
            results=[
                service_pb.CreateResult(error=item_error(item))
                if isinstance(item, Refused)
                else service_pb.CreateResult(record=record_message(item, today))
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
        size = page_size(request.page_size)
        filters = service_pb.ListSanctionRecordsRequest()
        filters.CopyFrom(request)
        filters.ClearField("page_token")
        filters.ClearField("page_size")
        seal = hashlib.sha256(filters.SerializeToString(deterministic=True)).hexdigest()[:16]
        scope = caller().authorities
        query = RecordQuery(
            number=_typed_code(request.enterprise_code),
            states=_known("states", [words.STATE.read(value) for value in request.states]),
            standards=_known("standards", [words.STANDARD.read(value) for value in request.standards]),
            districts=tuple(request.district_codes),
            areas=_known("areas", [words.AREA.read(value) for value in request.areas]),
            after=read_token(request.page_token, seal)[0] if request.page_token else "",
            limit=size + 1,
            only_authorities=None if scope is None else tuple(scope),
        )
        page = self._records.page(query)
        today = self._today()
        return service_pb.ListSanctionRecordsResponse(
            records=[record_message(stored, today) for stored in page[:size]],
            next_page_token=write_token([page[size - 1].record.id], seal) if len(page) > size else "",
        )

    @override
    def AmendSanctionRecord(
        self, request: service_pb.AmendSanctionRecordRequest, context: grpc.ServicerContext
    ) -> record_pb.SanctionRecord:
        paths = frozenset(request.update_mask.paths)

        def overlaid(record: SanctionRecord) -> RecordDraft:
            message = plain_record(record, self._today())
            FieldMask(paths=sorted(paths)).MergeMessage(request.record, message, True, True)  # noqa: FBT003 - replace
            return record_draft(message)

        identifier = record_id(request.record.name, field="record.name")
        call = _call("AmendSanctionRecord", request)
        return self._write(self._records.amend(identifier, request.record.version, paths, overlaid, call))

    @override
    def LiftSanctionRecord(
        self, request: service_pb.LiftSanctionRecordRequest, context: grpc.ServicerContext
    ) -> record_pb.SanctionRecord:
        call = _call("LiftSanctionRecord", request)
        return self._write(self._records.lift(record_id(request.name), request.version, lift_draft(request), call))

    @override
    def RevokeSanctionRecord(
        self, request: service_pb.RevokeSanctionRecordRequest, context: grpc.ServicerContext
    ) -> service_pb.RevokeSanctionRecordResponse:
        replacement = record_draft(request.replacement) if request.HasField("replacement") else None
        call = _call("RevokeSanctionRecord", request)
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
            lambda record: record_draft(plain_record(record, self._today())),
            _call("ConfirmIdentifier", request),
        )
        return self._write(confirmed)

    def _write(self, stored: StoredRecord) -> record_pb.SanctionRecord:
        return record_message(stored, self._today())

    def _today(self) -> date:
        return day_of(self._clock())


def record_id(name: str, *, field: str = "name") -> str:
    """Return the id of `sanctionRecords/{id}`. Raises `Invalid` for another form."""
    collection, slash, identifier = name.partition("/")
    if collection != "sanctionRecords" or not slash or not identifier:
        raise Invalid([Violation(field=field, description=f"{name[:80]!r} is not of the form sanctionRecords/{{id}}")])
    if len(identifier) > 64 or "/" in identifier:  # noqa: PLR2004 - longer than any id
        raise NotFound("record", name[:80])
    return identifier


def require_count(field: str, count: int, most: int) -> None:
    """Raise `Invalid` unless a batch has between 1 and `most` items."""
    if not 1 <= count <= most:
        raise Invalid([Violation(field=field, description=f"{count} items: 1 to {most} are taken in one call")])


def page_size(asked: int) -> int:
    """Return the page size to use. Raises `Invalid` for a negative one."""
    if asked < 0:
        raise Invalid([Violation(field="page_size", description="it cannot be negative")])
    return min(asked or DEFAULT_PAGE, LARGEST_PAGE)


def write_token(place: list[str], seal: str) -> str:
    """Return an opaque page token for a place in a list; `seal` ties it to the filters."""
    return base64.urlsafe_b64encode(json.dumps([*place, seal]).encode()).decode()


def read_token(token: str, seal: str) -> list[str]:
    """Return the place that `write_token` wrote. Raises `Invalid` for another token, or one of other filters."""
    fault = Invalid([Violation(field="page_token", description="it is not the token of a page of this very list")])
    try:
        parts = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error):
        raise fault from None
    if not isinstance(parts, list) or len(parts) < 2 or not all(isinstance(part, str) for part in parts):  # noqa: PLR2004
        raise fault
    if parts[-1] != seal:
        raise fault
    return parts[:-1]


def _typed_code(text: str) -> str:
    if len(text) > CODE_LIMIT:
        raise Invalid([Violation(field="enterprise_code", description="it is too long to be a code")])
    return normalise(text)


def _known(field: str, values: Sequence[Any]) -> tuple[Any, ...]:
    """Return a filter's words. Raises `Invalid` for one that is not known: left out, it would let everything through."""
    if None in values:
        raise Invalid([Violation(field=f"{field}[{values.index(None)}]", description="it is not a known value")])
    return tuple(values)


def _call(method: str, request: Any) -> Call:  # noqa: ANN401 - any of the write requests
    request_id = request.request_id
    if len(request_id) > REQUEST_ID_LIMIT or has_control_characters(request_id):
        text = f"at most {REQUEST_ID_LIMIT} characters are taken, and no control characters"
        raise Invalid([Violation(field="request_id", description=text)])
    payload = type(request)()
    payload.CopyFrom(request)
    payload.ClearField("request_id")
    digest = hashlib.sha256(payload.SerializeToString(deterministic=True)).digest()
    return Call(
        principal=caller(),
        method=method,
        request_id=request_id,
        digest=digest,
        validate_only=request.validate_only,
    )

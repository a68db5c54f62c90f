"""The only table from what the domain raises to status codes and `google.rpc` details. Driver text never gets this far."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import structlog
from google.protobuf import any_pb2, duration_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from credit_sanction.v1.error_reason_pb2 import ErrorReason, FieldViolation, ItemError
from credit_sanction_service.domain import faults

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import grpc
    from google.protobuf.message import Message

    from credit_sanction_service.domain.faults import Violation
    from credit_sanction_service.store.outcomes import Refused

log: Final = structlog.get_logger()
DOMAIN: Final = "credit-sanction"
MOST_DETAIL_BYTES: Final = 4_000
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one exception is told: status code, reason, and after how many seconds a retry makes sense."""

    code: int
    reason: str
    retry_s: float | None = None


_TABLE: Final[dict[type[BaseException], Rule]] = {
    faults.IdentifierRefused: Rule(code=code_pb2.INVALID_ARGUMENT, reason="IDENTIFIER_REFUSED"),
    faults.NotOverdue: Rule(code=code_pb2.INVALID_ARGUMENT, reason="NOT_OVERDUE"),
    faults.Invalid: Rule(code=code_pb2.INVALID_ARGUMENT, reason="INVALID_FIELD"),
    faults.Duplicate: Rule(code=code_pb2.ALREADY_EXISTS, reason="DUPLICATE_RECORD"),
    faults.VersionConflict: Rule(code=code_pb2.ABORTED, reason="VERSION_CONFLICT"),
    faults.StateConflict: Rule(code=code_pb2.FAILED_PRECONDITION, reason="STATE_CONFLICT"),
    faults.TooEarly: Rule(code=code_pb2.FAILED_PRECONDITION, reason="TOO_EARLY"),
    faults.CalendarNotPublished: Rule(code=code_pb2.FAILED_PRECONDITION, reason="CALENDAR_NOT_PUBLISHED"),
    faults.EditionRefused: Rule(code=code_pb2.INVALID_ARGUMENT, reason="EDITION_REFUSED"),
    faults.FieldFixed: Rule(code=code_pb2.FAILED_PRECONDITION, reason="FIELD_FIXED"),
    faults.RequestIdReused: Rule(code=code_pb2.ALREADY_EXISTS, reason="REQUEST_ID_REUSED"),
    faults.CallerUnknown: Rule(code=code_pb2.UNAUTHENTICATED, reason="CALLER_UNKNOWN"),
    faults.NotPermitted: Rule(code=code_pb2.PERMISSION_DENIED, reason="NOT_PERMITTED"),
    faults.EpochChanged: Rule(code=code_pb2.FAILED_PRECONDITION, reason="EPOCH_CHANGED"),
    faults.RevisionNotReached: Rule(code=code_pb2.UNAVAILABLE, reason="REVISION_NOT_REACHED", retry_s=0.5),
    faults.StoreUnavailable: Rule(code=code_pb2.UNAVAILABLE, reason="STORE_UNAVAILABLE", retry_s=1.0),
    faults.TooLarge: Rule(code=code_pb2.FAILED_PRECONDITION, reason="TOO_LARGE"),
    faults.NoReceiptKey: Rule(code=code_pb2.FAILED_PRECONDITION, reason="NO_RECEIPT_KEY"),
    faults.Overloaded: Rule(code=code_pb2.RESOURCE_EXHAUSTED, reason="OVERLOADED", retry_s=0.5),
}
_NOT_FOUND: Final = {
    "record": Rule(code=code_pb2.NOT_FOUND, reason="RECORD_NOT_FOUND"),
    "target": Rule(code=code_pb2.NOT_FOUND, reason="TARGET_NOT_FOUND"),
    "delivery": Rule(code=code_pb2.NOT_FOUND, reason="DELIVERY_NOT_FOUND"),
    "obligation": Rule(code=code_pb2.NOT_FOUND, reason="OBLIGATION_NOT_FOUND"),
    "list entry": Rule(code=code_pb2.NOT_FOUND, reason="LIST_ENTRY_NOT_FOUND"),
    "reconciliation": Rule(code=code_pb2.NOT_FOUND, reason="RECONCILIATION_NOT_FOUND"),
    "portfolio": Rule(code=code_pb2.NOT_FOUND, reason="PORTFOLIO_NOT_FOUND"),
    "edition": Rule(code=code_pb2.NOT_FOUND, reason="EDITION_NOT_FOUND"),
}
_RESOURCES: Final = {"sanctionRecords": "SanctionRecord", "publicListEntries": "PublicListEntry"}
_BY_NAME: Final = {kind.__name__: rule for kind, rule in _TABLE.items()}


def abort(context: grpc.ServicerContext, fault: BaseException) -> None:
    """End the call with the status that `fault` stands for. Does not return."""
    context.abort_with_status(rpc_status.to_status(status_of(fault)))


def status_of(fault: BaseException) -> status_pb2.Status:
    """Return the status of an exception; what nobody foresaw is INTERNAL, with the number under which the log tells more."""
    if isinstance(fault, faults.NotFound):
        return _status(_NOT_FOUND[fault.kind], str(fault))
    for kind in type(fault).__mro__:
        if kind in _TABLE:
            metadata = fault.metadata if isinstance(fault, faults.SanctionError) else {}
            return _status(_TABLE[kind], str(fault), list(_details(fault)), metadata)
    number = uuid4().hex
    log.error("call.broken", number=number, exc_info=fault)
    return _status(Rule(code=code_pb2.INTERNAL, reason="INTERNAL_FAULT"), f"a fault of the service, number {number}")


def item_error(refused: Refused) -> ItemError:
    """Return the error of one item of a batch."""
    return ItemError(
        reason=ErrorReason.Value(f"ERROR_REASON_{_BY_NAME[refused.fault].reason}"),
        message=refused.message,
        violations=[FieldViolation(field=v.field, description=v.description, rule=v.rule) for v in refused.violations],
        existing_record=refused.existing,
        likely_codes=refused.likely_codes,
    )


def _details(fault: BaseException) -> Iterable[Message]:
    if isinstance(fault, faults.Invalid):
        yield _bad_request(fault.violations)
    if isinstance(fault, faults.Duplicate):
        collection = fault.existing.partition("/")[0]
        yield error_details_pb2.ResourceInfo(
            resource_type=_RESOURCES[collection], resource_name=fault.existing, description=str(fault)
        )


def _bad_request(violations: Sequence[Violation]) -> error_details_pb2.BadRequest:
    """Return as many faults as fit: clients refuse trailing metadata of more than 8 KiB, and would see no fault at all."""
    message = error_details_pb2.BadRequest()
    for number, v in enumerate(violations):
        message.field_violations.add(
            field=v.field, description=f"{v.description} [{v.rule}]" if v.rule else v.description
        )
        if message.ByteSize() > MOST_DETAIL_BYTES:
            del message.field_violations[-1]
            message.field_violations.add(
                field=v.field, description=f"this and {len(violations) - number - 1} more are at fault"
            )
            break
    return message


def _status(
    rule: Rule, message: str, details: Sequence[Message] = (), metadata: Mapping[str, str] = _NOTHING
) -> status_pb2.Status:
    parts: list[Message] = [
        error_details_pb2.ErrorInfo(reason=rule.reason, domain=DOMAIN, metadata=metadata),
        *details,
    ]
    if rule.retry_s is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(int(rule.retry_s * 1000))
        parts.append(error_details_pb2.RetryInfo(retry_delay=delay))
    packed = []
    for part in parts:
        box = any_pb2.Any()
        box.Pack(part)
        packed.append(box)
    return status_pb2.Status(code=rule.code, message=message, details=packed)

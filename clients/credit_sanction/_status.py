"""
What a failed call said, read from its `google.rpc.Status` in the trailing metadata.

The service writes the rule of a field's fault in square brackets at the end of its description.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, ResourceInfo, RetryInfo
from google.rpc.status_pb2 import Status

from credit_sanction import _errors
from credit_sanction._errors import Facts, ServiceError, Violation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.message import Message

DOMAIN: Final = "credit-sanction"
_DETAILS_KEY: Final = "grpc-status-details-bin"
_KINDS: Final[Mapping[grpc.StatusCode, type[ServiceError]]] = {
    grpc.StatusCode.INVALID_ARGUMENT: _errors.InvalidRequest,
    grpc.StatusCode.OUT_OF_RANGE: _errors.InvalidRequest,
    grpc.StatusCode.NOT_FOUND: _errors.NotFound,
    grpc.StatusCode.ALREADY_EXISTS: _errors.AlreadyExists,
    grpc.StatusCode.ABORTED: _errors.Conflict,
    grpc.StatusCode.FAILED_PRECONDITION: _errors.Conflict,
    grpc.StatusCode.UNAUTHENTICATED: _errors.Unauthenticated,
    grpc.StatusCode.PERMISSION_DENIED: _errors.PermissionDenied,
    grpc.StatusCode.RESOURCE_EXHAUSTED: _errors.Overloaded,
    grpc.StatusCode.UNAVAILABLE: _errors.Unavailable,
    grpc.StatusCode.CANCELLED: _errors.Unavailable,  # so a server that stops ends what it had taken and not begun
    grpc.StatusCode.DEADLINE_EXCEEDED: _errors.DeadlineExceeded,
}


def error_of(call: grpc.RpcError, *, request_id: str = "") -> ServiceError:
    """Return the error that a failed call stands for. Details that cannot be read are left out, never raised."""
    code = call.code()
    info = ErrorInfo()
    bad = BadRequest()
    resource = ResourceInfo()
    retry = RetryInfo()
    _fill(call, (info, bad, resource, retry))
    ours = info.domain == DOMAIN
    facts = Facts(
        message=call.details() or "the service gave no reason",
        code=code.name,
        reason=info.reason if ours else "",
        violations=tuple(_violation(item.field, item.description) for item in bad.field_violations),
        metadata=dict(info.metadata) if ours else {},
        resource=resource.resource_name,
        retry_after=_seconds(retry),
        request_id=request_id,
    )
    return _KINDS.get(code, _errors.InternalFault)(facts)


def split_rule(text: str) -> tuple[str, str]:
    """Return description and rule of `description [rule]`. The rule may hold brackets too, as document numbers do."""
    if not text.endswith("]"):
        return text, ""
    depth = 0
    for position in range(len(text) - 1, -1, -1):
        depth += {"]": 1, "[": -1}.get(text[position], 0)
        if depth == 0:
            # Only a bracket of its own is a rule: 长工信联字[2017] at the end belongs to the sentence.
            whole = text[position - 1 : position] == " "
            return (text[:position].rstrip(), text[position + 1 : -1]) if whole else (text, "")
    return text, ""


def _violation(field: str, text: str) -> Violation:
    description, rule = split_rule(text)
    return Violation(field=field, description=description, rule=rule)


def _fill(call: grpc.RpcError, kinds: tuple[Message, ...]) -> None:
    packed = next((item.value for item in call.trailing_metadata() or () if item.key == _DETAILS_KEY), b"")
    try:
        for detail in Status.FromString(packed).details:
            for kind in kinds:
                detail.Unpack(kind)  # leaves another kind's message alone
    except DecodeError:
        return  # the status code still says what happened


def _seconds(retry: RetryInfo) -> float | None:
    return retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9 if retry.HasField("retry_delay") else None

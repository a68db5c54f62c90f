"""A real gRPC server on a loopback socket that answers as told, message by message, and keeps what arrived."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, TypeVar, cast

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc.status_pb2 import Status

from credit_sanction.v1 import (
    delivery_service_pb2,
    enforcement_service_pb2,
    exit_obligation_service_pb2,
    law_service_pb2,
    oversight_service_pb2,
    public_list_service_pb2,
    restriction_service_pb2,
    sanction_record_service_pb2,
)

Request = TypeVar("Request", bound=Message)

_METHODS: Final = {
    f"/{service.full_name}/{method.name}": method
    for file in (
        delivery_service_pb2,
        enforcement_service_pb2,
        exit_obligation_service_pb2,
        law_service_pb2,
        oversight_service_pb2,
        public_list_service_pb2,
        restriction_service_pb2,
        sanction_record_service_pb2,
    )
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One call that arrived."""

    method: str
    request: Message
    metadata: Mapping[str, str | bytes]
    seconds_left: float


@dataclass(slots=True)
class Loopback(grpc.GenericRpcHandler):
    """The service's other end. `answers` are kept for good, `failures` are played first, each once."""

    answers: dict[str, Callable[[Message], Message]] = field(default_factory=dict)
    failures: deque[tuple[grpc.StatusCode, str, bytes | None]] = field(default_factory=deque)
    arrivals: list[Arrival] = field(default_factory=list)
    address: str = ""

    def on(self, method: str, answer: Callable[[Request], Message]) -> None:
        """Answer every call of a method so."""
        self.answers[method] = cast("Callable[[Message], Message]", answer)

    def fail(self, code: grpc.StatusCode, message: str, *details: Message, times: int = 1) -> None:
        """Fail the next `times` calls, with these details."""
        status = Status(code=code.value[0], message=message)
        for detail in details:
            packed = any_pb2.Any()
            packed.Pack(detail)
            status.details.append(packed)
        self.fail_raw(code, message, status.SerializeToString() if details else None, times=times)

    def fail_raw(self, code: grpc.StatusCode, message: str, details: bytes | None, *, times: int = 1) -> None:
        """Fail the next `times` calls, with these bytes where the details belong."""
        self.failures.extend([(code, message, details)] * times)

    def requests(self, kind: type[Request]) -> list[Request]:
        """Return the requests of one kind, in the order of their arrival."""
        return [arrival.request for arrival in self.arrivals if isinstance(arrival.request, kind)]

    def service(  # type: ignore[explicit-override]  # typing.override is Python 3.12's
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[Message, Message] | None:
        """Find the method, as grpc asks for it."""
        method = _METHODS.get(handler_call_details.method)
        if method is None:
            return None

        def play(request: Message, context: grpc.ServicerContext) -> Message:
            metadata = dict(context.invocation_metadata())
            self.arrivals.append(
                Arrival(
                    method=method.name, request=request, metadata=metadata, seconds_left=context.time_remaining() or 0.0
                )
            )
            if self.failures:
                code, message, details = self.failures.popleft()
                if details is not None:
                    context.set_trailing_metadata((("grpc-status-details-bin", details),))
                context.abort(code, message)
            return self.answers[method.name](request)

        read = GetMessageClass(method.input_type).FromString
        if method.client_streaming:
            return grpc.stream_stream_rpc_method_handler(
                lambda requests, context: (play(request, context) for request in requests),
                request_deserializer=read,
                response_serializer=lambda message: message.SerializeToString(),
            )
        return grpc.unary_unary_rpc_method_handler(
            play,
            request_deserializer=read,
            response_serializer=lambda message: message.SerializeToString(),
        )


def always(reply: Message) -> Callable[[Message], Message]:
    """Return the answer that is the same for every request."""
    return lambda _: reply


def serve(loopback: Loopback, *, port: int = 0, credentials: grpc.ServerCredentials | None = None) -> grpc.Server:
    """Start a server that plays `loopback`, and note where it listens."""
    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers((loopback,))
    wanted = f"127.0.0.1:{port}"
    bound = server.add_secure_port(wanted, credentials) if credentials else server.add_insecure_port(wanted)
    server.start()
    loopback.address = f"127.0.0.1:{bound}"
    return server

"""The one wrapper around every call: who calls, may they, what went wrong, what is logged. One layer, because each costs."""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import grpc

from credit_sanction_service.api.errors import abort
from credit_sanction_service.api.pools import waiting
from credit_sanction_service.domain.access import GRANTS
from credit_sanction_service.domain.faults import Overloaded, SanctionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import ThreadPoolExecutor

    from credit_sanction_service.api.access_log import AccessLog
    from credit_sanction_service.api.callers import Callers
    from credit_sanction_service.domain.access import Principal, Role

POOL_ATTRIBUTE: Final = "experimental_thread_pool"  # grpcio reads a method's own pool from the behaviour itself
CANCELLED: Final = "Cancelled"  # the caller went away
BROKEN: Final = "Broken"  # a fault that nobody foresaw; the log has more under `call.broken`

_caller: ContextVar[Principal] = ContextVar("caller")


def caller() -> Principal:
    """Return who made the call that this thread is answering."""
    return _caller.get()


class Admit(Protocol):
    """Whether a call may be made at all: metadata, method and what is left until its deadline in, who calls out."""

    def __call__(self, metadata: Iterable[tuple[str, str | bytes]], method: str, deadline_s: float | None) -> Principal:
        """Return who calls. Raises `CallerUnknown`, `NotPermitted`, and `Overloaded` where the deadline has passed."""
        ...


def admission(callers: Callers) -> Admit:
    """Return the function that decides on every call, whatever brings it here."""
    identify = callers.identify
    granted: dict[frozenset[Role], frozenset[str]] = {}

    def admit(metadata: Iterable[tuple[str, str | bytes]], method: str, deadline_s: float | None) -> Principal:
        if deadline_s is not None and deadline_s <= 0:
            raise Overloaded("the deadline passed before the call's turn came")
        principal = identify(metadata)
        methods = granted.get(principal.roles)
        if methods is None:
            methods = frozenset[str]().union(*(GRANTS[role].methods for role in principal.roles))
            granted[principal.roles] = methods
        if method not in methods:
            principal.require_method(method)
        return principal

    return admit


def serialised(reply: Any) -> bytes:  # noqa: ANN401 - any of the contract's messages, or its bytes
    """Return the bytes of a reply: those that were prepared pass as they are."""
    if type(reply) is bytes:
        return reply
    data: bytes = reply.SerializeToString()
    return data


def _outcome(fault: Exception) -> str:
    return type(fault).__name__ if isinstance(fault, SanctionError) else BROKEN


class Guard:
    """
    Takes the place of the server where servicers are added to it: every method of theirs needs a known caller with a role
    that grants it, and its call is logged. What is added to the server itself, health and reflection, is open to all.
    """

    def __init__(
        self,
        server: grpc.Server,
        admit: Admit,
        access_log: AccessLog,
        *,
        pools: Mapping[str, ThreadPoolExecutor] | None = None,
        streams: ThreadPoolExecutor | None = None,
    ) -> None:
        """`pools`: method name to the pool that it runs on, the others run on the server's own; `streams`: for all streams."""
        self._server = server
        self._admit = admit
        self._note = access_log.note
        self._pools = pools or {}
        self._streams = streams

    def add_generic_rpc_handlers(self, handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """Take none: the generated code adds every method a second time, registered by its name."""

    def add_registered_method_handlers(
        self, service: str, handlers: Mapping[str, grpc.RpcMethodHandler[Any, Any]]
    ) -> None:
        """Add a service's methods, each behind its guard."""
        guarded = {method: self.wrap(method, handler) for method, handler in handlers.items()}
        self._server.add_registered_method_handlers(service, guarded)

    def wrap(self, method: str, handler: Any) -> grpc.RpcMethodHandler[Any, Any]:  # noqa: ANN401 - the stubs know no handler's own attributes
        """Return the handler behind its guard, to be run on its pool."""
        kind = f"{'stream' if handler.request_streaming else 'unary'}_{'stream' if handler.response_streaming else 'unary'}"
        behaviour = getattr(handler, kind)
        guarded = (self._stream if handler.response_streaming else self._unary)(behaviour, method)
        pool = self._streams if "stream" in kind else self._pools.get(method)
        if pool is not None:
            setattr(guarded, POOL_ATTRIBUTE, pool)
        made: grpc.RpcMethodHandler[Any, Any] = getattr(grpc, f"{kind}_rpc_method_handler")(
            guarded, handler.request_deserializer, serialised
        )
        return made

    def _unary(self, behaviour: Callable[[Any, Any], Any], method: str) -> Callable[[Any, Any], Any]:
        admit, note, set_caller, now = self._admit, self._note, _caller.set, time.perf_counter

        def guarded(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - any of the contract's messages
            started = now()
            name = ""
            try:
                principal = admit(context.invocation_metadata(), method, context.time_remaining())
                name = principal.name
                set_caller(principal)
                reply = behaviour(request, context)
            except Exception as fault:  # noqa: BLE001 - whatever nobody foresaw is told as INTERNAL, with its number in the log
                note(method, name, _outcome(fault), now() - started)
                abort(context, fault)
            else:
                note(method, name, "OK", now() - started)
                return reply

        return guarded

    def _stream(
        self, behaviour: Callable[[Any, Any], Iterator[Any]], method: str
    ) -> Callable[[Any, Any], Iterator[Any]]:
        admit, note, now = self._admit, self._note, time.perf_counter

        def guarded(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: ANN401 - any of the contract's messages, or an iterator of them
            started = now()
            name, outcome = "", CANCELLED
            try:
                metadata = context.invocation_metadata()
                principal = admit(metadata, method, context.time_remaining())
                name = principal.name
                _caller.set(principal)
                with waiting():  # every stream does, and too many are refused at once
                    for message in behaviour(request, context):
                        admit(metadata, method, None)  # a token that was withdrawn ends the streams that it opened
                        yield message
                outcome = "OK"
            except grpc.RpcError:
                raise  # the caller has gone: grpcio's own, which it knows again
            except Exception as fault:  # noqa: BLE001 - as above
                outcome = _outcome(fault)
                abort(context, fault)
            finally:
                note(method, name, outcome, now() - started)

        return guarded


def guarded(
    server: grpc.Server,
    callers: Callers,
    access_log: AccessLog,
    *,
    pools: Mapping[str, ThreadPoolExecutor] | None = None,
    streams: ThreadPoolExecutor | None = None,
) -> grpc.Server:
    """Return what servicers are added to in place of the server, see `Guard`: these two methods are all they ask of it."""
    return cast("grpc.Server", Guard(server, admission(callers), access_log, pools=pools, streams=streams))

"""The one wrapper around every call: who calls, may they, what went wrong, what is logged. One layer, because each costs."""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

import grpc
import structlog
from typing_extensions import override

from credit_sanction_service.api.errors import abort
from credit_sanction_service.domain.faults import SanctionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor

    from credit_sanction_service.api.callers import Callers
    from credit_sanction_service.domain.access import Principal

log: Final = structlog.get_logger()

OURS: Final = "/credit_sanction.v1."
POOL_ATTRIBUTE: Final = "experimental_thread_pool"  # grpcio reads a method's own pool from the behaviour itself

_caller: ContextVar[Principal] = ContextVar("caller")


def caller() -> Principal:
    """Return who made the call that this thread is answering."""
    return _caller.get()


class Guard(grpc.ServerInterceptor):
    """Health and reflection pass; everything of ours needs a known caller with a role that grants the call."""

    def __init__(self, callers: Callers, pools: dict[str, ThreadPoolExecutor]) -> None:
        """`pools`: method name to the pool that it runs on; the others run on the server's own."""
        self._callers = callers
        self._pools = pools

    @override
    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        handler: Any = continuation(handler_call_details)
        if handler is None or not handler_call_details.method.startswith(OURS):
            return handler
        method = handler_call_details.method.rpartition("/")[2]
        behaviour = self._wrap(handler.unary_unary, method)
        pool = self._pools.get(method)
        if pool is not None:
            setattr(behaviour, POOL_ATTRIBUTE, pool)
        return grpc.unary_unary_rpc_method_handler(behaviour, handler.request_deserializer, handler.response_serializer)

    def _wrap(self, behaviour: Callable[[Any, Any], Any], method: str) -> Callable[[Any, Any], Any]:
        def guarded(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - any of the contract's messages
            started = time.monotonic()
            name = ""
            try:
                principal = self._callers.identify(context.invocation_metadata())
                name = principal.name
                principal.require_method(method)
                _caller.set(principal)
                reply = behaviour(request, context)
            except SanctionError as fault:
                _note(method, name, type(fault).__name__, started)
                abort(context, fault)
            except Exception as fault:  # noqa: BLE001 - whatever nobody foresaw is told as INTERNAL, with its number in the log
                _note(method, name, type(fault).__name__, started)
                abort(context, fault)
            else:
                _note(method, name, "OK", started)
                return reply

        return guarded


def _note(method: str, principal: str, outcome: str, started: float) -> None:
    """Log the call. Neither what was asked nor what was answered is in it."""
    elapsed = round((time.monotonic() - started) * 1000, 3)
    log.info("call.answered", method=method, principal=principal, outcome=outcome, ms=elapsed)

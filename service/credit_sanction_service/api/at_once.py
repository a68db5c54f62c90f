"""
Calls answered by the very thread of grpcio's that brings them.

grpcio hands a call to a thread of a pool, which asks grpcio's own thread for the message and waits for it: two hand-overs,
and they, not the look-up, are what a call costs. Here the message is asked for at once, and the thread that receives it
answers: 1.6 × the calls of a bare echo. A call that has to wait is begun anew on a pool behind, so nothing waits here.

It leans on functions that grpcio keeps to itself. Where they are not as expected, `is_possible` says so, and calls run on the pool as
grpcio does it; nothing but speed is lost.
"""

from __future__ import annotations

import inspect
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, cast

import grpc
import structlog
from grpc import _common, _server
from grpc._cython import cygrpc  # type: ignore[attr-defined] # no stubs tell of it
from typing_extensions import ParamSpec, override

from credit_sanction_service.api.pools import MustWait, Ticket, forbid_waiting

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

_Args = ParamSpec("_Args")
_Result = TypeVar("_Result")

log: Final = structlog.get_logger()

_RECEIVING: Final = "receive_message"  # what is due of a call: a name of grpcio's, though any would do


class _Call(NamedTuple):
    """What grpcio submits for a call with one message each way, in this order: `_unary_response_in_pool`."""

    rpc_event: Any
    state: Any
    behavior: Callable[[Any, Any], Any]
    argument_thunk: Callable[[], Any]
    request_deserializer: Any
    response_serializer: Any


_LEANT_ON: Final = {
    "_unary_response_in_pool": _Call._fields,
    "_possibly_finish_call": ("state", "token"),
    "_call_behavior": ("rpc_event", "state", "behavior", "argument", "request_deserializer", "send_response_callback"),
    "_serialize_response": ("rpc_event", "state", "response", "response_serializer"),
    "_status": ("rpc_event", "state", "serialized_response"),
    "_abort": ("state", "call", "code", "details"),
    "_is_rpc_state_active": ("state",),
    "_Context": ("rpc_event", "state", "request_deserializer"),
}
_grpcio: Final = {name: getattr(_server, name, None) for name in _LEANT_ON}
_unary_response_in_pool: Final = cast("Callable[..., Any]", _grpcio["_unary_response_in_pool"])
_possibly_finish_call: Final = cast("Callable[..., Any]", _grpcio["_possibly_finish_call"])
_call_behavior: Final = cast("Callable[..., Any]", _grpcio["_call_behavior"])
_serialize_response: Final = cast("Callable[..., bytes | None]", _grpcio["_serialize_response"])
_status: Final = cast("Callable[..., Any]", _grpcio["_status"])
_abort: Final = cast("Callable[..., Any]", _grpcio["_abort"])
_is_rpc_state_active: Final = cast("Callable[..., bool]", _grpcio["_is_rpc_state_active"])


def is_possible() -> bool:
    """Whether grpcio is made as this expects."""
    try:
        return all(
            tuple(inspect.signature(cast("Any", _grpcio[name])).parameters) == parameters
            for name, parameters in _LEANT_ON.items()
        ) and hasattr(cygrpc, "ReceiveMessageOperation")
    except (TypeError, ValueError):
        return False


class AtOnce(ThreadPoolExecutor):
    """
    Stands where a method's own pool does, for methods with one message each way that say when they wait (`pools.waiting`),
    and may be begun twice. Those that wait run on `behind`. Replies that are bytes are sent as they are.
    """

    def __init__(self, behind: ThreadPoolExecutor) -> None:
        super().__init__(max_workers=1)  # it never starts one
        self._behind = behind

    @override
    def submit(self, fn: Callable[_Args, _Result], /, *args: _Args.args, **kwargs: _Args.kwargs) -> Future[_Result]:
        """Begin a call, as grpcio hands it over: it holds the call's lock meanwhile."""
        ticket = Ticket()
        call = _Call(*cast("tuple[Any, ...]", args)[1:])

        def received(event: Any) -> tuple[Any, Any]:  # noqa: ANN401 - grpcio's
            try:
                is_handed_over = self._answered(call, event.batch_operations[0].message(), ticket)
            except BaseException:
                log.exception("call.broken")  # the thread serves everybody: it goes on
                is_handed_over = False
            if not is_handed_over:
                ticket.end()
            with call.state.condition:
                done: tuple[Any, Any] = _possibly_finish_call(call.state, _RECEIVING)
            return done

        call.rpc_event.call.start_server_batch((cygrpc.ReceiveMessageOperation(0),), received)
        call.state.due.add(_RECEIVING)
        return cast("Future[_Result]", ticket)

    def _answered(self, call: _Call, message: bytes | None, ticket: Ticket) -> bool:
        """Answer, refuse, or hand the call over; whether it was handed over, so that the pool behind ends the ticket."""
        rpc_event, state, behavior, _, deserialize, serialize = call
        if not _is_rpc_state_active(state):
            return False
        if message is None:
            _refuse(call, grpc.StatusCode.UNIMPLEMENTED, b"the method takes exactly one message")
            return False
        request = _common.deserialize(message, deserialize)
        if request is None:
            _refuse(call, grpc.StatusCode.INTERNAL, b"Exception deserializing request!")
            return False
        forbid_waiting()  # this is grpcio's own thread, which never may
        try:
            response = behavior(request, _server._Context(rpc_event, state, deserialize))  # noqa: SLF001 - see above
        except MustWait:
            self._hand_over(call, request, ticket)
            return True
        except Exception as fault:  # noqa: BLE001 - told as grpcio tells it
            _call_behavior(rpc_event, state, _raising(fault), request, deserialize)
            return False
        data = response if type(response) is bytes else _serialize_response(rpc_event, state, response, serialize)
        if data is not None:
            _status(rpc_event, state, data)
        return False

    def _hand_over(self, call: _Call, request: object, ticket: Ticket) -> None:
        again = call._replace(argument_thunk=lambda: request)
        later = self._behind.submit(call.state.context.run, _unary_response_in_pool, *again)
        later.add_done_callback(lambda _: ticket.end())


def _raising(fault: Exception) -> Callable[[Any, Any], Any]:
    def behavior(_request: object, _context: object) -> None:
        raise fault

    return behavior


def _refuse(call: _Call, code: grpc.StatusCode, details: bytes) -> None:
    with call.state.condition:
        _abort(call.state, call.rpc_event.call, _common.STATUS_CODE_TO_CYGRPC_STATUS_CODE[code], details)

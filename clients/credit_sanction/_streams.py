"""A stream that goes on: opened again where it broke off, as long as that may help."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

import grpc

from credit_sanction._errors import ClientError, Facts, ServiceError, Unavailable
from credit_sanction._status import error_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from credit_sanction._calls import Call, Caller, StreamMethod

Q = TypeVar("Q")
R = TypeVar("R")


class Following(Generic[Q, R]):
    """
    Reads a stream of the service's. `request` says anew, each time it is opened, where to go on. Where nothing arrives for
    `silence` seconds the connection is taken for lost. `patience`: after so many seconds without a word the error of the last
    try is raised; None: never. `troubled` is told of each error before a new try.
    """

    def __init__(
        self,
        caller: Caller,
        method: StreamMethod[Q, R],
        request: Callable[[], Q],
        *,
        silence: float,
        patience: float | None,
        troubled: Callable[[ServiceError], object] | None = None,
    ) -> None:
        self._caller = caller
        self._method = method
        self._request = request
        self._silence = silence
        self._patience = patience
        self._troubled = troubled
        self._closed = threading.Event()
        self._call: Call[R] | None = None

    def close(self) -> None:
        """End it, from any thread: whoever reads gets no more. Safe to repeat."""
        self._closed.set()
        call = self._call
        if call is not None:
            call.cancel()

    def messages(self, is_last: Callable[[R], bool]) -> Iterator[R]:
        """
        Yield messages up to the last one, or until it is closed. Raises the ServiceError that no new try can help, ClientError once
        the client is closed.
        """
        heard_at, attempt = time.monotonic(), 0
        while not self._closed.is_set():
            try:
                for message in self._once():
                    yield message
                    if is_last(message):
                        return
                    heard_at, attempt = time.monotonic(), 0
                self._require_closed()
            except ServiceError as error:
                attempt += 1
                pause = self._caller.retry.pause(attempt, error)
                is_tired = self._patience is not None and time.monotonic() - heard_at > self._patience
                if pause is None or is_tired or _is_ahead(error):
                    raise
                if self._troubled is not None:
                    self._troubled(error)
            else:
                return
            self._closed.wait(pause)

    def _require_closed(self) -> None:
        if not self._closed.is_set():
            raise _lost("the stream ended before its end")

    def _once(self) -> Iterator[R]:
        try:
            call = self._caller.opened(self._method, self._request())
        except ValueError as failed:  # grpc's word for a closed channel
            raise ClientError("this client is closed") from failed
        self._call = call
        watchdog = _Watchdog(self._silence, call.cancel)
        try:
            if self._closed.is_set():
                return
            for message in call:
                watchdog.rest()  # what the reader does meanwhile may take as long as it likes
                yield message
                watchdog.look()
        except grpc.RpcError as failed:
            if self._closed.is_set():
                return
            if watchdog.has_bitten:
                raise _lost(f"no word for {self._silence:g} s") from failed
            self._caller.require_open(failed)
            raise error_of(failed) from failed
        finally:
            watchdog.end()
            call.cancel()


class _Watchdog:
    """Calls `bite` once nothing was heard for `silence` seconds: a connection may be gone without anybody's having said so."""

    def __init__(self, silence: float, bite: Callable[[], object]) -> None:
        self._silence = silence
        self._bite = bite
        self._ended = threading.Event()
        self._since = time.monotonic()
        self.has_bitten = False
        threading.Thread(target=self._watch, name="credit-sanction-watchdog", daemon=True).start()

    def rest(self) -> None:
        """Let time pass."""
        self._since = float("inf")

    def look(self) -> None:
        """Count from now on."""
        self._since = time.monotonic()

    def end(self) -> None:
        """Look no more."""
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(self._silence / 4):
            if time.monotonic() - self._since > self._silence:
                self.has_bitten = True
                self._bite()
                return


def _is_ahead(error: ServiceError) -> bool:
    """Whether it was asked to go on behind a revision that the service, which says its own, has never come to."""
    return error.reason == "REVISION_NOT_REACHED" and bool(error.metadata.get("head"))


def _lost(message: str) -> Unavailable:
    return Unavailable(Facts(message=message, code="UNAVAILABLE", metadata={}))

"""Requests to stop, as the operating system sends them."""

import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

_Handler = Callable[[int, FrameType | None], object]


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM and a closed terminal unwind the block as Ctrl-C does: by KeyboardInterrupt."""
    with _handling(_stop_signals(), signal.default_int_handler):
        yield


class StopRequests:
    """How often the process was asked to stop, and a wait that ends early when a signal comes or a child ends."""

    def __init__(self) -> None:
        self.count = 0
        self._waking, self._waker = socket.socketpair()
        for end in (self._waking, self._waker):
            end.settimeout(0)

    @classmethod
    @contextmanager
    def collected(cls) -> Iterator["StopRequests"]:
        """Count them for as long as the block lasts; for the main thread only."""
        requests = cls()
        before = signal.set_wakeup_fd(requests._waker.fileno(), warn_on_full_buffer=False)
        try:
            with _handling(_stop_signals(), requests._asked), _handling(_child_signals(), _nothing):
                yield requests
        finally:
            signal.set_wakeup_fd(before)
            requests._waking.close()
            requests._waker.close()

    def wait(self, seconds: float) -> None:
        """Wait for the next signal, at most `seconds`."""
        readable, _, _ = select.select([self._waking], [], [], max(seconds, 0.0))
        with suppress(BlockingIOError):
            while readable and self._waking.recv(4096):
                pass

    def _asked(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1


def _stop_signals() -> list[signal.Signals]:
    """Ctrl-C, a request to end, and a closed terminal, unless somebody (nohup) has that one ignored."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    return numbers


def _child_signals() -> list[signal.Signals]:
    return [] if sys.platform == "win32" else [signal.SIGCHLD]


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the signal has done its work by waking the wait."""


@contextmanager
def _handling(numbers: Sequence[signal.Signals], handler: _Handler) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)

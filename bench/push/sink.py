"""
A receiver that answers every push with a receipt, and counts: as a process of its own, and the handle to it.

It speaks just enough HTTP/1.1 to cost little: what is measured is who sends. The first segment of the path is the
target's name. `/_…` are the bench's own questions.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from bench.push.processes import spawn, stop

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_END: Final = b"\r\n\r\n"
_KEPT: Final = 200
_POLL_S: Final = 0.02


class _Book:
    """What arrived: by target when, and the latest bodies."""

    def __init__(self) -> None:
        self.arrived: defaultdict[str, list[float]] = defaultdict(list)
        self.bodies: deque[bytes] = deque(maxlen=_KEPT)
        self.hanging: set[str] = set()

    def ask(self, path: str) -> object:
        match path.split("/"):
            case ["_counts"]:
                return {name: len(times) for name, times in self.arrived.items()}
            case ["_times", name]:
                return self.arrived[name]
            case ["_bodies"]:
                return [body.decode() for body in self.bodies]
            case ["_reset"]:
                self.arrived.clear()
                self.hanging.clear()
            case ["_hang", name]:
                self.hanging.add(name)
        return {}


class _Receiver(asyncio.Protocol):
    def __init__(self, book: _Book) -> None:
        self._book = book
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(_END)) >= 0:
            length = _LENGTH.search(self._buffer, 0, end)
            whole = end + len(_END) + (int(length[1]) if length else 0)
            if len(self._buffer) < whole:
                return
            path = self._buffer[: self._buffer.index(b"\r\n")].split(b" ")[1].decode().removeprefix("/")
            body = bytes(self._buffer[end + len(_END) : whole])
            del self._buffer[:whole]
            self._answer(path, body)

    def _answer(self, path: str, body: bytes) -> None:
        if path.startswith("_"):
            told = json.dumps(self._book.ask(path)).encode()
        else:
            name = path.partition("/")[0]
            if name in self._book.hanging:
                return
            times = self._book.arrived[name]
            times.append(time.monotonic())
            self._book.bodies.append(body)
            told = b'{"receipt":"R-%d"}' % len(times)
        if self._transport is not None:
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(told)
            self._transport.write(head + told)


class Sink:
    """The handle to a running receiver."""

    def __init__(self) -> None:
        self._process = spawn([sys.executable, "-m", "bench.push.sink"], stdout=subprocess.PIPE)
        if self._process.stdout is None:
            raise RuntimeError("the receiver has no output")
        self._port = int(self._process.stdout.readline())

    def url(self, name: str) -> str:
        """Return where the target `name` is."""
        return f"http://127.0.0.1:{self._port}/{name}"

    def counts(self) -> Mapping[str, int]:
        """Return how many pushes have arrived for each target."""
        answer = self._ask("_counts")
        return answer if isinstance(answer, dict) else {}

    def times(self, names: Collection[str]) -> list[float]:
        """Return when the pushes for these targets arrived, in order, in seconds of the machine's steady clock."""
        return sorted(
            instant for name in names for instant in self._list(f"_times/{name}") if isinstance(instant, float)
        )

    def bodies(self) -> list[str]:
        """Return the latest bodies."""
        return [body for body in self._list("_bodies") if isinstance(body, str)]

    def reset(self) -> None:
        """Forget what arrived, and let nobody hang."""
        self._ask("_reset")

    def hang(self, name: str) -> None:
        """Answer this target's pushes no more."""
        self._ask(f"_hang/{name}")

    def wait_for(
        self, names: Collection[str], count: int, *, sender: subprocess.Popen[bytes], patience_s: float
    ) -> None:
        """
        Wait until `count` pushes have arrived for these targets together.

        Raises `TimeoutError`, and `RuntimeError` where the sender has ended before.
        """
        until = time.monotonic() + patience_s
        while (arrived := sum(counts.get(name, 0) for counts in [self.counts()] for name in names)) < count:
            if sender.poll():
                raise RuntimeError(f"the sender ended with {sender.returncode}; {arrived} of {count} pushes arrived")
            if time.monotonic() > until:
                raise TimeoutError(f"only {arrived} of {count} pushes arrived within {patience_s:g} s")
            time.sleep(_POLL_S)

    def close(self) -> None:
        """End it."""
        stop(self._process)

    def _list(self, path: str) -> list[object]:
        answer = self._ask(path)
        return answer if isinstance(answer, list) else []

    def _ask(self, path: str) -> object:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("GET", f"/{path}")
            answer: object = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    book = _Book()
    server = await loop.create_server(lambda: _Receiver(book), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await stopped.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())

"""The access log: a call leaves four facts behind, and one thread makes log lines and figures of them later."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections import deque
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log: Final = structlog.get_logger()
now: Final = time.perf_counter

PAUSE_S: Final = 0.03  # often, and so little at once that no call waits long for the interpreter
MOST_KEPT: Final = 200_000
Entry = tuple[float, str, str, str, float]  # monotonic instant, method, principal, outcome, elapsed seconds


class AccessLog:
    """
    Takes note of every call, and passes what came to `readers` and, as one JSON object a line, to standard error.

    Neither what was asked nor what was answered is in it. Where the lines cannot be written as fast as they come, calls go
    on: those beyond `most_kept` are counted, and the log says how many it left out.
    """

    def __init__(self, *readers: Callable[[Sequence[Entry]], None], most_kept: int = MOST_KEPT) -> None:
        self._readers = readers
        self._most_kept = most_kept
        self._entries: deque[Entry] = deque()
        self._left_out = 0
        self._draining = threading.Lock()
        self._stop = threading.Event()
        self._facts = _inside(structlog.contextvars.get_contextvars())
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def note(self, method: str, principal: str, outcome: str, elapsed: float) -> None:
        """Take note of a call that ended just now after `elapsed` seconds. Costs under a microsecond, and never waits."""
        entries = self._entries
        if len(entries) < self._most_kept:
            entries.append((now(), method, principal, outcome, elapsed))
        else:
            self._left_out += 1

    def drain(self) -> None:
        """Pass on and write what has come so far."""
        with self._draining:
            entries = [self._entries.popleft() for _ in range(len(self._entries))]
            left_out, self._left_out = self._left_out, 0
            for read in self._readers:
                read(entries)
            if entries and log.is_enabled_for(logging.INFO):
                structlog.WriteLogger(sys.stderr).msg("\n".join(self._lines(entries)))
            if left_out:
                log.warning("calls.left_out", calls=left_out)

    def close(self) -> None:
        """Write what is left, and stop."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        self.drain()

    def _run(self) -> None:
        while not self._stop.wait(PAUSE_S):
            try:
                self.drain()
            except Exception as fault:  # noqa: BLE001 - a log that cannot be written must not end the log
                log.warning("calls.not_logged", fault=repr(fault))

    def _lines(self, entries: Sequence[Entry]) -> list[str]:
        since = time.time() - now()
        begin, end = self._begin, f'{self._facts}, "level": "info", "timestamp": "'
        lines = []
        for at, method, principal, outcome, elapsed in entries:
            instant = since + at
            second = int(instant)
            lines.append(
                f"{begin(method, principal, outcome)}{elapsed * 1000:.3f}{end}"
                f'{_to_the_second(second)}.{int((instant - second) * 1e6):06d}Z"}}'
            )
        return lines

    @staticmethod
    @lru_cache(maxsize=1024)
    def _begin(method: str, principal: str, outcome: str) -> str:
        name = json.dumps(principal, ensure_ascii=False)
        return f'{{"event": "call.answered", "method": "{method}", "principal": {name}, "outcome": "{outcome}", "ms": '


@lru_cache(maxsize=8)
def _to_the_second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().removesuffix("+00:00")


def _inside(facts: dict[str, object]) -> str:
    return "".join(
        f", {json.dumps(key)}: {json.dumps(value, ensure_ascii=False, default=str)}" for key, value in facts.items()
    )

"""What a large index costs: how much slower a call is answered out of it, and how much memory each further process takes."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

import grpc

from bench.lookup.house import pinned
from bench.lookup.large import TOKEN, write
from bench.lookup.questions import UNARY, mixed_codes, question
from bench.push.processes import spawn, stop
from credit_sanction_service.host.ports import reserve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_TURN: Final = 500
_PATIENCE_S: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """
    A large index beside a small one: median times of a call, one in flight, in microseconds; bytes of an enterprise in the
    copy that all processes share, and of each process on top.
    """

    large_us: float
    small_us: float
    shared_bytes: float
    own_bytes: float


def compare(directory: Path, *, large: int, small: int, calls: int) -> Sized:
    """Ask both by turns, so many calls of each."""
    sizes = {count: write(directory / f"{count}.base", count) for count in (large, small)}
    with ExitStack() as stack:
        # Two processes of each: what they share is nobody's own.
        processes = {
            count: [stack.enter_context(_answering(directory / f"{count}.base", core)) for core in (0, 1)]
            for count in sizes
        }
        asks = {count: stack.enter_context(_asking(address)) for count, ((_, address), _) in processes.items()}
        times = _by_turns(asks, calls)
        own = {count: _own(both[1][0].pid) for count, both in processes.items()}
    return Sized(
        large_us=median(times[large]),
        small_us=median(times[small]),
        shared_bytes=sizes[large] / large,
        own_bytes=(own[large] - own[small]) / (large - small),
    )


def _by_turns(asks: dict[int, Callable[[bytes], bytes]], calls: int) -> dict[int, list[float]]:
    questions = {
        count: [question(code).SerializeToString() for code in mixed_codes(min(calls, 10 * count), of=count, seed=5)]
        for count in asks
    }
    times: dict[int, list[float]] = {count: [] for count in asks}
    chance = random.Random(7)  # noqa: S311 - the same at every run
    for start in range(0, calls, _TURN):
        for count in chance.sample(list(asks), len(asks)):
            times[count] += _times(asks[count], questions[count][start : start + _TURN])
    return times


def _times(ask: Callable[[bytes], bytes], questions: Sequence[bytes]) -> list[float]:
    times = []
    for asked in questions:
        began = time.perf_counter()
        ask(asked)
        times.append((time.perf_counter() - began) * 1e6)
    return times


@contextmanager
def _answering(base: Path, core: int) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with reserve("127.0.0.1", 0) as port:
        address = port.address
    command = [sys.executable, "-m", "bench.lookup.large", str(base), address]
    process = pinned(spawn(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL), core)
    try:
        if process.stdout is None or process.stdout.readline() != b"ready\n":
            raise RuntimeError("the process over a base alone did not start")
        yield process, address
    finally:
        stop(process)


@contextmanager
def _asking(address: str) -> Iterator[Callable[[bytes], bytes]]:
    metadata = (("authorization", f"Bearer {TOKEN}"),)
    with grpc.insecure_channel(address) as channel:
        call: Callable[..., bytes] = channel.unary_unary(UNARY)
        yield lambda asked: call(asked, metadata=metadata, timeout=_PATIENCE_S, wait_for_ready=True)


def _own(pid: int) -> int:
    """Return the bytes of memory that a process shares with nobody."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8").splitlines()
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Private_"))

"""Processes that are not our children: recognise them beyond doubt, and end them."""

import signal
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped] # psutil ships no types

POLL_SECONDS = 0.02
_STOP_AT_ONCE = signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL


class Stranger:
    """
    A running process that somebody else started.

    Holds on to the very process: once it has gone, its number given to another process is never signalled.
    """

    def __init__(self, pid: int) -> None:
        """Take hold of it; raises ProcessLookupError when no process has this number."""
        self.pid = pid
        try:
            self._process = psutil.Process(pid)
        except psutil.NoSuchProcess:
            raise ProcessLookupError(pid) from None

    @property
    def parent(self) -> int:
        """Number of its parent, 0 when it has gone."""
        try:
            return int(self._process.ppid())
        except psutil.Error:
            return 0

    @property
    def title(self) -> str:
        """Its command line as the process list shows it, empty when it has gone."""
        try:
            return " ".join(self._process.cmdline()).strip()
        except psutil.Error:
            return ""

    def is_alive(self) -> bool:
        """Whether it still runs; a zombie that nobody has collected does not."""
        try:
            return bool(self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE)
        except psutil.Error:
            return False

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, and say nothing when the process has gone."""
        with suppress(psutil.NoSuchProcess):
            self._process.send_signal(number)


def working_in(directory: Path, *, uid: int | None) -> list[Stranger]:
    """Find every living process that works in `directory` and, where users have numbers, runs as `uid`."""
    wanted = str(directory.resolve())
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if process.cwd() == wanted and (uid is None or process.uids().effective == uid):
                found.append(Stranger(process.pid))
    return [process for process in found if process.is_alive()]


def birth_of(pid: int) -> str | None:
    """
    Give the mark that tells a process from every later one with the same number.

    None when no such process runs. On Linux it is boot and start tick, which no change of the clock moves.
    """
    try:
        if sys.platform == "linux":
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
            # The command, second field, may hold blanks and brackets; state is the first field after it.
            state, *fields = stat.rpartition(")")[2].split()
            return None if state in {"Z", "X"} else f"{boot}:{fields[18]}"
        return f"{psutil.Process(pid).create_time():.6f}"
    except (OSError, psutil.Error):
        return None


def wait_gone(processes: Iterable[Stranger], seconds: float) -> list[Stranger]:
    """Wait until none of them runs, at most `seconds`; the answer is who still does."""
    deadline = time.monotonic() + seconds
    left = [process for process in processes if process.is_alive()]
    while left and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        left = [process for process in left if process.is_alive()]
    return left


def end(processes: Sequence[Stranger], steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send each signal to whoever is left and wait the seconds beside it; who outlives all is killed."""
    left = list(processes)
    for number, seconds in (*steps, (_STOP_AT_ONCE, 10.0)):
        if not left:
            return
        for process in left:
            process.signal(number)
        left = wait_gone(left, seconds)

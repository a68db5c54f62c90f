"""The house as the harness sees it: where it listens, which processes it has, and their end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import psutil  # type: ignore[import-untyped] # psutil ships no types
from tests.chaos.house import READY

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S: Final = 90.0
FAULTS: Final = 5
LINES: Final = 20
HOUSE: Final = str(Path(__file__).with_name("house.py"))
Victim = Literal["worker", "api", "backend", "postmaster"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A house that is ready. `log` is what it and its processes print."""

    process: subprocess.Popen[bytes]
    data: Path
    log: Path
    address: str
    token: str = field(repr=False)
    dsn: str

    def pids(self, victim: Victim) -> list[int]:
        """Return the process ids of one sort that live at this moment, and are the house's."""
        if victim in {"worker", "api"}:
            with suppress(OSError, ValueError):
                children = json.loads((self.data / "run" / "children.json").read_text("utf-8"))
                named = [int(pid) for name, (pid, _) in children.items() if name.startswith(victim)]
                return [pid for pid in named if _parent_of(pid) == self.process.pid]
            return []
        postmasters = [pid for pid in self._postmaster() if _parent_of(pid) == self.process.pid]
        if victim == "postmaster":
            return postmasters
        with suppress(psutil.NoSuchProcess):
            return [child.pid for pid in postmasters for child in psutil.Process(pid).children()]
        return []

    def last_words(self) -> str:
        """Return the last faults in the log, and its end."""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        faults = [line for line in lines if '"level": "error"' in line or line.startswith("Traceback")]
        return "\n".join([*faults[-FAULTS:], *lines[-LINES:]])

    def _postmaster(self) -> list[int]:
        with suppress(OSError, ValueError, IndexError):
            return [int((self.data / "postgres" / "postmaster.pid").read_text("utf-8").splitlines()[0])]
        return []


@contextmanager
def house(directory: Path, targets: Path, *, workers: int, apis: int, durable: bool) -> Iterator[Running]:
    """Run a house with its data in `directory` while the block runs; nothing of it is left then."""
    data, log = directory / "data", directory / "house.log"
    order = {"data": str(data), "targets": str(targets), "workers": workers, "apis": apis, "durable": durable}
    own = {name: value for name, value in os.environ.items() if not name.startswith("CREDIT_SANCTION_")}
    with log.open("wb") as words:
        process = subprocess.Popen(
            [sys.executable, HOUSE, json.dumps(order)],
            env={**own, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
        )
    try:
        told = _told(process, data / READY, log)
        yield Running(process=process, data=data, log=log, **told)
    finally:
        _end(process)


def _told(process: subprocess.Popen[bytes], path: Path, log: Path) -> dict[str, str]:
    until = time.monotonic() + PATIENCE_S
    while not path.exists():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"the house was never ready: {log.read_text('utf-8', 'replace')[-4_000:]}")
        time.sleep(0.02)
    told: dict[str, str] = json.loads(path.read_text("utf-8"))
    return told


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop the house in order; what does not stop is killed with everything that it started."""
    try:
        family = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for left in family:  # a process of another birth under the same number is another one to psutil
        with suppress(psutil.NoSuchProcess):
            left.kill()
    psutil.wait_procs(family, timeout=PATIENCE_S)


def _parent_of(pid: int) -> int:
    try:
        process = psutil.Process(pid)
        return 0 if process.status() == psutil.STATUS_ZOMBIE else int(process.ppid())
    except psutil.NoSuchProcess:
        return 0

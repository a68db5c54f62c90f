"""Running the whole service in tests: started as a user does, waited for by its own words."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_S = 60.0


def free_port() -> int:
    """Return a port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def wait_until(holds: Callable[[], bool]) -> Iterator[None]:
    """Wait until something holds that only asking can tell; fail after a minute."""
    until = time.monotonic() + PATIENCE_S
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < until, "waited in vain"
        pause.wait(0.02)
    yield


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningService:
    """A service under its supervisor; `log` is what it printed. Without an address it ended before it was ready."""

    process: subprocess.Popen[bytes]
    data: Path
    log: Path
    address: str
    token: str

    @property
    def lines(self) -> list[str]:
        """What it printed so far."""
        return self.log.read_text("utf-8").splitlines()

    def pid_of(self, child: str) -> int:
        """Return the process id of one of the supervisor's children, 0 while it is between two lives."""
        children = json.loads((self.data / "run" / "children.json").read_text("utf-8"))
        return int(children[child][0]) if child in children else 0


def start(data: Path, *arguments: str) -> RunningService:
    """Start `credit-sanction-service run` on free ports and wait until it says that it is ready, or has ended."""
    command = [
        sys.executable,
        "-m",
        "credit_sanction_service",
        "run",
        "--data-dir",
        str(data),
        "--listen",
        "127.0.0.1:0",
    ]
    log = data.with_name(f"{data.name}-{uuid.uuid4().hex}.log")
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--stand-ins", "127.0.0.1:0", *arguments],
            env={name: value for name, value in os.environ.items() if not name.startswith("CREDIT_SANCTION_")},
            stdout=file,
            stderr=file,
        )
    with wait_until(lambda: process.poll() is not None or "Ctrl-C stops everything" in log.read_text("utf-8")):
        text = log.read_text("utf-8")
    ready = re.search(r"is ready: gRPC on (\S+)", text)
    token = re.search(r"^\s*token\s+(\S.*)$", text, re.MULTILINE)
    return RunningService(
        process=process,
        data=data,
        log=log,
        address=ready[1] if ready else "",
        token=Path(token[1].strip()).read_text("utf-8").strip() if token else "",
    )


def stop(service: RunningService, number: signal.Signals = signal.SIGTERM) -> int:
    """Stop the service and return its exit code."""
    if service.process.poll() is None:
        service.process.send_signal(number)
    return service.process.wait(PATIENCE_S)

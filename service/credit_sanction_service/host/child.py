"""A child process: what it is to be, and the running thing."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import cast

import structlog

from credit_sanction_service.host.lifeline import LIFELINE, ON_STDIN, READY_FILE, Info

log: structlog.stdlib.BoundLogger = structlog.get_logger()

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

# The terminal's Ctrl-C is for the supervisor, which stops everything in order: a child gets a group of its own.
if sys.platform == "win32":
    _OWN_GROUP = subprocess.CREATE_NEW_PROCESS_GROUP
else:
    _OWN_GROUP = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """
    A process that the supervisor keeps running.

    `name`: lower case words with hyphens, one of its kind. `env` is added to the supervisor's own environment.
    `pin_core`: it runs on the core with this number among those that the service may use, counted round from 0;
    None for all of them, and without meaning off Linux. `stage`: the highest stops first, and a lower one only when
    that has ended. It is to call `lifeline.watch` and `lifeline.announce_ready`.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    pin_core: int | None = None
    stage: int = 0

    def __post_init__(self) -> None:
        """Refuse, by ValueError, a name that cannot be a file's and an empty command."""
        if not _NAME.fullmatch(self.name) or not self.argv:
            raise ValueError(
                f"a child needs a name of lower case words and a command, not {self.name!r} and {self.argv}"
            )


class ChildProcess:
    """One child as it runs, again and again; `lifeline` is the reading end of the pipe it watches."""

    def __init__(self, child: Child, run_dir: Path, lifeline: int) -> None:
        self.child = child
        self.name = child.name
        self.info: Info | None = None
        self._ready_file = run_dir / f"{child.name}.ready"
        self._lifeline = lifeline
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process number while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def launch(self) -> None:
        """Start it, without waiting for anything; raises OSError when there is no such program."""
        self._ready_file.unlink(missing_ok=True)
        self.info = None
        own = {LIFELINE: ON_STDIN, READY_FILE: str(self._ready_file)}
        self._process = subprocess.Popen(  # noqa: S603 - the composition root says what to run
            self.child.argv,
            env={**os.environ, **self.child.env, **own},
            stdin=self._lifeline,
            start_new_session=True,
            creationflags=_OWN_GROUP,
        )
        self._pin(self._process.pid)
        log.info("process.started", process=self.name, pid=self._process.pid)

    def is_ready(self) -> bool:
        """Whether it has announced that it does its work; what it said then is in `info`."""
        if self.info is None and self._ready_file.exists():
            self.info = cast("Info", json.loads(self._ready_file.read_text(encoding="utf-8")))
        return self.info is not None

    def exit_code(self) -> int | None:
        """Its exit code when it has ended (negative: the signal), None while it runs."""
        return self._process.poll() if self._process else None

    def terminate(self) -> None:
        """Ask it to stop."""
        if self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        """End it and what it started at once, and wait for that."""
        if self._process is None or self._process.poll() is not None:
            return
        if sys.platform == "win32":
            self._process.kill()
        else:
            # Not yet collected, so the number of its group cannot be anybody else's.
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _pin(self, pid: int) -> None:
        if sys.platform == "linux" and self.child.pin_core is not None:
            cores = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(pid, {cores[self.child.pin_core % len(cores)]})

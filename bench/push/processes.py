"""The processes that a run starts, and ends again whatever happens."""

from __future__ import annotations

import os
import subprocess
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_running: Final[set[subprocess.Popen[bytes]]] = set()
_PATIENCE_S: Final = 20.0


def spawn(
    command: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process with `environ` beside our own environment, but for settings of the service."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("CREDIT_SANCTION_")}
    process = subprocess.Popen(  # noqa: S603 - commands of the bench's own
        command, env={**own, **(environ or {})}, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
    )
    _running.add(process)
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, and make it if it does not."""
    process.terminate()
    try:
        process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _running.discard(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End it as a crash would."""
    process.kill()
    process.wait()
    _running.discard(process)


def stop_all() -> None:
    """End all that still run."""
    for process in list(_running):
        kill(process)

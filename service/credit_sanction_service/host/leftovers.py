"""Children of a supervisor that was killed: written down while they run, stopped by the next start."""

import json
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import structlog

from credit_sanction_service.host import processes

log: structlog.stdlib.BoundLogger = structlog.get_logger()

_STOP_SECONDS = 3.0


def record(run_dir: Path, running: Mapping[str, int]) -> None:
    """
    Write down which children run, by name and process number, in place of what was written before.

    A full disk is logged and no reason to stop the service: the children watch their supervisor themselves too.
    """
    births = {name: (pid, processes.birth_of(pid)) for name, pid in running.items()}
    writing = _record(run_dir).with_suffix(".new")
    try:
        writing.write_text(json.dumps(births), encoding="utf-8")
        writing.replace(_record(run_dir))
    except OSError as fault:
        log.warning("process.not_recorded", reason=fault.strerror)


def stop(run_dir: Path) -> None:
    """
    Stop every process that is written down and still runs; a number that is another process's by now is left alone.

    To be called by who holds the lock on the data directory. They have noticed the end of their supervisor and
    are ending; this is for those that could not.
    """
    left = []
    for name, pid, birth in _recorded(run_dir):
        with suppress(ProcessLookupError):
            process = processes.Stranger(pid)
            if birth is not None and processes.birth_of(pid) == birth:
                log.warning("process.orphan_found", process=name, pid=pid)
                left.append(process)
    processes.end(left, [(signal.SIGTERM, _STOP_SECONDS)])
    _record(run_dir).unlink(missing_ok=True)


def _record(run_dir: Path) -> Path:
    return run_dir / "children.json"


def _recorded(run_dir: Path) -> list[tuple[str, int, str | None]]:
    """Read the record; one that a full disk or a power cut has spoilt names nobody."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        entries = json.loads(_record(run_dir).read_text(encoding="utf-8"))
        return [(str(name), int(pid), birth) for name, (pid, birth) in entries.items()]
    return []

"""What a data directory tells of the postmaster that works in it, and how a forgotten one is stopped."""

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import structlog

from credit_sanction_service.host import processes
from credit_sanction_service.host.account import Account

log: structlog.stdlib.BoundLogger = structlog.get_logger()

_PID_LINE = 0
_STATUS_LINE = 7
_FAST_STOP_SECONDS = 60.0
_QUICK_STOP_SECONDS = 10.0


def is_ready(data: Path, pid: int) -> bool:
    """Tell whether that postmaster says that it takes connections."""
    lines = _pid_file(data)
    return len(lines) > _STATUS_LINE and lines[_PID_LINE] == str(pid) and lines[_STATUS_LINE] == "ready"


def activity(data: Path, account: Account) -> str:
    """Tell what its start-up is doing, such as `startup recovering 000000010000000000000003`; may be empty."""
    titles = [process.title.partition(" startup ") for process in _strangers(data, account)]
    return next((f"startup {doing}" for _, found, doing in titles if found), "")


def clear(data: Path, account: Account) -> None:
    """
    Stop every process of PostgreSQL that works in `data`: a supervisor that was killed left it.

    To be called by who holds the lock on the data directory, and while he has no postmaster running in it. Back
    ends whose postmaster was killed count too: a new postmaster would refuse to start beside them. Leftovers in
    shared memory are PostgreSQL's own to clear, and it does so at its start.
    """
    if not (data / "postmaster.pid").exists():
        return
    left = _strangers(data, account)
    if left:
        log.warning("postgres.orphan_found", pids=[process.pid for process in left], data=str(data))
        pids = {process.pid for process in left}
        heads = [process for process in left if process.parent not in pids]
        if sys.platform != "win32":
            for head in heads:
                head.signal(signal.SIGINT)
            left = processes.wait_gone(left, _FAST_STOP_SECONDS)
            processes.end(left, [(signal.SIGQUIT, _QUICK_STOP_SECONDS)])
        else:
            processes.end(left, [])
    _drop_misleading_pid_file(data)


def _strangers(data: Path, account: Account) -> list[processes.Stranger]:
    uid = None
    if sys.platform != "win32":
        uid = os.geteuid() if account.uid is None else account.uid
    return processes.working_in(data, uid=uid)


def _drop_misleading_pid_file(data: Path) -> None:
    """
    Remove the file where a dead postmaster's number is another process's by now: PostgreSQL would be misled.

    Nothing works in `data` any more, so whoever has the number is not a postmaster of ours.
    """
    lines = _pid_file(data)
    if lines and lines[_PID_LINE].isdigit() and processes.birth_of(int(lines[_PID_LINE])) is not None:
        log.info("postgres.pid_file_dropped", pid=int(lines[_PID_LINE]))
        (data / "postmaster.pid").unlink()


def _pid_file(data: Path) -> list[str]:
    with suppress(OSError):
        return [line.strip() for line in (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()]
    return []

"""A private directory for the database's socket, whose path the kernel can hold."""

import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

from credit_sanction_service.host.account import Account
from credit_sanction_service.host.home import NAME

PORT = 5432
"""Only part of the socket's name: nothing listens on the network."""

_LONGEST = 103
"""Bytes of a socket's path that every system takes: with the closing zero macOS has room for 104, Linux for 108."""


def prepare(home: Path, account: Account) -> Path:
    """
    Make or find it: in the data directory when its path is short enough, else elsewhere, remembered there.

    It belongs to `account` and lets nobody else in.
    """
    inside = home / "socket"
    if fits(inside):
        inside.mkdir(mode=0o700, exist_ok=True)
        account.own(inside)
        return inside
    record = home / "socket-directory"
    remembered = Path(record.read_text(encoding="utf-8")) if record.exists() else None
    if remembered is not None and _is_private(remembered, account):
        return remembered
    made = Path(tempfile.mkdtemp(prefix=f"{NAME}-", dir=_short_parent()))
    account.own(made)
    record.write_text(str(made), encoding="utf-8")
    return made


def release(home: Path) -> None:
    """Remove the directory when it lies outside the data directory."""
    record = home / "socket-directory"
    if record.exists():
        shutil.rmtree(record.read_text(encoding="utf-8"), ignore_errors=True)
        record.unlink()


def fits(directory: Path) -> bool:
    """Tell whether a socket in it can be named: short, and no comma, which parts a connection string's hosts."""
    socket = f"{directory}/.s.PGSQL.{PORT}"
    return len(os.fsencode(socket)) <= _LONGEST and "," not in socket


def _is_private(directory: Path, account: Account) -> bool:
    """Tell whether it is still ours: others may write to the parent and put theirs under the same name."""
    try:
        found = directory.lstat()
    except OSError:
        return False
    if sys.platform == "win32":
        return stat.S_ISDIR(found.st_mode)
    owner = os.geteuid() if account.uid is None else account.uid
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and stat.S_IMODE(found.st_mode) == stat.S_IRWXU


def _short_parent() -> Path:
    """Choose a user's own runtime directory, root's /run, or the temporary directory."""
    if sys.platform != "win32":
        runtime = Path("/run") if os.geteuid() == 0 else Path(os.environ.get("XDG_RUNTIME_DIR") or "/nonexistent")
        for parent in (runtime, Path(tempfile.gettempdir())):
            if os.access(parent, os.W_OK | os.X_OK) and fits(parent / f"{NAME}-12345678"):
                return parent
    return Path("/tmp") if sys.platform != "win32" else Path(tempfile.gettempdir())  # noqa: S108 - mkdtemp in it

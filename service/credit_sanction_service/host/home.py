"""The data directory: where it is by default, and that one service at a time works in it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from credit_sanction_service.host import leftovers
from credit_sanction_service.host.refusal import StartRefused

NAME = "credit-sanction"
_PRIVATE = 0o700
# As root the database's own account has to pass through to its part; nobody else may list what is there.
_PASSABLE = 0o711
_FILE = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A data directory that this process holds alone, as long as `claim` is open."""

    path: Path

    @property
    def run_dir(self) -> Path:
        """Where the supervisor keeps what concerns running processes; of no meaning once they have gone."""
        return self.path / "run"


def chosen_path(named: str) -> Path:
    """Give the directory that is named, the default one where none is."""
    return Path(named) if named else default_path()


def dsn_file(path: Path) -> Path:
    """Name the file in which a running service with a database of its own tells its user how to reach that."""
    return path / "run" / "service.dsn"


def default_path() -> Path:
    """Find it: root's is the machine's, under /var/lib; others' are where the platform keeps a user's data."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / NAME
    if os.geteuid() == 0:
        return Path("/var/lib") / NAME
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / NAME
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / NAME


@contextmanager
def claim(path: Path) -> Iterator[Home]:
    """
    Make the data directory if it is missing; hold it until the block ends or the process dies, however it dies.

    What a supervisor that was killed left running there is stopped, its children before its database loses them.
    Raises StartRefused when another service holds it, or when it cannot be made or written.
    """
    path = path.absolute()
    is_root = sys.platform != "win32" and os.geteuid() == 0
    try:
        path.mkdir(mode=_PASSABLE if is_root else _PRIVATE, parents=True, exist_ok=True)
        home = Home(path=path.resolve())
        home.run_dir.mkdir(mode=_PRIVATE, exist_ok=True)
        lock = (home.path / "lock").open("a+", encoding="ascii")
        (home.path / "lock").chmod(_FILE)
    except OSError as fault:
        raise StartRefused(
            f"The data directory {path} cannot be used ({fault.strerror}): "
            "give this user the right to write there, or choose another data directory."
        ) from fault
    with lock:
        _hold(lock, home.path)
        leftovers.stop(home.run_dir)
        yield home


def _hold(lock: IO[str], path: Path) -> None:
    if not _try_lock(lock):
        lock.seek(0)
        holder = lock.read().strip()
        raise StartRefused(
            f"Another service{f' (process {holder})' if holder else ''} already works on the data in {path}: "
            "stop that one first, or give this one a data directory of its own."
        )
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()


def _try_lock(lock: IO[str]) -> bool:
    """Lock the open file: the lock falls with the process, and children do not inherit it."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - exists on Windows only

            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - does not exist on Windows

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

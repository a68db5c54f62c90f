"""Files that are whole or not there: atomic writing, bounded reading without symbolic links, one lock among processes."""

from __future__ import annotations

import os
import secrets
import stat
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_LOCK: Final = ".lock"
_TEMPORARY: Final = ".tmp-"
_LOCK_POLL_S: Final = 0.005
_START: Final = 4096
_PRIVATE: Final = 0o600
_SHARED: Final = 0o640


def _nothing(_: str) -> None:
    return


class TooLong(OSError):
    """A file is longer than its reader is ready to take; `start` is how it begins."""

    def __init__(self, text: str, *, start: bytes) -> None:
        super().__init__(text)
        self.start = start


class ExchangeDirectory:
    """
    One directory. A name in it is never followed anywhere: a symbolic link is refused, not read or written through.

    `on_step` is told of each step of a write after it happened.
    """

    def __init__(self, path: Path, *, on_step: Callable[[str], None] = _nothing) -> None:
        """Nothing is opened yet."""
        self.path = path
        self._on_step = on_step

    def write(self, name: str, content: bytes, *, shared: bool) -> None:
        """
        Put `content` under `name`, replacing what was there, durable on return.

        `shared` lets the group read it.
        """
        temporary = f"{_TEMPORARY}{secrets.token_hex(8)}"
        with self._opened() as directory:
            try:
                self._write_new(temporary, content, directory, mode=_SHARED if shared else _PRIVATE)
                self._on_step(f"{name}: written")
                os.replace(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary, dir_fd=directory)
                raise
            self._on_step(f"{name}: renamed")
            os.fsync(directory)
            self._on_step(f"{name}: synced")

    def read(self, name: str, *, limit: int) -> bytes | None:
        """Return the file, None where there is none. OSError for a link or no plain file, else `TooLong`."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with self._opened() as directory:
            try:
                file = os.open(name, flags, dir_fd=directory)
            except FileNotFoundError:
                return None
        with os.fdopen(file, "rb") as opened:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise OSError(f"{name} is no plain file")
            content = opened.read(limit + 1)
        if len(content) > limit:
            raise TooLong(f"{name} is longer than {limit} bytes", start=content[:_START])
        return content

    @contextmanager
    def locked(self, *, until: float) -> Iterator[None]:
        """Keep every other holder out, of this process or another; TimeoutError from `until` (monotonic) on."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        with self._opened() as directory:
            lock = os.open(_LOCK, flags, _PRIVATE, dir_fd=directory)
        try:
            while not _taken(lock):
                if time.monotonic() >= until:
                    raise TimeoutError("another worker holds the directory")
                time.sleep(_LOCK_POLL_S)
            yield
        finally:
            os.close(lock)

    def sweep(self) -> None:
        """Remove what a killed writer left; only under the lock."""
        with self._opened() as directory:
            for name in os.listdir(directory):  # noqa: PTH208 - of the directory opened, not of whatever bears its path
                if name.startswith(_TEMPORARY):
                    os.unlink(name, dir_fd=directory)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        directory = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            yield directory
        finally:
            os.close(directory)

    @staticmethod
    def _write_new(name: str, content: bytes, directory: int, *, mode: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(name, flags, mode, dir_fd=directory), "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())


def _taken(lock: int) -> bool:
    if sys.platform == "win32":
        raise OSError("a file exchange wants flock, which this system does not have")
    import fcntl  # noqa: PLC0415 - does not exist on Windows

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

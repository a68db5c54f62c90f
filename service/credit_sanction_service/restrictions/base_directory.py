"""Where bases lie, so that the processes of one machine build each once and share it."""

from __future__ import annotations

import os
import re
import sys
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Final

import structlog

from credit_sanction_service.restrictions.base import Base
from credit_sanction_service.restrictions.base_file import HEAD_SIZE, NotABase, read_header, write_base
from credit_sanction_service.restrictions.sealed import save, sealed, share, writable
from credit_sanction_service.store.feed import count_changes, known_at, packed_records, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from threading import Event

    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.facts import PackedRecords
    from credit_sanction_service.store.values import Head

log: Final = structlog.get_logger()

_NAME: Final = re.compile(r"index-(\d+)\.(\d+)\.base")
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_OVERLAID: Final = 50_000
_LEAST_OVERLAID: Final = 1_000
_OVERLAID_SHARE: Final = 30
_PROGRESS_S: Final = 1.0
_PRIVATE_DIRECTORY: Final = 0o700
_WRITABLE_BY_OTHERS: Final = 0o022


class Interrupted(Exception):
    """Somebody wanted it to stop."""


class BaseDirectory:
    """
    Hands out bases of the store. With a directory they are shared: one process at a time looks for a good one and builds it
    where there is none. Without one, and where files cannot be locked, each builds its own in a file without a name.

    A base is good while at most half as many versions of records were written since as may be overlaid. Nothing that another
    account could have written is read.
    """

    def __init__(self, directory: Path | None = None, *, most_overlaid: int | None = None) -> None:
        """Take a bound on what is laid over a base where it should not depend on the base's size."""
        self._directory = None if sys.platform == "win32" else directory
        self._most_overlaid = most_overlaid

    def most_overlaid(self, records: int) -> int:
        """
        Return how many records may be laid over a base of so many before another is made: each takes some 2.7 KB of memory of
        every process, which should stay below 100 bytes for each record that there is.
        """
        if self._most_overlaid is not None:
            return self._most_overlaid
        return min(_MOST_OVERLAID, max(_LEAST_OVERLAID, records // _OVERLAID_SHARE))

    @contextmanager
    def latest(self, connection: Connection, *, stop: Event | None = None) -> Iterator[tuple[Head, Base]]:
        """
        Yield the head and a good base; what is read within is of that head's revision. The base may be of an earlier one:
        what has changed since is the caller's to read. Raises `Interrupted` soon after `stop` is set.
        """
        with ExitStack() as lock:
            is_shared = self._directory is not None and self._lock(lock, self._directory)
            with snapshot(connection) as head:  # not before: whoever had the lock may have built what is newer
                base = self._found(connection, head) if is_shared else None
                if base is None and is_shared:
                    base = self._built(connection, head, stop)
                lock.close()
                yield head, base if base is not None else _private(connection, head, stop)

    def _lock(self, lock: ExitStack, directory: Path) -> bool:
        """Hold the directory until `lock` is closed; False where it cannot be used."""
        try:
            lock.enter_context(_locked(directory))
        except (NotABase, OSError) as fault:
            log.warning("index.sharing_failed", fault=str(fault))
            return False
        return True

    def _found(self, connection: Connection, head: Head) -> Base | None:
        for path in self._paths():
            try:
                if self._is_good(connection, head, path):
                    base = Base.opened(path)
                    share(base.memory, path)
                    return base
            except (NotABase, OSError) as fault:
                log.warning("index.file_refused", file=path.name, fault=str(fault))
        return None

    def _is_good(self, connection: Connection, head: Head, path: Path) -> bool:
        with path.open("rb") as file:
            _require_own(file)
            header = read_header(file.read(HEAD_SIZE), file.seek(0, 2))
        revision = header.revision
        most = self.most_overlaid(header.records) // 2
        return (
            revision.epoch == head.revision.epoch
            and revision <= head.revision
            and known_at(connection, revision) == header.known_at
            and count_changes(connection, revision, head.revision, most=most + 1) <= most
        )

    def _built(self, connection: Connection, head: Head, stop: Event | None) -> Base | None:
        """Build one that others can share; None where that cannot be: the store has no revision yet, or there is no memory."""
        instant = known_at(connection, head.revision)
        if self._directory is None or instant is None:
            return None
        path = self._directory / f"index-{head.revision}.base"
        try:
            with writable() as file:
                write_base(file, _chunks(connection, stop), revision=head.revision, known_at=instant)
                memory = sealed(file)
        except OSError as fault:
            log.warning("index.sharing_failed", fault=str(fault))
            return None
        try:
            save(memory, path)
            self._remove_but(path)
        except OSError as fault:
            log.warning("index.sharing_failed", fault=str(fault))
            return Base(memory, check=False)
        share(memory, path)
        return Base(memory, check=False, path=path)

    def _paths(self) -> list[Path]:
        """Return the files that are there, the latest first."""
        if self._directory is None:
            return []
        named = ((_NAME.fullmatch(path.name), path) for path in self._directory.iterdir())
        return [
            path
            for _, path in sorted(
                ((tuple(map(int, name.groups())), path) for name, path in named if name is not None), reverse=True
            )
        ]

    def _remove_but(self, kept: Path) -> None:
        """Remove earlier bases, what others keep beside them, and what was never finished. Who has one keeps it."""
        for path in kept.parent.glob("index-*"):
            if not path.name.startswith(f"{kept.stem}."):
                path.unlink(missing_ok=True)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Hold the directory, made where it is missing, alone among all processes. Raises `OSError`."""
    import fcntl  # noqa: PLC0415 - does not exist on Windows

    directory.mkdir(mode=_PRIVATE_DIRECTORY, parents=True, exist_ok=True)
    with (directory / "lock").open("ab") as file:
        _require_own(file)
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _require_own(file: IO[bytes]) -> None:
    """Raise `NotABase` unless nobody but this account can have written the file."""
    status = os.fstat(file.fileno())
    if sys.platform != "win32" and (status.st_uid != os.geteuid() or status.st_mode & _WRITABLE_BY_OTHERS):
        raise NotABase("it may have been written by another account")


def _private(connection: Connection, head: Head, stop: Event | None) -> Base:
    return Base.built(_chunks(connection, stop), revision=head.revision, known_at=_BEGINNING)


def _chunks(connection: Connection, stop: Event | None) -> Iterator[PackedRecords]:
    """Read all records, and say now and then how far that has come."""
    records, told = 0, float("-inf")
    for chunk in packed_records(connection):
        if stop is not None and stop.is_set():
            raise Interrupted
        records += chunk.count
        if time.monotonic() - told >= _PROGRESS_S:
            told = time.monotonic()
            log.info("index.loading", records=records, percent=round(100 * chunk.done))
        yield chunk

"""The names of all enterprises that the index holds, kept up with it: a table of its base, and what has changed since."""

from __future__ import annotations

import ctypes
import hashlib
import json
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_service.domain.faults import RevisionNotReached, StoreUnavailable
from credit_sanction_service.domain.identifiers import judge
from credit_sanction_service.domain.terms import State
from credit_sanction_service.restrictions.names.characters import characters
from credit_sanction_service.restrictions.names.name_table import NameTable, build
from credit_sanction_service.restrictions.names.recent import RecentNames
from credit_sanction_service.restrictions.names.table_file import NotATable, keep_table, open_table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from credit_sanction_service.restrictions.base import Base
    from credit_sanction_service.restrictions.index import Index

log: Final = structlog.get_logger()

# A record in one of these speaks of nobody: it has no effect, had none, or has none any more. It is left out of the table; what the
# others are on a day is asked of the index, for each candidate.
SILENT: Final = frozenset({State.NOTICE_SERVED, State.DECIDED, State.REVOKED, State.EXPIRED})
_BREATH: Final = 500  # records, after which other threads have their turn
_CAUGHT_UP_AT_ONCE: Final = 200  # enterprises for which the index is held
_LOOK_S: Final = 0.2
_PAUSE_S: Final = 1.0


class Names:
    """
    Names by gram. A thread makes the table, and makes it anew when the index has another base; processes with the same base
    share one file beside it. Until the first is made, nobody is answered.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._table: NameTable | None = None
        self._recent = RecentNames(characters())
        self._touched: set[str] = set()  # guarded by the index, as everything that its listener touches
        self._touched_while_building: set[str] = set()
        self._made_of = b""  # not the base itself: it is large, and another may have come in its place
        self._forgotten = True
        self._news = threading.Event()
        self._made = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="names", daemon=True)

    def start(self) -> None:
        """Begin to make the table."""
        self._index.follow(self._listen)
        self._thread.start()

    def wait_until_ready(self, timeout: float | None = None) -> bool:
        """Wait until the first table is made; whether it came to that."""
        return self._made.wait(timeout)

    def close(self) -> None:
        """Stop keeping up. Safe where it was never started."""
        self._stop.set()
        self._news.set()
        if self._thread.ident is not None:
            self._thread.join()

    @contextmanager
    def lend(self) -> Iterator[tuple[NameTable, RecentNames]]:
        """
        Lend the names of the index as it is, for a moment. Raises `StoreUnavailable` while the first table is made. What they
        lead to is asked of the index: a name here may be that of a record that has gone.
        """
        with self._lock:
            if self._table is None:
                raise StoreUnavailable("the search is being prepared")
            self._catch_up()
            yield self._table, self._recent

    def _listen(self, numbers: Collection[str] | None) -> None:
        if numbers is None:
            self._forgotten = True
        else:
            self._touched.update(numbers)
            self._touched_while_building.update(numbers)
        self._news.set()

    def _catch_up(self) -> None:
        """Take in what has changed. Called with the lock."""
        while True:
            with self._index.hold() as view:
                if not self._touched:
                    return
                codes = [self._touched.pop() for _ in range(min(_CAUGHT_UP_AT_ONCE, len(self._touched)))]
                names: dict[str, list[str]] = {code: [] for code in codes}
                for code in codes:
                    for facts in view.find(judge(code), "").records:
                        if facts.code == code and facts.state not in SILENT:
                            names[code].extend(facts.names)
            for code, called in names.items():
                self._recent.put(code, called)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._news.clear()
            try:
                with self._index.hold() as view:
                    base, forgotten = view.base, self._forgotten
                    outdated = forgotten or _identity(base) != self._made_of
                    if outdated:
                        self._forgotten = False
                        self._touched_while_building = set(view.changed)
                if outdated:
                    self._make(base, anew=forgotten)
                del base, view
                with self._lock:
                    self._catch_up()
            except RevisionNotReached:
                pass  # nothing is loaded yet
            except Exception as fault:  # noqa: BLE001 - whatever it was, the search stays away and is tried again
                if self._stop.is_set():
                    return
                log.warning("names.interrupted", fault=repr(fault))
                self._forgotten = True
                self._news.set()
                self._stop.wait(_PAUSE_S)
            self._news.wait()

    def _make(self, base: Base | None, *, anew: bool) -> None:
        """Make the table of a base, and go over to it."""
        if anew:
            with self._lock:
                self._table = None  # what it leads to may be of another store
        started = time.monotonic()
        table = self._shared(base) if base is not None and base.path is not None else self._built(base)
        with self._lock, self._index.hold():
            self._touched = self._touched_while_building
            self._touched_while_building = set()
            self._made_of, self._table, self._recent = _identity(base), table, RecentNames(characters())
        self._made.set()
        log.info("names.prepared", names=len(table), bytes=table.nbytes, seconds=round(time.monotonic() - started, 3))

    def _shared(self, base: Base) -> NameTable:
        """Return the table in the file beside the base; made here, where no other process has made it."""
        assert base.path is not None  # noqa: S101 - for the type checker: the caller has asked
        path = base.path.with_suffix(".names")
        identity = _identity(base)
        try:
            with _alone(path.with_name("names.lock"), self._stop):
                try:
                    return open_table(path, identity)
                except FileNotFoundError:
                    pass  # nobody has made it yet
                except NotATable as fault:
                    log.warning("names.file_refused", file=path.name, fault=str(fault))
                return keep_table(path, self._built(base), identity)
        except (NotATable, OSError) as fault:
            log.warning("names.not_shared", fault=str(fault))
            return self._built(base)

    def _built(self, base: Base | None) -> NameTable:
        table = build(self._with_breaths(_named_in(base) if base is not None else ()), characters())
        _give_back()
        return table

    def _with_breaths(self, records: Iterable[tuple[str, Sequence[str]]]) -> Iterator[tuple[str, Sequence[str]]]:
        for number, record in enumerate(records):
            if number % _BREATH == 0:
                time.sleep(0)
                if self._stop.is_set():
                    raise StoreUnavailable("the service is stopping")
            yield record


def _identity(base: Base | None) -> bytes:
    """Return 32 bytes that no other base has; none for no base."""
    return hashlib.sha256(base.header.packed()).digest() if base is not None else b""


def _named_in(base: Base) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield code and names of every record that may speak of somebody. The places are those of `store.facts`."""
    for text in base.raw():
        _, _, state, code, name, former_names, *_ = json.loads(text)
        if state not in SILENT:
            yield code, (name, *former_names)


def _give_back() -> None:
    """Return the memory that building took to the system: GNU's allocator keeps most of it otherwise."""
    if sys.platform == "linux":
        with suppress(AttributeError):  # musl has no such function, and no such habit
            ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def _alone(path: Path, stop: threading.Event) -> Iterator[None]:
    """Hold a file's lock among all processes. Raises `StoreUnavailable` where it is stopped meanwhile."""
    import fcntl  # noqa: PLC0415 - does not exist on Windows, where nothing is shared

    with path.open("ab") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if stop.wait(_LOOK_S):
                    raise StoreUnavailable("the service is stopping") from None
            else:
                break
        yield

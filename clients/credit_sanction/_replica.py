"""A copy of the restrictions in this process, kept fresh: an export, and then a watch from there on."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from credit_sanction._answers import Revision
from credit_sanction._errors import ClientError, Conflict, CreditSanctionError, NotFresh
from credit_sanction._watch_values import entry_of
from credit_sanction._watching import normalised
from credit_sanction.v1 import restriction_service_pb2 as restriction_wire
from credit_sanction.v1 import watch_service_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType
    from typing import Self

    from credit_sanction._client import Client
    from credit_sanction._watch_values import Entry
    from credit_sanction._watching import Export, Watch
    from credit_sanction._words import RevisionLike

_USCC_LENGTH: Final = 18


class Replica:
    """
    Keeps a copy of what is in force within a scope, or may come to be.

        with Replica(client, areas=[AreaGroup.LOANS], portfolio="customers") as replica:
            replica.wait_until_whole()
            for entry in replica.find(code): …

    It takes the export, watches from there on, and begins anew by itself where the store was restored or the rule tables have
    changed. It answers only while it is whole and a heartbeat was heard within `max_age` seconds, else it raises `NotFresh`:
    "nothing found" is never said of what it does not know. It gives no verdict: what to make of a name, or of a number in
    doubt, a look-up knows.
    """

    def __init__(
        self,
        client: Client,
        *,
        areas: Iterable[str] = (),
        districts: Iterable[str] = (),
        portfolio: str | None = None,
        max_age: float = 30.0,
        heartbeat: float = 5.0,
    ) -> None:
        if not 1 <= heartbeat < max_age:
            raise ClientError(f"heartbeat is 1 second or more and less than max_age, not {heartbeat} of {max_age}")
        self._client = client
        self._areas, self._districts, self._portfolio = list(areas), list(districts), portfolio
        self._max_age = max_age
        self._heartbeat = heartbeat
        self._moved = threading.Condition()
        self._kept = _Kept()
        self._revision: Revision | None = None
        self._heard_at = float("-inf")
        self._failure: CreditSanctionError | None = None
        self._is_closed = False
        self._reading: Export | Watch | None = None
        self._thread = threading.Thread(target=self._run, name="credit-sanction-replica", daemon=True)

    @property
    def revision(self) -> Revision | None:
        """The revision of the copy; None until it is whole."""
        return self._revision

    @property
    def age(self) -> float:
        """For how many seconds the service has not said that this is all there is: it knew that up to 5 seconds before."""
        return time.monotonic() - self._heard_at

    def start(self) -> Self:
        """Begin to follow. A replica is started once."""
        self._thread.start()
        return self

    def wait_until_whole(self, timeout: float = 300.0) -> None:
        """Wait until it may be asked. Raises `NotFresh` where that takes longer, and what made following impossible."""
        self._wait(lambda _: True, timeout)

    def wait_for(self, revision: RevisionLike, timeout: float = 30.0) -> None:
        """Wait until it may be asked and knows at least this revision: that of one's own write. Raises as above."""
        wanted = (revision.epoch, revision.number)
        self._wait(lambda known: (known.epoch, known.number) >= wanted, timeout)

    def find(self, number: str) -> tuple[Entry, ...]:
        """
        Return the entries that a code or another number leads to, by itself or by the organisation code inside it, ordered by
        record. Raises `NotFresh`.
        """
        wanted = normalised(number)
        numbers = {wanted, wanted[8:17]} if len(wanted) == _USCC_LENGTH else {wanted}
        with self._moved:
            self._require_fresh()
            found = [self._kept.entries[record] for record in sorted(self._kept.records_of(numbers))]
        return tuple(entry_of(wire.RestrictionEntry.FromString(each)) for each in found)

    def entries(self) -> Iterator[Entry]:
        """Read all entries of one revision, ordered by record. Raises `NotFresh`."""
        with self._moved:
            self._require_fresh()
            held = sorted(self._kept.entries.items())
        return (entry_of(wire.RestrictionEntry.FromString(each)) for _, each in held)

    def __len__(self) -> int:
        """How many entries there are."""
        return len(self._kept.entries)

    def close(self) -> None:
        """Stop following. The client stays open. Safe to repeat."""
        with self._moved:
            self._is_closed = True
            self._revision = None
            reading = self._reading
            self._moved.notify_all()
        if reading is not None:
            reading.close()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        while not self._is_closed:
            try:
                revision = self._take_export()
                if revision is not None:
                    self._follow(revision)
            except Conflict:  # the epoch has changed: nothing that is held counts any more
                self._forget()
            except CreditSanctionError as failure:
                self._forget(failure)
                return

    def _take_export(self) -> Revision | None:
        """Read an export, and put it in the place of what is held; None where the replica was closed meanwhile."""
        export = self._client.export(
            areas=self._areas, districts=self._districts, portfolio=self._portfolio, patience=None
        )
        if not self._begin(export):
            return None
        kept = _Kept()
        is_whole = False
        for message in export.messages():
            kept.take(message.entries)
            is_whole = message.last
        with self._moved:
            if self._is_closed or not is_whole:
                return None
            self._kept, self._revision = kept, export.revision
        return export.revision

    def _follow(self, after: Revision) -> None:
        """Take in what changes, until the rule tables do: then an export has to be taken anew."""
        watch = self._client.watch(
            after, areas=self._areas, districts=self._districts, portfolio=self._portfolio, heartbeat=self._heartbeat
        )
        if not self._begin(watch):
            return
        for parts in watch.messages():
            last = parts[-1]
            with self._moved:
                if self._is_closed:
                    return
                for part in parts:
                    self._kept.take(part.entries)
                self._revision = Revision(epoch=last.revision.epoch, number=last.revision.number)
                if not last.HasField("known_at"):
                    self._heard_at = time.monotonic()
                self._moved.notify_all()
            if any(part.law_changed for part in parts):
                watch.close()

    def _begin(self, reading: Export | Watch) -> bool:
        with self._moved:
            self._reading = reading
            return not self._is_closed

    def _forget(self, failure: CreditSanctionError | None = None) -> None:
        with self._moved:
            self._failure = failure
            self._revision = None
            self._kept = _Kept()
            self._moved.notify_all()

    def _wait(self, knows: Callable[[Revision], bool], timeout: float) -> None:
        def holds() -> bool:
            return self._revision is not None and knows(self._revision) and self.age <= self._max_age

        with self._moved:
            self._moved.wait_for(lambda: holds() or self._failure is not None or self._is_closed, timeout)
            if not holds():
                self._require_followed()
                raise NotFresh(f"not within {timeout:g} s: revision {self._revision} is known")

    def _require_fresh(self) -> None:
        self._require_followed()
        if self._revision is None:
            raise NotFresh("the copy is not whole yet")
        if self.age > self._max_age:
            raise NotFresh(f"nothing was heard for {self.age:.0f} s; {self._max_age:g} is the most that is allowed")

    def _require_followed(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._is_closed:
            raise NotFresh("the replica is closed")


class _Kept:
    """Entries by record, as the bytes of their messages, for there may be many; and which records each number leads to."""

    def __init__(self) -> None:
        self.entries: dict[str, bytes] = {}
        self._numbers: dict[str, tuple[str, ...]] = {}
        self._records: dict[str, set[str]] = defaultdict(set)

    def take(self, entries: Iterable[wire.RestrictionEntry]) -> None:
        """Put each entry in the place of what was told of its record before."""
        for entry in entries:
            self._drop(entry.record)
            if entry.state != restriction_wire.RESTRICTION_STATE_ENDED:
                numbers = (entry.code, *entry.other_numbers)
                self.entries[entry.record] = entry.SerializeToString()
                self._numbers[entry.record] = numbers
                for number in numbers:
                    self._records[number].add(entry.record)

    def records_of(self, numbers: Iterable[str]) -> set[str]:
        """Return the records that one of these numbers leads to."""
        return {record for number in numbers for record in self._records.get(number, ())}

    def _drop(self, record: str) -> None:
        self.entries.pop(record, None)
        for number in self._numbers.pop(record, ()):
            held = self._records[number]
            held.discard(record)
            if not held:
                del self._records[number]

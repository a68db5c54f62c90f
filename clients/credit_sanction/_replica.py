"""A copy of the restrictions in this process, kept fresh: an export, and then a watch from there on."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final, TypeVar

from credit_sanction._answers import Revision
from credit_sanction._arguments import seconds, text, wire_revision
from credit_sanction._codes import judge
from credit_sanction._errors import (
    ClientError,
    Conflict,
    CreditSanctionError,
    DeadlineExceeded,
    NotFresh,
    Overloaded,
    Unavailable,
    WrongValue,
)
from credit_sanction._kept import Kept, members_of, require_covered
from credit_sanction._watch_values import entry_of
from credit_sanction._watching import scope_of
from credit_sanction.v1 import watch_service_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType
    from typing import Self

    from credit_sanction._client import Client
    from credit_sanction._errors import ServiceError
    from credit_sanction._watch_values import Entry, Portfolio
    from credit_sanction._watching import Export, Watch
    from credit_sanction._words import RevisionLike

T = TypeVar("T")

_PAUSE: Final = 1.0  # seconds between two questions for the portfolio while nobody answers
_LONGEST_END: Final = 10.0  # seconds for a question under way; the thread ends behind it


class Replica:
    """
    Keeps a copy of what is in force within a scope, or may come to be.

        with Replica(client, areas=[AreaGroup.LOANS], portfolio="customers") as replica:
            replica.wait_until_whole()
            for entry in replica.find(code): …

    It takes the export, watches from there on, and begins anew by itself where the store was restored, or the rule tables or the
    portfolio have changed. It answers only while it is whole and a heartbeat was heard within `max_age` seconds, else it raises
    `NotFresh`. Of a portfolio it holds the codes too, and asks at each word of the watch whether they are still the same.

    "Nothing found" is never said of what it does not know: see `find`. It gives no verdict: what to make of a name, or of a
    number in doubt, a look-up knows.
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
        self._areas = [areas] if isinstance(areas, str) else list(areas)
        self._districts = [districts] if isinstance(districts, str) else list(districts)
        self._portfolio = portfolio
        scope_of(self._areas, self._districts, self._portfolio)  # what is wrong with it is said now
        self._max_age = max_age
        self._heartbeat = heartbeat
        self._moved = threading.Condition()
        self._stopped = threading.Event()
        self._kept = Kept()
        self._put: Portfolio | None = None
        self._members: frozenset[str] | None = None
        self._revision: Revision | None = None
        self._heard_at = float("-inf")
        self._failure: CreditSanctionError | None = None
        self._trouble: ServiceError | None = None
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
        """
        Wait until it may be asked and knows at least this revision: that of one's own write. Raises as above, and `WrongKind`, a
        TypeError, for what is no revision.
        """
        asked = wire_revision("revision", revision)
        wanted = (asked.epoch, asked.number)
        self._wait(lambda known: (known.epoch, known.number) >= wanted, timeout)

    def find(self, number: str) -> tuple[Entry, ...]:
        """
        Return the entries that a code or another number leads to, by itself or by the organisation code inside it, ordered by
        record: those within the scope. None found means that nothing is in force, or may come to be, in the areas of the copy.

        Where that cannot be known it raises `NotCovered`: for who is not in the portfolio; for whoever is not found where
        there are `districts`, since it may have a record in others; and for a number in doubt (an old one, a last character
        that is wrong) that leads to nobody, to which a look-up answers UNKNOWN. What is found in some districts may not be all.
        Raises `WrongValue`, a ValueError, for what no enterprise can have as a code, citizens' numbers among it; `WrongKind`, a
        TypeError, for what is no text; `NotFresh`.
        """
        code = judge(text("number", number))
        if code.fault:
            raise WrongValue(f"number: {code.fault}")
        with self._moved:
            self._require_fresh()
            found = [self._kept.entries[record] for record in sorted(self._kept.records_of(code.numbers))]
            if not found:
                require_covered(code, self._members, self._portfolio, self._districts)
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
            self._stopped.set()
            self._revision = None
            reading = self._reading
            self._moved.notify_all()
        if reading is not None:
            reading.close()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(_LONGEST_END)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                revision = self._take_export()
                if revision is not None:
                    self._follow(revision)
            except (
                Conflict,
                Unavailable,
            ):  # another epoch, or a store that has lost what it told: nothing held counts any more
                self._forget()
            except CreditSanctionError as failure:
                self._forget(failure)
                return

    def _take_export(self) -> Revision | None:
        """
        Read an export, and put it in the place of what is held; None where the replica was closed meanwhile, or the portfolio
        changed: what is held of it and what is told of it have to be of one revision.
        """
        put = self._ask_portfolio()
        members = self._patiently(self._read_members)
        export = self._client.export(
            areas=self._areas,
            districts=self._districts,
            portfolio=self._portfolio,
            patience=None,
            troubled=self._note,
        )
        if not self._begin(export):
            return None
        kept = Kept()
        is_whole = False
        for message in export.messages():
            kept.take(message.entries)
            is_whole = message.last
        if not is_whole or self._ask_portfolio() != put:
            return None
        with self._moved:
            if self._stopped.is_set():
                return None
            self._kept, self._revision, self._put, self._members = kept, export.revision, put, members
        return export.revision

    def _follow(self, after: Revision) -> None:
        """Take in what changes, until the rule tables or the portfolio do: then an export has to be taken anew."""
        watch = self._client.watch(
            after,
            areas=self._areas,
            districts=self._districts,
            portfolio=self._portfolio,
            heartbeat=self._heartbeat,
            troubled=self._note,
        )
        if not self._begin(watch):
            return
        for parts in watch.messages():
            last = parts[-1]
            heard_at = time.monotonic()
            if self._ask_portfolio() != self._put:
                watch.close()
                return
            with self._moved:
                if self._stopped.is_set():
                    return
                for part in parts:
                    self._kept.take(part.entries)
                self._revision = Revision(epoch=last.revision.epoch, number=last.revision.number)
                if not last.HasField("known_at"):
                    self._heard_at, self._trouble = heard_at, None
                self._moved.notify_all()
            if any(part.law_changed for part in parts):
                watch.close()

    def _begin(self, reading: Export | Watch) -> bool:
        with self._moved:
            self._reading = reading
            return not self._stopped.is_set()

    def _ask_portfolio(self) -> Portfolio | None:
        """Return the portfolio as it is now: as long as it is the same, so are its codes. None where there is none."""
        name = self._portfolio
        return None if name is None else self._patiently(lambda: self._client.portfolio(name))

    def _read_members(self) -> frozenset[str] | None:
        return None if self._portfolio is None else members_of(self._client.portfolio_codes(self._portfolio))

    def _patiently(self, ask: Callable[[], T]) -> T | None:
        """Ask until the service answers; None where the replica was closed meanwhile."""
        while not self._stopped.is_set():
            try:
                return ask()
            except (Unavailable, DeadlineExceeded, Overloaded) as trouble:
                self._note(trouble)
                self._stopped.wait(_PAUSE)
        return None

    def _note(self, trouble: ServiceError) -> None:
        self._trouble = trouble

    def _forget(self, failure: CreditSanctionError | None = None) -> None:
        with self._moved:
            self._failure = failure
            self._revision = None
            self._kept = Kept()
            self._moved.notify_all()

    def _wait(self, knows: Callable[[Revision], bool], timeout: float) -> None:
        longest = min(seconds("timeout", timeout), threading.TIMEOUT_MAX)

        def holds() -> bool:
            return self._revision is not None and knows(self._revision) and self.age <= self._max_age

        with self._moved:
            self._moved.wait_for(lambda: holds() or self._failure is not None or self._stopped.is_set(), longest)
            if not holds():
                self._require_followed()
                raise NotFresh(f"not within {timeout:g} s: revision {self._revision} is known{self._why()}")

    def _require_fresh(self) -> None:
        self._require_followed()
        if self._revision is None:
            raise NotFresh(f"the copy is not whole yet{self._why()}")
        if self.age > self._max_age:
            raise NotFresh(
                f"nothing was heard for {self.age:.0f} s; {self._max_age:g} is the most that is allowed{self._why()}"
            )

    def _why(self) -> str:
        return f"; the last try failed with {self._trouble}" if self._trouble is not None else ""

    def _require_followed(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._stopped.is_set():
            raise NotFresh("the replica is closed")

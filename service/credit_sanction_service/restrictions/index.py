"""All records in memory, found by every number and name that leads to them. It moves by whole revisions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Self

from credit_sanction_service.domain.facts import facts_of
from credit_sanction_service.domain.faults import EpochChanged, RevisionNotReached
from credit_sanction_service.restrictions.base import Base
from credit_sanction_service.restrictions.layers import Layers, around
from credit_sanction_service.store.facts import pack_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    import numpy.typing as npt

    from credit_sanction_service.domain.answers import Known
    from credit_sanction_service.domain.exits import RegisteredObligation
    from credit_sanction_service.domain.facts import RecordFacts
    from credit_sanction_service.domain.identifiers import Code
    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.store.values import Revision

_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
Listener = Callable[[Collection[str] | None], None]
Readiness = Callable[[bool], None]


class View:
    """
    What the index is, while it is held: what it was led to by one revision.

    `find` is what is known about one question. `leads` takes an accepted unified social credit code; False says that `find` would
    find nothing. `absent` takes accepted unified social credit codes, each a row of 18 bytes
    of ASCII, and says of which it is certain that neither the code nor the organisation code inside it leads to anything,
    active exits included; of the others `find` decides. `layers` is all of it.
    """

    __slots__ = ("_index", "absent", "find", "layers", "leads", "revision")

    def __init__(self, index: Index, revision: Revision, layers: Layers) -> None:
        self._index = index
        self.revision = revision
        self.layers = layers
        self.find: Callable[[Code, str], Known] = layers.find
        self.leads: Callable[[str], bool] = layers.leads
        self.absent: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.bool_]] = layers.absent

    @property
    def age(self) -> float:
        """
        How old what it knows is at most, in seconds: since the start of the last query on the store whose head it had
        reached.
        """
        return time.monotonic() - self._index.fresh_at

    @property
    def clock_in_doubt(self) -> bool:
        """Whether this machine's clock and the store's disagree."""
        return self._index.clock_in_doubt

    @property
    def base(self) -> Base | None:
        """What of it lies in shared memory. It never changes, but another may come in its place."""
        return self.layers.base

    @property
    def changed(self) -> frozenset[str]:
        """The codes, old and new, of all enterprises of which a record has changed since the base."""
        return self.layers.changed


class Held:
    """Lends an index, as it is, for a moment: every look-up does this, and so nothing is made for it."""

    __slots__ = ("_enter", "_exit", "view")

    def __init__(self, lock: threading.Condition) -> None:
        self._enter = lock.acquire
        self._exit = lock.release
        self.view: View | None = None

    def __enter__(self) -> View:
        """Raise `RevisionNotReached` while nothing is loaded."""
        self._enter()
        view = self.view
        if view is None:
            self._exit()
            raise RevisionNotReached("the index is being loaded")
        return view

    def __exit__(self, *_: object) -> None:
        self._exit()


class Index:
    """Answers from many threads, written by one feed. Empty and unready until `replace` has filled it once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held = Held(self._changed)
        self._layers = Layers()
        self._listeners: list[Listener] = []
        self._on_ready: list[Readiness] = []
        self._overtaken = False
        self._is_ready = False  # as it was told last
        self._waiting = 0
        self._revision: Revision | None = None
        self.fresh_at = float("-inf")
        self.clock_in_doubt = False

    @classmethod
    def of(
        cls, revision: Revision, records: Iterable[SanctionRecord], exits: Iterable[RegisteredObligation] = ()
    ) -> Self:
        """Return an index that holds these records as of `revision`."""
        packed = pack_records(map(facts_of, records))
        index = cls()
        index.replace(revision, Base.built([packed], revision=revision, known_at=_BEGINNING), exits)
        return index

    @property
    def revision(self) -> Revision | None:
        """The revision that is held; None until the first load."""
        return self._revision

    @property
    def waiting(self) -> int:
        """How many calls wait for a revision now."""
        return self._waiting

    @property
    def base(self) -> Base | None:
        """What of it lies in shared memory now."""
        return self._layers.base

    @property
    def overlaid(self) -> int:
        """How many records have changed since the base."""
        return self._layers.overlaid

    def follow(self, listener: Listener) -> None:
        """
        Have `listener` called, while nobody is answered, at every change: with all that leads or led to an enterprise of which
        a record or an active exit has changed, which are its code and its other numbers, organisation codes included, and its
        names as `"@" + name_key(name)`; with None where it may be anything.
        """
        with self._changed:
            self._listeners.append(listener)

    def tell_ready(self, listener: Readiness) -> None:
        """
        Have `listener` told whether this is loaded, and from no store but the present one: now, and whenever that changes. It
        must not wait, for nobody is answered meanwhile.
        """
        with self._changed:
            self._on_ready.append(listener)
            listener(self._is_ready)

    def replace(
        self,
        revision: Revision,
        base: Base | None,
        exits: Iterable[RegisteredObligation] = (),
        changes: Iterable[RecordFacts] = (),
    ) -> None:
        """
        Hold what is in the base, these active exits, and no others: the first load, and a new epoch. `changes` is what
        records became between the base's revision and `revision`, in that order.
        """
        fresh = Layers(base, exits)
        for facts in changes:
            fresh.add(facts, revision)
        with self._whole_or_none():
            before, self._layers = self._layers, fresh
            self._moved(revision, None)
        del before  # large: it goes when nobody waits for it any more

    def apply(
        self, revision: Revision, records: Iterable[RecordFacts], exits: Iterable[RegisteredObligation] = ()
    ) -> None:
        """Take in the new versions of records and obligations up to and including `revision`: nobody sees half of one."""
        records, exits = tuple(records), tuple(exits)
        touched = self._touched_by(records, exits) if self._listeners else set()
        with self._whole_or_none():
            for facts in records:
                self._layers.add(facts, revision)
            for obligation in exits:
                self._layers.take_exit(obligation)
            self._moved(revision, touched)

    def rebase(self, base: Base) -> bool:
        """Go over to a later base, of a revision that is in here already; whether that was so. No answer changes by it."""
        with self._changed:
            before = self._layers
            held = before.base
            known = self._revision
            if known is None or known.epoch != base.revision.epoch or known < base.revision:
                return False
            if held is not None and base.revision <= held.revision:
                return False
            self._layers = before.over(base)
            self._held.view = View(self, known, self._layers)
        del before, held
        return True

    @contextmanager
    def moving(self) -> Iterator[None]:
        """Let nobody be answered for a moment, in which more than one thing changes."""
        with self._changed:
            yield

    def every(self) -> tuple[Revision, Iterator[RecordFacts]]:
        """
        Return the revision and all its records, in no order, whatever changes while they are read. Raises
        `RevisionNotReached` unloaded.
        """
        with self.hold() as view:
            return view.revision, view.layers.every()

    def reached(self, *, asked_at: float, clock_in_doubt: bool) -> None:
        """Note that at the monotonic instant `asked_at` the store knew nothing that is not in here."""
        self.fresh_at = asked_at
        self.clock_in_doubt = clock_in_doubt
        if self._overtaken:
            with self._changed:
                self._overtaken = False
                self._tell_ready()

    def overtaken(self) -> None:
        """Note that the store is in another epoch, or went back. What is in here grows old, until the store's is `reached`."""
        with self._changed:
            self._overtaken = True
            self._tell_ready()

    def hold(self) -> Held:
        """Lend the index as it is, for a moment: it does not move while it is held. Raises `RevisionNotReached` unloaded."""
        return self._held

    def wait_for(self, revision: Revision, *, timeout: float) -> None:
        """
        Wait until `revision` is in here. Raises `EpochChanged` for one of an epoch that is over at once, for one that has
        not come after `timeout` seconds; `RevisionNotReached` after as many.
        """
        with self._changed:
            self._waiting += 1
            try:
                reached = self._changed.wait_for(lambda: self._has(revision), timeout)
            finally:
                self._waiting -= 1
            if not reached:
                self._require_epoch(revision)
                head = self._revision.told if self._revision else ""
                raise RevisionNotReached(
                    f"revision {revision.told} was not reached within {timeout:.2g} s: this service"
                    f" {f'is at {head}' if head else 'knows none yet'}",
                    head=head,
                )

    @contextmanager
    def _whole_or_none(self) -> Iterator[None]:
        """Hold the lock; after a fault within nothing is answered until all is loaded anew."""
        with self._changed:
            try:
                yield
            except BaseException:
                self._revision = self._held.view = None
                self._tell_ready()
                raise

    def _moved(self, revision: Revision, touched: Collection[str] | None) -> None:
        self._revision = revision
        self._held.view = View(self, revision, self._layers)
        if touched is None or touched:
            for listener in self._listeners:
                listener(touched)
        self._tell_ready()
        self._changed.notify_all()

    def _tell_ready(self) -> None:
        is_ready = self._held.view is not None and not self._overtaken
        if is_ready != self._is_ready:
            self._is_ready = is_ready
            for listener in self._on_ready:
                listener(is_ready)

    def _touched_by(self, records: Iterable[RecordFacts], exits: Iterable[RegisteredObligation]) -> set[str]:
        """Return what leads to the new versions and what led to those that they replace. Nobody else writes meanwhile."""
        layers = self._layers
        codes = {obligation.enterprise.code for obligation in exits}
        touched: set[str] = set()
        for facts in records:
            before = layers.get(facts.id)
            codes.update({facts.code} if before is None else {facts.code, before.code})
            touched.update(around(facts))
        return touched.union(codes, *(around(facts) for code in codes for facts in layers.with_code(code)))

    def _has(self, revision: Revision) -> bool:
        if self._revision is None:
            return False
        if self._revision.epoch > revision.epoch:
            self._require_epoch(revision)
        return self._revision >= revision

    def _require_epoch(self, revision: Revision) -> None:
        if self._revision is not None and self._revision.epoch != revision.epoch:
            raise EpochChanged(
                f"the store is in epoch {self._revision.epoch}, not {revision.epoch}: take everything anew"
            )

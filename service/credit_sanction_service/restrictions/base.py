"""The base: all records at one revision, in memory that every process of the machine shares. It never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

import numpy as np

from credit_sanction_service.domain.leads import lead_of_id, lead_of_name, lead_of_number
from credit_sanction_service.domain.text import name_key
from credit_sanction_service.restrictions.base_file import HEAD_SIZE, NotABase, read_header, require_whole, write_base
from credit_sanction_service.restrictions.sealed import Sealed, copied, sealed, shared, writable
from credit_sanction_service.restrictions.sieve import fall_through
from credit_sanction_service.store.facts import load_facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    import numpy.typing as npt

    from credit_sanction_service.domain.facts import RecordFacts
    from credit_sanction_service.store.facts import PackedRecords
    from credit_sanction_service.store.values import Revision

_MOST_DECODED: Final = 1_024


class Base:
    """
    Leads from numbers, names and ids to facts. A hash leads to candidates; the facts decide.

    Reading from several threads at once is safe.
    """

    def __init__(self, memory: Sealed, *, check: bool, path: Path | None = None) -> None:
        """
        Read out of memory that nobody writes to; `check` reads all of it first. `path` is where the file lies that it is a copy
        of, None where there is none. Raises `NotABase`.
        """
        whole = memoryview(memory)
        header = read_header(bytes(whole[:HEAD_SIZE]), len(whole))
        if check:
            require_whole(whole, header)
        facts, bounds, leads, owners, starts, sieve, end = header.sections
        self.memory = memory
        self.header = header
        self.path = path
        self._facts = whole[facts : facts + header.facts_size]
        self._bounds = whole[bounds:leads].cast("Q")
        self._leads = whole[leads : leads + 4 * header.leads].cast("I")
        self._owners = whole[owners : owners + 4 * header.leads].cast("I")
        self._starts = whole[starts:sieve].cast("I")
        self._sieve = whole[sieve:end]
        # The same, for many at once.
        self._all_leads = np.frombuffer(self._leads, np.uint32)
        self._all_starts = np.frombuffer(self._starts, np.uint32)
        self._whole_sieve = np.frombuffer(self._sieve, np.uint8)
        self._shift = 32 - header.bucket_bits
        self._sieve_shift = 32 - header.sieve_bits
        self._decoded: dict[int, RecordFacts] = {}

    @classmethod
    def built(cls, chunks: Iterable[PackedRecords], *, revision: Revision, known_at: datetime) -> Self:
        """Return the base of these records, in memory that goes with it."""
        with writable() as file:
            write_base(file, chunks, revision=revision, known_at=known_at)
            return cls(sealed(file), check=False)

    @classmethod
    def opened(cls, path: Path) -> Self:
        """
        Return the base in a file that somebody wrote: what a process keeps of it already, else a copy, after reading all of it.
        Raises `NotABase`, `OSError`.
        """
        with path.open("rb") as file:
            head = file.read(HEAD_SIZE)
        memory = shared(path, head) if len(head) == HEAD_SIZE else None
        if memory is not None:
            return cls(memory, check=False, path=path)
        try:
            return cls(copied(path), check=True, path=path)
        except ValueError:
            raise NotABase("it is empty") from None

    @property
    def revision(self) -> Revision:
        """The revision whose records these are."""
        return self.header.revision

    def __len__(self) -> int:
        return self.header.records

    def with_number(self, number: str) -> Iterator[RecordFacts]:
        """Yield the records whose enterprise has this as its code, or as another number."""
        for facts in self._candidates(lead_of_number(number)):
            if number == facts.code or number in facts.numbers:
                yield facts

    def with_name(self, key: str) -> Iterator[RecordFacts]:
        """Yield the records whose enterprise has, or had, a name of this key."""
        for facts in self._candidates(lead_of_name(key)):
            if any(name_key(name) == key for name in facts.names):
                yield facts

    def with_code(self, code: str) -> Iterator[RecordFacts]:
        """Yield the records of the enterprise with this code."""
        return (facts for facts in self._candidates(lead_of_number(code)) if facts.code == code)

    def get(self, record_id: str) -> RecordFacts | None:
        """Return the record with this id, None where there is none."""
        return next((facts for facts in self._candidates(lead_of_id(record_id)) if facts.id == record_id), None)

    def raw(self) -> Iterator[bytes]:
        """Yield the facts of all records as they are stored (`store.facts`), in no order."""
        return (bytes(self._text(place)) for place in range(len(self)))

    def every(self) -> Iterator[RecordFacts]:
        """Yield all records, in no order."""
        return map(load_facts, self.raw())

    def leads(self, lead: int) -> bool:
        """Whether a hash may lead to anything in here."""
        place = lead >> self._sieve_shift
        if not self._sieve[place >> 3] >> (place & 7) & 1:
            return False
        bucket = lead >> self._shift
        first, behind = self._starts[bucket], self._starts[bucket + 1]
        return first != behind and lead in self._leads[first:behind]

    def may_have(self, leads: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        """Return of each hash whether it may lead to anything in here."""
        found = fall_through(self._whole_sieve, leads >> np.uint32(self._sieve_shift))
        left = np.flatnonzero(found)
        wanted = leads.take(left)
        buckets = (wanted >> np.uint32(self._shift)).astype(np.intp)
        places, ends = self._all_starts.take(buckets).astype(np.intp), self._all_starts.take(buckets + 1)
        found[left] = False
        while left.size:
            is_here = self._all_leads.take(places, mode="clip") == wanted
            found[left[is_here]] = True
            places += 1
            go_on = ~is_here & (places < ends)
            left, wanted, places, ends = left[go_on], wanted[go_on], places[go_on], ends[go_on]
        return found

    def _candidates(self, lead: int) -> Iterator[RecordFacts]:
        bucket = lead >> self._shift
        for place in range(self._starts[bucket], self._starts[bucket + 1]):
            if self._leads[place] == lead:
                yield self._at(self._owners[place])

    def _at(self, place: int) -> RecordFacts:
        facts = self._decoded.get(place)
        if facts is None:
            facts = load_facts(bytes(self._text(place)))
            if len(self._decoded) >= _MOST_DECODED:
                self._decoded.clear()
            self._decoded[place] = facts
        return facts

    def _text(self, place: int) -> memoryview:
        return self._facts[self._bounds[place] : self._bounds[place + 1]]

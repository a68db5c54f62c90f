"""A base with what changed since laid over it: together all records at one revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from credit_sanction_service.domain.leads import lead_of_name, lead_of_number
from credit_sanction_service.domain.text import name_key
from credit_sanction_service.restrictions.hashes import leads_of_codes, leads_of_organisations
from credit_sanction_service.restrictions.marks import Marks
from credit_sanction_service.restrictions.small_index import NOTHING, SmallIndex, known_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

    from credit_sanction_service.domain.answers import Known
    from credit_sanction_service.domain.exits import RegisteredObligation
    from credit_sanction_service.domain.facts import RecordFacts
    from credit_sanction_service.domain.identifiers import Code
    from credit_sanction_service.restrictions.base import Base
    from credit_sanction_service.store.values import Revision


class Layers:
    """
    Finds what a `SmallIndex` of the same versions would find. A record that is in the overlay is not read from the base any
    more; active exits are in the overlay, all of them. Whoever uses it sees to it that nothing moves meanwhile.
    """

    def __init__(self, base: Base | None = None, exits: Iterable[RegisteredObligation] = ()) -> None:
        self.base = base
        self._overlay = SmallIndex()
        self._written: dict[str, Revision] = {}  # by id of the record, the latest last
        self._codes: set[str] = set()
        self._marks = Marks()
        for obligation in exits:
            self.take_exit(obligation)

    @property
    def overlaid(self) -> int:
        """How many records are in the overlay."""
        return len(self._overlay)

    @property
    def changed(self) -> frozenset[str]:
        """The codes, old and new, of all enterprises with a record in the overlay."""
        return frozenset(self._codes)

    def find(self, code: Code, name: str) -> Known:
        """Return what is known of the enterprise behind `code`, of its kin, and of those that bear `name`, each by id."""
        if self._leads(code.value) or self._leads(code.organisation_code) or (name and self._is_name(name_key(name))):
            return known_in(self, code, name)
        return NOTHING

    def leads(self, code: str) -> bool:
        """Whether an accepted unified social credit code, or the organisation code inside it, may lead to anything."""
        return self._leads(code) or self._leads(code[8:17])

    def absent(self, codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """
        Return of each accepted code, a row of 18 bytes, whether it is certain that neither the code nor the organisation code
        inside it leads to anything, active exits included. False says nothing: `find` decides.
        """
        leads = np.concatenate([leads_of_codes(codes), leads_of_organisations(codes)])
        present = self._marks.may_have(leads)
        if self.base is not None:
            present |= self.base.may_have(leads)
        return ~(present[: len(codes)] | present[len(codes) :])

    def get(self, record_id: str) -> RecordFacts | None:
        """Return the record's version, None where there is none."""
        return self._overlay.get(record_id) or (self.base.get(record_id) if self.base is not None else None)

    def every(self) -> Iterator[RecordFacts]:
        """Yield all records as they are now, in no order, whatever moves meanwhile."""
        return _together(self.base, self._overlay.every())

    def add(self, facts: RecordFacts, revision: Revision) -> None:
        """Hold this version of a record, known at the latest at `revision`, in place of another."""
        before = self.get(facts.id)
        self._codes.update({facts.code} if before is None else {facts.code, before.code})
        self._overlay.add(facts)
        self._written.pop(facts.id, None)
        self._written[facts.id] = revision
        for number in (facts.code, *facts.numbers):
            self._marks.add(lead_of_number(number))

    def take_exit(self, obligation: RegisteredObligation) -> None:
        """Take in an obligation's new version; see `SmallIndex.take_exit`."""
        self._overlay.take_exit(obligation)
        self._marks.add(lead_of_number(obligation.enterprise.code))

    def over(self, base: Base) -> Layers:
        """Return the same over a later base, of a revision that is in here already: what is in the base is overlaid no more."""
        later = Layers(base, self._overlay.every_exit())
        kept: list[str] = []
        for record_id in reversed(self._written):
            if self._written[record_id] <= base.revision:
                break
            kept.append(record_id)
        for record_id in reversed(kept):
            facts = self._overlay.get(record_id)
            if facts is not None:
                later.add(facts, self._written[record_id])
        return later

    def codes_of(self, number: str) -> set[str]:
        """Return the codes of the enterprises that `number` leads to; see `Tables`."""
        codes = self._overlay.codes_of(number)
        if self.base is not None:
            codes.update(facts.code for facts in self._standing(self.base.with_number(number)))
        return codes

    def codes_named(self, key: str) -> set[str]:
        """Return the codes of the enterprises with a present or former name of this key; see `Tables`."""
        codes = self._overlay.codes_named(key)
        if self.base is not None:
            codes.update(facts.code for facts in self._standing(self.base.with_name(key)))
        return codes

    def with_code(self, code: str) -> list[RecordFacts]:
        """Return the records of the enterprise with this code, in no order."""
        found = self._overlay.with_code(code)
        if self.base is not None:
            found.extend(self._standing(self.base.with_code(code)))
        return found

    def exits_with_code(self, code: str) -> list[RegisteredObligation]:
        """Return the enterprise's active exits, in no order."""
        return self._overlay.exits_with_code(code)

    def _leads(self, number: str) -> bool:
        """Whether a number may lead to anything, active exits included."""
        return self._overlay.leads(number) or (self.base is not None and self.base.leads(lead_of_number(number)))

    def _is_name(self, key: str) -> bool:
        return bool(self._overlay.codes_named(key)) or (self.base is not None and self.base.leads(lead_of_name(key)))

    def _standing(self, found: Iterator[RecordFacts]) -> Iterator[RecordFacts]:
        return (facts for facts in found if self._overlay.get(facts.id) is None)


def around(facts: RecordFacts) -> set[str]:
    """Return all that leads to a record: its code and other numbers, and its names as `"@" + name_key(name)`."""
    return {facts.code, *facts.numbers, *(f"@{name_key(name)}" for name in facts.names)}


def _together(base: Base | None, overlay: list[RecordFacts]) -> Iterator[RecordFacts]:
    yield from overlay
    if base is not None:
        newer = {facts.id for facts in overlay}
        yield from (facts for facts in base.every() if facts.id not in newer)

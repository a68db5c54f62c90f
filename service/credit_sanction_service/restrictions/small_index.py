"""Records in plain tables, found by every number and name that leads to them: for what is few, and to tell the many by."""

from __future__ import annotations

from collections import defaultdict
from operator import attrgetter
from typing import TYPE_CHECKING, Final, Protocol

from credit_sanction_service.domain.answers import Known
from credit_sanction_service.domain.text import name_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_sanction_service.domain.exits import RegisteredObligation
    from credit_sanction_service.domain.facts import RecordFacts
    from credit_sanction_service.domain.identifiers import Code


NOTHING: Final = Known()
_BY_ID: Final = attrgetter("id")


class Tables(Protocol):
    """What leads from numbers and names to enterprises, and from these to records."""

    def codes_of(self, number: str) -> set[str]:
        """Return the codes of the enterprises that `number` leads to: as their own code, or as another number of theirs."""
        ...

    def codes_named(self, key: str) -> set[str]:
        """Return the codes of the enterprises with a present or former name of this `name_key`."""
        ...

    def with_code(self, code: str) -> list[RecordFacts]:
        """Return the records of the enterprise with this code, in no order."""
        ...

    def exits_with_code(self, code: str) -> list[RegisteredObligation]:
        """Return the enterprise's active exits, in no order."""
        ...


def known_in(tables: Tables, code: Code, name: str) -> Known:
    """Return what is known of the enterprise behind `code`, of its kin, and of those that bear `name`, each by id."""
    codes = tables.codes_of(code.value)
    organisation = code.organisation_code
    relatives = tables.codes_of(organisation) - codes if organisation else set()
    namesakes = tables.codes_named(name_key(name)) - codes - {code.value} if name else set()
    exits = [obligation for found in codes | {code.value} for obligation in tables.exits_with_code(found)]
    return Known(
        records=_of(tables, codes),
        same_organisation=_of(tables, relatives),
        same_name=_of(tables, namesakes),
        exits=tuple(sorted(exits, key=_BY_ID)) if exits else (),
    )


class SmallIndex:
    """Facts of records by code, other number and name, and the active exits by code. Of each record the version added last."""

    def __init__(self, records: Iterable[RecordFacts] = (), exits: Iterable[RegisteredObligation] = ()) -> None:
        self._records: dict[str, RecordFacts] = {}
        self._by_code: dict[str, set[str]] = defaultdict(set)
        self._by_number: dict[str, set[str]] = defaultdict(set)
        self._by_name: dict[str, set[str]] = defaultdict(set)
        self._exits: dict[str, RegisteredObligation] = {}
        self._exits_by_code: dict[str, set[str]] = defaultdict(set)
        for facts in records:
            self.add(facts)
        for obligation in exits:
            self.take_exit(obligation)

    def __len__(self) -> int:
        return len(self._records)

    def find(self, code: Code, name: str) -> Known:
        """Return what is known of the enterprise behind `code`, of its kin, and of those that bear `name`, each by id."""
        return known_in(self, code, name)

    def every(self) -> list[RecordFacts]:
        """Return all records, in no order."""
        return list(self._records.values())

    def get(self, record_id: str) -> RecordFacts | None:
        """Return the record's version, None where it is not in here."""
        return self._records.get(record_id)

    def leads(self, number: str) -> bool:
        """Whether `number` leads to a record, or is the code of an enterprise with an active exit."""
        return number in self._by_code or number in self._by_number or number in self._exits_by_code

    def codes_of(self, number: str) -> set[str]:
        """Return the codes of the enterprises that `number` leads to; see `Tables`."""
        codes = set(self._by_number.get(number, ()))
        if number in self._by_code:
            codes.add(number)
        return codes

    def codes_named(self, key: str) -> set[str]:
        """Return the codes of the enterprises with a present or former name of this key; see `Tables`."""
        return set(self._by_name.get(key, ()))

    def with_code(self, code: str) -> list[RecordFacts]:
        """Return the records of the enterprise with this code, in no order."""
        return [self._records[record_id] for record_id in self._by_code.get(code, ())]

    def exits_with_code(self, code: str) -> list[RegisteredObligation]:
        """Return the enterprise's active exits, in no order."""
        return [self._exits[identifier] for identifier in self._exits_by_code.get(code, ())]

    def every_exit(self) -> list[RegisteredObligation]:
        """Return all active exits, in no order."""
        return list(self._exits.values())

    def add(self, facts: RecordFacts) -> None:
        """Hold this version of a record, in place of another."""
        self.remove(facts.id)
        self._records[facts.id] = facts
        self._by_code[facts.code].add(facts.id)
        for number in facts.numbers:
            self._by_number[number].add(facts.code)
        for name in facts.names:
            self._by_name[name_key(name)].add(facts.code)

    def remove(self, record_id: str) -> RecordFacts | None:
        """Forget a record and return it. Its numbers and names go only where no other record of the enterprise has them."""
        facts = self._records.pop(record_id, None)
        if facts is None:
            return None
        _discard(self._by_code, facts.code, record_id)
        others = self.with_code(facts.code)
        numbers = {number for other in others for number in other.numbers}
        names = {name_key(name) for other in others for name in other.names}
        for number in set(facts.numbers) - numbers:
            _discard(self._by_number, number, facts.code)
        for name in {name_key(name) for name in facts.names} - names:
            _discard(self._by_name, name, facts.code)
        return facts

    def take_exit(self, obligation: RegisteredObligation) -> None:
        """
        Hold an obligation's new version where it has a declared active exit, and forget it once it was withdrawn; of the others
        nothing is answered.
        """
        if obligation.withdrawal is None and obligation.active_exit is None:
            return
        held = self._exits.pop(obligation.id, None)
        if held is not None:
            _discard(self._exits_by_code, held.enterprise.code, held.id)
        if obligation.withdrawal is None:
            self._exits[obligation.id] = obligation
            self._exits_by_code[obligation.enterprise.code].add(obligation.id)


def _of(tables: Tables, codes: set[str]) -> tuple[RecordFacts, ...]:
    if not codes:
        return ()
    return tuple(sorted((facts for code in codes for facts in tables.with_code(code)), key=_BY_ID))


def _discard(table: dict[str, set[str]], key: str, value: str) -> None:
    values = table.get(key)
    if values is not None:
        values.discard(value)
        if not values:
            del table[key]

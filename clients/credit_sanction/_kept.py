"""What a copy holds: entries by record, and whom it is told of."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from credit_sanction._codes import USCC_LENGTH
from credit_sanction._errors import NotCovered
from credit_sanction.v1 import restriction_service_pb2 as restriction_wire

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_sanction._codes import Code
    from credit_sanction.v1 import watch_service_pb2 as wire


class Kept:
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


def members_of(codes: Iterable[str]) -> frozenset[str]:
    """
    Return the organisation codes inside a portfolio's unified social credit codes: by these all records of their enterprises are
    told. Who is in it by an old number alone is not known by its code.
    """
    return frozenset(code[8:17] for code in codes if len(code) == USCC_LENGTH)


def require_covered(
    code: Code, members: frozenset[str] | None, portfolio: str | None, districts: Iterable[str]
) -> None:
    """Raise `NotCovered` unless a copy of this scope that holds nothing under a code knows that there is nothing."""
    if code.doubt:
        raise NotCovered(f"nothing is held under this number, and {code.doubt}: look it up")
    if members is not None and code.value[8:17] not in members:
        raise NotCovered(f"it is not in the portfolio {portfolio}, of which alone this copy is told: look it up")
    if told := ", ".join(districts):
        raise NotCovered(f"nothing is held of it in {told}, and of other districts this copy is not told: look it up")

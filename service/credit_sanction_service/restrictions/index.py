"""All records in memory, found by every number and name that leads to them. It moves by whole revisions."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from credit_sanction_service.domain.answers import Known
from credit_sanction_service.domain.faults import EpochChanged, RevisionNotReached
from credit_sanction_service.domain.identifiers import Code
from credit_sanction_service.domain.text import name_key
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from credit_sanction_service.domain.exits import RegisteredObligation
    from credit_sanction_service.domain.records import SanctionRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """
    What the index is, while it is held: its revision, and how old its knowledge is at most, in seconds since the start of
    the last query on the store whose head it had reached. `clock_in_doubt`: this machine's clock and the store's disagree.
    """

    revision: Revision
    age: float
    clock_in_doubt: bool
    find: Callable[[Code, str], Known]


class Index:
    """Answers from many threads, written by one feed. Empty and unready until `replace` has filled it once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._records: dict[str, SanctionRecord] = {}
        self._by_code: dict[str, set[str]] = defaultdict(set)
        self._by_number: dict[str, set[str]] = defaultdict(set)
        self._by_name: dict[str, set[str]] = defaultdict(set)
        self._exits: dict[str, RegisteredObligation] = {}
        self._exits_by_code: dict[str, set[str]] = defaultdict(set)
        self._revision: Revision | None = None
        self._fresh_at = float("-inf")
        self._clock_in_doubt = False

    @property
    def revision(self) -> Revision | None:
        """The revision that is held; None until the first load."""
        return self._revision

    def replace(
        self, revision: Revision, records: Iterable[SanctionRecord], exits: Iterable[RegisteredObligation] = ()
    ) -> None:
        """Hold these records and active exits and no others: the first load, and a new epoch."""
        fresh = Index()
        for record in records:
            fresh._add(record)
        for obligation in exits:
            fresh._take_exit(obligation)
        with self._changed:
            self._exits, self._exits_by_code = fresh._exits, fresh._exits_by_code
            self._records, self._by_code = fresh._records, fresh._by_code
            self._by_number, self._by_name = fresh._by_number, fresh._by_name
            self._revision = revision
            self._changed.notify_all()

    def apply(
        self, revision: Revision, records: Iterable[SanctionRecord], exits: Iterable[RegisteredObligation] = ()
    ) -> None:
        """Take in the new versions of records and obligations up to and including `revision`: nobody sees half of one."""
        with self._changed:
            for record in records:
                self._remove(record.id)
                self._add(record)
            for obligation in exits:
                self._take_exit(obligation)
            self._revision = revision
            self._changed.notify_all()

    def reached(self, *, asked_at: float, clock_in_doubt: bool) -> None:
        """Note that at the monotonic instant `asked_at` the store knew nothing that is not in here."""
        self._fresh_at = asked_at
        self._clock_in_doubt = clock_in_doubt

    @contextmanager
    def hold(self) -> Iterator[View]:
        """Lend the index as it is, for a moment: it does not move while it is held. Raises `RevisionNotReached` unloaded."""
        with self._changed:
            if self._revision is None:
                raise RevisionNotReached("the index is being loaded")
            yield View(
                revision=self._revision,
                age=time.monotonic() - self._fresh_at,
                clock_in_doubt=self._clock_in_doubt,
                find=self._find,
            )

    def wait_for(self, revision: Revision, *, timeout: float) -> None:
        """
        Wait until `revision` is in here. Raises `EpochChanged` for one of an epoch that is over at once, for one that has
        not come after `timeout` seconds; `RevisionNotReached` after as many.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._has(revision), timeout):
                self._require_epoch(revision)
                raise RevisionNotReached(
                    f"revision {revision} was not reached within {timeout:g} s; {self._revision} is known"
                )

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

    def _find(self, code: Code, name: str) -> Known:
        codes = set(self._by_number.get(code.value, ()))
        if code.value in self._by_code:
            codes.add(code.value)
        organisation = code.organisation_code
        relatives = set(self._by_number.get(organisation, ())) if organisation else set()
        if organisation in self._by_code:
            relatives.add(organisation)
        namesakes = self._by_name.get(name_key(name), set()) if name else set()
        return Known(
            records=self._of(codes),
            same_organisation=self._of(relatives - codes),
            same_name=self._of(namesakes - codes - {code.value}),
            exits=self._exits_of(codes | {code.value}),
        )

    def _exits_of(self, codes: set[str]) -> tuple[RegisteredObligation, ...]:
        if not self._exits:
            return ()
        ids = [identifier for code in codes for identifier in self._exits_by_code.get(code, ())]
        return tuple(self._exits[identifier] for identifier in sorted(ids))

    def _take_exit(self, obligation: RegisteredObligation) -> None:
        """
        Hold an obligation's new version where it has a declared active exit, and forget it once it was withdrawn; of the others
        nothing is answered.
        """
        if obligation.withdrawal is not None:
            held = self._exits.pop(obligation.id, None)
            if held is not None:
                _discard(self._exits_by_code, held.enterprise.code, held.id)
        elif obligation.active_exit is not None:
            self._exits[obligation.id] = obligation
            self._exits_by_code[obligation.enterprise.code].add(obligation.id)

    def _of(self, codes: set[str]) -> tuple[SanctionRecord, ...]:
        if not codes:
            return ()
        ids = [record_id for code in codes for record_id in self._by_code.get(code, ())]
        return tuple(self._records[record_id] for record_id in sorted(ids))

    def _add(self, record: SanctionRecord) -> None:
        self._records[record.id] = record
        enterprise = record.enterprise
        self._by_code[enterprise.code].add(record.id)
        for number in enterprise.old_numbers:
            self._by_number[number].add(enterprise.code)
        for name in enterprise.names:
            self._by_name[name_key(name)].add(enterprise.code)

    def _remove(self, record_id: str) -> None:
        """Forget a version. Its numbers and names go only where no other record of the enterprise has them."""
        record = self._records.pop(record_id, None)
        if record is None:
            return
        code = record.enterprise.code
        _discard(self._by_code, code, record_id)
        others = [self._records[other] for other in self._by_code.get(code, ())]
        numbers = {number for other in others for number in other.enterprise.old_numbers}
        names = {name_key(name) for other in others for name in other.enterprise.names}
        for number in record.enterprise.old_numbers - numbers:
            _discard(self._by_number, number, code)
        for name in {name_key(name) for name in record.enterprise.names} - names:
            _discard(self._by_name, name, code)


def _discard(table: dict[str, set[str]], key: str, value: str) -> None:
    values = table.get(key)
    if values is not None:
        values.discard(value)
        if not values:
            del table[key]

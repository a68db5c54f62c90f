"""Clerks who write without pause through the SDK, and remember every write that was acknowledged."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from tests import samples
from tests.chaos.actors import Actor
from tests.chaos.places import today
from typing_extensions import override

from credit_sanction import (
    Area,
    Client,
    Conflict,
    DeadlineExceeded,
    InternalFault,
    NotFound,
    Overloaded,
    Unavailable,
    types,
)
from credit_sanction_service.api.messages import plain_record
from credit_sanction_service.domain.drafts import MeasureDraft
from credit_sanction_service.domain.terms import Area as Field
from credit_sanction_service.domain.terms import PublicationClass

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from credit_sanction.types import SanctionRecord

T = TypeVar("T")
DISTRICTS: Final = (("220102", "南关区"), ("220103", "宽城区"), ("220113", "九台区"))
ENTERPRISES: Final = 14
OPEN_RECORDS: Final = 9
NEW_RECORDS: Final = 0.5
MINOR_ONES: Final = 0.15
LISTED: Final = types.RecordState.RECORD_STATE_LISTED
SUSPENDED: Final = types.RecordState.RECORD_STATE_SUSPENDED
_UNDECIDED: Final = (Unavailable, Overloaded, DeadlineExceeded)


class Clerk(Actor):
    """
    Takes records in, moves them and ends them; those of one enterprise belong to several clerks, each record to one.

    `acknowledged` has each record as last acknowledged, `versions` every acknowledged (record, version, epoch, revision).
    Every write is made again with its request id until the service says what became of it: `repeated` counts that, and
    `faults` has the answers by which the service said that it was at fault. A write that is right by what was acknowledged
    before, and is refused, is in `refused`: something acknowledged has been lost.
    """

    def __init__(self, number: int, client: Client, dice: random.Random, *, pace_s: float) -> None:
        """Write about every `pace_s` seconds."""
        super().__init__(f"clerk-{number}")
        self.acknowledged: dict[str, SanctionRecord] = {}
        self.versions: set[tuple[str, int, int, int]] = set()
        self.refused: dict[str, str] = {}
        self.faults: list[str] = []
        self.repeated = 0
        self.last_doubt = ""
        self._client = client
        self._dice = dice
        self._pace_s = pace_s
        self._serial = number * 100_000

    @override
    def act(self) -> None:
        if self.enough.wait(self._dice.expovariate(1 / self._pace_s)):
            return
        running = [
            one
            for one in self.acknowledged.values()
            if one.state in {LISTED, SUSPENDED} and one.name not in self.refused
        ]
        if len(running) < OPEN_RECORDS and (not running or self._dice.random() < NEW_RECORDS):
            self._take_in()
            return
        record = self._dice.choice(running)
        acts: dict[Callable[[SanctionRecord], None], float] = {self._lift: 10, self._revoke: 7, self._replace: 4}
        if record.state == SUSPENDED:
            acts |= {self._resume: 60}
        else:
            acts |= {self._suspend: 14, self._move: 30, self._remeasure: 20, self._dispute: 10}
        try:
            self._dice.choices([*acts], [*acts.values()])[0](record)
        except (Conflict, NotFound) as refusal:
            self.refused[record.name] = repr(refusal)

    def _take_in(self) -> None:
        record = self._new(self._dice.randrange(1, ENTERPRISES + 1))
        self._remember(self._insist(lambda key: self._client.submit(record, request_id=key)))

    def _move(self, record: SanctionRecord) -> None:
        changed = _copy(record)
        code, name = self._dice.choice(DISTRICTS)
        changed.responsible_district.CopyFrom(types.ResponsibleDistrict(code=code, name=name))
        self._amend(changed, "responsible_district")

    def _remeasure(self, record: SanctionRecord) -> None:
        changed = _copy(record)
        end = record.measures[0].end_date
        areas = self._dice.sample(_AREAS, self._dice.randint(1, len(_AREAS)))
        del changed.measures[:]
        changed.measures.extend(types.Measure(area=area.wire, end_date=end) for area in areas)
        self._amend(changed, "measures")

    def _amend(self, changed: SanctionRecord, field: str) -> None:
        self._remember(self._insist(lambda key: self._client.amend(changed, [field], request_id=key)))

    def _dispute(self, record: SanctionRecord) -> None:
        day, document = today(), self._document("异字")

        def decide(key: str) -> SanctionRecord:
            return self._client.decide_objection(
                record, outcome="UPHELD", document_number=document, date=day, reason="虚构理由", request_id=key
            )

        def raise_it(key: str) -> SanctionRecord:
            return self._client.raise_objection(record, reason="虚构异议", raised_on=day, request_id=key)

        self._remember(self._insist(decide if record.disputed else raise_it))

    def _suspend(self, record: SanctionRecord) -> None:
        day, document = today(), self._document("行停字")
        self._remember(
            self._insist(
                lambda key: self._client.suspend(
                    record, ground="COURT_ORDER", document_number=document, date=day, request_id=key
                )
            )
        )

    def _resume(self, record: SanctionRecord) -> None:
        day, document = today(), self._document("行复字")
        self._remember(
            self._insist(lambda key: self._client.resume(record, document_number=document, date=day, request_id=key))
        )

    def _lift(self, record: SanctionRecord) -> None:
        day, document = today(), self._document("移字")
        self._remember(
            self._insist(
                lambda key: self._client.lift(
                    record, ground="EXIT_COMPLETED", document_number=document, date=day, request_id=key
                )
            )
        )

    def _revoke(self, record: SanctionRecord) -> None:
        self._end_as_wrong(record, None)

    def _replace(self, record: SanctionRecord) -> None:
        number = next(n for n in range(1, ENTERPRISES + 1) if samples.code(n) == record.enterprise.code)
        self._end_as_wrong(record, self._new(number))

    def _end_as_wrong(self, record: SanctionRecord, replacement: SanctionRecord | None) -> None:
        day, document = today(), self._document("撤字")
        revoked = self._insist(
            lambda key: self._client.revoke(
                record,
                reason="认定有误",
                document_number=document,
                date=day,
                replacement=replacement,
                request_id=key,
            )
        )
        self._remember(revoked.record)
        if revoked.replacement is not None:
            self._remember(revoked.replacement)

    def _new(self, enterprise: int) -> SanctionRecord:
        self._serial += 1
        minor = self._dice.random() < MINOR_ONES
        draft = samples.draft(
            enterprise,
            item=f"{self._serial}号窑",
            document=f"虚构认字〔2026〕{self._serial}号",
            areas=tuple(Field[area] for area in self._dice.sample(_AREAS, self._dice.randint(1, len(_AREAS)))),
            publication_class=PublicationClass.MINOR if minor else PublicationClass.SERIOUS,
        )
        if minor:
            end = today().replace(year=today().year + 1, day=1).isoformat()
            draft = replace(draft, measures=tuple(MeasureDraft(area=one.area, end_date=end) for one in draft.measures))
        return plain_record(samples.taken_in(draft), samples.TODAY, samples.LAW)

    def _document(self, kind: str) -> str:
        self._serial += 1
        return f"虚构{kind}〔2026〕{self._serial}号"

    def _insist(self, write: Callable[[str], T]) -> T:
        request_id = str(uuid.UUID(int=self._dice.getrandbits(128), version=4))
        while True:
            try:
                return write(request_id)
            except InternalFault as fault:
                self.faults.append(repr(fault))
            except _UNDECIDED as undecided:
                self.repeated += 1
                self.last_doubt = repr(undecided)

    def _remember(self, record: SanctionRecord) -> None:
        self.acknowledged[record.name] = record
        self.versions.add((record.name, record.version, record.revision.epoch, record.revision.number))


_AREAS: Final = (Area.LAND_SUPPLY, Area.FINANCING_CREDIT, Area.PRODUCTION_LICENCE, Area.TAX_ADMINISTRATION)


def _copy(record: SanctionRecord) -> SanctionRecord:
    copied = types.SanctionRecord()
    copied.CopyFrom(record)
    return copied

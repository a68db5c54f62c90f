"""A random history of a town: what people, days and targets do, by the dice."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from tests import samples
from tests.samples import LAW, target

from credit_sanction_service.calls import new_id
from credit_sanction_service.domain.drafts import DistrictDraft, MeasureDraft
from credit_sanction_service.domain.due_process import decide, list_record, record_statement, serve_notice
from credit_sanction_service.domain.effect import Filter
from credit_sanction_service.domain.exit_evidence import Completion, Withdrawal
from credit_sanction_service.domain.exits import RegisteredObligation
from credit_sanction_service.domain.faults import SanctionError
from credit_sanction_service.domain.lifecycle import lift, pass_days, revoke
from credit_sanction_service.domain.objections import decide_objection, raise_objection
from credit_sanction_service.domain.repair import repair
from credit_sanction_service.domain.suspensions import resume, suspend
from credit_sanction_service.domain.terms import (
    Area,
    ObjectionOutcome,
    ObligationState,
    PublicationClass,
    Sector,
    Standard,
)
from credit_sanction_service.store.attempts import Outcome
from credit_sanction_service.store.obligations import insert_obligation

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from tests.store.town import Town

    from credit_sanction_service.domain.drafts import RecordDraft
    from credit_sanction_service.domain.records import SanctionRecord

# Standard, sector, further standards.
KINDS: Final = (
    (Standard.ENERGY, Sector.CEMENT, ()),
    (Standard.ENERGY, Sector.STEEL, (Standard.SAFETY,)),
    (Standard.QUALITY, Sector.CEMENT, (Standard.ENERGY, Standard.TECHNOLOGY)),
)
# A target that holds enterprises and takes what fails one of two standards, neither of them the one whose deadline runs.
GUARD: Final = target(
    "guard", holds="enterprise", takes=Filter(standards=frozenset({Standard.SAFETY, Standard.TECHNOLOGY}))
)
DISTRICTS: Final = (("220113", "九台区"), ("220102", "南关区"))


class Chance:
    """The dice, and the records that they have made."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town = town
        self.dice = random.Random(seed)  # noqa: S311 - a history to replay, no secret
        self.records: list[SanctionRecord] = []

    def live(self, until: date) -> None:
        """Let day after day pass, to `until`."""
        while self.town.day < until:
            self.town.day += timedelta(days=1)
            with suppress(SanctionError):
                self._come()
            for place, record in enumerate(self.records):
                if self.dice.random() < 0.2:
                    with suppress(SanctionError):
                        self.records[place] = self._go_on(record)
            for row in self.town.rows():
                if row.due_since is not None and not row.rejected and self.dice.random() < 0.4:
                    outcome = self.dice.choice((Outcome.CONFIRMED,) * 4 + tuple(Outcome))
                    self.town.answer(row.target, row.subject, outcome)

    def _come(self) -> None:
        day, dice = self.town.day, self.dice
        number = dice.randint(1, 6)
        item = f"{len(self.records)}号窑"
        areas = dice.choice(((Area.LAND_SUPPLY,), (Area.LAND_SUPPLY, Area.FINANCING_CREDIT)))
        if dice.random() < 0.3:
            draft = samples.notice_draft(
                number, served_on=day - timedelta(days=dice.randint(0, 4)), item=item, areas=areas
            )
            record = serve_notice(self._placed(draft), record_id=new_id(), today=day, law=LAW)
        else:
            chosen = dice.choice((PublicationClass.MINOR, PublicationClass.SERIOUS))
            decided_on = day - timedelta(days=dice.randint(0, 12))
            draft = samples.draft(number, item=item, areas=areas, decided_on=decided_on, publication_class=chosen)
            draft = self._placed(draft)
            if chosen is PublicationClass.MINOR:
                end = (decided_on + timedelta(days=dice.randint(15, 40))).isoformat()
                measures = tuple(MeasureDraft(area=one.area, end_date=end) for one in draft.measures)
                draft = replace(draft, measures=measures)
            if dice.random() < 0.1:
                draft = samples.with_enterprise(draft, code=samples.doubtful_code(number))
            record = samples.taken_in(draft, today=day)
        self.town.submit(record)
        self.records.append(record)
        self._register(record)

    def _placed(self, draft: RecordDraft) -> RecordDraft:
        """Return the draft in a district, of a sector and its standards."""
        standard, sector, further = self.dice.choice(KINDS)
        code, name = self.dice.choice(DISTRICTS)
        ordered_on = draft.obligation.ordered_on
        placed = samples.with_obligation(
            draft, standard=standard, sector=sector, further_standards=further, ordered_on=ordered_on
        )
        return replace(placed, district=DistrictDraft(code=code, name=name))

    def _register(self, record: SanctionRecord) -> None:
        day = self.town.day
        completed_on = day + timedelta(days=self.dice.randint(-5, 20))
        completion = Completion(
            completed_on=completed_on, document_number="虚构验字1号", method="拆除", verifier="虚构局"
        )
        done = self.dice.random() < 0.5
        mistaken = not done and self.dice.random() < 0.2
        withdrawal = Withdrawal(withdrawn_on=day, document_number="虚构撤字1号", reason="误登")
        state = ObligationState.WITHDRAWN if mistaken else ObligationState.OPEN
        registered = RegisteredObligation(
            id=new_id(),
            version=1,
            state=ObligationState.COMPLETED if done else state,
            enterprise=record.enterprise,
            obligation=record.obligation,
            authority=record.authority,
            district=record.district,
            completion=completion if done else None,
            withdrawal=withdrawal if mistaken else None,
        )
        self.town.writer.run(lambda tx: insert_obligation(tx, registered, action="REGISTER", principal="test"))

    def _go_on(self, record: SanctionRecord) -> SanctionRecord:
        """Take one step; most that make no sense now are refused by the domain, which is no step then."""
        town, day = self.town, self.town.day
        ahead = (day + timedelta(days=self.dice.randint(0, 6))).isoformat()
        steps: tuple[Callable[[], SanctionRecord], ...] = (
            lambda: self._proceed(record),
            lambda: self._dispute(record),
            lambda: self._rest(record),
            lambda: self._rest(record),
            lambda: town.step(record, lift, samples.lift_draft(ahead, decided_on=day)),
            lambda: town.step(record, repair, samples.repair_draft(on=day)),
            lambda: town.step(record, revoke, samples.revocation(decided_on=day)),
            lambda: self._move(record),
            lambda: town.step(record, pass_days),
            lambda: town.step(record, pass_days),
        )
        return self.dice.choice(steps)()

    def _proceed(self, record: SanctionRecord) -> SanctionRecord:
        town, day = self.town, self.town.day
        if record.decision:
            return town.update(list_record(record, "", today=day, law=LAW), "LIST")
        if record.statements:
            document = f"虚构认字〔2026〕{record.id}号"
            return town.step(record, decide, samples.decide_draft(on=day, document=document))
        return town.step(record, record_statement, samples.statement(on=day))

    def _dispute(self, record: SanctionRecord) -> SanctionRecord:
        day = self.town.day
        if not record.disputed:
            return self.town.step(record, raise_objection, samples.objection(on=day))
        outcome = self.dice.choice((ObjectionOutcome.UPHELD, ObjectionOutcome.UPHELD, ObjectionOutcome.REVOKED))
        return self.town.step(record, decide_objection, samples.objection_decision(outcome, on=day))

    def _rest(self, record: SanctionRecord) -> SanctionRecord:
        rests = record.suspensions and record.suspensions[-1].resumed_on is None
        return self.town.step(record, resume if rests else suspend, samples.suspension(on=self.town.day))

    def _move(self, record: SanctionRecord) -> SanctionRecord:
        code, name = self.dice.choice(DISTRICTS)
        district = replace(record.district, code=code, name=name)
        return self.town.update(replace(record, version=record.version + 1, district=district))

"""Screening says what a look-up says, of one revision, whatever moves while a list is worked off."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.samples import (
    LAW,
    TODAY,
    code,
    doubtful_code,
    draft,
    lift_draft,
    noon,
    quarantined,
    revocation,
    taken_in,
    with_enterprise,
)
from tests.samples import record as sample

from credit_sanction_service.domain.answers import Answer, Question
from credit_sanction_service.domain.facts import facts_of
from credit_sanction_service.domain.identifiers import Judgement, judge
from credit_sanction_service.domain.lifecycle import lift, revoke
from credit_sanction_service.domain.terms import ALL_AREAS, SEVERITY, Area, IdentifierKind, LandPurpose, Verdict
from credit_sanction_service.restrictions.demands import PRESENT, Demand
from credit_sanction_service.restrictions.index import Index
from credit_sanction_service.restrictions.long_list import COLD, SLICE, CallerGoneError, Order
from credit_sanction_service.restrictions.look_up import LookUp
from credit_sanction_service.restrictions.prepared import Prepared, Ready, Terms
from credit_sanction_service.restrictions.screening import Screened, Screening
from credit_sanction_service.store.outcomes import Refused
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.domain.records import SanctionRecord

TERMS = Terms(areas=ALL_AREAS)
LOANS = Terms(areas=(Area.FINANCING_CREDIT, Area.BOND_ISSUANCE), include_ended=True)
LAND = Terms(areas=(Area.LAND_SUPPLY,), land_purpose=LandPurpose.EXIT_DISPOSAL)
OLD_NUMBER = "220101000012345"
CLEAR, RESTRICTED = 1, 1 + SEVERITY[Verdict.RESTRICTED]


def at(number: int, *, epoch: int = 1) -> Revision:
    return Revision(epoch=epoch, number=number)


class House:
    """An index with a screening over it, which sends answers as they are; whoever asks here is never too late."""

    def __init__(self, *records: SanctionRecord) -> None:
        self.index = Index.of(at(1), records)
        self.law = LAW
        self.revision = 1
        self.today = TODAY
        self.index.reached(asked_at=time.monotonic() + 3600, clock_in_doubt=False)
        self.look_up = LookUp(self.index, self.current, clock=lambda: noon(self.today))
        self.screening: Screening[Answer] = Screening(self.look_up, lambda given: given, lambda _: 1_000)

    def current(self) -> Law:
        return self.law

    def learn(self, *records: SanctionRecord) -> None:
        """Take in new versions, as the next revision."""
        self.revision += 1
        self.index.apply(at(self.revision), map(facts_of, records))

    def one(self, text: str, terms: Terms = TERMS) -> tuple[Answer | None, Revision]:
        found = self.screening.one(text, terms)
        assert found is not None
        ready, basis = found
        return ready.reply if ready else None, basis.revision

    def many(
        self,
        codes: Sequence[str],
        names: Sequence[str] = (),
        *,
        terms: Terms = TERMS,
        demand: Demand = PRESENT,
        is_active: Callable[[], bool] = lambda: True,
    ) -> Screened[Answer]:
        def ask(place: int) -> Question | Refused:
            judged = judge(codes[place])
            if judged.judgement is Judgement.REFUSED:
                return Refused(fault="IdentifierRefused", message=judged.reason)
            name = names[place] if names else ""
            return Question(code=judged, name=name, areas=terms.areas, land_purpose=terms.land_purpose)

        order = Order(codes=codes, names=names, terms=terms, demand=demand, ask=ask, is_active=is_active)
        return self.screening.many(order)

    def expect(self, screened: Screened[Answer], codes: Sequence[str], names: Sequence[str], terms: Terms) -> None:
        """Compare with one look-up after the other, at the present revision."""
        assert screened.basis.revision == at(self.revision)
        answers: dict[tuple[str, str], Answer] = {}
        for place, text in enumerate(codes):
            item = screened.found.get(place)
            judged = judge(text)
            if judged.judgement is Judgement.REFUSED:
                assert isinstance(item, Refused)
                assert screened.verdicts[place] == 0
                continue
            name = names[place] if names else ""
            single = answers.get((text, name))
            if single is None:
                question = Question(code=judged, name=name, areas=terms.areas, land_purpose=terms.land_purpose)
                (single,), _ = self.look_up.check([question], PRESENT, include_ended=terms.include_ended)
                answers[text, name] = single
            assert screened.verdicts[place] == 1 + SEVERITY[single.verdict], text
            if item is None:
                assert single.verdict is Verdict.CLEAR
                assert single.code == text
                assert not single.past
                assert not single.unknown_reasons
            else:
                assert isinstance(item, Ready)
                assert item.reply == single


def lifted(record: SanctionRecord) -> SanctionRecord:
    return lift(record, lift_draft("2026-11-10"), today=TODAY, law=LAW)


def renamed(number: int, name: str) -> SanctionRecord:
    return taken_in(with_enterprise(draft(number), name=name))


RELATIVE = replace(taken_in(with_enterprise(draft(4), code=code(4, prefix="91220183"))), id="relative")
CARRYING = taken_in(with_enterprise(draft(5), other_identifiers=((IdentifierKind.REGISTRATION_NUMBER, OLD_NUMBER),)))
VERSIONS = [
    replace(version, id=identifier)
    for identifier, records in {
        "1": (sample(1), lifted(sample(1)), revoke(sample(1), revocation(), today=TODAY, law=LAW)),
        "2": (sample(2, areas=(Area.BOND_ISSUANCE,)), renamed(2, "长春虚构甲厂"), lifted(sample(2))),
        "3": (quarantined(3), taken_in(with_enterprise(draft(3), code=doubtful_code(3))), sample(3)),
        "4": (RELATIVE, lifted(RELATIVE)),
        "5": (CARRYING, sample(5, areas=(Area.LAND_SUPPLY,)), lifted(CARRYING)),
    }.items()
    for version in records
]
TYPED = [
    *(code(number) for number in range(1, 8)),
    *(code(number).lower() for number in (1, 7)),
    *(doubtful_code(number) for number in (3, 7)),
    *(OLD_NUMBER, code(2)[8:17], code(4, prefix="91220183"), "rubbish", "", f" {code(1)}"),
]
NAMES = ["", "", draft(1).enterprise.name, "长春虚构甲厂", "长春虚构无关厂"]
items = st.lists(st.tuples(st.sampled_from(TYPED), st.sampled_from(NAMES)), max_size=14)


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(
    history=st.lists(st.lists(st.sampled_from(VERSIONS), max_size=3, unique_by=lambda one: one.id), max_size=6),
    lists=st.lists(st.tuples(items, st.booleans(), st.sampled_from([TERMS, LOANS, LAND])), min_size=7, max_size=7),
    singly=st.lists(st.sampled_from(TYPED[:7]), max_size=7),
)
def test_whatever_happened_before_a_list_is_answered_as_one_by_one(
    history: list[list[SanctionRecord]],
    lists: list[tuple[list[tuple[str, str]], bool, Terms]],
    singly: list[str],
) -> None:
    house = House()
    for changes, (asked, named, terms) in zip([[], *history], lists, strict=False):
        house.learn(*changes)
        codes, names = [text for text, _ in asked], [name for _, name in asked] if named else []
        house.expect(house.many(codes, names, terms=terms), codes, names, terms)
        for text in singly:
            answered, revision = house.one(text, terms)
            question = Question(code=judge(text), name="", areas=terms.areas, land_purpose=terms.land_purpose)
            (single,), basis = house.look_up.check([question], PRESENT, include_ended=terms.include_ended)
            assert revision == basis.revision
            assert answered == single or (answered is None and single.verdict is Verdict.CLEAR)


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(
    before=st.lists(st.sampled_from(VERSIONS), max_size=4, unique_by=lambda one: one.id),
    meanwhile=st.lists(st.lists(st.sampled_from(VERSIONS), max_size=3, unique_by=lambda one: one.id), max_size=5),
    asked=st.lists(st.tuples(st.sampled_from(TYPED), st.sampled_from(NAMES)), min_size=1, max_size=14),
    named=st.booleans(),
)
def test_what_changes_while_a_list_is_worked_off_is_looked_at_again(
    before: list[SanctionRecord],
    meanwhile: list[list[SanctionRecord]],
    asked: list[tuple[str, str]],
    named: bool,  # noqa: FBT001 - drawn
) -> None:
    house = House()
    house.learn(*before)
    left = list(meanwhile)

    def learn_something() -> bool:
        if left:
            house.learn(*left.pop())
        return True

    # Long enough for several slices, so that the index moves between any two of them.
    codes = [text for text, _ in asked] * (2 * COLD // len(asked) + 1)
    names = [name for _, name in asked] * (2 * COLD // len(asked) + 1) if named else []
    house.expect(house.many(codes, names, is_active=learn_something), codes, names, TERMS)


def test_a_list_that_the_index_outruns_holds_it_in_the_end() -> None:
    records = [sample(number) for number in (1, 2, 3)]
    house = House(*records)
    states = [[lifted(record) for record in records], records]
    codes = [code(number % 3 + 1) for number in range(4 * COLD)]

    def turn() -> bool:
        house.learn(*states[house.revision % 2])
        return True

    house.expect(house.many(codes, is_active=turn), codes, [], TERMS)


def test_a_new_epoch_or_other_rules_meanwhile_begin_the_list_anew() -> None:
    house = House(sample(1))
    codes = [code(1), code(2)] * COLD

    def restored() -> bool:
        house.index.replace(at(1, epoch=2), None)
        return True

    screened = house.many(codes, is_active=restored)
    assert (screened.basis.revision, set(screened.verdicts), dict(screened.found)) == (at(1, epoch=2), {CLEAR}, {})
    house = House(sample(1))
    (first,) = house.screening.many(order_of(house, [code(1)])).found.values()
    assert isinstance(first, Ready)

    def amended() -> bool:
        house.law = replace(LAW, catalogues=dict(LAW.catalogues))
        return True

    screened = house.many(codes, is_active=amended)
    assert screened.verdicts == bytes([RESTRICTED, CLEAR]) * COLD
    assert screened.found[0] is not first, "what was prepared under other rules is not given again"


def order_of(house: House, codes: Sequence[str]) -> Order:
    del house
    questions = [Question(code=judge(text), name="", areas=TERMS.areas) for text in codes]
    return Order(codes=codes, terms=TERMS, ask=lambda place: questions[place])


def test_what_is_prepared_does_not_outlive_a_write() -> None:
    record = sample(1)
    house = House(record)
    first, _ = house.one(code(1))
    again, _ = house.one(code(1))
    assert first is again is not None
    house.learn(lifted(record))
    after, revision = house.one(code(1))
    assert (after and after.verdict, revision) == (Verdict.CLEAR, at(2))
    house.learn(record)
    answered, revision = house.one(code(1))
    assert (answered and answered.verdict, revision) == (Verdict.RESTRICTED, at(3))


def test_what_is_prepared_does_not_outlive_midnight_in_shanghai() -> None:
    house = House(sample(1))
    last_day = sample(1).last_day
    house.today = last_day
    assert house.one(code(1))[0] is not None
    assert house.many([code(1)]).verdicts == bytes([RESTRICTED])
    house.today = last_day + timedelta(days=1)
    answered, _ = house.one(code(1))
    assert answered is not None
    assert answered.verdict is Verdict.CLEAR
    assert house.many([code(1)]).verdicts == bytes([CLEAR])


def test_another_day_is_not_answered_by_what_was_prepared_for_today() -> None:
    house = House(sample(1))
    house.one(code(1))
    demand = Demand(day=TODAY - timedelta(days=100))
    assert house.screening.one(code(1), TERMS, demand) is None
    screened = house.many([code(1)], demand=demand)
    assert (screened.verdicts, screened.basis.day) == (bytes([CLEAR]), demand.day)
    assert house.one(code(1))[0] is not None


def test_old_knowledge_is_called_clear_nowhere() -> None:
    house = House(sample(1))
    codes = [code(1), code(2), code(3).lower(), "rubbish"] * COLD
    house.many(codes)
    house.index.reached(asked_at=time.monotonic() - 60, clock_in_doubt=False)
    assert house.screening.one(code(2), TERMS) is None
    screened = house.many(codes)
    unknown = 1 + SEVERITY[Verdict.UNKNOWN]
    assert screened.verdicts == bytes([RESTRICTED, unknown, unknown, 0]) * COLD
    assert screened.basis.stale
    assert len(screened.found) == len(codes)


def test_a_list_is_left_when_nobody_waits_for_it() -> None:
    house = House(sample(1))
    asked: list[bool] = []

    def gone() -> bool:
        asked.append(True)
        return False

    with pytest.raises(CallerGoneError):
        house.many([code(1), "rubbish"] * SLICE, is_active=gone)
    assert len(asked) == 1


def test_an_answer_that_was_overtaken_while_it_was_made_is_not_kept() -> None:
    prepared: Prepared[str] = Prepared(most_bytes=1_000_000)
    ready = Ready(reply="old", verdict=Verdict.RESTRICTED, profile=(), is_plain=False, roots=("别处",))

    def held(text: str) -> Ready[str] | None:
        young, old = prepared.tables(TERMS, LAW, TODAY)
        return young.get(text) or old.get(text)

    def put(text: str, ticket: int) -> None:
        prepared.put(text, TERMS, ready, law=LAW, day=TODAY, ticket=ticket, size=10)

    held(code(1))
    ticket = prepared.ticket
    prepared.touched({code(2), code(2)[8:17]})
    put(code(1), ticket)
    put(code(2), ticket)
    assert (held(code(1)), held(code(2))) == (ready, None)
    assert prepared.touched_since(ticket) == {code(2)[8:17]}
    prepared.touched({"别处"})
    assert held(code(1)) is None, "it rests on more than its own code"
    ticket = prepared.ticket
    prepared.touched(None)
    put(code(1), ticket)
    assert held(code(1)) is None
    assert prepared.touched_since(ticket) is None


def test_no_more_is_kept_than_was_said() -> None:
    prepared: Prepared[str] = Prepared(most_bytes=20_000)
    ready = Ready(reply="", verdict=Verdict.RESTRICTED, profile=(), is_plain=False)
    prepared.tables(TERMS, LAW, TODAY)
    for number in range(200):
        prepared.put(code(number), TERMS, ready, law=LAW, day=TODAY, ticket=prepared.ticket, size=600)
    young, old = prepared.tables(TERMS, LAW, TODAY)
    kept = {**young, **old}
    assert code(199) in kept
    assert 10 <= len(kept) <= 24

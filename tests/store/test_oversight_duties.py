"""Which duties are open: with whom, from when until when, in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from tests import samples
from tests.samples import LAW, TODAY, target
from tests.store.town import LENDER, PLATFORM, WEBSITE, Town

from credit_sanction_service.calls import new_id
from credit_sanction_service.domain.due_process import decide, list_record, serve_notice
from credit_sanction_service.domain.effect import Filter, belongs
from credit_sanction_service.domain.lifecycle import lift, pass_days, revoke
from credit_sanction_service.domain.objections import decide_objection, raise_objection
from credit_sanction_service.domain.suspensions import resume, suspend
from credit_sanction_service.domain.terms import Area, DutyKind, ObjectionOutcome, Standard
from credit_sanction_service.domain.working_days import WorkingCalendar
from credit_sanction_service.store.attempts import Outcome
from credit_sanction_service.store.open_duties import DutyQuery, OpenDuty, list_open_duties

if TYPE_CHECKING:
    from tests.database import Database

    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.store.values import Target

OpenTown = Callable[..., Town]
REPORT, WITHDRAW = DutyKind.REPORT_DECISION, DutyKind.WITHDRAW


@pytest.fixture
def open_town(store: Database) -> Iterator[OpenTown]:
    towns: list[Town] = []

    def opened(*targets: Target, day: date = TODAY) -> Town:
        towns.append(Town(store, day=day, targets=targets or (PLATFORM,)))
        return towns[-1]

    yield opened
    for town in towns:
        town.close()


def duties(town: Town, *, within: int = 400, **filters: object) -> list[OpenDuty]:
    query = DutyQuery(today=town.day, until=town.day + timedelta(days=within), **filters)  # type: ignore[arg-type]
    return list_open_duties(town.connection, query)


def lines(town: Town, *kinds: DutyKind) -> list[tuple[DutyKind, str, str]]:
    return [(duty.kind, f"sanctionRecords/{duty.record_id}", duty.target) for duty in duties(town, kinds=kinds)]


def listed(town: Town, number: int = 1, **options: object) -> SanctionRecord:
    record = samples.record(number, today=town.day, **options)
    town.submit(record)
    return record


def test_reporting_is_owed_to_each_target_until_it_first_confirms(open_town: OpenTown) -> None:
    town = open_town(PLATFORM, WEBSITE)
    record = listed(town)
    assert lines(town) == [(REPORT, record.name, "platform"), (REPORT, record.name, "website")]
    for outcome in (Outcome.UNKNOWN, Outcome.UNAVAILABLE, Outcome.REJECTED):
        town.answer("platform", record.name, outcome)
        assert (REPORT, record.name, "platform") in lines(town)
    town.answer("platform", record.name)
    assert lines(town) == [(REPORT, record.name, "website")]
    town.answer("website", record.name)
    assert lines(town) == []


def test_an_amendment_on_its_way_does_not_open_the_report_anew(open_town: OpenTown) -> None:
    town = open_town()
    record = listed(town)
    town.answer("platform", record.name)
    town.update(replace(record, version=2, warnings=("虚构",)))
    assert town.rows()[0].due_since is not None
    assert lines(town) == []
    town.answer("platform", record.name, Outcome.REJECTED)
    assert lines(town) == []


def test_what_comes_back_after_a_rest_was_reported_before(open_town: OpenTown) -> None:
    town = open_town()
    record = listed(town)
    town.answer_all()
    resting = town.step(record, suspend, samples.suspension())
    assert lines(town) == [(WITHDRAW, record.name, "platform")]
    town.answer_all()
    assert lines(town) == []
    town.step(resting, resume, samples.suspension())
    assert lines(town) == []


def test_a_record_that_rests_before_any_target_had_it_owes_its_report_once_it_is_resumed(open_town: OpenTown) -> None:
    town = open_town()
    record = listed(town)
    resting = town.step(record, suspend, samples.suspension())
    assert lines(town) == []
    town.step(resting, resume, samples.suspension())
    assert lines(town) == [(REPORT, record.name, "platform")]


def test_what_no_target_may_have_yet_is_one_line_without_target(open_town: OpenTown) -> None:
    town = open_town(PLATFORM, WEBSITE)
    doubtful = samples.quarantined(2)
    town.submit(doubtful)
    assert lines(town) == [(REPORT, doubtful.name, "")]
    notice = serve_notice(samples.notice_draft(3), record_id=new_id(), today=town.day, law=LAW)
    town.submit(notice)
    assert len(lines(town)) == 1
    decided = town.step(notice, decide, samples.decide_draft())
    assert (REPORT, decided.name, "") in lines(town)
    town.update(list_record(decided, "", today=town.day, law=LAW))
    assert [target for _, name, target in lines(town) if name == decided.name] == ["platform", "website"]


def test_what_no_target_takes_is_one_line_without_target(open_town: OpenTown) -> None:
    town = open_town(target("elsewhere", takes=Filter(districts=frozenset({"220102"}))))
    record = listed(town)
    assert lines(town) == [(REPORT, record.name, "")]
    town.install(PLATFORM, target("elsewhere", takes=Filter(districts=frozenset({"220102"}))))
    assert lines(town) == [(REPORT, record.name, "platform")]
    town.answer_all()
    assert lines(town) == []
    town.install(replace(PLATFORM, retired="withdraw", digest="retired"))
    town.answer_all()
    assert lines(town) == []


def test_an_abandoned_target_owes_nothing(open_town: OpenTown) -> None:
    town = open_town(PLATFORM, WEBSITE)
    record = listed(town)
    town.install(PLATFORM, replace(WEBSITE, retired="abandon", digest="abandoned"))
    assert lines(town) == [(REPORT, record.name, "platform")]
    town.answer("platform", record.name)
    town.step(record, lift, samples.lift_draft())
    assert lines(town) == [(WITHDRAW, record.name, "platform")]


def test_an_ending_closes_the_report_and_opens_the_withdrawal_from_its_day_on(open_town: OpenTown) -> None:
    town = open_town()
    day = TODAY + timedelta(days=5)
    record = listed(town)
    town.answer("platform", record.name, Outcome.UNKNOWN)
    lifted = town.step(record, lift, samples.lift_draft(day.isoformat()))
    assert lines(town) == [(REPORT, record.name, "platform")]
    town.day = day
    # The scheduler has not run: the target still shows it, and should not.
    assert lines(town) == [(WITHDRAW, record.name, "platform")]
    town.step(lifted, pass_days)
    assert lines(town) == [(WITHDRAW, record.name, "platform")]
    town.answer("platform", record.name, Outcome.UNAVAILABLE)
    assert lines(town) == [(WITHDRAW, record.name, "platform")]
    town.answer("platform", record.name)
    assert lines(town) == []


def test_what_no_target_ever_had_is_withdrawn_by_itself(open_town: OpenTown) -> None:
    town = open_town()
    town.step(listed(town), revoke, samples.revocation())
    assert lines(town) == []


def test_a_target_that_holds_enterprises_owes_each_record_once(open_town: OpenTown) -> None:
    town = open_town(LENDER)
    first, second = samples.record(1, item="1号窑"), samples.record(1, item="2号窑")
    town.submit(first)
    code = first.enterprise.code
    assert lines(town) == [(REPORT, first.name, "lender")]
    town.answer("lender", code)
    assert lines(town) == []
    town.submit(second)
    assert lines(town) == [(REPORT, second.name, "lender")]
    town.answer("lender", code)
    lifted = town.step(first, lift, samples.lift_draft())
    assert lines(town) == [(WITHDRAW, first.name, "lender")]
    town.answer("lender", code)
    assert lines(town) == []
    third = samples.record(1, item="3号窑")
    town.submit(third)
    assert lines(town) == [(REPORT, third.name, "lender")]
    for record in (second, third):
        town.step(record, revoke, samples.revocation())
    assert set(lines(town)) == {(WITHDRAW, second.name, "lender"), (WITHDRAW, third.name, "lender")}
    town.answer("lender", code)
    assert lines(town) == []
    assert lifted.ending


def test_a_target_that_never_took_a_record_owes_no_withdrawal_of_it(open_town: OpenTown) -> None:
    town = open_town(PLATFORM, LENDER)
    credit = listed(town, item="1号窑")
    land = listed(town, item="2号窑", areas=(Area.LAND_SUPPLY,))
    town.answer_all()
    town.step(land, lift, samples.lift_draft())
    town.step(credit, revoke, samples.revocation())
    assert set(lines(town)) == {
        (WITHDRAW, land.name, "platform"),
        (WITHDRAW, credit.name, "platform"),
        (WITHDRAW, credit.name, "lender"),
    }


@pytest.mark.parametrize("standard", [Standard.ENERGY, Standard.SAFETY, Standard.QUALITY])
def test_a_target_that_holds_enterprises_takes_a_record_by_any_of_its_standards(
    standard: Standard, open_town: OpenTown
) -> None:
    takes = Filter(standards=frozenset({standard}))
    town = open_town(target("guard", holds="enterprise", takes=takes))
    given = samples.with_obligation(
        samples.draft(1, item="1号窑"), further_standards=(Standard.ENVIRONMENT, Standard.SAFETY)
    )
    record, other = samples.taken_in(given), samples.record(1, item="2号窑")
    town.submit(replace(other, obligation=replace(other.obligation, standard=standard)), record)
    town.answer_all()
    assert belongs(record, takes, TODAY) is (standard is not Standard.QUALITY)
    town.step(record, lift, samples.lift_draft())
    expected = [(WITHDRAW, record.name, "guard")] if belongs(record, takes, TODAY) else []
    assert [line for line in lines(town) if line[0] is WITHDRAW] == expected
    town.answer_all()
    assert [line for line in lines(town) if line[0] is WITHDRAW] == []


def test_an_objection_is_owed_until_it_is_decided(open_town: OpenTown) -> None:
    town = open_town()
    record = listed(town)
    town.answer_all()
    disputed = town.step(record, raise_objection, samples.objection())
    [duty] = duties(town)
    assert (duty.kind, duty.target, duty.since) == (DutyKind.DECIDE_OBJECTION, "", TODAY)
    assert duty.due_on == LAW.calendar.after(TODAY, 3).day
    town.step(disputed, decide_objection, samples.objection_decision(ObjectionOutcome.UPHELD))
    assert duties(town) == []


def test_only_what_is_late_or_due_soon_is_told_and_what_nobody_knows_the_day_of(open_town: OpenTown) -> None:
    town = open_town()
    old = listed(town, 1)
    fresh = listed(town, 2, decided_on=TODAY)
    due_on = LAW.calendar.after(TODAY, 7).day
    assert due_on
    without = replace(LAW, calendar=WorkingCalendar(years={}))
    unknown = samples.record(3)
    town.submit(unknown)
    town.update(pass_days(replace(unknown, due_days=()), today=TODAY, law=without))
    days = (due_on - TODAY).days
    told = [(duty.record_id, duty.due_on) for duty in duties(town, within=days)]
    old_due = LAW.calendar.after(TODAY - timedelta(days=30), 7).day
    assert [(str(record), day) for record, day in told] == [(old.id, old_due), (fresh.id, due_on), (unknown.id, None)]
    assert [str(duty.record_id) for duty in duties(town, within=days - 1)] == [old.id, unknown.id]


def test_filters_narrow_and_who_is_bounded_sees_his_own(open_town: OpenTown) -> None:
    town = open_town(PLATFORM, WEBSITE)
    record = listed(town)
    own = record.authority.code
    assert len(duties(town)) == 2
    district = record.district.code
    assert [duty.target for duty in duties(town, targets=("website",))] == ["website"]
    assert len(duties(town, kinds=(REPORT, WITHDRAW), districts=(district,), authorities=(own, "x"))) == 2
    assert duties(town, kinds=(WITHDRAW,)) == []
    assert duties(town, districts=("220102",)) == []
    assert duties(town, authorities=("x",)) == []
    assert duties(town, targets=("x",)) == []
    assert len(duties(town, only_authorities=(own,))) == 2
    assert duties(town, only_authorities=()) == []
    assert duties(town, only_authorities=("x",), authorities=(own,)) == []


def test_pages_go_through_the_whole_list_in_its_order(open_town: OpenTown) -> None:
    town = open_town(PLATFORM, WEBSITE)
    for number in range(1, 8):
        listed(town, number, decided_on=TODAY - timedelta(days=number % 3))
    whole = duties(town, limit=1_000)
    assert len(whole) == 14
    found: list[OpenDuty] = []
    while page := duties(town, limit=3, after=found[-1].place if found else None):
        found += page
    assert found == whole
    assert whole == sorted(whole, key=lambda duty: (duty.due_on or date.max, str(duty.record_id), duty.target))

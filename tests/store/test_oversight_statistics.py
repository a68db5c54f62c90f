"""The figures of the joint conference: random histories against a plain recount, and each definition by an example."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from tests import samples
from tests.samples import LAW, TODAY, noon
from tests.store.chance import GUARD, Chance
from tests.store.recount import Recount, plain
from tests.store.town import LENDER, PLATFORM, WEBSITE, Town

from credit_sanction_service.domain.calendar import add_day, start_of
from credit_sanction_service.domain.lifecycle import lift, revoke
from credit_sanction_service.domain.objections import decide_objection, raise_objection
from credit_sanction_service.domain.proceedings import DueDay
from credit_sanction_service.domain.terms import Area, DutyKind, ObjectionOutcome, Verdict
from credit_sanction_service.store.attempts import Outcome
from credit_sanction_service.store.look_up_counts import add_counts, sum_counts
from credit_sanction_service.store.open_duties import DutyQuery, list_open_duties
from credit_sanction_service.store.statistics import Period, count_cases, count_pushes, name_districts, one_snapshot
from credit_sanction_service.store.timeliness import count_timeliness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database import Database

FIRST = TODAY - timedelta(days=60)
NAMES = {"district", "sector", "standard", "kind", "target"}


@pytest.fixture
def town(store: Database) -> Iterator[Town]:
    opened = Town(store, day=FIRST, targets=(PLATFORM, WEBSITE, LENDER))
    yield opened
    opened.close()


def period(town: Town, since: date, until: date) -> Period:
    last = min(until, town.day)
    opens, closes = start_of(since), start_of(add_day(last))
    return Period(since=since, until=until, last=last, opens=opens, closes=closes, today=town.day)


def figures(counts: object) -> dict[str, int]:
    return plain({name: value for name, value in asdict(counts).items() if name not in NAMES})  # type: ignore[call-overload]


def timeliness(town: Town, since: date = FIRST, until: date = TODAY) -> dict[DutyKind, dict[str, int]]:
    found = count_timeliness(town.connection, period(town, since, until), ())
    return {counts.kind: figures(counts) for counts in found}


@pytest.mark.parametrize("seed", [2, 6, 13, 54, 59])
def test_the_figures_of_a_random_history_are_those_of_a_plain_recount(town: Town, seed: int) -> None:
    town.install(PLATFORM, WEBSITE, LENDER, GUARD)
    Chance(town, seed).live(TODAY)
    recount = Recount(town.connection, TODAY)
    open_lines = list_open_duties(
        town.connection, DutyQuery(today=TODAY, until=TODAY + timedelta(days=400), limit=10_000)
    )
    told = Counter((duty.kind.value, str(duty.record_id), duty.target) for duty in open_lines)
    assert told == recount.open_lines()
    assert told
    spans = (
        (FIRST, TODAY),
        (FIRST + timedelta(days=10), FIRST + timedelta(days=35)),
        (TODAY - timedelta(days=8), TODAY + timedelta(days=30)),
    )
    for since, until in spans:
        span = period(town, since, until)
        with one_snapshot(town.connection):
            cases = count_cases(town.connection, span, ())
            held = count_timeliness(town.connection, span, ())
            pushes = count_pushes(town.connection, span)
        assert {(c.district, c.sector, c.standard): figures(c) for c in cases} == {
            key: plain(counts) for key, counts in recount.cases(since, until).items()
        }
        assert {(c.kind, c.district): figures(c) for c in held} == {
            key: plain(counts) for key, counts in recount.timeliness(since, until).items()
        }
        assert {c.target: figures(c) for c in pushes} == {
            target: plain(counts) for target, counts in recount.pushes(since, until).items()
        }
        assert count_cases(town.connection, span, ["220113"]) == [c for c in cases if c.district == "220113"]
        assert count_timeliness(town.connection, span, ["220113"]) == [c for c in held if c.district == "220113"]


def test_a_decision_is_reported_with_the_last_target_s_first_confirmation(town: Town) -> None:
    town.day = TODAY
    decided_on = TODAY - timedelta(days=30)
    due_on = LAW.calendar.after(decided_on, 7).day
    assert due_on
    early, late, never = (samples.record(number, areas=(Area.LAND_SUPPLY,)) for number in (1, 2, 3))
    town.submit(early, late, never)
    for record, last in ((early, due_on), (late, due_on + timedelta(days=1))):
        town.answer("platform", record.name, at=noon(decided_on))
        town.answer("website", record.name, at=start_of(last))
        town.update(replace(record, version=2, warnings=("虚构",)))
        town.answer("platform", record.name, at=noon(TODAY))
    town.answer("platform", never.name, Outcome.REJECTED)
    assert timeliness(town) == {DutyKind.REPORT_DECISION: {"in_time": 1, "late": 1, "open_late": 1}}
    assert timeliness(town, until=due_on - timedelta(days=1)) == {}
    town.step(never, revoke, samples.revocation())
    assert timeliness(town)[DutyKind.REPORT_DECISION] == {"in_time": 1, "late": 2}


def test_an_instant_counts_on_its_day_in_shanghai(town: Town) -> None:
    town.day = TODAY
    record = samples.record()
    due_on = LAW.calendar.after(TODAY - timedelta(days=30), 7).day
    assert due_on
    town.submit(record)
    for row in town.rows():
        town.answer(row.target, row.subject, at=start_of(add_day(due_on)) - timedelta(seconds=1))
    assert timeliness(town) == {DutyKind.REPORT_DECISION: {"in_time": 1}}
    assert count_pushes(town.connection, period(town, add_day(due_on), TODAY)) == []
    assert [counts.attempts for counts in count_pushes(town.connection, period(town, due_on, due_on))] == [1, 1, 1]


def test_a_withdrawal_is_done_with_the_last_target_s_confirmation(town: Town) -> None:
    town.day = TODAY - timedelta(days=20)
    in_time, late, absent = (samples.record(number, today=town.day, decided_on=town.day) for number in (1, 2, 3))
    town.submit(in_time, late)
    town.answer_all()
    town.submit(absent)
    for record in (in_time, late, absent):
        town.step(record, lift, samples.lift_draft(decided_on=town.day))
    due_on = LAW.calendar.after(town.day, 3).day
    assert due_on
    for row in town.rows():
        if row.due_since is not None and late.name not in row.subject and late.enterprise.code != row.subject:
            town.answer(row.target, row.subject, at=noon(due_on))
    town.day = TODAY
    assert timeliness(town)[DutyKind.WITHDRAW] == {"in_time": 2, "open_late": 1}
    town.answer_all()
    assert timeliness(town)[DutyKind.WITHDRAW] == {"in_time": 2, "late": 1}


def test_an_objection_is_done_on_the_day_of_its_decision_though_another_followed(town: Town) -> None:
    town.day = TODAY - timedelta(days=20)
    record = samples.record(today=town.day, decided_on=town.day)
    town.submit(record)
    for wait in (2, 9):
        record = town.step(record, raise_objection, samples.objection(on=town.day))
        town.day += timedelta(days=wait)
        record = town.step(record, decide_objection, samples.objection_decision(ObjectionOutcome.UPHELD, on=town.day))
    town.day = TODAY
    town.step(record, raise_objection, samples.objection(on=town.day))
    assert timeliness(town, until=TODAY + timedelta(days=10))[DutyKind.DECIDE_OBJECTION] == {
        "in_time": 1,
        "late": 1,
        "open": 1,
    }


def test_a_basis_is_reviewed_when_the_version_without_the_duty_is_written(town: Town) -> None:
    town.day = TODAY - timedelta(days=10)
    record = samples.record(today=town.day, decided_on=town.day)
    duties = tuple(
        DueDay(
            kind=DutyKind.REVIEW_BASIS,
            since=town.day,
            due_on=TODAY - timedelta(days=days),
            calendar_edition="虚构",
            note=f"虚构依据{days}",
        )
        for days in (5, 1)
    )
    town.submit(replace(record, due_days=duties))
    town.day = TODAY - timedelta(days=5)
    town.update(replace(record, version=2, due_days=duties[1:]))
    town.day = TODAY
    assert timeliness(town) == {DutyKind.REVIEW_BASIS: {"in_time": 1, "open_late": 1}}
    town.update(replace(record, version=3, due_days=()))
    assert timeliness(town) == {DutyKind.REVIEW_BASIS: {"in_time": 1, "late": 1}}


def test_what_the_scheduler_has_not_written_yet_has_ended_by_its_date(town: Town) -> None:
    record = samples.record(today=town.day, decided_on=town.day, publication_end=add_day(TODAY).isoformat())
    town.submit(record)
    for day, expected in (
        (TODAY + timedelta(days=1), {"notices": 0, "listed": 1, "in_force": 1}),
        (TODAY + timedelta(days=2), {"notices": 0, "listed": 1, "expired": 1}),
    ):
        town.day = day
        [counts] = count_cases(town.connection, period(town, FIRST, day), ())
        assert figures(counts) == plain(expected)


def test_look_ups_are_summed_over_the_days_of_the_period(town: Town) -> None:
    land, credit = Area.LAND_SUPPLY, Area.FINANCING_CREDIT
    for times in (1, 2):
        add_counts(
            town.connection,
            {
                (FIRST, land, Verdict.CLEAR): 5 * times,
                (TODAY, land, Verdict.CLEAR): 7,
                (TODAY, credit, Verdict.UNKNOWN): 1,
            },
        )
    assert sum_counts(town.connection, FIRST, TODAY) == {(land, Verdict.CLEAR): 29, (credit, Verdict.UNKNOWN): 2}
    assert sum_counts(town.connection, FIRST, FIRST) == {(land, Verdict.CLEAR): 15}
    assert sum_counts(town.connection, add_day(TODAY), add_day(TODAY)) == {}


def test_a_district_that_no_law_knows_is_called_what_a_record_calls_it(town: Town) -> None:
    record = samples.record(today=town.day, decided_on=town.day)
    town.submit(replace(record, district=replace(record.district, code="220199", name="虚构区")))
    assert name_districts(town.connection, {"220199", "220198"}) == {"220199": "虚构区"}

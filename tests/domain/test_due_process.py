"""From notice to listing (国办发〔2020〕49号 §八): nothing has effect before the decision is listed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.samples import (
    LAW,
    TODAY,
    authority_code,
    code,
    decide_draft,
    doubtful_code,
    draft,
    notice_draft,
    statement,
    taken_in,
    with_decision,
    with_enterprise,
)

from credit_sanction_service.domain.decisions import Fixed
from credit_sanction_service.domain.due_process import decide, list_record, record_statement, serve_notice
from credit_sanction_service.domain.effect import Filter, belongs, has_effect, may_have_effect
from credit_sanction_service.domain.faults import CalendarNotPublished, Invalid, NotOverdue, StateConflict
from credit_sanction_service.domain.lifecycle import next_change
from credit_sanction_service.domain.terms import ALL_AREAS, Area, PublicationClass, State, StatementKind

if TYPE_CHECKING:
    from credit_sanction_service.domain.records import SanctionRecord

SERVED = TODAY - timedelta(days=20)


def served(**options: object) -> SanctionRecord:
    return serve_notice(notice_draft(**options), record_id="1", today=TODAY, law=LAW)  # type: ignore[arg-type]


def decided() -> SanctionRecord:
    return decide(served(), decide_draft(), today=TODAY, law=LAW)


def paths(caught: pytest.ExceptionInfo[Invalid]) -> list[str]:
    assert all(violation.rule for violation in caught.value.violations)
    return [violation.field for violation in caught.value.violations]


@pytest.mark.parametrize("step", [served, decided])
def test_before_the_listing_nothing_has_effect_and_nothing_is_pushed(step: object) -> None:
    record = step()  # type: ignore[operator]
    for offset in range(-40, 400, 7):
        day = TODAY + timedelta(days=offset)
        assert not has_effect(record, day)
        assert not may_have_effect(record, day)
        assert not belongs(record, Filter(), day)
    expected = record.last_day + timedelta(days=1) if record.decision else None
    assert next_change(record, after=TODAY, law=LAW) == expected
    assert not record.ever_listed


def test_from_notice_to_listing() -> None:
    record = served()
    assert (record.state, record.decision, record.publication_end) == (State.NOTICE_SERVED, None, None)
    assert record.authority.code == authority_code()
    record = decide(record, decide_draft(on=TODAY - timedelta(days=2)), today=TODAY, law=LAW)
    assert (record.state, record.version) == (State.DECIDED, 2)
    assert record.ruling.notice_served_on == SERVED
    assert record.ruling.authority == record.authority
    assert [measure.area for measure in record.measures] == list(ALL_AREAS)
    record = list_record(record, "", today=TODAY, law=LAW)
    assert (record.state, record.version, record.since) == (State.LISTED, 3, TODAY)
    assert has_effect(record, TODAY)
    assert not has_effect(record, TODAY - timedelta(days=1))
    # The publication's clock starts on the document's date, not on the day of the listing.
    assert record.publication_end == date(2029, 11, 21)


def test_a_notice_tells_facts_basis_and_rights() -> None:
    given = notice_draft()
    assert given.notice
    for field in ("facts", "basis", "rights", "document_number", "served_on"):
        with pytest.raises(Invalid) as caught:
            serve_notice(
                replace(given, notice=replace(given.notice, **{field: ""})), record_id="1", today=TODAY, law=LAW
            )
        assert paths(caught) == [f"notice.{field}"]
    with pytest.raises(Invalid) as caught:
        serve_notice(replace(given, notice=None), record_id="1", today=TODAY, law=LAW)
    assert paths(caught) == ["notice"]


def test_a_notice_needs_an_obligation_that_was_overdue_on_its_day() -> None:
    given = notice_draft(decided_on=TODAY + timedelta(days=150))
    with pytest.raises(NotOverdue):
        serve_notice(given, record_id="1", today=TODAY, law=LAW)
    with pytest.raises(Invalid) as caught:
        served(served_on=TODAY - timedelta(days=200))
    assert paths(caught) == ["notice.served_on"]


def test_nobody_notifies_himself() -> None:
    with pytest.raises(Invalid) as caught:
        serve_notice(with_enterprise(notice_draft(), code=authority_code()), record_id="1", today=TODAY, law=LAW)
    assert paths(caught) == ["enterprise.code"]


def test_an_authority_that_leads_neither_standard_nor_sector_is_refused() -> None:
    ecology = next(entry for entry in LAW.authorities.entries.values() if entry.function == "ECOLOGY")
    given = with_decision(draft(), authority_code=ecology.code, authority_name=ecology.name_on(TODAY))
    with pytest.raises(Invalid) as caught:
        taken_in(given)
    (violation,) = caught.value.violations
    assert (violation.field, violation.rule) == ("decision.authority.code", "长工信联字[2017]9号 §五(一)(二)")


def test_an_authority_is_known_by_its_code_and_had_another_name_before() -> None:
    ecology = next(entry for entry in LAW.authorities.entries.values() if entry.function == "ECOLOGY")
    assert ecology.name_on(date(2017, 7, 1)) != ecology.name_on(TODAY)
    given = with_decision(draft(), authority_name="长春市虚构经济委员会")
    assert any("was called" in warning for warning in taken_in(given).warnings)
    unknown = with_decision(draft(), authority_code=code(7, prefix="11220100"), authority_name="虚构市无名局")
    assert any("登记册" in warning for warning in taken_in(unknown).warnings)


def test_a_decision_waits_for_the_hearing_days_unless_they_are_waived() -> None:
    notice_day = TODAY - timedelta(days=7)  # Monday; the fifth working day after it is today
    record = served(served_on=notice_day)
    with pytest.raises(Invalid) as caught:
        decide(record, decide_draft(), today=TODAY, law=LAW)
    assert paths(caught) == ["decision.date"]
    said = record_statement(record, statement(StatementKind.STATEMENT, on=TODAY), today=TODAY, law=LAW)
    with pytest.raises(Invalid):  # who has stated his case may still ask for a hearing
        decide(said, decide_draft(), today=TODAY, law=LAW)
    heard = record_statement(record, statement(StatementKind.WAIVED, on=TODAY), today=TODAY, law=LAW)
    assert decide(heard, decide_draft(), today=TODAY, law=LAW).state is State.DECIDED
    tomorrow = TODAY + timedelta(days=1)
    assert decide(record, decide_draft(on=tomorrow), today=tomorrow, law=LAW).state is State.DECIDED


def test_on_paper_the_same_days_are_kept() -> None:
    notice_day = (TODAY - timedelta(days=7)).isoformat()
    given = with_decision(draft(), notice_served_on=notice_day, date=TODAY.isoformat())
    with pytest.raises(Invalid) as caught:
        taken_in(replace(given, statements=()))
    assert paths(caught) == ["decision.date"]
    assert taken_in(given).statements[0].kind is StatementKind.WAIVED


def test_a_hearing_that_was_asked_for_is_held_before_the_decision() -> None:
    asked = record_statement(
        served(), statement(StatementKind.HEARING_REQUESTED, on=SERVED + timedelta(days=3)), today=TODAY, law=LAW
    )
    with pytest.raises(Invalid) as caught:
        decide(asked, decide_draft(), today=TODAY, law=LAW)
    assert "none was held" in str(caught.value)
    same_day = record_statement(
        asked, statement(StatementKind.WAIVED, on=SERVED + timedelta(days=3)), today=TODAY, law=LAW
    )
    with pytest.raises(Invalid, match="none was held"):  # nobody can tell which came last
        decide(same_day, decide_draft(), today=TODAY, law=LAW)
    held = record_statement(asked, statement(StatementKind.HEARING_HELD), today=TODAY, law=LAW)
    assert decide(held, decide_draft(), today=TODAY, law=LAW).state is State.DECIDED


def test_a_hearing_is_asked_for_within_five_working_days_and_held_only_when_asked_for() -> None:
    last = LAW.calendar.after(SERVED, LAW.limits.hearing_request.days).day
    assert last is not None
    for day, fine in ((last, True), (last + timedelta(days=1), False)):
        step = statement(StatementKind.HEARING_REQUESTED, on=day)
        if fine:
            assert len(record_statement(served(), step, today=TODAY, law=LAW).statements) == 1
        else:
            with pytest.raises(Invalid) as caught:
                record_statement(served(), step, today=TODAY, law=LAW)
            assert paths(caught) == ["statement"]
    with pytest.raises(Invalid) as caught:
        record_statement(served(), statement(StatementKind.HEARING_HELD), today=TODAY, law=LAW)
    assert paths(caught) == ["statement"]
    heard = statement(StatementKind.HEARING_HELD, on=TODAY - timedelta(days=31))
    given = with_decision(draft(), date=TODAY.isoformat())
    with pytest.raises(Invalid, match="nobody had asked"):
        taken_in(replace(given, statements=(heard,)))


def test_the_decision_states_cause_conditions_of_removal_and_remedies() -> None:
    given = decide_draft()
    for field in ("cause", "removal_conditions", "remedies"):
        with pytest.raises(Invalid) as caught:
            decide(served(), replace(given, decision=replace(given.decision, **{field: " "})), today=TODAY, law=LAW)  # type: ignore[arg-type] # names are fields
        assert paths(caught) == [f"decision.{field}"]


def test_the_decision_may_be_milder_than_the_notice() -> None:
    base = draft(areas=(Area.LAND_SUPPLY,))
    given = replace(decide_draft(), measures=base.measures, publication_class=PublicationClass.GENERAL)
    record = decide(served(), given, today=TODAY, law=LAW)
    assert [measure.area for measure in record.measures] == [Area.LAND_SUPPLY]
    assert record.publication_end == date(2027, 11, 23)


def test_the_authority_that_decides_is_the_one_that_served_the_notice() -> None:
    given = decide_draft()
    other = next(entry for entry in LAW.authorities.entries.values() if entry.function == "DEVELOPMENT_REFORM")
    typed = replace(given.decision, authority_code=other.code, authority_name=other.name_on(TODAY))
    with pytest.raises(Invalid) as caught:
        decide(served(), replace(given, decision=typed), today=TODAY, law=LAW)
    assert "decision.authority.code" in paths(caught)


def test_steps_come_in_their_order() -> None:
    with pytest.raises(StateConflict):
        list_record(served(), "", today=TODAY, law=LAW)
    with pytest.raises(StateConflict):
        decide(decided(), decide_draft(), today=TODAY, law=LAW)
    with pytest.raises(StateConflict):
        record_statement(decided(), statement(), today=TODAY, law=LAW)
    listed = list_record(decided(), "", today=TODAY, law=LAW)
    with pytest.raises(StateConflict):
        list_record(listed, "", today=TODAY, law=LAW)


def test_a_listing_lies_between_the_decision_and_today() -> None:
    record = decide(served(), decide_draft(on=TODAY - timedelta(days=3)), today=TODAY, law=LAW)
    for day in (TODAY - timedelta(days=4), TODAY + timedelta(days=1)):
        with pytest.raises(Invalid) as caught:
            list_record(record, day.isoformat(), today=TODAY, law=LAW)
        assert paths(caught) == ["listed_on"]


def test_listing_a_code_in_doubt_quarantines_it() -> None:
    given = with_enterprise(notice_draft(), code=doubtful_code(1))
    record = decide(serve_notice(given, record_id="1", today=TODAY, law=LAW), decide_draft(), today=TODAY, law=LAW)
    listed = list_record(record, "", today=TODAY, law=LAW)
    assert (listed.state, listed.ever_listed) == (State.QUARANTINED, False)
    assert listed.quarantine
    assert may_have_effect(listed, TODAY)


def test_nothing_is_decided_about_what_was_completed() -> None:
    obligation = taken_in(draft()).obligation
    completed = Fixed(obligation=obligation, name="exitObligations/1", completed_on=SERVED)
    with pytest.raises(Invalid) as caught:
        serve_notice(notice_draft(), record_id="1", today=TODAY, law=LAW, fixed=completed)
    assert paths(caught) == ["obligation_name"]
    with pytest.raises(Invalid) as caught:
        list_record(decided(), "", today=TODAY, law=LAW, fixed=completed)
    assert paths(caught) == ["obligation_name"]
    later = replace(completed, completed_on=TODAY + timedelta(days=1))
    assert list_record(decided(), "", today=TODAY, law=LAW, fixed=later).state is State.LISTED


def test_a_hearing_window_in_a_year_without_calendar_is_no_guess() -> None:
    day = date(2027, 1, 20)
    record = served(served_on=TODAY)
    late = replace(record, notice=replace(record.notice, served_on=date(2026, 12, 29)))  # type: ignore[type-var]
    with pytest.raises(CalendarNotPublished):
        decide(late, decide_draft(on=day), today=day, law=LAW)


def test_an_extension_granted_since_the_notice_counts_in_decision_and_listing() -> None:
    record = served()
    longer = replace(record.obligation, due_on=TODAY - timedelta(days=3), moved_to=None)
    fixed = Fixed(obligation=longer, name="exitObligations/1")
    with pytest.raises(Invalid) as caught:
        decide(record, decide_draft(), today=TODAY, law=LAW, fixed=fixed)
    assert paths(caught) == ["decision.notice_served_on"]
    still_running = replace(fixed, obligation=replace(longer, due_on=TODAY))
    with pytest.raises(NotOverdue):
        list_record(decided(), "", today=TODAY, law=LAW, fixed=still_running)


def test_nothing_is_decided_once_the_exit_is_completed() -> None:
    obligation = taken_in(draft()).obligation
    completed = Fixed(obligation=obligation, name="exitObligations/1", completed_on=TODAY)
    with pytest.raises(Invalid) as caught:
        decide(served(), decide_draft(), today=TODAY, law=LAW, fixed=completed)
    assert paths(caught) == ["obligation_name"]

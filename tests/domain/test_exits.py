"""Exit obligations: every row of the policy's table (DOMAIN §3, rows 1 to 9, 11 and 15), and what holds of any history."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exit_samples import (
    AUTHORITIES,
    DUE,
    LAW,
    LAW_OF_NEXT_YEAR,
    ORDERED,
    active_exit,
    completion,
    energy,
    evidence,
    extension,
    interim,
    obligation,
    registered,
    registration,
    withdrawal,
)
from tests.samples import TODAY, code, doubtful_code

from credit_sanction_service.domain.authorities import Function
from credit_sanction_service.domain.drafts import (
    ApprovalDraft,
    DistrictDraft,
    EnterpriseDraft,
    ExtensionDraft,
    ObligationDraft,
)
from credit_sanction_service.domain.exit_drafts import (
    ActiveExitDraft,
    CompletionDraft,
    InterimDraft,
    RegistrationDraft,
    WithdrawalDraft,
)
from credit_sanction_service.domain.exits import (
    RegisteredObligation,
    calendar_loaded,
    declare_active_exit,
    extend,
    register,
    report_completion,
    report_interim,
    withdraw,
)
from credit_sanction_service.domain.faults import (
    CalendarNotPublished,
    IdentifierRefused,
    Invalid,
    SanctionError,
    StateConflict,
    Violation,
)
from credit_sanction_service.domain.terms import InterimEvidenceKind, ObligationState, Scope, Sector, Standard

if TYPE_CHECKING:
    from collections.abc import Callable

SEALED = report_interim(registered(), interim(), today=TODAY, law=LAW)
DONE = report_completion(registered(), completion(), today=TODAY, law=LAW)
DAY = timedelta(days=1)


def violations(draft: RegistrationDraft | ObligationDraft, *, today: date = TODAY) -> dict[str, Violation]:
    """Return by field what is wrong with a registration."""
    whole = registration(draft) if isinstance(draft, ObligationDraft) else draft
    with pytest.raises(Invalid) as caught:
        register(whole, obligation_id="1", today=today, law=LAW)
    return {violation.field: violation for violation in caught.value.violations}


def refusal(draft: RegistrationDraft | ObligationDraft, field: str) -> Violation:
    """Return the one thing that is wrong with a registration."""
    found = violations(draft)
    assert list(found) == [field]
    return found[field]


# Row 1: the key sectors and any other, each item by the standard that it fails.


@pytest.mark.parametrize("sector", Sector)
def test_row_1_every_sector_has_obligations(sector: Sector) -> None:
    lead = Function.DEVELOPMENT_REFORM if sector in {Sector.COAL, Sector.POWER} else Function.INDUSTRY
    draft = registration(obligation(sector=sector), function=lead)
    taken = register(draft, obligation_id="1", today=TODAY, law=LAW)
    assert (taken.obligation.sector, taken.state, taken.version) == (sector, ObligationState.OPEN, 1)


def test_row_1_an_item_fails_a_standard() -> None:
    assert set(violations(obligation(standard=None))) == {"obligation.standard"}


# Row 2: a deadline exists only inside an approved plan.


def test_row_2_without_an_approved_plan_there_is_no_deadline() -> None:
    assert "§二" in refusal(obligation(plan=None), "obligation.plan").rule


def test_row_2_the_plan_was_approved_on_or_before_the_due_day() -> None:
    plan = ApprovalDraft(document_number="虚构方案2号", approver="虚构市人民政府", date=TODAY.isoformat())
    assert registered(obligation(plan=plan, due_on=TODAY.isoformat())).obligation.plan is not None
    early = obligation(plan=plan, due_on=(TODAY - DAY).isoformat())
    assert "§二" in refusal(early, "obligation.plan.date").rule


# Row 3: energy has six months and, on application, one extension of at most three.


def test_row_3_energy_has_six_months() -> None:
    assert registered(energy(ordered_on="2025-08-31")).last_day == date(2026, 2, 28)  # a Saturday that was worked
    assert registered(energy(ordered_on="2025-11-01")).last_day == date(2026, 5, 6)  # not the 1st: Labour Day
    assert "§三(二)1" in refusal(energy(ordered_on="2026-02-01", due_on="2026-08-02"), "obligation.due_on").rule


@pytest.mark.parametrize(("months", "last"), [(1, "2026-07-30"), (2, "2026-08-31"), (3, "2026-09-30")])
def test_row_3_one_extension_of_up_to_three_months(months: int, last: str) -> None:
    extended = extend(
        registered(energy(ordered_on="2025-12-31")), extension(months, "2026-01-01"), today=TODAY, law=LAW
    )
    assert (extended.last_day, extended.version) == (date.fromisoformat(last), 2)
    with pytest.raises(StateConflict, match=r"one extension.*§三\(二\)1"):
        extend(extended, extension(1, "2026-01-01"), today=TODAY, law=LAW)


@pytest.mark.parametrize("months", [-1, 0, 4, 12])
def test_row_3_a_longer_extension_is_refused(months: int) -> None:
    with pytest.raises(Invalid) as caught:
        extend(registered(energy()), extension(months), today=TODAY, law=LAW)
    (violation,) = caught.value.violations
    assert (violation.field, violation.rule) == ("extension.months", "长工信联字[2017]9号 §三(二)1")


@pytest.mark.parametrize(
    ("applied_on", "fault"),
    [
        ("", "missing"),
        ((ORDERED - DAY).isoformat(), "before the order"),
        ((TODAY + DAY).isoformat(), "lies in the future"),
        ("2026-02-30", "not a day"),
    ],
)
def test_row_3_an_extension_takes_an_application(applied_on: str, fault: str) -> None:
    with pytest.raises(Invalid, match=fault) as caught:
        extend(registered(energy()), extension(1, applied_on), today=TODAY, law=LAW)
    assert [violation.field for violation in caught.value.violations] == ["extension.applied_on"]


def test_row_3_the_application_comes_on_or_before_the_last_day() -> None:
    # Due on Saturday, 1 August 2026: Monday is the last day (民法典 art. 203).
    item = energy(ordered_on="2026-02-01")
    assert extend(registered(item), extension(1, "2026-08-03"), today=TODAY, law=LAW).last_day == date(2026, 9, 1)
    with pytest.raises(Invalid, match="cannot be extended") as caught:
        extend(registered(item), extension(1, "2026-08-04"), today=TODAY, law=LAW)
    (violation,) = caught.value.violations
    assert "§三(二)1" in violation.rule
    assert "民法典 art. 203" in violation.rule
    within = energy(ordered_on="2026-02-01", extension=extension(1, "2026-08-04"))
    assert "art. 203" in refusal(within, "obligation.extension.applied_on").rule


def test_row_3_nobody_tells_whether_an_application_was_in_time_before_the_calendar_is_published() -> None:
    day = date(2027, 1, 4)
    waiting = registered(energy(ordered_on="2026-07-02"), today=day)  # due on Saturday, 2 January 2027
    with pytest.raises(CalendarNotPublished, match="2027"):
        extend(waiting, extension(1, "2027-01-04"), today=day, law=LAW)
    assert extend(waiting, extension(1, "2027-01-04"), today=day, law=LAW_OF_NEXT_YEAR).last_day == date(2027, 2, 2)


# Row 4: environment is due by document, and to close a whole enterprise takes approval.


def whole(standard: Standard, **changes: object) -> ObligationDraft:
    """Return a whole enterprise that has to close."""
    nothing = {"scope": Scope.ENTERPRISE, "item": "", "equipment": "", "quantity": 0}
    return obligation(**(nothing | {"standard": standard} | changes))


APPROVAL = ApprovalDraft(document_number="虚构关停1号", approver="虚构市人民政府", date=ORDERED.isoformat())


def test_row_4_environment_is_due_when_its_document_says() -> None:
    assert refusal(obligation(standard=Standard.ENVIRONMENT, due_on=""), "obligation.due_on").description
    assert registered(obligation(standard=Standard.ENVIRONMENT)).last_day == DUE


@pytest.mark.parametrize("standard", [Standard.ENVIRONMENT, Standard.QUALITY])
def test_rows_4_and_5_to_close_an_enterprise_takes_approval(standard: Standard) -> None:
    rule = LAW.deadlines.of(standard).article
    assert refusal(whole(standard), "obligation.closure_approval").rule == rule
    assert registered(whole(standard, closure_approval=APPROVAL)).obligation.closure_approval is not None


# Row 5: quality has six months and no extension.


def test_row_5_quality_has_six_months() -> None:
    assert registered(obligation(standard=Standard.QUALITY, ordered_on="2025-12-31", due_on="")).last_day == date(
        2026, 6, 30
    )


@pytest.mark.parametrize("standard", [each for each in Standard if each is not Standard.ENERGY])
def test_row_5_only_energy_knows_an_extension(standard: Standard) -> None:
    with pytest.raises(Invalid) as caught:
        extend(registered(obligation(standard=standard)), extension(1), today=TODAY, law=LAW)
    (violation,) = caught.value.violations
    assert (violation.field, violation.rule) == ("extension.months", LAW.deadlines.of(standard).article)


# Row 6: safety stops at once; the licences to revoke stand with the obligation.


def test_row_6_safety_has_its_licences_with_it() -> None:
    kept = registered(
        obligation(standard=Standard.SAFETY, licences=(("安全生产许可证", "虚构证1号", "虚构市应急管理局"),))
    )
    assert [licence.name for licence in kept.obligation.licences] == ["安全生产许可证"]
    assert refusal(obligation(standard=Standard.SAFETY, due_on=""), "obligation.due_on").description


# Row 7: technology's interim state is not completion, and takes all four pieces of evidence.


def test_row_7_sealed_is_not_completed() -> None:
    assert (SEALED.state, SEALED.completed_on) == (ObligationState.INTERIM_SEALED, None)
    assert [piece.kind for piece in SEALED.interim] == list(InterimEvidenceKind)
    assert not SEALED.is_overdue(DUE)
    assert SEALED.is_overdue(DUE + DAY)
    assert not report_completion(SEALED, completion(), today=TODAY, law=LAW).is_overdue(DUE + DAY)


subsets = st.sets(st.sampled_from(InterimEvidenceKind), max_size=3)


@given(kinds=subsets)
def test_row_7_each_missing_piece_is_named(kinds: set[InterimEvidenceKind]) -> None:
    draft = replace(interim(), evidence=tuple(evidence(kind) for kind in kinds))
    with pytest.raises(Invalid) as caught:
        report_interim(registered(), draft, today=TODAY, law=LAW)
    missing = [kind for kind in InterimEvidenceKind if kind not in kinds]
    assert [violation.description.split()[0] for violation in caught.value.violations] == missing
    assert {violation.rule for violation in caught.value.violations} == {"长工信联字[2017]9号 §三(二)5"}


def test_row_7_a_piece_is_given_once() -> None:
    first, second, third, fourth = interim().evidence
    with pytest.raises(Invalid, match="given 2 times"):
        report_interim(registered(), replace(interim(), evidence=(first, second, third, first)), today=TODAY, law=LAW)
    five = (first, second, third, fourth, fourth)
    with pytest.raises(Invalid, match="5 pieces"):
        report_interim(registered(), replace(interim(), evidence=five), today=TODAY, law=LAW)


def test_row_7_the_announcement_has_its_address() -> None:
    pieces = (*interim().evidence[:3], replace(evidence(InterimEvidenceKind.ANNOUNCEMENT), place=" "))
    with pytest.raises(Invalid, match="公告网址") as caught:
        report_interim(registered(), replace(interim(), evidence=pieces), today=TODAY, law=LAW)
    assert [violation.field for violation in caught.value.violations] == ["interim[3].place"]


@pytest.mark.parametrize("day", [ORDERED - DAY, TODAY + DAY])
def test_row_7_evidence_lies_between_the_order_and_today(day: date) -> None:
    with pytest.raises(Invalid) as caught:
        report_interim(registered(), interim(day), today=TODAY, law=LAW)
    assert [violation.field for violation in caught.value.violations] == [f"interim[{n}].date" for n in range(4)]


@pytest.mark.parametrize("dismantle_by", ["", "2026-13-01", TODAY.isoformat(), (TODAY - DAY).isoformat()])
def test_row_7_it_is_dismantled_by_a_day_ahead(dismantle_by: str) -> None:
    with pytest.raises(Invalid) as caught:
        report_interim(registered(), replace(interim(), dismantle_by=dismantle_by), today=TODAY, law=LAW)
    assert [violation.field for violation in caught.value.violations] == ["dismantle_by"]


@pytest.mark.parametrize("standard", [each for each in Standard if each is not Standard.TECHNOLOGY])
def test_row_7_only_technology_knows_an_interim_state(standard: Standard) -> None:
    with pytest.raises(Invalid) as caught:
        report_interim(registered(obligation(standard=standard)), interim(), today=TODAY, law=LAW)
    (violation,) = caught.value.violations
    assert (violation.field, violation.rule) == ("name", "长工信联字[2017]9号 §三(二)5")


def test_row_7_a_later_report_replaces_the_one_before() -> None:
    again = report_interim(SEALED, interim(dismantle_by=TODAY + 90 * DAY), today=TODAY, law=LAW)
    assert (again.version, again.dismantle_by, len(again.interim)) == (3, TODAY + 90 * DAY, 4)


def test_row_7_what_was_sealed_is_completed_later() -> None:
    with pytest.raises(Invalid, match="when it was reported as sealed"):
        report_completion(SEALED, completion(TODAY - DAY), today=TODAY, law=LAW)
    done = report_completion(SEALED, completion(), today=TODAY, law=LAW)
    assert (done.state, done.interim) == (ObligationState.COMPLETED, SEALED.interim)


# Row 8: 地条钢, steel of induction furnaces, knows no extension.


def test_row_8_induction_furnaces_are_not_extended() -> None:
    furnace = registered(obligation(induction_furnace=True))
    with pytest.raises(Invalid) as caught:
        extend(furnace, extension(1), today=TODAY, law=LAW)
    (violation,) = caught.value.violations
    assert (violation.field, violation.rule) == ("extension.months", "长工信联字[2017]9号 §三(二)5 地条钢")


@pytest.mark.parametrize(
    ("standard", "sector"), [(Standard.ENERGY, Sector.STEEL), (Standard.TECHNOLOGY, Sector.CEMENT)]
)
def test_row_8_induction_furnaces_are_steel_that_fails_technology(standard: Standard, sector: Sector) -> None:
    found = refusal(
        obligation(induction_furnace=True, standard=standard, sector=sector), "obligation.induction_furnace"
    )
    assert "§三(二)5" in found.rule


# Row 9: two forms of exit.


def test_row_9_a_whole_enterprise_or_one_line_exits() -> None:
    assert registered(whole(Standard.TECHNOLOGY)).obligation.item == ""
    assert registered().obligation.item == "1号高炉"
    assert "§三(三)6" in violations(obligation(quantity=0))["obligation.quantity"].rule
    assert "§三(三)6" in violations(whole(Standard.TECHNOLOGY, item="1号高炉"))["obligation.item"].rule


def test_row_9_one_enterprise_has_one_overdue_line_and_others_that_are_not() -> None:
    late = registered(obligation(item="1号高炉", due_on="2026-11-20"))
    others = [registered(obligation(item=f"{number}号高炉")) for number in (2, 3, 4)]
    assert [each.is_overdue(TODAY) for each in (late, *others)] == [True, False, False, False]


# Row 11: who exits actively is supported; who does not exit on time is not.


def test_row_11_an_active_exit_is_supported_from_its_declaration_on() -> None:
    declared = declare_active_exit(registered(), active_exit(TODAY - DAY), today=TODAY, law=LAW)
    assert (declared.version, declared.state) == (2, ObligationState.OPEN)
    assert [declared.is_supported(TODAY - n * DAY) for n in (0, 1, 2)] == [True, True, False]
    assert not registered().is_supported(TODAY)


def test_row_11_support_ends_with_the_last_day_and_late_completion_does_not_bring_it_back() -> None:
    declared = declare_active_exit(registered(), active_exit(), today=TODAY, law=LAW)
    assert [declared.is_supported(day) for day in (DUE, DUE + DAY)] == [True, False]
    late = report_completion(declared, completion(DUE + DAY), today=DUE + DAY, law=LAW)
    assert not late.is_supported(DUE + DAY)
    in_time = report_completion(declared, completion(DUE), today=DUE + DAY, law=LAW)
    assert in_time.is_supported(DUE + 300 * DAY)


def test_row_11_who_is_overdue_or_was_late_does_not_exit_actively() -> None:
    with pytest.raises(StateConflict, match=r"is overdue.*§四\(四\)"):
        declare_active_exit(registered(), active_exit(), today=DUE + DAY, law=LAW)
    late = report_completion(registered(), completion(DUE + DAY), today=DUE + DAY, law=LAW)
    with pytest.raises(StateConflict, match=r"completed on .* after its last day.*§四\(四\)"):
        declare_active_exit(late, active_exit(), today=DUE + DAY, law=LAW)
    in_time = report_completion(registered(), completion(DUE), today=DUE, law=LAW)
    assert declare_active_exit(in_time, active_exit(), today=DUE + DAY, law=LAW).is_supported(DUE + DAY)


@pytest.mark.parametrize("day", [ORDERED - DAY, TODAY + DAY])
def test_row_11_a_declaration_lies_between_the_order_and_today(day: date) -> None:
    with pytest.raises(Invalid) as caught:
        declare_active_exit(registered(), active_exit(day), today=TODAY, law=LAW)
    assert [violation.field for violation in caught.value.violations] == ["active_exit.declared_on"]


def test_row_11_a_later_declaration_replaces_the_one_before() -> None:
    first = declare_active_exit(registered(), active_exit(TODAY - DAY), today=TODAY, law=LAW)
    second = declare_active_exit(first, active_exit(), today=TODAY, law=LAW)
    assert second.active_exit is not None
    assert (second.version, second.active_exit.declared_on) == (3, TODAY)


# Row 15: who leads.


@pytest.mark.parametrize(
    ("sector", "standard", "leads"),
    [
        (Sector.STEEL, Standard.SAFETY, {Function.INDUSTRY, Function.EMERGENCY}),
        (Sector.COAL, Standard.ENVIRONMENT, {Function.DEVELOPMENT_REFORM, Function.ECOLOGY}),
        (Sector.POWER, Standard.QUALITY, {Function.DEVELOPMENT_REFORM, Function.MARKET_REGULATION}),
    ],
)
def test_row_15_the_authority_leads_the_standard_or_the_sector(
    sector: Sector, standard: Standard, leads: set[Function]
) -> None:
    for function in AUTHORITIES:
        draft = registration(obligation(sector=sector, standard=standard), function=function)
        if function in leads:
            assert not register(draft, obligation_id="1", today=TODAY, law=LAW).warnings
        else:
            assert "§五(一)(二)" in refusal(draft, "authority.code").rule


# Enterprises, completion, calendars.


def test_a_code_in_doubt_is_taken_in_with_a_warning_and_one_that_nobody_has_is_refused() -> None:
    doubtful = replace(registration(), enterprise=EnterpriseDraft(code=doubtful_code(1), name="虚构企业"))
    (warning,) = register(doubtful, obligation_id="1", today=TODAY, law=LAW).warnings
    assert warning.startswith("企业代码待确认")
    refused = replace(registration(), enterprise=EnterpriseDraft(code="91220101111111111U", name="虚构企业"))
    with pytest.raises(IdentifierRefused, match=r"enterprise\.code"):
        register(refused, obligation_id="1", today=TODAY, law=LAW)


def test_nobody_leads_his_own_exit() -> None:
    own = replace(registration(), enterprise=EnterpriseDraft(code=registration().authority_code, name="虚构企业"))
    assert "authority's own" in refusal(own, "enterprise.code").description


def test_what_the_register_does_not_know_is_a_warning() -> None:
    draft = registration(
        authority_code=code(7, prefix="11220100"),
        authority_name="虚构局",
        district=DistrictDraft(code="229999", name="虚构区"),
    )
    warnings = register(draft, obligation_id="1", today=TODAY, law=LAW).warnings
    assert [warning.split(":")[0] for warning in warnings] == ["认定部门不在登记册", "区划代码不在清单"]


def test_completed_is_final() -> None:
    again = extend(registered(energy()), extension(1), today=TODAY, law=LAW)
    done = report_completion(again, completion(), today=TODAY, law=LAW)
    with pytest.raises(StateConflict, match=r"which is final.*§三\(三\)6"):
        extend(done, extension(1), today=TODAY, law=LAW)
    with pytest.raises(StateConflict, match=r"which is final.*§三\(二\)5"):
        report_interim(DONE, interim(), today=TODAY, law=LAW)
    with pytest.raises(StateConflict, match=r"which is final.*§三\(三\)6"):
        report_completion(DONE, completion(), today=TODAY, law=LAW)


def test_what_was_registered_by_mistake_is_withdrawn_with_its_reason() -> None:
    for item in (registered(), SEALED):
        taken_back = withdraw(item, withdrawal(), today=TODAY, law=LAW)
        assert (taken_back.state, taken_back.version) == (ObligationState.WITHDRAWN, item.version + 1)
        assert taken_back.withdrawal is not None
        assert (taken_back.withdrawal.withdrawn_on, taken_back.withdrawal.document_number) == (TODAY, "虚构撤字1号")
        assert taken_back.interim == item.interim


def test_what_was_withdrawn_is_never_overdue_nor_supported_and_takes_no_further_step() -> None:
    declared = declare_active_exit(registered(), active_exit(), today=TODAY, law=LAW)
    gone = withdraw(declared, withdrawal(), today=TODAY, law=LAW)
    assert declared.is_supported(TODAY)
    assert declared.is_overdue(DUE + DAY)
    assert not any(gone.is_overdue(DUE + n * DAY) or gone.is_supported(DUE + n * DAY) for n in range(-200, 200))
    waiting = withdraw(registered(obligation(due_on="2027-02-15")), withdrawal(), today=TODAY, law=LAW)
    assert calendar_loaded(waiting, law=LAW_OF_NEXT_YEAR) is None
    further: tuple[Callable[[], RegisteredObligation], ...] = (
        lambda: extend(gone, extension(), today=TODAY, law=LAW),
        lambda: report_interim(gone, interim(), today=TODAY, law=LAW),
        lambda: report_completion(gone, completion(), today=TODAY, law=LAW),
        lambda: declare_active_exit(gone, active_exit(), today=TODAY, law=LAW),
        lambda: withdraw(gone, withdrawal(), today=TODAY, law=LAW),
    )
    for step in further:
        with pytest.raises(StateConflict, match=r"was withdrawn on .*, which is final.*§二"):
            step()


def test_what_was_completed_is_not_withdrawn() -> None:
    with pytest.raises(StateConflict, match=r"which is final: it cannot be withdrawn.*§三\(三\)6"):
        withdraw(DONE, withdrawal(), today=TODAY, law=LAW)


def test_a_withdrawal_is_dated_between_the_order_and_today() -> None:
    for day in (ORDERED - DAY, TODAY + DAY):
        with pytest.raises(Invalid) as caught:
            withdraw(registered(), withdrawal(day), today=TODAY, law=LAW)
        assert [(each.field, each.rule) for each in caught.value.violations] == [("date", "长工信联字[2017]9号 §二")]
    for day in (ORDERED, TODAY):
        assert withdraw(registered(), withdrawal(day), today=TODAY, law=LAW).withdrawal


def test_overdue_is_the_day_after_the_last_day_until_completion() -> None:
    late = report_completion(registered(), completion(DUE + 5 * DAY), today=DUE + 9 * DAY, law=LAW)
    days = [DUE + n * DAY for n in (0, 1, 4, 5, 6)]
    assert [late.is_overdue(day) for day in days] == [False, True, True, False, False]


def test_empty_drafts_say_everything_that_is_missing() -> None:
    empty = RegistrationDraft(enterprise=EnterpriseDraft(), obligation=ObligationDraft(), district=DistrictDraft())
    assert set(violations(empty)) >= {
        *("enterprise.code", "enterprise.name", "obligation.plan", "obligation.standard", "obligation.sector"),
        *("authority.code", "authority.name", "responsible_district.code", "responsible_district.name"),
    }
    with pytest.raises(Invalid) as caught:
        report_completion(registered(), CompletionDraft(), today=TODAY, law=LAW)
    assert [violation.field for violation in caught.value.violations] == [
        f"completion.{field}" for field in ("date", "document_number", "method", "verifier")
    ]
    with pytest.raises(Invalid) as caught:
        declare_active_exit(registered(), ActiveExitDraft(), today=TODAY, law=LAW)
    assert [violation.field for violation in caught.value.violations] == [
        f"active_exit.{field}" for field in ("declared_on", "document_number", "description")
    ]
    with pytest.raises(Invalid) as caught:
        withdraw(registered(), WithdrawalDraft(), today=TODAY, law=LAW)
    assert [violation.field for violation in caught.value.violations] == ["date", "document_number", "reason"]
    with pytest.raises(Invalid) as caught:
        report_interim(registered(), InterimDraft(), today=TODAY, law=LAW)
    assert len(caught.value.violations) == 5
    with pytest.raises(Invalid) as caught:
        extend(registered(energy()), ExtensionDraft(), today=TODAY, law=LAW)
    assert {violation.field for violation in caught.value.violations} == {
        *("extension.months", "extension.document_number", "extension.applied_on"),
    }


def test_a_last_day_beyond_the_published_calendar_is_not_told_until_it_is_loaded() -> None:
    waiting = registered(obligation(due_on="2027-02-15"))
    assert (waiting.last_day, waiting.is_overdue(date(2027, 6, 1))) == (None, False)
    assert calendar_loaded(waiting, law=LAW) is None
    told = calendar_loaded(waiting, law=LAW_OF_NEXT_YEAR)
    assert told is not None
    assert (told.last_day, told.version) == (date(2027, 2, 16), 2)
    assert told.obligation.calendar_edition == "made-up-2027"
    assert told.is_overdue(date(2027, 2, 17))
    assert calendar_loaded(told, law=LAW_OF_NEXT_YEAR) is None


def test_while_nobody_can_tell_whether_it_is_late_nobody_is_supported() -> None:
    waiting = registered(obligation(due_on="2027-02-15"))
    declared = declare_active_exit(waiting, active_exit(), today=TODAY, law=LAW)
    assert [declared.is_supported(day) for day in (date(2027, 2, 15), date(2027, 2, 16))] == [True, False]
    with pytest.raises(CalendarNotPublished, match="2027"):
        declare_active_exit(waiting, active_exit(), today=date(2027, 2, 16), law=LAW)
    assert declare_active_exit(waiting, active_exit(), today=date(2027, 2, 16), law=LAW_OF_NEXT_YEAR).active_exit


# Any history.

days = st.integers(-40, 60).map(lambda n: TODAY + n * DAY)
STANDARDS = st.sampled_from(Standard)
steps = st.one_of(
    st.builds(lambda m, d: (extend, extension(m, d.isoformat())), st.integers(0, 4), days),
    st.builds(lambda d, by: (report_interim, interim(d, dismantle_by=by)), days, days),
    st.builds(lambda d: (report_completion, completion(d)), days),
    st.builds(lambda d: (declare_active_exit, active_exit(d)), days),
    st.builds(lambda d: (withdraw, withdrawal(d)), days),
)
ALLOWED = {
    ObligationState.OPEN: set(ObligationState),
    ObligationState.INTERIM_SEALED: set(ObligationState) - {ObligationState.OPEN},
    ObligationState.COMPLETED: {ObligationState.COMPLETED},
    ObligationState.WITHDRAWN: set(),
}


def live(standard: Standard, due: date, history: list[tuple[int, tuple[object, object]]]) -> list[RegisteredObligation]:
    """Return the versions that a history leaves behind; what is refused leaves none."""
    item = registered(obligation(standard=standard, due_on=due.isoformat()), today=TODAY)
    versions = [item]
    today = TODAY - 40 * DAY
    for wait, (step, draft) in history:
        today += wait * DAY
        try:
            versions.append(step(versions[-1], draft, today=today, law=LAW_OF_NEXT_YEAR))  # type: ignore[operator]
        except SanctionError:
            continue
    return versions


@settings(max_examples=200)
@given(standard=STANDARDS, due=days, history=st.lists(st.tuples(st.integers(0, 20), steps), max_size=8), seen=days)
def test_any_history_keeps_to_the_life_of_an_obligation(
    standard: Standard, due: date, history: list[tuple[int, tuple[object, object]]], seen: date
) -> None:
    versions = live(standard, due, history)
    assert [each.version for each in versions] == list(range(1, len(versions) + 1))
    for before, after in pairwise(versions):
        assert after.state in ALLOWED[before.state]
        assert before.completion is None or after.completion == before.completion
        assert before.obligation.extension is None or after.obligation.extension == before.obligation.extension
    last = versions[-1]
    assert standard is Standard.TECHNOLOGY or not last.interim
    assert standard is Standard.ENERGY or last.obligation.extension is None
    assert not (last.is_overdue(seen) and last.is_supported(seen))
    assert last.is_overdue(seen) == (
        last.withdrawal is None
        and last.last_day is not None
        and seen > last.last_day
        and not (last.completed_on and last.completed_on <= seen)
    )
    assert last.withdrawal is None or not last.is_supported(seen)

"""Intake: every fault at once, each with its path and its rule; what is accepted, quarantined and refused."""

from __future__ import annotations

import time
from dataclasses import fields, replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples import (
    TODAY,
    authority_code,
    code,
    doubtful_code,
    draft,
    penalty,
    taken_in,
    telling,
    with_decision,
    with_enterprise,
)
from tests.samples import record as sample

from credit_sanction_service.domain.decisions import read_confirmation
from credit_sanction_service.domain.drafts import (
    ConfirmationDraft,
    DecisionDraft,
    DistrictDraft,
    EnterpriseDraft,
    MeasureDraft,
    ObligationDraft,
    PenaltyDraft,
    RecordDraft,
)
from credit_sanction_service.domain.faults import IdentifierRefused, Invalid, Violation
from credit_sanction_service.domain.parties import MOST_FORMER_NAMES, MOST_OTHER_IDENTIFIERS, name_warnings
from credit_sanction_service.domain.terms import ALL_AREAS, Area, IdentifierKind, PublicationClass, State

PENALTY_TEXTS = [field.name for field in fields(PenaltyDraft) if field.name != "kind"]
HUGE = "长" * (10 * 1024 * 1024)
INSIDE = code(1)[8:17]
CITIZEN = "990000190001010294"
SPACED = "虚构 ９９００００-1900 0101－0294 号"


def faults(given: RecordDraft, *, today: date = TODAY) -> dict[str, Violation]:
    """Return what is wrong, by path; every fault quotes a rule and none is endless."""
    with pytest.raises(Invalid) as caught:
        taken_in(given, today=today)
    violations = caught.value.violations
    assert all(violation.rule for violation in violations)
    assert all(len(violation.description) < 300 for violation in violations)
    assert len({violation.field for violation in violations}) == len(violations)
    return {violation.field: violation for violation in violations}


def test_a_good_draft_is_listed() -> None:
    record = sample()
    assert (record.state, record.version, record.ever_listed) == (State.LISTED, 1, True)
    assert record.quarantine is None
    assert [measure.area for measure in record.measures] == list(ALL_AREAS)
    assert record.obligation.last_day < record.ruling.decided_on <= TODAY


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("220101000012345", IdentifierKind.REGISTRATION_NUMBER),
        ("12345678-8", IdentifierKind.ORGANISATION_CODE),
        (doubtful_code(1), IdentifierKind.USCC),
    ],
)
def test_a_code_in_doubt_is_quarantined_with_its_reason(number: str, kind: IdentifierKind) -> None:
    record = taken_in(with_enterprise(draft(), code=number))
    assert (record.state, record.ever_listed) == (State.QUARANTINED, False)
    assert record.quarantine is not None
    assert record.quarantine.reason
    assert record.quarantine.rule
    assert record.quarantine.likely[:1] == ((code(1),) if kind is IdentifierKind.USCC else ())


def test_a_code_no_enterprise_can_have_is_refused_with_the_one_probably_meant() -> None:
    mistyped = code(1).replace("0", "O", 1)
    with pytest.raises(IdentifierRefused) as caught:
        taken_in(with_enterprise(draft(), code=mistyped))
    assert caught.value.likely_codes[0] == code(1)
    assert [violation.field for violation in caught.value.violations] == ["enterprise.code"]
    assert code(1) in caught.value.violations[0].description


def test_an_identity_number_is_refused_and_its_rule_is_privacy() -> None:
    assert "GB 11643" in faults(with_enterprise(draft(), code="990000190001010294"))["enterprise.code"].rule


def test_an_empty_draft_says_everything_that_is_missing_at_once() -> None:
    assert set(faults(RecordDraft())) == {
        *("enterprise.code", "enterprise.name"),
        *("obligation.scope", "obligation.sector", "obligation.standard", "obligation.capacity.amount"),
        *("obligation.capacity.unit", "obligation.ordered_on", "obligation.due_on", "obligation.plan"),
        *("decision.authority.code", "decision.authority.name", "decision.document_number", "decision.date"),
        "decision.notice_served_on",
        *("responsible_district.code", "responsible_district.name"),
        *("measures", "publication_class"),
    }


def test_all_faults_come_at_once_and_none_that_is_only_a_consequence() -> None:
    given = replace(
        with_decision(with_enterprise(draft(), name="虚"), date="2026-02-30"),
        district=DistrictDraft(code="22011", name="九台区"),
        publication_end_date="2026-12-31",
    )
    assert set(faults(given)) == {"enterprise.name", "decision.date", "responsible_district.code"}


def test_without_a_class_its_consequences_are_not_complained_of() -> None:
    assert set(faults(replace(draft(), publication_class=None))) == {"publication_class"}


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x9f", "\ud800", "\ue000"])
def test_control_characters_are_refused_everywhere(character: str) -> None:
    text = f"虚构{character}文字"
    given = RecordDraft(
        enterprise=EnterpriseDraft(code=text, name=text, former_names=(text,)),
        obligation=replace(draft(item="1号窑").obligation, item=text, equipment=text, capacity_amount=text),
        decision=replace(draft().decision, authority_name=text, document_number=text, date=text),
        district=DistrictDraft(code=text, name=text, since=text),
        measures=(MeasureDraft(area=Area.LAND_SUPPLY, end_date=text),),
        publication_class=PublicationClass.SERIOUS,
        publication_end_date=text,
    )
    found = faults(given)
    assert set(found) >= {
        *("enterprise.code", "enterprise.name", "enterprise.former_names[0]", "obligation.item"),
        *("obligation.equipment", "obligation.capacity.amount", "decision.authority.name", "decision.document_number"),
        *("decision.date", "responsible_district.code", "responsible_district.name", "responsible_district.since"),
        *("measures[0].end_date", "publication_end_date"),
    }
    assert not any(character in violation.description for violation in found.values())
    assert ("private-use" in found["enterprise.name"].description) == (character == "\ue000")


def test_a_rare_character_of_a_newer_unicode_is_taken_in_a_name() -> None:
    assert taken_in(with_enterprise(draft(), name="\U00031350公司")).enterprise.name == "\U00031350公司"


@pytest.mark.parametrize("text", [CITIZEN, SPACED])
def test_a_citizens_number_is_refused_in_every_text_and_repeated_by_none(text: str) -> None:
    given = RecordDraft(
        enterprise=EnterpriseDraft(
            code=text,
            name=text,
            former_names=(text,),
            other_identifiers=((IdentifierKind.TAX_NUMBER, text), (None, text)),
        ),
        obligation=replace(
            draft(item="1号窑").obligation, item=text, equipment=text, capacity_amount=text, due_on=text
        ),
        decision=DecisionDraft(
            authority_code=text,
            authority_name=text,
            document_number=text,
            date=text,
            notice_served_on=text,
            penalty=telling(PenaltyDraft(), **dict.fromkeys(PENALTY_TEXTS, text)),
        ),
        district=DistrictDraft(code=text, name=text, since=text),
        measures=(MeasureDraft(area=Area.LAND_SUPPLY, end_date=text),),
        publication_end_date=text,
    )
    found = faults(given)
    private = {path for path, violation in found.items() if "GB 11643" in violation.rule}
    assert private >= {
        *("enterprise.name", "enterprise.former_names[0]", "enterprise.other_identifiers[0].value"),
        *("enterprise.other_identifiers[1].value", "obligation.item", "obligation.equipment"),
        *("decision.authority.name", "decision.document_number", "decision.penalty.document_number"),
        *(f"decision.penalty.{part}" for part in ("violation", "facts", "basis", "content", "licence")),
        "responsible_district.name",
    }
    assert set(found) >= private | {
        *("enterprise.code", "obligation.capacity.amount", "obligation.due_on", "decision.authority.code"),
        *("decision.date", "decision.notice_served_on", "decision.penalty.date"),
        *("decision.penalty.fine", "decision.penalty.confiscated", "decision.penalty.valid_until"),
        *("responsible_district.code", "responsible_district.since"),
        *("measures[0].end_date", "publication_end_date"),
    }
    for violation in found.values():
        assert CITIZEN not in violation.description
        assert text not in violation.description


def test_a_citizens_number_is_refused_as_evidence() -> None:
    given = ConfirmationDraft(evidence=f"经办人{CITIZEN}", confirmed_on=TODAY.isoformat())
    with pytest.raises(Invalid, match="公民身份号码") as caught:
        read_confirmation(given, today=TODAY)
    assert [violation.field for violation in caught.value.violations] == ["confirmation.evidence"]


def test_megabytes_are_refused_by_their_length_alone() -> None:
    given = RecordDraft(
        enterprise=EnterpriseDraft(
            code=HUGE,
            name=HUGE,
            former_names=(HUGE,) * 5,
            other_identifiers=((IdentifierKind.TAX_NUMBER, HUGE),),
        ),
        obligation=ObligationDraft(item=HUGE, equipment=HUGE, capacity_amount=HUGE, ordered_on=HUGE, due_on=HUGE),
        decision=DecisionDraft(
            authority_code=HUGE,
            authority_name=HUGE,
            document_number=HUGE,
            date=HUGE,
            notice_served_on=HUGE,
            penalty=telling(PenaltyDraft(), **dict.fromkeys(PENALTY_TEXTS, HUGE)),
        ),
        district=DistrictDraft(code=HUGE, name=HUGE, since=HUGE),
        publication_end_date=HUGE,
    )
    begun = time.perf_counter()
    found = faults(given)
    assert time.perf_counter() - begun < 1
    assert "10485760 characters" in found["enterprise.name"].description


def test_long_lists_are_refused_without_a_fault_for_each_entry() -> None:
    given = with_enterprise(
        replace(draft(), measures=(MeasureDraft(),) * 100_000),
        former_names=("",) * 100_000,
        other_identifiers=((None, ""),) * 100_000,
    )
    found = faults(given)
    assert {"measures", "enterprise.former_names", "enterprise.other_identifiers"} <= set(found)
    assert len(found) <= 3 + len(ALL_AREAS) + MOST_FORMER_NAMES + 2 * MOST_OTHER_IDENTIFIERS


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2100-01-01", "9999-12-31", "2026-02-30", "26-01-01"])
def test_absurd_days_are_refused(day: str) -> None:
    given = replace(
        with_decision(draft(), date=day, notice_served_on=day),
        measures=(MeasureDraft(area=Area.LAND_SUPPLY, end_date=day),),
        publication_end_date=day,
    )
    expected = {"decision.date", "decision.notice_served_on", "measures[0].end_date", "publication_end_date"}
    assert set(faults(given)) == expected


def test_nothing_is_decided_or_notified_in_the_future() -> None:
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    found = faults(with_decision(draft(), date=tomorrow, notice_served_on=tomorrow))
    assert set(found) == {"decision.date", "decision.notice_served_on"}
    assert "49号" in found["decision.date"].rule


def test_nothing_is_listed_without_notice_before_its_decision() -> None:
    found = faults(with_decision(draft(), notice_served_on=TODAY.isoformat()))
    assert "49号" in found["decision.notice_served_on"].rule


def test_no_notice_is_served_before_the_obligation_was_overdue() -> None:
    last = taken_in(draft()).obligation.last_day
    found = faults(with_decision(draft(), notice_served_on=last.isoformat()))
    assert set(found) == {"decision.notice_served_on"}
    assert "49号" in found["decision.notice_served_on"].rule
    day_after = (last + timedelta(days=1)).isoformat()
    assert taken_in(with_decision(draft(), notice_served_on=day_after)).ruling.notice_served_on.isoformat() == day_after


@pytest.mark.parametrize("itself", [authority_code(), authority_code()[8:17]])
def test_no_authority_lists_itself(itself: str) -> None:
    assert set(faults(with_enterprise(draft(), code=itself))) == {"enterprise.code"}


def test_no_district_is_responsible_from_tomorrow_on() -> None:
    tomorrow = (TODAY + timedelta(days=1)).isoformat()
    district = DistrictDraft(code="220113", name="九台区", since=tomorrow)
    assert set(faults(replace(draft(), district=district))) == {"responsible_district.since"}
    district = replace(district, since=TODAY.isoformat())
    assert taken_in(replace(draft(), district=district)).district.since == TODAY


def test_the_authority_has_an_accepted_code_of_its_own() -> None:
    assert set(faults(with_decision(draft(), authority_code="220101000012345"))) == {"decision.authority.code"}
    assert sample().ruling.authority.code == authority_code()


def test_a_penalty_is_whole_or_refused() -> None:
    assert set(faults(with_decision(draft(), penalty=PenaltyDraft()))) == {
        *("decision.penalty.kind", "decision.penalty.document_number", "decision.penalty.date"),
    }
    accepted = taken_in(with_decision(draft(), penalty=penalty(date(2024, 5, 6))))
    assert accepted.ruling.penalty is not None
    assert accepted.ruling.penalty.decided_on == date(2024, 5, 6)


def test_the_responsible_district_is_never_read_from_the_code_and_development_zones_are_taken() -> None:
    record = taken_in(replace(draft(), district=DistrictDraft(code="220172", name="净月高新区", since="2012-08-01")))
    assert (record.district.code, record.district.since) == ("220172", date(2012, 8, 1))
    assert sample().district.since == sample().obligation.ordered_on


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        (IdentifierKind.ORGANISATION_CODE, f"{INSIDE[:8]}-{INSIDE[8]}".lower(), INSIDE),
        (IdentifierKind.REGISTRATION_NUMBER, "220101 000012345", "220101000012345"),
        (IdentifierKind.REGISTRATION_NUMBER, "220101123456788", "220101123456788"),
        (IdentifierKind.TAX_NUMBER, f"220101{INSIDE}", f"220101{INSIDE}"),
        (IdentifierKind.INSTITUTION_CERTIFICATE, "122010100012", "122010100012"),
    ],
)
def test_other_identifiers_are_kept_normalised(kind: IdentifierKind, value: str, kept: str) -> None:
    record = taken_in(with_enterprise(draft(), other_identifiers=((kind, value),)))
    assert [(other.kind, other.value) for other in record.enterprise.other_identifiers] == [(kind, kept)]
    assert kept in record.enterprise.old_numbers


def test_a_registration_number_hides_no_organisation_code_even_where_one_would_fit() -> None:
    numbers = ((IdentifierKind.REGISTRATION_NUMBER, "220101123456788"),)
    record = taken_in(with_enterprise(draft(), other_identifiers=numbers))
    assert record.enterprise.old_numbers == {"220101123456788", code(1)[8:17]}
    assert record.enterprise.other_identifiers[0].kind is IdentifierKind.REGISTRATION_NUMBER


@pytest.mark.parametrize("main", [code(1), doubtful_code(1), INSIDE, f"220101{INSIDE}"])
@pytest.mark.parametrize(
    ("kind", "value"),
    [(IdentifierKind.ORGANISATION_CODE, "12345678-8"), (IdentifierKind.TAX_NUMBER, "220101123456788")],
)
def test_a_number_of_another_organisation_is_refused(main: str, kind: IdentifierKind, value: str) -> None:
    found = faults(with_enterprise(draft(), code=main, other_identifiers=((kind, value),)))
    assert set(found) == {"enterprise.other_identifiers[0].value"}
    rule = found["enterprise.other_identifiers[0].value"].rule
    assert "GB 32100" in rule
    assert "GB 11714" in rule


@pytest.mark.parametrize("main", ["220101000012345", "220101123456788"])
def test_a_number_that_may_be_a_registration_number_contradicts_none(main: str) -> None:
    numbers = ((IdentifierKind.ORGANISATION_CODE, INSIDE), (IdentifierKind.TAX_NUMBER, f"220101{INSIDE}"))
    record = taken_in(with_enterprise(draft(), code=main, other_identifiers=numbers))
    assert len(record.enterprise.other_identifiers) == 2


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (IdentifierKind.USCC, code(2)),
        (IdentifierKind.ORGANISATION_CODE, "123456789"),
        (IdentifierKind.TAX_NUMBER, "220101000012345"),
        (IdentifierKind.REGISTRATION_NUMBER, "990000190001010294"),
    ],
)
def test_other_identifiers_that_are_not_what_they_are_said_to_be_are_refused(kind: IdentifierKind, value: str) -> None:
    given = with_enterprise(draft(), other_identifiers=((kind, value),))
    assert set(faults(given)) == {"enterprise.other_identifiers[0].value"}


def test_former_names_are_kept_once_each_and_never_the_present_one() -> None:
    name = draft().enterprise.name
    given = with_enterprise(draft(), former_names=("虚构（旧）厂", "虚构(旧)厂", name, "虚构更旧厂"))
    assert taken_in(given).enterprise.former_names == ("虚构（旧）厂", "虚构更旧厂")


@pytest.mark.parametrize(
    ("names", "others", "told"),
    [
        (("虚构甲厂",), [], []),
        (("虚构甲（集团）厂",), [("虚构甲(集团)厂",)], []),
        (("虚构新厂", "虚构甲厂"), [("虚构甲厂",)], []),
        (("虚构甲厂",), [("虚构新厂", "虚构甲厂")], []),
        (("虚构甲厂",), [("虚构乙厂",), ("虚构甲厂",), ("虚构丙厂", "虚构丁厂")], ["虚构乙厂", "虚构丙厂"]),
        (("虚构甲厂",), [("虚构（乙）厂",), ("虚构(乙)厂", "虚构丁厂")], ["虚构(乙)厂"]),
    ],
)
def test_a_name_other_than_the_known_ones_of_its_code_is_told(
    names: tuple[str, ...], others: list[tuple[str, ...]], told: list[str]
) -> None:
    warnings = name_warnings(names, others)
    assert [warning.rpartition(" ")[2] for warning in warnings] == told
    assert all("企业名称与其他记录不一致" in warning for warning in warnings)


def test_what_ended_before_today_is_not_taken_in() -> None:
    given = draft(publication_class=PublicationClass.MINOR, decided_on=date(2026, 6, 1))
    assert set(faults(given)) == {"publication_end_date"}


TEXT = st.one_of(st.text(max_size=30), st.sampled_from(["2026-01-01", "1号窑", "45.5", code(3), "220113"]))


@given(
    st.builds(
        RecordDraft,
        enterprise=st.builds(EnterpriseDraft, code=TEXT, name=TEXT, former_names=st.tuples(TEXT)),
        obligation=st.builds(
            ObligationDraft,
            item=TEXT,
            equipment=TEXT,
            quantity=st.integers(-(2**31), 2**31 - 1),
            capacity_amount=TEXT,
            ordered_on=TEXT,
            due_on=TEXT,
            extension=st.none() | st.tuples(st.integers(-(2**31), 2**31 - 1), TEXT),
        ),
        decision=st.builds(DecisionDraft, authority_code=TEXT, authority_name=TEXT, document_number=TEXT, date=TEXT),
        district=st.builds(DistrictDraft, code=TEXT, name=TEXT, since=TEXT),
        measures=st.lists(st.builds(MeasureDraft, end_date=TEXT), max_size=3).map(tuple),
        publication_end_date=TEXT,
    )
)
def test_whatever_is_typed_ends_in_a_record_or_in_faults_with_rules(given: RecordDraft) -> None:
    faults = faults_or_none(given)
    assert faults is None or faults
    assert all(violation.field and violation.description and violation.rule for violation in faults or ())


def faults_or_none(given: RecordDraft) -> tuple[Violation, ...] | None:
    try:
        taken_in(given)
    except Invalid as refusal:
        return refusal.violations
    return None

"""What a penalty decision says of itself: kept as it was said, left out at will, refused where it fits no target."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.samples import (
    LAW,
    PENALTY_DETAILS,
    PUNISHER,
    TODAY,
    code,
    draft,
    draft_of,
    penalty,
    taken_in,
    telling,
    with_decision,
)

from credit_sanction_service.domain.amendments import Amendment, amend
from credit_sanction_service.domain.drafts import PenaltyDraft, RecordDraft
from credit_sanction_service.domain.enterprises import Authority
from credit_sanction_service.domain.faults import Invalid

if TYPE_CHECKING:
    from credit_sanction_service.domain.proceedings import Penalty
    from credit_sanction_service.domain.records import SanctionRecord

DECIDED = date(2024, 5, 6)


def punished(**details: str) -> RecordDraft:
    return with_decision(draft(), penalty=telling(penalty(DECIDED), **details))


def penalty_of(record: SanctionRecord) -> Penalty:
    assert record.ruling.penalty
    return record.ruling.penalty


def test_what_a_penalty_decision_says_is_kept() -> None:
    told = penalty_of(taken_in(punished(**PENALTY_DETAILS)))
    assert (told.violation, told.facts) == ("逾期未淘汰落后生产工艺装备", "责令期限届满后仍在生产")
    assert (told.basis, told.content) == ("《虚构规定》第一条", "责令停产停业，处罚款2000元")
    assert (told.fine, told.confiscated) == (Decimal("0.2"), Decimal("12.345678"))
    assert (told.licence, told.valid_until) == ("虚构安许证〔2020〕1号", date(2099, 12, 31))


def test_all_but_kind_number_and_date_may_be_left_out() -> None:
    told = penalty_of(taken_in(punished()))
    said = {field.name for field in fields(told) if getattr(told, field.name)}
    assert said == {"kind", "document_number", "decided_on"}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("0.00", ""), ("0.000001", "0.000001"), ("1000", "1000"), ("0.2000000", "0.2"), ("999999999999.999999",) * 2],
)
def test_an_amount_is_kept_exactly_and_without_zeros_at_its_end(typed: str, kept: str) -> None:
    fine = penalty_of(taken_in(punished(fine=typed))).fine
    assert (format(fine, "f") if fine else "") == kept


@pytest.mark.parametrize(
    ("field", "typed", "fault"),
    [
        ("violation", "长" * 2001, "at most 2000 are taken"),
        ("facts", "长" * 5001, "at most 5000 are taken"),
        ("basis", "长" * 2049, "at most 2048 are taken"),
        ("content", "长" * 4001, "at most 4000 are taken"),
        ("licence", "长" * 201, "at most 200 are taken"),
        ("fine", "2000元", "'2000元' is not a plain decimal number like 2.5 (万元)"),
        ("fine", "-1", "'-1' is not a plain decimal"),
        ("fine", "1000000000000", "not a number with at most 12 digits before and 6 behind the point"),
        ("confiscated", "0.0000001", "not a number with at most 12 digits before and 6 behind the point"),
        ("valid_until", "2024-05-05", "2024-05-05 lies before the penalty decision of 2024-05-06"),
        ("valid_until", "长期", "'长期' is not a date of the form YYYY-MM-DD"),
    ],
)
def test_what_fits_no_item_is_refused(field: str, typed: str, fault: str) -> None:
    with pytest.raises(Invalid) as caught:
        taken_in(punished(**{field: typed}))
    [violation] = caught.value.violations
    assert violation.field == f"decision.penalty.{field}"
    assert fault in violation.description
    assert violation.rule


@pytest.mark.parametrize("path", ["decision.penalty", "decision.penalty.fine"])
def test_what_a_target_refused_is_corrected_by_an_amendment(path: str) -> None:
    record = taken_in(punished())
    given = draft_of(record)
    told = telling(given.decision.penalty or PenaltyDraft(), **PENALTY_DETAILS)
    changed = Amendment(draft=replace(given, decision=replace(given.decision, penalty=told)), paths={path})
    fresh = amend(record, changed, today=TODAY, law=LAW)
    assert (fresh.version, penalty_of(fresh).fine) == (2, Decimal("0.2"))
    again = amend(fresh, Amendment(draft=draft_of(fresh), paths={"decision.cause"}), today=TODAY, law=LAW)
    assert penalty_of(again) == penalty_of(fresh)


def test_who_punished_is_kept_where_it_was_said_and_amended_as_one_part() -> None:
    assert penalty_of(taken_in(punished())).authority is None
    record = taken_in(punished(**PUNISHER))
    punisher = Authority(code=PUNISHER["authority_code"], name=PUNISHER["authority_name"])
    assert (penalty_of(record).authority, record.warnings) == (punisher, taken_in(punished()).warnings)
    changed = with_decision(draft_of(record), penalty=telling(penalty(DECIDED)))
    fresh = amend(record, Amendment(draft=changed, paths={"decision.penalty.authority"}), today=TODAY, law=LAW)
    assert penalty_of(fresh).authority is None


@pytest.mark.parametrize(
    ("typed", "field", "fault"),
    [
        ({**PUNISHER, "authority_code": ""}, "decision.penalty.authority.code", "it is empty"),
        ({**PUNISHER, "authority_code": "11220101X"}, "decision.penalty.authority.code", "check character"),
        ({**PUNISHER, "authority_name": ""}, "decision.penalty.authority.name", "is missing"),
        ({**PUNISHER, "authority_code": code(1)}, "enterprise.code", "nobody decides about himself"),
    ],
)
def test_who_punished_has_a_right_code_and_a_name_and_is_not_the_enterprise(
    typed: dict[str, str], field: str, fault: str
) -> None:
    with pytest.raises(Invalid) as caught:
        taken_in(punished(**typed))
    [violation] = caught.value.violations
    assert (violation.field, fault in violation.description) == (field, True), violation.description


def test_a_part_of_a_penalty_that_is_not_there_makes_none() -> None:
    record = taken_in(draft())
    given = with_decision(draft_of(record), penalty=PenaltyDraft(fine="2"))
    with pytest.raises(Invalid) as caught:
        amend(record, Amendment(draft=given, paths={"decision.penalty.fine"}), today=TODAY, law=LAW)
    assert [violation.field for violation in caught.value.violations] == [
        *("decision.penalty.kind", "decision.penalty.document_number", "decision.penalty.date"),
    ]

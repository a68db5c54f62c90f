"""Deadlines by standard: each row of the policy's table (DOMAIN rows 3 to 8)."""

from __future__ import annotations

import pytest

from credit_sanction_service.domain.deadlines import DeadlineRule, parse_deadlines
from credit_sanction_service.domain.editions import UnreadableEdition
from credit_sanction_service.domain.law import shipped_editions, shipped_law
from credit_sanction_service.domain.terms import EditionKind, Standard

DEADLINES = shipped_law().deadlines
(TEXT,) = (edition.text for edition in shipped_editions() if edition.kind is EditionKind.DEADLINES)


def rule(article: str, *, months: int | None = None, extension: int = 0, approval: bool = False) -> DeadlineRule:
    return DeadlineRule(
        months=months,
        extension_months=extension,
        article=f"长工信联字[2017]9号 {article}",
        closure_needs_approval=approval,
        confirmed=True,
    )


def test_energy_has_6_months_and_one_extension_of_3_at_most() -> None:
    assert DEADLINES.of(Standard.ENERGY) == rule("§三(二)1", months=6, extension=3)


def test_environment_has_the_documents_day_and_closing_takes_approval() -> None:
    assert DEADLINES.of(Standard.ENVIRONMENT) == rule("§三(二)2", approval=True)


def test_quality_has_6_months_no_extension_and_closing_takes_approval() -> None:
    assert DEADLINES.of(Standard.QUALITY) == rule("§三(二)3", months=6, approval=True)


def test_safety_has_the_documents_day() -> None:
    assert DEADLINES.of(Standard.SAFETY) == rule("§三(二)4")


def test_technology_has_the_documents_day() -> None:
    assert DEADLINES.of(Standard.TECHNOLOGY) == rule("§三(二)5")


def test_induction_furnaces_have_no_extension_by_an_article_of_their_own() -> None:
    furnace = DEADLINES.of(Standard.TECHNOLOGY, induction_furnace=True)
    assert furnace == DEADLINES.induction_furnace == rule("§三(二)5 地条钢")


@pytest.mark.parametrize("standard", [each for each in Standard if each is not Standard.TECHNOLOGY])
def test_induction_furnaces_are_a_matter_of_technology(standard: Standard) -> None:
    with pytest.raises(ValueError, match=f"TECHNOLOGY, not of {standard}"):
        DEADLINES.of(standard, induction_furnace=True)


def test_each_standard_has_a_rule() -> None:
    assert tuple(DEADLINES.rules) == tuple(Standard)
    assert DEADLINES.edition == "2026-1"
    assert parse_deadlines(TEXT) == DEADLINES


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[SAFETY]", "[SANITY]", "SAFETY: is missing"),
        ("[induction_furnace]", "[furnace]", "induction_furnace: is missing"),
        ('document = "长工信联字[2017]9号"\n', "", "document: is missing"),
        ('article = "§三(二)1"\n', "", "ENERGY: article: is missing"),
        ("months = 6\nextension_months = 3\n", "extension_months = 3\n", "ENERGY: months: is missing"),
        ("months = 6\nextension_months = 3\n", "months = 6\n", "ENERGY: extension_months: is missing"),
        ("months = 6\nextension_months = 3", "months = 0\nextension_months = 3", "ENERGY: months: is not a whole"),
        ("months = 6\nextension_months = 3", "months = 61\nextension_months = 3", "ENERGY: months: is not a whole"),
        ("extension_months = 3", "extension_months = -1", "ENERGY: extension_months: is not a whole"),
        ("extension_months = 3", "extension_months = 61", "ENERGY: extension_months: is not a whole"),
        (
            "\nby_document = true\n",
            "\nby_document = true\nmonths = 6\n",
            "ENVIRONMENT: months: a due day that is set by",
        ),
        ("\nby_document = true\n", "\nby_document = false\n", "ENVIRONMENT: months: is missing"),
        ("\nby_document = true\n", '\nby_document = "no"\n', "ENVIRONMENT: by_document: is neither"),
        ("closure_needs_approval = false\n", "", "ENERGY: closure_needs_approval: is missing"),
        (
            "months = 6\nextension_months = 3",
            "months = 6\nweeks = 1\nextension_months = 3",
            "ENERGY: weeks: is not a key",
        ),
    ],
)
def test_a_table_at_fault_is_refused(old: str, new: str, says: str) -> None:
    assert old in TEXT
    with pytest.raises(UnreadableEdition, match=f"^DEADLINES 2026-1: {says}"):
        parse_deadlines(TEXT.replace(old, new))


def test_a_value_may_be_marked_as_not_confirmed() -> None:
    text = TEXT.replace('article = "§三(二)1"', 'article = "§三(二)1"\nconfirmed = false')
    assert [each.confirmed for each in parse_deadlines(text).rules.values()] == [False, True, True, True, True]

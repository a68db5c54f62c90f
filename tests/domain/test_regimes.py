"""Regimes: which rule of publication and repair a document's date falls under."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_sanction_service.domain.editions import UnreadableEdition
from credit_sanction_service.domain.law import shipped_editions, shipped_law
from credit_sanction_service.domain.regimes import ClassRule, parse_regimes
from credit_sanction_service.domain.terms import EditionKind, PublicationClass

REGIMES = shipped_law().regimes
(TEXT,) = (edition.text for edition in shipped_editions() if edition.kind is EditionKind.REGIMES)
MINOR, GENERAL, SERIOUS = PublicationClass


def rules(day: str) -> dict[PublicationClass, tuple[bool, int, int]]:
    regime = REGIMES.on(date.fromisoformat(day))
    return {each: (rule.published, rule.min_months, rule.max_months) for each, rule in regime.classes.items()}


@pytest.mark.parametrize("day", ["2000-01-01", "2017-07-01", "2023-04-30"])
def test_before_order_58_everything_but_the_minor_is_published_for_5_years_at_most(day: str) -> None:
    assert rules(day) == {MINOR: (False, 0, 60), GENERAL: (True, 0, 60), SERIOUS: (True, 0, 60)}
    assert REGIMES.on(date.fromisoformat(day)).rule == "山东省社会信用条例 art. 38"
    assert REGIMES.on(date.fromisoformat(day)).confirmed


@pytest.mark.parametrize("day", ["2023-05-01", "2026-03-31"])
def test_order_58_sets_3_months_and_a_year_and_its_figures_are_not_confirmed(day: str) -> None:
    assert rules(day) == {MINOR: (False, 0, 36), GENERAL: (True, 3, 36), SERIOUS: (True, 12, 36)}
    assert "58" in REGIMES.on(date.fromisoformat(day)).rule
    assert not REGIMES.on(date.fromisoformat(day)).confirmed


@pytest.mark.parametrize("day", ["2026-04-01", "2099-12-31"])
def test_order_36_publishes_the_general_for_a_year_and_the_serious_for_three(day: str) -> None:
    assert rules(day) == {MINOR: (False, 0, 36), GENERAL: (True, 3, 12), SERIOUS: (True, 12, 36)}
    assert REGIMES.on(date.fromisoformat(day)).rule.startswith("国家发展改革委令第36号(信用修复管理办法) ")
    assert "国办发〔2025〕22号" in REGIMES.on(date.fromisoformat(day)).rule
    assert REGIMES.on(date.fromisoformat(day)).confirmed


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_every_day_has_exactly_one_regime(day: date) -> None:
    holding = [
        row for row in REGIMES.rows if row.in_force_from <= day and (row.in_force_to is None or day <= row.in_force_to)
    ]
    assert holding == [REGIMES.on(day)]
    assert tuple(REGIMES.on(day).classes) == tuple(PublicationClass)


def test_a_day_before_the_first_regime_has_none() -> None:
    with pytest.raises(ValueError, match="1999-12-31 lies before 2000-01-01"):
        REGIMES.on(date(2000, 1, 1) - timedelta(days=1))


def test_a_class_rule_says_what_it_says() -> None:
    assert parse_regimes(TEXT).rows[0].classes[MINOR] == ClassRule(published=False, min_months=0, max_months=60)
    assert parse_regimes(TEXT) == REGIMES
    assert REGIMES.edition == "2026-1"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("in_force_to = 2023-04-30", "in_force_to = 2023-04-29", "regime: Order 58 from 2023-05-01 does not follow on"),
        ("in_force_to = 2023-04-30", "in_force_to = 2023-05-01", "regime: Order 58 from 2023-05-01 does not follow on"),
        ("in_force_to = 2023-04-30\n", "", "regime: Order 58 from 2023-05-01 does not follow on before"),
        ("in_force_to = 2026-03-31", "in_force_to = 2022-03-31", "regime 2: in_force_to: 2022-03-31 lies before"),
        ("in_force_from = 2000-01-01", "in_force_from = 2000-01-02", "regime: the first begins on 2000-01-02"),
        ("in_force_from = 2000-01-01\n", "", "regime 1: in_force_from: is missing"),
        (
            "in_force_from = 2026-04-01",
            "in_force_from = 2026-04-01\nin_force_to = 2099-01-01",
            "regime: the last ends on 2099-01-01",
        ),
        ('name = "Order 58"', 'name = "Order 36"', "regime: the name Order 36 stands twice"),
        ('article = "art. 38"\n', "", "regime 1: article: is missing"),
        ('article = "art. 38"', "article = 38", "regime 1: article: is not a plain|regime 1: article: is not a text"),
        ("MINOR = { published = false, min_months = 0, max_months = 60 }\n", "", "regime 1: MINOR: is missing"),
        ("true, min_months = 3, max_months = 12", "true, min_months = 13, max_months = 12", "regime 3, GENERAL: min_m"),
        ("true, min_months = 3, max_months = 12", "true, min_months = 3", "regime 3, GENERAL: max_months: is missing"),
        ("true, min_months = 3, max_months = 12", "1, min_months = 3, max_months = 12", "regime 3, GENERAL: published"),
        ("max_months = 12 }", "max_months = 0 }", "regime 3, GENERAL: max_months: is not a whole number from 1 to 120"),
        ("max_months = 12 }", "max_months = 121 }", "regime 3, GENERAL: max_months"),
        ("max_months = 12 }", "max_months = 12, days = 1 }", "regime 3, GENERAL: days: is not a key"),
        ("confirmed = false", "confirmed = 0", "regime 2: confirmed: is neither"),
        ("confirmed = false", "confirmd = false", "regime 2: confirmd: is not a key"),
        ("GENERAL =", "MIDDLING =", "regime 1: GENERAL: is missing"),
    ],
)
def test_a_table_at_fault_is_refused(old: str, new: str, says: str) -> None:
    assert old in TEXT
    with pytest.raises(UnreadableEdition, match=f"^REGIMES 2026-1: ({says})"):
        parse_regimes(TEXT.replace(old, new))


def test_the_shortest_period_may_be_the_longest() -> None:
    text = TEXT.replace("true, min_months = 3, max_months = 12", "true, min_months = 12, max_months = 12")
    rule = parse_regimes(text).rows[2].classes[GENERAL]
    assert rule.min_months == rule.max_months == 12


def test_a_first_regime_may_be_older_than_any_record() -> None:
    text = TEXT.replace("in_force_from = 2000-01-01", "in_force_from = 1999-12-31")
    assert parse_regimes(text).rows[0].in_force_from == date(1999, 12, 31)

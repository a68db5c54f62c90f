"""The catalogue: nine areas, what binds, and when a penalty makes procurement bind."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_sanction_service.domain.calendar import add_day
from credit_sanction_service.domain.measures import CURRENT_EDITION, parse_catalogue, shipped
from credit_sanction_service.domain.records import Penalty
from credit_sanction_service.domain.terms import ALL_AREAS, GROUPS, Area, IssuerLevel, PenaltyKind

ROWS = shipped()[CURRENT_EDITION].rows
DAY = date(2026, 11, 23)
BINDING = {Area.LAND_SUPPLY, Area.FINANCING_CREDIT, Area.PRODUCTION_LICENCE, Area.SAFETY_LICENCE}


def closed(on: date) -> Penalty:
    return Penalty(kind=PenaltyKind.CLOSURE_ORDER, document_number="虚构停产字1号", decided_on=on)


def test_every_area_has_a_row_with_a_directive_and_a_basis() -> None:
    assert tuple(ROWS) == ALL_AREAS
    assert len(ALL_AREAS) == 9
    assert {area for areas in GROUPS.values() for area in areas} == set(ALL_AREAS)
    for row in ROWS.values():
        assert row.directive_zh
        assert row.directive_en
        assert all(basis.document and basis.article for basis in row.bases)


@pytest.mark.parametrize("area", ALL_AREAS)
def test_only_the_four_areas_of_the_state_councils_document_bind_by_themselves(area: Area) -> None:
    basis, binding = ROWS[area].basis_on(DAY, None)
    assert binding == (area in BINDING)
    assert (basis.document == "国发〔2010〕7号") == binding
    assert not binding or basis.issuer_level is IssuerLevel.STATE_COUNCIL_DOCUMENT


@pytest.mark.parametrize("area", ALL_AREAS)
def test_a_penalty_makes_procurement_bind_and_nothing_else(area: Area) -> None:
    assert ROWS[area].basis_on(DAY, closed(DAY))[1] == (area in BINDING | {Area.GOVERNMENT_PROCUREMENT})


@pytest.mark.parametrize(
    ("decided", "day", "binds"),
    [
        ("2023-11-23", "2026-11-23", True),
        ("2023-11-22", "2026-11-23", False),
        ("2026-11-23", "2026-11-23", True),
        ("2026-11-24", "2026-11-23", False),
        ("2024-02-29", "2027-02-28", True),
        ("2024-02-29", "2027-03-01", False),
    ],
)
def test_a_penalty_counts_for_three_years(decided: str, day: str, binds: bool) -> None:  # noqa: FBT001 - the expectation
    penalty = closed(date.fromisoformat(decided))
    basis, binding = ROWS[Area.GOVERNMENT_PROCUREMENT].basis_on(date.fromisoformat(day), penalty)
    assert binding is binds
    assert (basis.document == "政府采购法") is binds


penalties = st.dates(date(2000, 1, 1), date(2099, 12, 31)).map(closed)


@given(st.sampled_from(ALL_AREAS), st.dates(date(2000, 1, 1), date(2099, 12, 30)), st.none() | penalties)
def test_the_basis_changes_on_turning_days_only(area: Area, day: date, penalty: Penalty | None) -> None:
    row = ROWS[area]
    turns = {turn for basis in row.bases for turn in basis.turning_days(penalty)}
    assert row.basis_on(day, penalty) == row.basis_on(add_day(day), penalty) or add_day(day) in turns


ROW = """
[[area]]
name = "LAND_SUPPLY"
directive_zh = "不予批准"
directive_en = "Approve nothing."
[[area.basis]]
document = "虚构文件"
article = "1"
issuer_level = "NOTICE"
in_force_from = "2020-01-01"
in_force_to = "2020-12-31"
binding = true
"""


def test_a_basis_that_lapsed_still_stands_but_only_advises() -> None:
    row = parse_catalogue(f'edition = "t"\n{ROW}').rows[Area.LAND_SUPPLY]
    assert [row.basis_on(day, None)[1] for day in (date(2020, 12, 31), date(2021, 1, 1), date(2019, 12, 31))] == [
        *(True, False, False),
    ]
    assert set(row.bases[0].turning_days(None)) == {date(2020, 1, 1), date(2021, 1, 1)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ROW + ROW, "area 2: LAND_SUPPLY has a row already"),
        (ROW.replace("LAND_SUPPLY", "MOON"), "area 1: 'MOON'"),
        (ROW.replace('article = "1"\n', ""), "area 1: 'article' is missing"),
        (ROW.replace("2020-12-31", "2020-02-30"), "area 1"),
        (ROW.replace("NOTICE", "RUMOUR"), "area 1: 'RUMOUR'"),
    ],
)
def test_a_catalogue_at_fault_names_the_row_and_the_key(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_catalogue(f'edition = "t"\n{text}')

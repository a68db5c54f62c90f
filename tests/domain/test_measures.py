"""The catalogue: nine areas, what binds, and when a penalty makes procurement bind."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_sanction_service.domain.calendar import add_day
from credit_sanction_service.domain.editions import UnreadableEdition
from credit_sanction_service.domain.law import shipped_law
from credit_sanction_service.domain.measures import Row, parse_catalogue, repealed
from credit_sanction_service.domain.proceedings import Penalty
from credit_sanction_service.domain.terms import ALL_AREAS, GROUPS, Action, Area, IssuerLevel, PenaltyKind

ROWS = shipped_law().catalogues["2026-1"].rows
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


def test_each_area_says_in_words_what_it_demands() -> None:
    assert {area: row.actions for area, row in ROWS.items()} == {
        Area.LAND_SUPPLY: (Action.REFUSE_NEW_LAND,),
        Area.FINANCING_CREDIT: (Action.REFUSE_NEW_CREDIT, Action.REDUCE_EXISTING_LOANS),
        Area.BOND_ISSUANCE: (Action.EXAMINE_BONDS_STRICTLY,),
        Area.GOVERNMENT_PROCUREMENT: (Action.REFUSE_BID,),
        Area.PUBLIC_WORKS_BIDDING: (Action.WEIGH_IN_BID_EVALUATION,),
        Area.PRODUCTION_LICENCE: (Action.REFUSE_NEW_LICENCE, Action.WITHDRAW_EXISTING_LICENCE),
        Area.SAFETY_LICENCE: (Action.WITHDRAW_EXISTING_LICENCE, Action.REFUSE_NEW_LICENCE),
        Area.FUNDING_SUPPORT: (Action.RESTRICT_FUNDING,),
        Area.TAX_ADMINISTRATION: (Action.SUPERVISE_TAX_CLOSELY,),
    }
    assert {action for row in ROWS.values() for action in row.actions} == set(Action)
    assert all(row.departments for row in ROWS.values())


def test_a_notice_alone_binds_nowhere() -> None:
    bases = [basis for row in ROWS.values() for basis in row.bases]
    assert not any(basis.binding for basis in bases if basis.issuer_level is IssuerLevel.NOTICE)
    assert all(basis.binding for basis in bases if basis.issuer_level is not IssuerLevel.NOTICE)


HEADER = """
kind = "CATALOGUE"
edition = "t"
format = 1
source = ["虚构文件"]
decisions_from = 2020-01-01
"""
BASIS = """
[[area.basis]]
document = "虚构文件"
article = "1"
issuer_level = "LOCAL_REGULATION"
in_force_from = 2020-01-01
in_force_to = 2020-12-31
binding = true
"""
ROW = f"""
[[area]]
name = "LAND_SUPPLY"
directive_zh = "不予批准"
directive_en = "Approve nothing."
actions = ["REFUSE_NEW_LAND"]
departments = {{ names = ["虚构局"], confirmed = false }}
{BASIS}"""
REPEAL = """
[[repeal]]
document = "虚构文件"
last_day = 2020-06-30
by = "虚构废止决定"
"""
LAPSE = date(2021, 1, 1)


def row_of(*bases: str) -> Row:
    """Return the row of a catalogue with these bases."""
    return parse_catalogue(HEADER + ROW.replace(BASIS, "".join(bases))).rows[Area.LAND_SUPPLY]


def basis(article: str, since: str, until: str = "", *, binds: bool = True, years: int = 0) -> str:
    """Return the text of a basis."""
    lines = [f'[[area.basis]]\ndocument = "虚构文件"\narticle = "{article}"\nissuer_level = "LAW"']
    lines += [f"in_force_from = {since}", f"binding = {str(binds).lower()}"]
    lines += [f"in_force_to = {until}"] if until else []
    lines += [f"requires_penalty_within_years = {years}"] if years else []
    return "\n".join([*lines, ""])


def test_a_basis_that_lapsed_still_stands_but_only_advises() -> None:
    row = row_of(BASIS)
    assert [row.basis_on(day, None)[1] for day in (date(2020, 12, 31), LAPSE, date(2019, 12, 31))] == [
        *(True, False, False),
    ]
    assert set(row.bases[0].turning_days(None)) == {date(2020, 1, 1), LAPSE}


def test_a_basis_past_its_validity_falls_to_the_next_in_force_and_then_to_the_last() -> None:
    row = row_of(
        basis("1", "2020-01-01", "2020-12-31"),
        basis("2", "2020-01-01", "2021-12-31"),
        basis("3", "2020-01-01", "2022-12-31", binds=False),
    )
    days = [date(year, 6, 1) for year in (2020, 2021, 2022, 2023)]
    found = [row.basis_on(day, None) for day in days]
    assert [(each.article, binds) for each, binds in found] == [("1", True), ("2", True), ("3", False), ("3", False)]
    lapsed = [row.lapsed_basis(day, date(2020, 6, 1), None) for day in days]
    assert [each and each.article for each in lapsed] == [None, None, "2", "2"]


def test_a_binding_basis_lapses_on_the_day_after_its_last() -> None:
    row = row_of(BASIS)
    begin = date(2020, 5, 1)
    assert row.lapsed_basis(date(2020, 12, 31), begin, None) is None
    assert row.lapsed_basis(LAPSE, begin, None) == row.bases[0]
    assert row.lapsed_basis(LAPSE, date(2020, 12, 31), None) == row.bases[0]
    assert row.lapsed_basis(date(2099, 1, 1), date(2020, 12, 31), None) == row.bases[0]
    # It never bound for a record of a later day.
    assert row.lapsed_basis(date(2099, 1, 1), LAPSE, None) is None
    assert row.lapsed_basis(LAPSE, LAPSE, None) is None
    assert row.lapsed_basis(begin, date(2099, 1, 1), None) is None


def test_nothing_has_lapsed_where_another_basis_binds_or_none_ever_did() -> None:
    begin = date(2020, 5, 1)
    assert row_of(BASIS, basis("2", "2021-01-01")).lapsed_basis(LAPSE, begin, None) is None
    assert row_of(basis("1", "2020-01-01", "2020-12-31", binds=False)).lapsed_basis(LAPSE, begin, None) is None
    # A gap of a day is a lapse, on that day.
    gap = row_of(BASIS, basis("2", "2021-01-02"))
    assert gap.lapsed_basis(LAPSE, begin, None) == gap.bases[0]
    assert gap.lapsed_basis(date(2021, 1, 2), begin, None) is None


def test_what_advises_first_is_no_lapse_until_the_other_ends() -> None:
    row = row_of(basis("1", "2020-12-01", binds=False), BASIS)
    begin = date(2020, 5, 1)
    assert [row.basis_on(day, None)[1] for day in (begin, date(2020, 12, 31))] == [True, False]
    assert row.lapsed_basis(date(2020, 12, 31), begin, None) is None
    assert row.lapsed_basis(LAPSE, begin, None) == row.bases[1]


def test_a_penaltys_years_running_out_are_no_lapse() -> None:
    row = row_of(basis("1", "2020-01-01", "2026-12-31", years=3), basis("2", "2020-01-01", binds=False))
    early, late = closed(date(2021, 3, 1)), closed(date(2025, 3, 1))
    assert row.basis_on(date(2024, 3, 1), early)[1]
    assert row.lapsed_basis(date(2024, 3, 2), date(2021, 3, 1), early) is None
    assert row.lapsed_basis(date(2027, 1, 1), date(2021, 3, 1), early) is None
    assert row.lapsed_basis(date(2027, 1, 1), date(2025, 3, 1), late) == row.bases[0]
    assert row.lapsed_basis(date(2027, 1, 1), date(2025, 3, 1), None) is None
    # When the years would be over too, there is nothing to review.
    assert row.lapsed_basis(date(2028, 3, 2), date(2025, 3, 1), late) is None


SPAN = date(2020, 1, 1)
spans = st.tuples(st.integers(0, 40), st.none() | st.integers(0, 40), st.booleans(), st.sampled_from([0, 0, 1]))


@given(st.lists(spans, min_size=1, max_size=4), st.integers(0, 60), st.integers(0, 60), st.none() | st.integers(0, 40))
def test_a_lapse_is_what_a_reader_of_every_day_finds(
    drawn: list[tuple[int, int | None, bool, int]], at: int, begin: int, penal: int | None
) -> None:
    def day(number: int) -> date:
        return SPAN + timedelta(days=number)

    row = row_of(
        *(
            basis(f"{n}", str(day(first)), "" if more is None else str(day(first + more)), binds=binds, years=years)
            for n, (first, more, binds, years) in enumerate(drawn)
        )
    )
    penalty = None if penal is None else closed(day(penal))
    bound = [each for each, binds in (row.basis_on(day(n), penalty) for n in range(begin, at)) if binds]
    over = [each for each in bound if each.in_force_to is not None and each.in_force_to < day(at)]
    # Within these sixty days no penalty's years run out.
    expected = None if row.basis_on(day(at), penalty)[1] or not over else max(each.in_force_to or SPAN for each in over)
    found = row.lapsed_basis(day(at), day(begin), penalty)
    assert (found and found.in_force_to) == expected
    assert found is None or found in over


def test_a_repeal_shortens_a_documents_validity_and_never_lengthens_it() -> None:
    catalogue = parse_catalogue(HEADER + ROW + REPEAL)
    assert catalogue.repeals == {"虚构文件": date(2020, 6, 30)}
    assert catalogue.decisions_from == date(2020, 1, 1)

    def ends(repeals: dict[str, date]) -> date | None:
        return repealed(catalogue, repeals).rows[Area.LAND_SUPPLY].bases[0].in_force_to

    assert ends({"虚构文件": date(2020, 6, 30)}) == date(2020, 6, 30)
    assert ends({"虚构文件": date(2021, 6, 30)}) == date(2020, 12, 31)
    assert ends({"另一虚构文件": date(2020, 6, 30)}) == date(2020, 12, 31)
    assert repealed(catalogue, {}) == catalogue


def test_a_repeal_ends_what_had_no_end() -> None:
    catalogue = parse_catalogue(HEADER + ROW.replace(BASIS, basis("1", "2020-01-01")))
    after = repealed(catalogue, {"虚构文件": date(2020, 6, 30)})
    assert after.rows[Area.LAND_SUPPLY].bases[0].in_force_to == date(2020, 6, 30)
    assert after.rows[Area.LAND_SUPPLY].basis_on(date(2020, 7, 1), None)[1] is False


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ROW + ROW, "area: item 2 repeats"),
        (ROW + ROW.replace("不予批准", "不批准"), "area: LAND_SUPPLY stands twice"),
        (ROW.replace("LAND_SUPPLY", "MOON"), "area 1: name: 'MOON' is none of"),
        (ROW.replace('article = "1"\n', ""), "area 1, basis 1: article: is missing"),
        (ROW.replace('document = "虚构文件"\n', ""), "area 1, basis 1: document: is missing"),
        (ROW.replace("binding = true\n", ""), "area 1, basis 1: binding: is missing"),
        (ROW.replace("binding = true", "binding = 1"), "area 1, basis 1: binding: is neither"),
        (ROW.replace("in_force_from = 2020-01-01\n", ""), "area 1, basis 1: in_force_from: is missing"),
        (ROW.replace("2020-12-31", "2019-12-31"), "area 1, basis 1: in_force_to: 2019-12-31 lies before"),
        (ROW.replace("2020-12-31", "2020-02-30"), "this is not TOML"),
        (ROW.replace("LOCAL_REGULATION", "RUMOUR"), "area 1, basis 1: issuer_level: 'RUMOUR'"),
        (ROW.replace("binding", "binds"), "area 1, basis 1: binding: is missing"),
        (ROW + "note = 1", "area 1, basis 1: note: is not a key"),
        (ROW + "requires_penalty_within_years = 0", "area 1, basis 1: requires_penalty_within_years: is not a whole"),
        (ROW + "requires_penalty_within_years = 11", "area 1, basis 1: requires_penalty_within_years: is not a whole"),
        (ROW + BASIS.replace("2020-12-31", "2021-12-31"), "area 1: basis: 虚构文件 1 stands twice"),
        (ROW.replace(BASIS, ""), "area 1: basis: is missing"),
        (ROW.replace('["REFUSE_NEW_LAND"]', '["REFUSE"]'), "area 1: actions: 'REFUSE' is none of"),
        (ROW.replace('["REFUSE_NEW_LAND"]', "[]"), "area 1: actions: is not a list"),
        (ROW.replace('actions = ["REFUSE_NEW_LAND"]\n', ""), "area 1: actions: is missing"),
        (ROW.replace('directive_en = "Approve nothing."\n', ""), "area 1: directive_en: is missing"),
        (ROW.replace('directive_zh = "不予批准"\n', ""), "area 1: directive_zh: is missing"),
        (ROW.replace('names = ["虚构局"], ', ""), "area 1, departments: names: is missing"),
        (ROW.replace("confirmed = false", "confirmed = 0"), "area 1, departments: confirmed: is neither"),
        (ROW + REPEAL + REPEAL.replace("06-30", "07-31"), "repeal: 虚构文件 stands twice"),
        (ROW + REPEAL.replace('by = "虚构废止决定"\n', ""), "repeal 1: by: is missing"),
        (ROW + REPEAL.replace("last_day = 2020-06-30\n", ""), "repeal 1: last_day: is missing"),
        (ROW + REPEAL + "on = 1", "repeal 1: on: is not a key"),
        ("", "area: is missing"),
    ],
)
def test_a_catalogue_at_fault_names_the_edition_the_row_and_the_key(text: str, says: str) -> None:
    with pytest.raises(UnreadableEdition, match=f"^(CATALOGUE t: )?{says}"):
        parse_catalogue(HEADER + text)


def test_a_catalogue_says_from_which_decisions_on_it_holds() -> None:
    with pytest.raises(UnreadableEdition, match=r"^CATALOGUE t: decisions_from: is missing"):
        parse_catalogue(HEADER.replace("decisions_from = 2020-01-01\n", "") + ROW)


def test_each_demand_rests_on_the_text_that_carries_it() -> None:
    day = date(2026, 11, 23)
    credit = [
        (one.action, one.basis.document, one.binding) for one in ROWS[Area.FINANCING_CREDIT].demands_on(day, None)
    ]
    assert credit == [
        (Action.REFUSE_NEW_CREDIT, "国发〔2010〕7号", True),
        (Action.REDUCE_EXISTING_LOANS, "银发〔2016〕118号", False),
    ]
    licence = [(one.action, one.binding) for one in ROWS[Area.SAFETY_LICENCE].demands_on(day, None)]
    assert licence == [(Action.WITHDRAW_EXISTING_LICENCE, True), (Action.REFUSE_NEW_LICENCE, False)]
    for row in ROWS.values():
        principal = row.demands_on(day, None)[0]
        assert (principal.basis, principal.binding) == row.basis_on(day, None)

"""The law: editions put together, what ships, and what a catalogue of one day says to the records of another."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_sanction_service.domain.editions import Edition, UnreadableEdition, read_header
from credit_sanction_service.domain.law import build_law, shipped_editions, shipped_law
from credit_sanction_service.domain.terms import Area, EditionKind

SHIPPED = shipped_editions()
BY_KIND = {edition.kind: edition for edition in SHIPPED}
STATE_COUNCIL = "国发〔2010〕7号"
LAST_DAY = date(2027, 6, 30)


def another(kind: EditionKind, name: str, *changes: tuple[str, str], more: str = "") -> Edition:
    """Return the shipped edition of a kind under another name, changed."""
    text = BY_KIND[kind].text.replace(f'edition = "{BY_KIND[kind].name}"', f'edition = "{name}"')
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return read_header(text + more)


def catalogue(name: str, *, decisions_from: str = "2000-01-01", repeals: dict[str, date] | None = None) -> Edition:
    """Return the shipped catalogue under another name, for decisions from a day on, with repeals."""
    more = "".join(
        f'\n[[repeal]]\ndocument = "{document}"\nlast_day = {day}\nby = "虚构废止决定"\n'
        for document, day in (repeals or {}).items()
    )
    return another(EditionKind.CATALOGUE, name, ("2000-01-01", decisions_from), more=more)


def year(number: int, name: str) -> Edition:
    """Return a calendar of one year with no holiday but its first of June's week."""
    days = next(f"[{number}-06-{d:02}]" for d in range(1, 8) if date(number, 6, d).weekday() == 0)
    return read_header(
        f'kind = "CALENDAR"\nedition = "{name}"\nformat = 1\nsource = ["虚构通知"]\n[[year]]\nyear = {number}\noff = {days}\n'
    )


def test_one_edition_of_each_kind_ships_and_its_file_has_its_name() -> None:
    folder = resources.files("credit_sanction_service.domain") / "data"
    files = {file.name: file.read_text("utf-8") for file in folder.iterdir()}
    assert {f"{edition.kind.lower()}-{edition.name}.toml": edition.text for edition in SHIPPED} == files
    assert [edition.kind for edition in SHIPPED] == sorted(EditionKind)
    assert shipped_editions() is SHIPPED


def test_the_shipped_law_has_each_part_from_its_edition() -> None:
    law = shipped_law()
    assert law is shipped_law()
    assert law.names() == dict.fromkeys(EditionKind, "2026-1") | {EditionKind.CALENDAR: "2004-2026"}
    assert list(law.catalogues) == ["2026-1"]
    parts = (law.regimes, law.deadlines, law.authorities, law.districts, law.limits)
    assert {part.edition for part in parts} == {"2026-1"}
    assert sorted(law.calendar.years) == list(range(2004, 2027))
    assert law.editions == SHIPPED


@given(st.permutations(SHIPPED))
def test_the_order_of_kinds_makes_no_difference(editions: list[Edition]) -> None:
    assert replace(build_law(editions), editions=SHIPPED) == shipped_law()


def test_the_same_text_twice_is_as_once() -> None:
    law = shipped_law()
    assert build_law([*law.editions, *law.editions]) == law
    assert build_law(law.editions) == law
    old, new = BY_KIND[EditionKind.LIMITS], another(EditionKind.LIMITS, "2027-1")
    assert build_law([*SHIPPED, new, old]).limits.edition == "2027-1"


def test_a_name_with_another_text_is_refused() -> None:
    changed = another(EditionKind.LIMITS, "2026-1", more="# a remark\n")
    with pytest.raises(UnreadableEdition, match=r"^LIMITS 2026-1: another text has this name"):
        build_law([*SHIPPED, changed])


@pytest.mark.parametrize("kind", EditionKind)
def test_a_kind_that_is_missing_is_refused(kind: EditionKind) -> None:
    with pytest.raises(UnreadableEdition, match=f"^{kind}: no edition of this kind"):
        build_law([edition for edition in SHIPPED if edition.kind is not kind])


def test_of_each_kind_the_last_counts() -> None:
    kinds = [kind for kind in EditionKind if kind not in {EditionKind.CATALOGUE, EditionKind.CALENDAR}]
    law = build_law([*SHIPPED, *(another(kind, "2027-1") for kind in kinds)])
    assert {law.names()[kind] for kind in kinds} == {"2027-1"}
    parts = (law.regimes, law.deadlines, law.authorities, law.districts, law.limits)
    assert {part.edition for part in parts} == {"2027-1"}


@pytest.mark.parametrize("kind", EditionKind)
def test_an_edition_that_cannot_be_read_is_refused_although_a_later_one_stands_for_it(kind: EditionKind) -> None:
    faulty = another(kind, "0", ("format = 1\n", "format = 1\nnovelty = true\n"))
    with pytest.raises(UnreadableEdition, match=f"^{kind} 0: novelty: is not a key"):
        build_law([faulty, *SHIPPED])


def test_all_catalogues_are_kept_in_the_order_of_loading() -> None:
    law = build_law([*SHIPPED, catalogue("2027-1", decisions_from="2027-01-01"), catalogue("0")])
    assert list(law.catalogues) == ["2026-1", "2027-1", "0"]
    assert all(name == each.edition for name, each in law.catalogues.items())


def test_a_decision_takes_the_catalogue_loaded_last_of_those_that_hold_for_its_day() -> None:
    first = build_law([*SHIPPED, catalogue("2027-1", decisions_from="2027-01-01")])
    days = [date(2000, 1, 1), date(2026, 12, 31), date(2027, 1, 1), date(2099, 12, 31)]
    assert [first.catalogue_on(day).edition for day in days] == ["2026-1", "2026-1", "2027-1", "2027-1"]
    later = build_law([*first.editions, catalogue("2026-2", decisions_from="2026-06-01")])
    assert [later.catalogue_on(day).edition for day in (date(2026, 5, 31), date(2026, 6, 1), date(2027, 1, 1))] == [
        *("2026-1", "2026-2", "2026-2"),
    ]


def test_no_catalogue_holds_for_a_day_before_all() -> None:
    with pytest.raises(ValueError, match="no catalogue holds for a decision of 1999-12-31"):
        shipped_law().catalogue_on(date(1999, 12, 31))
    others = [edition for edition in SHIPPED if edition.kind is not EditionKind.CATALOGUE]
    with pytest.raises(UnreadableEdition, match="decisions_from: none holds from 2000-01-01 on"):
        build_law([*others, catalogue("2027-1", decisions_from="2000-01-02")])
    early = build_law([*others, catalogue("2027-1", decisions_from="1999-12-31")])
    assert early.catalogue_on(date(2000, 1, 1)).edition == "2027-1"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_repeal_holds_in_all_editions(order: tuple[int, int]) -> None:
    catalogues = [BY_KIND[EditionKind.CATALOGUE], catalogue("2027-1", repeals={STATE_COUNCIL: LAST_DAY})]
    others = [edition for edition in SHIPPED if edition.kind is not EditionKind.CATALOGUE]
    law = build_law([*others, *(catalogues[each] for each in order)])
    for each in law.catalogues.values():
        row = each.rows[Area.LAND_SUPPLY]
        assert row.basis_on(LAST_DAY, None) == (row.bases[0], True)
        basis, binds = row.basis_on(date(2027, 7, 1), None)
        assert (basis.document, binds) == ("长工信联字[2017]9号", False)
        assert row.lapsed_basis(date(2027, 7, 1), date(2026, 5, 1), None) == row.bases[0]
        ends = {basis.document: basis.in_force_to for row in each.rows.values() for basis in row.bases}
        assert ends == {
            STATE_COUNCIL: LAST_DAY,
            "长工信联字[2017]9号": None,
            "政府采购法": None,
            "银发〔2016〕118号": None,
        }


def test_a_later_editions_day_of_a_repeal_stands_for_an_earlier_ones() -> None:
    wrong = catalogue("2027-1", repeals={STATE_COUNCIL: date(2027, 1, 31)})
    right = catalogue("2027-2", repeals={STATE_COUNCIL: LAST_DAY})
    law = build_law([*SHIPPED, wrong, right])
    assert {each.rows[Area.LAND_SUPPLY].bases[0].in_force_to for each in law.catalogues.values()} == {LAST_DAY}


def test_a_repeal_of_a_document_that_is_no_basis_anywhere_is_refused() -> None:
    with pytest.raises(UnreadableEdition, match=r"repeal: 国发\(2010\)7号 is no basis in any edition"):
        build_law([*SHIPPED, catalogue("2027-1", repeals={"国发(2010)7号": LAST_DAY})])


def test_calendars_are_merged_by_year_and_the_later_wins() -> None:
    law = build_law([*SHIPPED, year(2027, "2027"), year(2026, "2026-b")])
    assert sorted(law.calendar.years) == list(range(2004, 2028))
    assert [law.calendar.years[each].edition for each in (2025, 2026, 2027)] == ["2004-2026", "2026-b", "2027"]
    assert law.calendar.after(date(2026, 12, 31), 1).day == date(2027, 1, 1)
    assert law.names()[EditionKind.CALENDAR] == "2026-b"
    again = build_law([*SHIPPED, year(2026, "2026-b"), BY_KIND[EditionKind.CALENDAR]])
    assert again.calendar.years[2026].edition == "2026-b"

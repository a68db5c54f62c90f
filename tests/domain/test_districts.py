"""Districts: codes with their days, and codes that nobody assigned."""

from __future__ import annotations

from datetime import date

import pytest
from examples.town import DISTRICTS as EXAMPLES
from hypothesis import given
from hypothesis import strategies as st

from credit_sanction_service.domain.districts import DistrictKind, parse_districts
from credit_sanction_service.domain.editions import UnreadableEdition
from credit_sanction_service.domain.law import shipped_editions, shipped_law
from credit_sanction_service.domain.terms import EditionKind

DISTRICTS = shipped_law().districts
(TEXT,) = (edition.text for edition in shipped_editions() if edition.kind is EditionKind.DISTRICTS)
DECIDED = date(2026, 1, 1)


def test_jiutai_is_a_city_until_2014_and_a_district_since() -> None:
    assert [DISTRICTS.valid_on("220181", date(2014, 10, day)) for day in (19, 20)] == [True, False]
    assert [DISTRICTS.valid_on("220113", date(2014, 10, day)) for day in (19, 20)] == [False, True]
    city = DISTRICTS.entries["220181"]
    assert (city.successor, city.name_on(DECIDED), city.confirmed) == ("220113", "九台市", False)
    assert DISTRICTS.entries["220113"].name_on(DECIDED) == "九台区"


def test_gongzhuling_is_no_district_of_changchun_in_july_2017() -> None:
    assert DISTRICTS.valid_on("220184", date(2017, 7, 1)) is False
    assert DISTRICTS.valid_on("220381", date(2017, 7, 1)) is True
    assert DISTRICTS.valid_on("220184", date(2020, 7, 1)) is True
    assert DISTRICTS.valid_on("220381", date(2020, 7, 1)) is False
    assert DISTRICTS.entries["220381"].successor == "220184"


def test_220113_is_jiutai_and_its_note_says_what_the_register_does_with_it() -> None:
    entry = DISTRICTS.get("220113")
    assert entry is not None
    assert entry.kind is DistrictKind.DIVISION
    assert "汽车经济技术开发区" in entry.note


@pytest.mark.parametrize(
    "code", ["220107", "220108", "220109", "220115", "220137", "220171", "220172", "220173", "220174"]
)
def test_development_zones_are_no_divisions_but_valid(code: str) -> None:
    entry = DISTRICTS.entries[code]
    assert entry.kind is DistrictKind.DEVELOPMENT_ZONE
    assert str(entry.kind) == "development zone"
    assert entry.note
    assert DISTRICTS.valid_on(code, DECIDED) is True


def test_all_other_codes_are_of_gb_t_2260() -> None:
    divisions = {code for code, entry in DISTRICTS.entries.items() if entry.kind == "GB/T 2260"}
    assert divisions == {
        *("220100", "220101", "220102", "220103", "220104", "220105", "220106", "220112", "220113", "220122"),
        *("220181", "220182", "220183", "220184", "220381"),
    }


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_a_code_that_is_not_here_is_unknown_and_not_wrong(day: date) -> None:
    assert DISTRICTS.valid_on("110101", day) is None
    assert DISTRICTS.get("110101") is None
    assert DISTRICTS.valid_on("220102", day) is True


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_a_code_and_its_successor_are_never_valid_on_one_day(day: date) -> None:
    for entry in DISTRICTS.entries.values():
        if entry.successor:
            assert DISTRICTS.valid_on(entry.code, day) is not DISTRICTS.valid_on(entry.successor, day)


@pytest.mark.parametrize(("code", "name", "_divisions"), EXAMPLES)
def test_the_districts_of_the_examples_are_known_by_their_names(code: str, name: str, _divisions: object) -> None:
    assert DISTRICTS.entries[code].name_on(DECIDED) == name
    assert DISTRICTS.valid_on(code, DECIDED) is True


def test_the_table_is_read_whole() -> None:
    assert parse_districts(TEXT) == DISTRICTS
    assert DISTRICTS.edition == "2026-1"
    assert all(code == entry.code for code, entry in DISTRICTS.entries.items())
    assert {code for code, entry in DISTRICTS.entries.items() if not entry.confirmed} == {
        *("220113", "220181", "220184", "220381"),
    }


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('code = "220101"', 'code = "220100"', "district: 220100 stands twice"),
        ('code = "220101"', 'code = "2201011"', "district 2: code: is not 6 digits"),
        ('code = "220101"\n', "", "district 2: code: is missing"),
        (
            'kind = "GB/T 2260"',
            'kind = "village"',
            "district 1: kind: 'village' is none of GB/T 2260, development zone",
        ),
        ('successor = "220113"', 'successor = "220999"', "district: the successor 220999 of 220181 is missing"),
        ('successor = "220113"', 'successor = "220112"', "district: the successor 220112 does not begin"),
        ("until = 2014-10-19", "until = 2014-10-18", "district: the successor 220113 does not begin"),
        ("until = 2014-10-19\n", "", "district: the successor 220113 does not begin"),
        ("until = 2014-10-19", "until = 2014-10-19\nsince = 2014-10-20", "district 20: until: 2014-10-19 lies before"),
        ('name = [{ name = "长春市" }]\n', "", "district 1: name: is missing"),
        ('note = "the whole city"', 'notes = "the whole city"', "district 1: notes: is not a key"),
    ],
)
def test_a_table_at_fault_is_refused(old: str, new: str, says: str) -> None:
    assert old in TEXT
    with pytest.raises(UnreadableEdition, match=f"^DISTRICTS 2026-1: {says}"):
        parse_districts(TEXT.replace(old, new, 1))

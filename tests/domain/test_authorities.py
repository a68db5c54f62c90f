"""Authorities: who leads what, and names that change while the code stays."""

from __future__ import annotations

from datetime import date

import pytest
from examples.made_up import authority_code
from examples.town import AUTHORITIES as EXAMPLES
from hypothesis import given
from hypothesis import strategies as st

from credit_sanction_service.domain.authorities import Function, parse_authorities
from credit_sanction_service.domain.editions import UnreadableEdition
from credit_sanction_service.domain.identifiers import is_uscc
from credit_sanction_service.domain.law import shipped_editions, shipped_law
from credit_sanction_service.domain.terms import EditionKind, ListClass, Sector, Standard

AUTHORITIES = shipped_law().authorities
(TEXT,) = (edition.text for edition in shipped_editions() if edition.kind is EditionKind.AUTHORITIES)
ECOLOGY = authority_code(2)
OLD, NEW = "长春市虚构环境保护局", "长春市虚构生态环境局"
LAST_OLD, FIRST_NEW = date(2018, 12, 31), date(2019, 1, 1)
STANDARDS = {"能耗": "ENERGY", "环保": "ENVIRONMENT", "质量": "QUALITY", "安全": "SAFETY"}


@pytest.mark.parametrize(
    ("standard", "functions"),
    [
        (Standard.ENERGY, {Function.INDUSTRY}),
        (Standard.ENVIRONMENT, {Function.ECOLOGY}),
        (Standard.QUALITY, {Function.MARKET_REGULATION}),
        (Standard.SAFETY, {Function.EMERGENCY}),
        (Standard.TECHNOLOGY, {Function.INDUSTRY, Function.DEVELOPMENT_REFORM, Function.MARKET_REGULATION}),
    ],
)
def test_each_standard_has_its_leads(standard: Standard, functions: set[Function]) -> None:
    assert AUTHORITIES.standard_leads[standard] == functions
    assert AUTHORITIES.leads(standard, Sector.CEMENT) == functions | {Function.INDUSTRY}
    assert AUTHORITIES.leads(standard, Sector.COAL) == functions | {Function.DEVELOPMENT_REFORM}


@pytest.mark.parametrize("sector", Sector)
def test_coal_and_power_are_led_by_development_and_reform_all_else_by_industry(sector: Sector) -> None:
    energy = sector in {Sector.COAL, Sector.POWER}
    assert AUTHORITIES.sector_leads[sector] == {Function.DEVELOPMENT_REFORM if energy else Function.INDUSTRY}
    assert AUTHORITIES.leads_rule == "长工信联字[2017]9号 §五(一)(二)"


@pytest.mark.parametrize("list_class", ListClass)
def test_cards_are_given_by_four_and_the_environmental_lists_by_ecology(list_class: ListClass) -> None:
    cards = {Function.INDUSTRY, Function.DEVELOPMENT_REFORM, Function.MARKET_REGULATION, Function.EMERGENCY}
    is_card = list_class in {ListClass.YELLOW_CARD, ListClass.RED_CARD}
    assert AUTHORITIES.list_leads[list_class] == (cards if is_card else {Function.ECOLOGY})
    assert AUTHORITIES.lists_rule == "长工信联字[2017]9号 §五(四)"


def test_the_register_holds_made_up_authorities_alone() -> None:
    assert len(AUTHORITIES.entries) == 7
    for code, entry in AUTHORITIES.entries.items():
        assert entry.code == code
        assert is_uscc(code)
        assert "FAKEA" in code
        assert entry.district_code == "220100"
        assert all("虚构" in each.name for each in entry.names)
    functions = [entry.function for entry in AUTHORITIES.entries.values()]
    assert len(set(functions)) == 7
    assert {Function.FINANCE, Function.CREDIT} <= set(functions)


@pytest.mark.parametrize("standard", EXAMPLES)
def test_the_authorities_of_the_examples_stand_in_the_register(standard: str) -> None:
    number, name, _ = EXAMPLES[standard]
    entry = AUTHORITIES.get(authority_code(number))
    assert entry is not None
    assert entry.bore(name, date(2026, 1, 1))
    if standard in STANDARDS:
        assert entry.function in AUTHORITIES.standard_leads[Standard(STANDARDS[standard])]
    else:
        assert entry.function is Function.DEVELOPMENT_REFORM


def test_a_code_that_is_not_in_the_register_has_no_entry() -> None:
    assert AUTHORITIES.get("91110000600037341L") is None


def test_an_agency_keeps_its_code_when_its_name_changes() -> None:
    entry = AUTHORITIES.entries[ECOLOGY]
    assert [entry.name_on(day) for day in (date(2000, 1, 1), LAST_OLD, FIRST_NEW, date(2099, 1, 1))] == [
        *(OLD, OLD, NEW, NEW),
    ]
    assert entry.bore(OLD, LAST_OLD)
    assert entry.bore(NEW, FIRST_NEW)
    assert not entry.bore(OLD, FIRST_NEW)
    assert not entry.bore(NEW, LAST_OLD)
    assert not entry.bore("长春市虚构农业局", FIRST_NEW)
    assert not any(each.confirmed for each in entry.names)


def test_widths_brackets_and_spaces_make_no_other_name() -> None:
    assert AUTHORITIES.entries[ECOLOGY].bore(" 长春市虚构 生态环境局", FIRST_NEW)


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_an_authority_has_exactly_one_name_a_day(day: date) -> None:
    for each in AUTHORITIES.entries.values():
        assert [name.name for name in each.names if name.on(day)] == [each.name_on(day)]
        assert each.bore(each.name_on(day), day)


@pytest.mark.parametrize(
    ("function", "before", "after"),
    [
        (Function.NATURAL_RESOURCES, {"国土资源局"}, {"自然资源局"}),
        (Function.ECOLOGY, {"环境保护局"}, {"生态环境局"}),
        (Function.MARKET_REGULATION, {"质量技术监督局", "工商行政管理局"}, {"市场监督管理局"}),
        (Function.EMERGENCY, {"安全生产监督管理局"}, {"应急管理局"}),
        (Function.TAXATION, {"国家税务局", "地方税务局"}, {"税务局"}),
        (Function.FINANCE, {"金融工作办公室"}, {"金融局"}),
        (Function.INDUSTRY, {"工业和信息化局"}, {"工业和信息化局"}),
        (Function.DEVELOPMENT_REFORM, {"发展和改革委员会"}, {"发展和改革委员会"}),
        (Function.CREDIT, {"政务服务和数字化建设管理局"}, {"政务服务和数字化建设管理局"}),
        (Function.GOVERNMENT, {"人民政府"}, {"人民政府"}),
    ],
)
def test_agencies_of_a_function_change_their_names(function: Function, before: set[str], after: set[str]) -> None:
    names = AUTHORITIES.function_names[function]
    assert {each.name for each in names if each.on(date(2017, 7, 1))} == before
    assert {each.name for each in names if each.on(date(2026, 7, 1))} == after
    assert all(not each.confirmed for each in names if each.since or each.until)


def succession(names: str) -> str:
    """Return the shipped text with other names for the authority of the industry."""
    return TEXT.replace('name = [\n  { name = "长春市虚构工业和信息化局" },\n]', f"name = [{names}]")


A, B = '{ name = "虚构甲局", until = 2018-12-31 }', '{ name = "虚构乙局", since = 2019-01-01 }'


def test_before_the_first_name_the_first_stands_and_after_the_last_the_last() -> None:
    text = succession('{ name = "虚构甲局", since = 2010-01-01, until = 2018-12-31 }')
    entry = parse_authorities(text).entries[authority_code(1)]
    assert [entry.name_on(date(year, 1, 1)) for year in (2009, 2015, 2020)] == ["虚构甲局"] * 3
    assert [entry.bore("虚构甲局", date(year, 1, 1)) for year in (2009, 2015, 2020)] == [False, True, False]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (f"{B}, {A}", "name: 虚构甲局 since None does not follow on 虚构乙局"),
        (
            f"{A}, {B.replace('2019-01-01', '2019-01-02')}",
            "name: 虚构乙局 since 2019-01-02 does not follow on 虚构甲局",
        ),
        (f"{A}, {B.replace('2019-01-01', '2018-12-31')}", "name: 虚构乙局 since 2018-12-31 does not follow"),
        (f"{A}, {A.replace('甲', '乙')}", "name: 虚构乙局 since None does not follow"),
        (f"{A}, {A}", "name: item 2 repeats"),
        ("", "name: is not a list"),
        (
            '{ name = "虚构甲局", until = 2018-12-31, since = 2019-12-31 }',
            "name 1: until: 2018-12-31 lies before since",
        ),
        ('{ name = "虚构甲局", form = "old" }', "name 1: form: is not a key"),
        (f'{{ name = "{"局" * 201}" }}', "name 1: name: is longer than 200"),
    ],
)
def test_names_of_an_authority_follow_each_other(names: str, says: str) -> None:
    parse_authorities(succession(f"{A}, {B}"))
    with pytest.raises(UnreadableEdition, match=f"^AUTHORITIES 2026-1: authority 1[:,] {says}"):
        parse_authorities(succession(names))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("11220100FAKEA0018N", "11220100FAKEA0018P", "authority 1: code: is not a unified social credit code"),
        ("11220100FAKEA0018N", "11220100FAKEA0026H", "authority: 11220100FAKEA0026H stands twice"),
        ('function = "INDUSTRY"', 'function = "BAKERY"', "authority 1: function: 'BAKERY' is none"),
        ('district_code = "220100"', 'district_code = "22010"', "authority 1: district_code: is not 6 digits"),
        ('district_code = "220100"', 'district_code = "22010a"', "authority 1: district_code: is not 6 digits"),
        ('district_code = "220100"', 'district_code = "２２０１００"', "authority 1: district_code: is not 6 digits"),
        ('ENERGY = ["INDUSTRY"]\n', "", "standard_leads: ENERGY: is missing"),
        ('ENERGY = ["INDUSTRY"]', "ENERGY = []", "standard_leads: ENERGY: is not a list"),
        ('POWER = ["DEVELOPMENT_REFORM"]\n', "", "sector_leads: POWER: is missing"),
        (
            'POWER = ["DEVELOPMENT_REFORM"]\n',
            'POWER = ["DEVELOPMENT_REFORM"]\nGAS = ["CREDIT"]\n',
            "sector_leads: GAS: is",
        ),
        (
            'ENVIRONMENT_SERIOUS = ["ECOLOGY"]',
            'ENVIRONMENT_SERIOUS = ["BAKERY"]',
            "list_leads: ENVIRONMENT_SERIOUS: 'B",
        ),
        ('leads_rule = "长工信联字[2017]9号 §五(一)(二)"\n', "", "leads_rule: is missing"),
        ("[functions.GOVERNMENT]", "[functions.BAKERY]", "functions: GOVERNMENT: is missing"),
        (
            '税务局", since = 2018-07-05',
            '税务局", since = 2018-07-06',
            "functions, TAXATION: name: nothing is in use on 2018-07-05",
        ),
        (
            '{ name = "人民政府" }',
            '{ name = "人民政府", until = 2030-01-01, confirmed = false }',
            "functions, GOVERNMENT: name: nothing is in use from 2030-01-02 on",
        ),
        ('{ name = "人民政府" }', '{ name = "人民政府", since = 1990-01-01 }', "functions, GOVERNMENT: name: nothing"),
    ],
)
def test_a_table_at_fault_is_refused(old: str, new: str, says: str) -> None:
    assert old in TEXT
    with pytest.raises(UnreadableEdition, match=f"^AUTHORITIES 2026-1: {says}"):
        parse_authorities(TEXT.replace(old, new, 1))


def test_a_name_has_at_most_200_characters() -> None:
    text = succession(f'{{ name = "{"局" * 200}" }}')
    assert len(parse_authorities(text).entries[authority_code(1)].name_on(FIRST_NEW)) == 200


def test_a_name_that_ended_early_leaves_no_gap_where_another_went_on() -> None:
    shorter = '{ name = "市府", until = 2010-01-01 }, { name = "市政府", since = 2020-01-02 }'
    text = TEXT.replace('{ name = "人民政府" }', '{ name = "人民政府", until = 2020-01-01 }, ' + shorter)
    assert len(parse_authorities(text).function_names[Function.GOVERNMENT]) == 3


def test_names_of_a_function_may_overlap() -> None:
    text = TEXT.replace('税务局", since = 2018-07-05', '税务局", since = 2018-06-15')
    names = parse_authorities(text).function_names[Function.TAXATION]
    assert len([each for each in names if each.on(date(2018, 7, 1))]) == 3
    always = TEXT.replace('{ name = "人民政府" }', '{ name = "人民政府" }, { name = "市府", until = 2020-01-01 }')
    assert len(parse_authorities(always).function_names[Function.GOVERNMENT]) == 2

"""Editions: what a header says, what of a table is read, and that nothing else is let through."""

from __future__ import annotations

import hashlib
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_sanction_service.domain.calendar import add_day
from credit_sanction_service.domain.editions import Table, UnreadableEdition, parse, period, read_header, succeed
from credit_sanction_service.domain.terms import EditionKind

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER = 'kind = "LIMITS"\nedition = "t-1"\nformat = 1\nsource = ["虚构文件"]\n'
Read = TypeVar("Read")


class Colour(StrEnum):
    RED = "RED"
    GREEN = "GREEN"


def read(body: str, how: Callable[[Table], Read]) -> Read:
    return parse(HEADER + body, EditionKind.LIMITS, how)


def refusal(body: str, how: Callable[[Table], object]) -> UnreadableEdition:
    with pytest.raises(UnreadableEdition) as caught:
        read(body, how)
    return caught.value


def test_a_header_says_kind_and_name_and_the_digest_is_of_the_whole_text() -> None:
    text = HEADER + "whatever = 1\n"
    edition = read_header(text)
    assert (edition.kind, edition.name, edition.text) == (EditionKind.LIMITS, "t-1", text)
    assert edition.digest == hashlib.sha256(text.encode()).hexdigest()
    assert edition.digest != read_header(HEADER).digest


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('kind = "LIMITS"\n', "", "header: kind: is missing"),
        ('"LIMITS"', '"RUMOURS"', "header: kind: 'RUMOURS' is none of CATALOGUE, REGIMES,"),
        ('"LIMITS"', '"limits"', "header: kind: 'limits' is none"),
        ('edition = "t-1"\n', "", "header: edition: is missing"),
        ('"t-1"', '""', "header: edition: is not a plain text"),
        ('"t-1"', '"../t"', "header: edition: is not made of"),
        ('"t-1"', '"T-1"', "header: edition: is not made of"),
        ('"t-1"', f'"{"t" * 41}"', "header: edition: is not made of"),
        ("format = 1\n", "", "header: format: is missing"),
        ("format = 1", "format = 2", "header: format: this code reads format 1 alone"),
        ("format = 1", "format = 0", "header: format: this code reads format 1 alone"),
        ("format = 1", 'format = "1"', "header: format: is not a whole number"),
        ("format = 1", "format = true", "header: format: is not a whole number"),
        ('source = ["虚构文件"]\n', "", "header: source: is missing"),
        ('["虚构文件"]', "[]", "header: source: is not a list"),
        ('["虚构文件"]', '"虚构文件"', "header: source: is not a list"),
        ("format = 1", "format = = 1", "this is not TOML: .*line 3"),
        ("format = 1", "format = 1\nformat = 1", "this is not TOML"),
    ],
)
def test_a_header_at_fault_is_refused(old: str, new: str, says: str) -> None:
    with pytest.raises(UnreadableEdition, match=f"^{says}"):
        read_header(HEADER.replace(old, new))


def test_the_longest_name_is_taken_and_any_tower_of_brackets_is_only_not_toml() -> None:
    assert read_header(HEADER.replace("t-1", "t" * 40)).name == "t" * 40
    with pytest.raises(UnreadableEdition, match="not TOML"):
        read_header("x = " + "[" * 100_000)


def test_a_format_to_come_is_refused_whatever_else_it_says() -> None:
    with pytest.raises(UnreadableEdition, match="this code reads format 1 alone"):
        read_header('kind = "TO_COME"\nformat = 2\n')


def test_an_edition_of_another_kind_is_refused() -> None:
    with pytest.raises(UnreadableEdition, match=r"^LIMITS t-1: kind: is a table of kind LIMITS, not REGIMES$"):
        parse(HEADER, EditionKind.REGIMES, lambda _: None)


def test_a_refusal_names_the_edition_the_row_and_the_key() -> None:
    body = "[[row]]\nfine = 1\n[[row]]\n[row.sub]\n[[row.sub.part]]\nfine = 0\n"
    caught = refusal(
        body,
        lambda table: table.rows(
            "row",
            lambda row: (
                row.table("sub", lambda sub: sub.rows("part", lambda part: part.number("fine", 1, 9)))
                if row.has("sub")
                else (row.number("fine", 1, 9))
            ),
        ),
    )
    assert (caught.edition, caught.where, caught.key) == ("LIMITS t-1", "row 2, sub, part 1", "fine")
    assert str(caught) == "LIMITS t-1: row 2, sub, part 1: fine: is not a whole number from 1 to 9"


def test_a_key_that_nobody_read_is_refused_on_every_floor() -> None:
    assert str(refusal("new = 1\n", lambda _: None)) == "LIMITS t-1: new: is not a key that is known here"
    inner = refusal("[a]\nnew = 1\n", lambda table: table.table("a", lambda _: None))
    assert (inner.where, inner.key) == ("a", "new")
    row = refusal("[[a]]\n[[a]]\nnew = 1\n", lambda table: table.rows("a", lambda _: None))
    assert (row.where, row.key) == ("a 2", "new")


def test_what_is_right_is_read() -> None:
    body = """
    text = "虚构"
    texts = ["a", "b"]
    word = "GREEN"
    words = ["GREEN", "RED"]
    number = 7
    truth = false
    day = 2026-04-01
    days = [2026-04-01, 2026-04-02]
    confirmed = false
    """

    def all_of(table: Table) -> tuple[object, ...]:
        return (
            table.text("text"),
            table.texts("texts"),
            table.word("word", Colour),
            table.words("words", Colour),
            table.number("number", 7, 7),
            table.truth("truth"),
            table.day("day"),
            table.days("days"),
            table.confirmed(),
            table.confirmed(),
            table.day_or_none("missing"),
        )

    assert read(body, all_of) == (
        "虚构",
        ("a", "b"),
        Colour.GREEN,
        (Colour.GREEN, Colour.RED),
        7,
        False,
        date(2026, 4, 1),
        (date(2026, 4, 1), date(2026, 4, 2)),
        False,
        True,
        None,
    )


@pytest.mark.parametrize(
    "value", ["7", "true", "[]", "2026-04-01", '""', '" x"', '"x  y"', '"a\\nb"', '"a\\u200bb"', '"a\\u0007b"']
)
def test_what_is_no_plain_text_is_refused(value: str) -> None:
    assert refusal(f"k = {value}\n", lambda table: table.text("k")).key == "k"


def test_a_text_has_at_most_500_characters() -> None:
    assert len(read(f'k = "{"字" * 500}"\n', lambda table: table.text("k"))) == 500
    assert "1 to 500" in str(refusal(f'k = "{"字" * 501}"\n', lambda table: table.text("k")))


@pytest.mark.parametrize("value", ['["a", 7]', "[]", '["a", "a"]', '"a"', '[["a"]]'])
def test_a_list_at_fault_is_refused(value: str) -> None:
    assert refusal(f"k = {value}\n", lambda table: table.texts("k")).key == "k"


@pytest.mark.parametrize("value", ['["RED", "BLUE"]', '["RED", "RED"]', "[]", '"RED"', "[7]"])
def test_words_at_fault_are_refused(value: str) -> None:
    assert refusal(f"k = {value}\n", lambda table: table.words("k", Colour)).key == "k"


@pytest.mark.parametrize("value", ["0", "10", "true", "5.0", '"5"', "2026-04-01"])
def test_a_number_outside_its_bounds_or_of_another_type_is_refused(value: str) -> None:
    assert refusal(f"k = {value}\n", lambda table: table.number("k", 1, 9)).fault == "is not a whole number from 1 to 9"


@pytest.mark.parametrize("value", ["0", "1", '"true"', "[]"])
def test_a_truth_of_another_type_is_refused(value: str) -> None:
    assert "neither true nor false" in str(refusal(f"confirmed = {value}\n", Table.confirmed))


@pytest.mark.parametrize(
    "value", ['"2026-04-01"', "2026-04-01T00:00:00", "20260401", "true", "1949-09-30", "2100-01-01", "12:00:00"]
)
def test_a_day_of_another_type_or_far_away_is_refused(value: str) -> None:
    assert refusal(f"k = {value}\n", lambda table: table.day("k")).key == "k"


@pytest.mark.parametrize("value", ["1949-10-01", "2099-12-31"])
def test_the_farthest_days_are_taken(value: str) -> None:
    assert read(f"k = {value}\n", lambda table: table.day_or_none("k")) == date.fromisoformat(value)


@pytest.mark.parametrize("value", ["[2026-04-02, 2026-04-01]", "[2026-04-01, 2026-04-01]", '["2026-04-01"]', "[]"])
def test_days_stand_in_their_order(value: str) -> None:
    assert refusal(f"k = {value}\n", lambda table: table.days("k")).key == "k"


@pytest.mark.parametrize("body", ["k = 1\n", "k = []\n", "k = [1]\n", "[k]\nx = 1\n"])
def test_rows_are_a_list_of_tables(body: str) -> None:
    assert refusal(body, lambda table: table.rows("k", lambda row: row.text("x"))).key == "k"


def test_a_table_is_no_list() -> None:
    assert refusal("[[k]]\nx = 1\n", lambda table: table.table("k", lambda _: None)).fault == "is not a table"


def test_a_row_that_repeats_an_earlier_one_is_refused() -> None:
    body = "[[k]]\nx = 1\n[[k]]\nx = 2\n[[k]]\nx = 1\n"
    assert refusal(body, lambda table: table.rows("k", lambda row: row.number("x", 0, 9))).fault == (
        "item 3 repeats an earlier one"
    )


def test_a_period_may_be_open_and_does_not_end_before_it_begins() -> None:
    def both(table: Table) -> tuple[date | None, date | None]:
        return period(table, "a", "b")

    day = date(2026, 4, 1)
    assert read("", both) == (None, None)
    assert read("a = 2026-04-01\n", both) == (day, None)
    assert read("b = 2026-04-01\n", both) == (None, day)
    assert read("a = 2026-04-01\nb = 2026-04-01\n", both) == (day, day)
    assert str(refusal("a = 2026-04-02\nb = 2026-04-01\n", both)) == (
        "LIMITS t-1: b: 2026-04-01 lies before a 2026-04-02"
    )


@given(st.dates(date(1950, 1, 1), date(2099, 1, 1)), st.dates(date(1950, 1, 1), date(2099, 1, 1)))
def test_a_period_follows_on_the_day_after_the_other_alone(end: date, begin: date) -> None:
    assert succeed(end, add_day(end))
    assert succeed(end, begin) == (begin == add_day(end))
    assert not succeed(None, begin)
    assert not succeed(end, None)

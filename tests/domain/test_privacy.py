"""Citizens' identity numbers: where they are seen, where not, and that no message repeats one. All are of a region 99."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples import code

from credit_sanction_service.domain.calendar import parse_day
from credit_sanction_service.domain.identifiers import Judgement, describe, judge
from credit_sanction_service.domain.privacy import holds_citizen_number, is_citizen_number, shown

DIGITS = "990000190001010294"
ENDING_IN_X = "99000019000101018X"
BOTH = "990000190001010470"  # right as a unified social credit code too


@pytest.mark.parametrize("number", [DIGITS, ENDING_IN_X])
def test_day_of_birth_and_check_digit_make_the_number(number: str) -> None:
    assert is_citizen_number(number)
    assert not is_citizen_number(number[:17] + "5")
    assert not is_citizen_number(number[:10] + "13" + number[12:])
    assert not is_citizen_number(number + "0")


@pytest.mark.parametrize(
    "text",
    [
        *(DIGITS, ENDING_IN_X, ENDING_IN_X.lower()),
        "".join(chr(ord(c) + 0xFEE0) for c in ENDING_IN_X),
        f"经办人张某{DIGITS}号",
        f"ID{ENDING_IN_X}。",
        f"2026 {DIGITS} 2026",
        "990000 1900-0101 0294",
        "9 9 0 0 0 0 1 9 0 0 0 1 0 1 0 1 8 X",
        "990000\u20131900\u30000101\n0294",
        "9900\u200b0019000101\u00ad0294",
    ],
)
def test_a_number_is_seen_however_it_is_written_and_never_shown(text: str) -> None:
    assert holds_citizen_number(text)
    assert shown(text) == "what was typed"
    assert describe(text, judge(text)).startswith("what was typed: ")
    with pytest.raises(ValueError, match="what was typed"):
        parse_day(text)


@pytest.mark.parametrize(
    "text",
    ["", "长虚工信惩〔2026〕1号", f"1{DIGITS}", f"{DIGITS}1", f"{DIGITS[:9]}号{DIGITS[9:]}", DIGITS[:17], code(1)],
)
def test_other_texts_hold_none(text: str) -> None:
    assert not holds_citizen_number(text)
    assert shown(text) == repr(text)


def test_long_texts_are_shortened_and_endless_ones_not_looked_through() -> None:
    assert shown("长" * 81) == repr("长" * 80 + "…")
    assert shown("长" * 35 + DIGITS) == "what was typed"
    assert shown("1 " * 5_000_000) == "what was typed"


def test_no_correction_is_proposed_that_would_be_a_citizens_number() -> None:
    doubtful = judge(BOTH[:17] + "1")
    assert is_citizen_number(BOTH)
    assert doubtful.judgement is Judgement.QUARANTINED
    assert not any(map(is_citizen_number, doubtful.likely))


@given(st.text(), st.text("0123456789Xx -\uff10", max_size=60))
def test_every_text_is_looked_through(before: str, run: str) -> None:
    assert (shown(before + run) == "what was typed") == holds_citizen_number(before + run)


@pytest.mark.parametrize("between", [".", "/", "_", "·", "•", "~", "\ufe0f", "\u034f", "\u3164", " - "])
def test_signs_and_fillers_between_the_digits_hide_no_number(between: str) -> None:
    assert holds_citizen_number("法人" + between.join(DIGITS) + "号")


def test_other_scripts_digits_and_letters_hide_no_number() -> None:
    arabic = "".join(chr(0x0660 + int(digit)) if digit.isdigit() else digit for digit in DIGITS)
    assert holds_citizen_number(arabic)

"""Text as people type it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_sanction_service.domain.text import has_control_characters, name_key, tidy


@pytest.mark.parametrize(
    "spelling",
    [
        "长春虚构（集团）有限公司",
        "长春虚构(集团)有限公司",
        "长春虚构 ( 集团 ) 有限公司",
        "长春虚构〔集团〕有限公司",
        "\u200b长春虚构（集团）\u202c有限公司\ufeff",
        "\u3000长春虚构（集团）有限公司\n",
    ],
)
def test_spellings_of_one_name_compare_equal(spelling: str) -> None:
    assert name_key(spelling) == name_key("长春虚构(集团)有限公司")


def test_widths_and_case_make_no_difference_and_characters_do() -> None:
    assert name_key("虚构ＡＢＣ公司") == name_key("虚构abc公司")
    assert name_key("虚构甲公司") != name_key("虚构乙公司")


def test_invisible_characters_and_white_space_are_tidied() -> None:
    assert tidy("  长春\u200b虚构\u202e \u3000 水泥\t\n厂 ") == "长春虚构 水泥 厂"


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x85", "\ud800", "\ue000", "\uffff"])
def test_what_is_never_text_is_seen(character: str) -> None:
    assert has_control_characters(f"长春{character}虚构")
    assert not has_control_characters("长春虚构")


@given(st.text(), st.text())
def test_a_name_is_its_own_tidied_form(name: str, other: str) -> None:
    assert tidy(tidy(name)) == tidy(name)
    assert name_key(tidy(name)) == name_key(name)
    assert name_key(name + other) == name_key(name + " " + other)

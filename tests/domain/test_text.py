"""Text as people type it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_sanction_service.domain.text import has_control_characters, has_private_characters, name_key, tidy


@pytest.mark.parametrize(
    "spelling",
    [
        "长春虚构（集团）有限公司",
        "长春虚构(集团)有限公司",
        "长春虚构 ( 集团 ) 有限公司",
        *(
            f"长春虚构{pair[0]}集团{pair[1]}有限公司"
            for pair in ("［］", "[]", "【】", "〔〕", "﹝﹞", "〖〗", "﹙﹚", "{}", "｛｝")
        ),
        "\u200b长春虚构（集团）\u202c有限公司\ufeff",
        "\u3000长春虚构（集团）有限公司\n",
    ],
)
def test_spellings_of_one_name_compare_equal(spelling: str) -> None:
    assert name_key(spelling) == name_key("长春虚构(集团)有限公司")


def test_widths_and_case_make_no_difference_and_characters_do() -> None:
    assert name_key("虚构ＡＢＣ公司") == name_key("虚构abc公司")
    assert name_key("虚构甲公司") != name_key("虚构乙公司")
    assert name_key("虚构「甲」公司") != name_key("虚构(甲)公司")


def test_invisible_characters_and_white_space_are_tidied() -> None:
    assert tidy("  长春\u200b虚构\u202e \u3000 水泥\t\n厂 ") == "长春虚构 水泥 厂"


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x85", "\ud800", "\ufdd0", "\uffff", "\U0003fffe"])
def test_what_is_never_text_is_seen(character: str) -> None:
    assert has_control_characters(f"长春{character}虚构")
    assert not has_control_characters("长春虚构")


@pytest.mark.parametrize("character", ["\ue000", "\U000f0000", "\U0010fffd"])
def test_private_use_is_told_apart(character: str) -> None:
    assert has_private_characters(f"长春{character}虚构")
    assert not has_control_characters(f"长春{character}虚构")


@pytest.mark.parametrize("character", ["\U00031350", "\U000323af", "\U0002ebf0", "𠮷"])
def test_a_rare_character_is_text_however_old_the_tables_are(character: str) -> None:
    assert not has_control_characters(f"{character}公司")
    assert not has_private_characters(f"{character}公司")
    assert tidy(f"{character} 公司") == f"{character} 公司"


@given(st.text(), st.text())
def test_a_name_is_its_own_tidied_form(name: str, other: str) -> None:
    assert tidy(tidy(name)) == tidy(name)
    assert name_key(tidy(name)) == name_key(name)
    assert name_key(name + other) == name_key(name + " " + other)


@pytest.mark.parametrize("filler", ["\U000e0100", "\ufe0f", "\u034f", "\u3164", "\u2800"])
def test_what_shows_nothing_makes_no_other_name(filler: str) -> None:
    assert name_key(f"吉林虚构{filler}水泥有限公司") == name_key("吉林虚构水泥有限公司")

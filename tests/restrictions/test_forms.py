"""The form check over arrays says what the rules say, one code at a time."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from tests.samples import code, doubtful_code

from credit_sanction_service.domain.identifiers import (
    USCC_ALPHABET,
    Judgement,
    judge,
    normalise,
    organisation_check_character,
    uscc_check_character,
)
from credit_sanction_service.restrictions.forms import accepted, accepted_code, rows_of

CITIZEN_LIKE = "91220119900101000"


def finished(first8: str, inside: str) -> str:
    """Return a code with right check characters around an organisation code's first eight."""
    first17 = first8 + inside + organisation_check_character(inside)
    try:
        return first17 + uscc_check_character(first17)
    except KeyError:  # X is a check character of organisation codes, and I, O, S, V and Z are in their alphabet alone
        return f"{first17}0"


right = st.builds(
    finished,
    st.builds(
        "{}{}{}".format,
        st.sampled_from(USCC_ALPHABET),
        st.sampled_from(USCC_ALPHABET),
        st.sampled_from(["220101", "220119", "110120", "22010A", "999999"]),
    ),
    st.text(USCC_ALPHABET, min_size=8, max_size=8)
    | st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=8, max_size=8)
    | st.from_regex(r"[0-9]{2}(0[1-9]|1[0-2])[0-3][0-9][0-9]{2}", fullmatch=True),
)
plain = st.integers(1, 99_999).map(code)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Return a right code with a character or two changed, left out, put in or folded otherwise."""
    text = draw(right | plain)
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.integers(0, len(text)))
        other = draw(
            st.sampled_from([*USCC_ALPHABET, "I", "O", "S", "V", "Z", "a", "x", " ", "-", "", "９", "Ａ", "ß", "\0"])
        )
        text = text[:place] + other + text[place + draw(st.integers(0, 1)) :]
    return text


odd = (
    st.text(max_size=20)
    | st.sampled_from(USCC_ALPHABET).map(lambda one: one * 18)
    | st.integers(1, 99).map(doubtful_code)
)


@given(st.lists(right | plain | damaged() | odd, max_size=12))
@example([code(1), CITIZEN_LIKE + "X", code(2)])
@example([])
def test_what_is_plainly_accepted_is_what_the_rules_accept(codes: list[str]) -> None:
    rows, places = rows_of(codes)
    stand = range(len(codes)) if places is None else places.tolist()
    told = dict(zip(stand, accepted(rows).tolist(), strict=True))
    for place, text in enumerate(codes):
        judged = judge(text)
        assert told.get(place, False) == (accepted_code(text) is not None)
        if told.get(place):
            assert judged == accepted_code(text)
        elif judged.judgement is Judgement.ACCEPTED:
            # All that is left to the rules: what is folded first, and what may tell a day of birth.
            assert normalise(text) != text or text[6:8] in {"19", "20"}


def test_right_codes_are_accepted_at_any_place_in_a_list() -> None:
    codes = [code(number) for number in range(1, 500)]
    rows, places = rows_of(codes)
    assert places is None
    assert accepted(rows).all()
    rows, places = rows_of(["", codes[0], f"{codes[1]} ", codes[2]])
    assert places is not None
    assert places.tolist() == [1, 3]
    assert np.array_equal(accepted(rows), [True, True])

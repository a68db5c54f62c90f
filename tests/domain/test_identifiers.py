"""Codes: the vectors of the field, what people type, and what holds for every code."""

from __future__ import annotations

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.samples import authority_code, code

from credit_sanction_service.domain.identifiers import (
    USCC_ALPHABET,
    Judgement,
    is_uscc,
    judge,
    normalise,
    organisation_check_character,
    uscc_check_character,
)
from credit_sanction_service.domain.privacy import PRIVACY, is_citizen_number
from credit_sanction_service.domain.terms import IdentifierKind

GOOD = "91220101MA0Y342M8B"
DIGITS_AND_LETTERS = string.digits + string.ascii_uppercase


@st.composite
def usccs(draw: st.DrawFn) -> str:
    """Draw a code that is right in every digit, of any authority, category, division and organisation."""
    head = draw(st.sampled_from("123456789ANY")) + draw(st.sampled_from(USCC_ALPHABET))
    division = draw(st.text("0123456789", min_size=6, max_size=6))
    body = draw(st.text(USCC_ALPHABET, min_size=8, max_size=8))
    first17 = head + division + body + organisation_check_character(body)
    return first17 + uscc_check_character(first17)


@pytest.mark.parametrize("typed", ["91110000600037341L", GOOD])
def test_a_genuine_code_is_accepted(typed: str) -> None:
    judged = judge(typed)
    assert (judged.judgement, judged.value, judged.kind) == (Judgement.ACCEPTED, typed, IdentifierKind.USCC)
    assert (judged.reason, judged.rule, judged.likely) == ("", "", ())


def test_a_genuine_code_that_breaks_the_rule_is_quarantined_not_refused() -> None:
    judged = judge("91350203M0001QKT19")
    assert (judged.judgement, judged.kind) == (Judgement.QUARANTINED, IdentifierKind.USCC)
    assert "register" in judged.reason
    assert judged.likely
    assert {judge(likely).judgement for likely in judged.likely} == {Judgement.ACCEPTED}


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("990000190001010294", "公民身份号码"),
        ("000000000000000000", "repeated"),
        ("91220101111111111U", "character 17"),
        ("92999999123456789P", "character 17"),
    ],
)
def test_what_a_lenient_validator_passes_is_refused(typed: str, says: str) -> None:
    judged = judge(typed)
    assert judged.judgement is Judgement.REFUSED
    assert says in judged.reason
    assert judged.rule


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(GOOD.lower(), id="lower case"),
        pytest.param("".join(chr(ord(c) + 0xFEE0) for c in GOOD), id="full width"),
        pytest.param(GOOD.replace("MA", "\u00a0MA\u00a0"), id="no-break spaces"),
        pytest.param("\u200b".join(GOOD), id="zero-width spaces"),
        pytest.param("\ufeff" + GOOD, id="byte order mark"),
        pytest.param("\u202a" + GOOD + "\u202c", id="direction marks of a copied cell"),
        pytest.param("9122-0101-MA0Y342M-8B", id="hyphens"),
        pytest.param("9122\u20130101\u2014MA0Y\u2212342M8B", id="dashes"),
        pytest.param(f"\t{GOOD[:9]} {GOOD[9:]}\r\n", id="white space"),
        pytest.param("\u3000" + GOOD, id="ideographic space"),
    ],
)
def test_what_people_type_is_normalised(typed: str) -> None:
    assert judge(typed).value == GOOD
    assert is_uscc(normalise(typed))


@pytest.mark.parametrize(("wrong", "meant"), [("O", "0"), ("I", "1"), ("o", "0")])
def test_a_letter_for_a_digit_is_refused_with_what_was_probably_meant(wrong: str, meant: str) -> None:
    judged = judge(GOOD.replace(meant, wrong))
    assert judged.judgement is Judgement.REFUSED
    assert judged.likely[0] == GOOD
    assert "letters I, O, S, V and Z" in judged.reason


@pytest.mark.parametrize(
    ("typed", "value", "kind"),
    [
        ("220101000012345", "220101000012345", IdentifierKind.REGISTRATION_NUMBER),
        ("12345678-8", "123456788", IdentifierKind.ORGANISATION_CODE),
        ("MA0Y342M-8", "MA0Y342M8", IdentifierKind.ORGANISATION_CODE),
        ("220101123456788", "220101123456788", IdentifierKind.TAX_NUMBER),
        ("220101MA0Y342M8", "220101MA0Y342M8", IdentifierKind.TAX_NUMBER),
        ("122010100012", "122010100012", IdentifierKind.INSTITUTION_CERTIFICATE),
    ],
)
def test_an_old_number_is_quarantined(typed: str, value: str, kind: IdentifierKind) -> None:
    judged = judge(typed)
    assert (judged.judgement, judged.value, judged.kind) == (Judgement.QUARANTINED, value, kind)
    assert judged.reason
    assert judged.rule


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "\u200b",
        "000000000000000",
        "000000000",
        "12345678-9",
        "ABCDEFMA0Y342M8",
        "H-4601043500387-21",
        "9122010",
        GOOD + "9",
        "某某有限公司",
        "91220101MA0Y342M8é",
        "B" + GOOD[1:],
        "91A20101MA0Y342M8B",
        "9" * 1_000_000,
    ],
)
def test_what_no_enterprise_can_have_is_refused_with_a_reason_and_a_rule(typed: str) -> None:
    judged = judge(typed)
    assert judged.judgement is Judgement.REFUSED
    assert judged.reason
    assert judged.rule
    assert len(judged.value) <= 64


@pytest.mark.parametrize("prefix", ["11220100", "12220101", "N2220113", "A1110000", "Y1110000", "51220000", "93220183"])
def test_every_registering_authority_is_known(prefix: str) -> None:
    assert is_uscc(code(7, prefix=prefix))


def test_every_eleventh_registration_number_reads_as_a_tax_number_and_may_be_either() -> None:
    judged = judge("220101123456788")
    assert judged.may_be(IdentifierKind.TAX_NUMBER)
    assert judged.may_be(IdentifierKind.REGISTRATION_NUMBER)
    assert not judge("220101MA0Y342M8").may_be(IdentifierKind.REGISTRATION_NUMBER)
    assert not judge("220101000012345").may_be(IdentifierKind.TAX_NUMBER)


@pytest.mark.parametrize(
    ("typed", "inside"),
    [
        (GOOD, "MA0Y342M8"),
        ("MA0Y342M-8", "MA0Y342M8"),
        ("220101MA0Y342M8", "MA0Y342M8"),
        ("220101000012345", ""),
        ("122010100012", ""),
        ("nonsense", ""),
    ],
)
def test_the_organisation_code_inside(typed: str, inside: str) -> None:
    assert judge(typed).organisation_code == inside


def test_made_up_codes_are_accepted() -> None:
    assert is_uscc(authority_code())
    assert all(is_uscc(code(number)) for number in range(1, 200))


@given(usccs())
def test_a_code_right_in_every_digit_is_accepted_unless_it_is_an_identity_number_too(value: str) -> None:
    judged = judge(value)
    if judged.judgement is not Judgement.ACCEPTED:
        assert "公民身份号码" in judged.reason or "identity number" in judged.reason or len(set(value)) == 1
        assert value[:17].isdigit()


@given(value=usccs(), place=st.integers(0, 17), other=st.sampled_from(DIGITS_AND_LETTERS))
def test_no_single_wrong_character_is_ever_accepted(value: str, place: int, other: str) -> None:
    assume(other != value[place])
    assert judge(value[:place] + other + value[place + 1 :]).judgement is not Judgement.ACCEPTED


@given(value=usccs(), place=st.integers(0, 16))
def test_two_neighbours_swapped_are_never_accepted(value: str, place: int) -> None:
    assume(value[place] != value[place + 1])
    swapped = value[:place] + value[place + 1] + value[place] + value[place + 2 :]
    # Neighbouring weights differ by 2 * 3**i, which is never 0 modulo 31.
    assert judge(swapped).judgement is not Judgement.ACCEPTED


@given(usccs(), st.integers(0, 17), st.sampled_from(DIGITS_AND_LETTERS.upper()))
def test_of_one_wrong_character_the_right_code_is_among_the_likely_ones(value: str, place: int, wrong: str) -> None:
    assume(not is_citizen_number(value))
    typed = value[:place] + wrong + value[place + 1 :]
    judged = judge(typed)
    assume(judged.judgement is not Judgement.ACCEPTED and not is_citizen_number(typed) and judged.rule != PRIVACY)
    assert value in judged.likely


@given(usccs(), st.integers(0, 16))
def test_of_two_swapped_neighbours_the_right_code_is_among_the_likely_ones(value: str, place: int) -> None:
    typed = value[:place] + value[place + 1] + value[place] + value[place + 2 :]
    assume(typed != value and not is_citizen_number(value) and not is_citizen_number(typed))
    assert value in judge(typed).likely


@given(st.one_of(st.text(), st.text(DIGITS_AND_LETTERS, max_size=20), st.text(st.characters(categories=["Cs", "Cc"]))))
def test_every_text_is_judged(text: str) -> None:
    judged = judge(text)
    assert bool(judged.reason) == (judged.judgement is not Judgement.ACCEPTED)
    assert bool(judged.rule) == (judged.judgement is not Judgement.ACCEPTED)
    assert all(is_uscc(likely) for likely in judged.likely)


@given(st.text())
def test_what_is_normalised_stays_as_it_is(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once or not once.isascii()

"""Limits: how many working days people have, and by which rule."""

from __future__ import annotations

import pytest

from credit_sanction_service.domain.editions import UnreadableEdition
from credit_sanction_service.domain.law import shipped_editions, shipped_law
from credit_sanction_service.domain.limits import Limit, parse_limits
from credit_sanction_service.domain.terms import EditionKind

LIMITS = shipped_law().limits
(TEXT,) = (edition.text for edition in shipped_editions() if edition.kind is EditionKind.LIMITS)


def test_a_decision_is_reported_within_7_working_days() -> None:
    assert (LIMITS.reporting.days, LIMITS.reporting.confirmed) == (7, True)
    assert "双公示" in LIMITS.reporting.rule


def test_what_ended_is_withdrawn_within_3_working_days() -> None:
    assert (LIMITS.withdrawal.days, LIMITS.withdrawal.confirmed) == (3, True)
    assert "行政处罚法 art. 48" in LIMITS.withdrawal.rule


def test_an_objection_is_decided_within_3_working_days_or_7_with_others() -> None:
    assert (LIMITS.objection.days, LIMITS.objection_with_others.days) == (3, 7)
    for limit in (LIMITS.objection, LIMITS.objection_with_others):
        assert "山东省社会信用条例" in limit.rule
        assert "河南省社会信用条例" in limit.rule
        assert limit.confirmed


def test_a_hearing_is_asked_for_within_5_working_days() -> None:
    assert LIMITS.hearing_request == Limit(days=5, rule="行政处罚法 art. 64", confirmed=True)


def test_a_lapsed_basis_is_reviewed_within_10_working_days_which_no_text_confirms() -> None:
    assert (LIMITS.basis_review.days, LIMITS.basis_review.confirmed) == (10, False)
    assert LIMITS.basis_review.rule


def test_the_table_is_read_whole() -> None:
    assert parse_limits(TEXT) == LIMITS
    assert LIMITS.edition == "2026-1"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[withdrawal]", "[withdrawing]", "withdrawal: is missing"),
        ("[withdrawal]\n", "[sundry]\ndays = 1\n[withdrawal]\n", "sundry: is not a key"),
        ("days = 5", "days = 0", "hearing_request: days: is not a whole number from 1 to 250"),
        ("days = 5", "days = 251", "hearing_request: days: is not a whole number"),
        ("days = 5", "days = 5.5", "hearing_request: days: is not a whole number"),
        ("days = 5\n", "", "hearing_request: days: is missing"),
        ('rule = "行政处罚法 art. 64"\n', "", "hearing_request: rule: is missing"),
        ("days = 5", "days = 5\nhours = 1", "hearing_request: hours: is not a key"),
        ("confirmed = false", "confirmed = 1", "basis_review: confirmed: is neither"),
        ("[objection]\ndays = 3", "[objection]\ndays = 8", "objection_with_others: is shorter"),
    ],
)
def test_a_table_at_fault_is_refused(old: str, new: str, says: str) -> None:
    assert old in TEXT
    with pytest.raises(UnreadableEdition, match=f"^LIMITS 2026-1: {says}"):
        parse_limits(TEXT.replace(old, new))


@pytest.mark.parametrize("days", [1, 250])
def test_the_bounds_are_taken(days: int) -> None:
    assert parse_limits(TEXT.replace("days = 5", f"days = {days}")).hearing_request.days == days


def test_both_limits_of_an_objection_may_be_the_same() -> None:
    assert parse_limits(TEXT.replace("[objection]\ndays = 3", "[objection]\ndays = 7")).objection.days == 7

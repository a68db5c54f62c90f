"""What an answer means under a target's own policy, and what it makes of the row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_sanction_connectors.port import FieldFault, Receipt, Rejected, Unavailable
from credit_sanction_service.domain.privacy import WITHHELD
from credit_sanction_service.push.outcomes import CORRECTIONS_MAX, NOT_BEGUN, Verdict, not_written, verdict_of
from credit_sanction_service.push.policy import Jitter, Policy
from credit_sanction_service.push.transitions import Ending, opened, settled
from credit_sanction_service.store.attempts import Outcome
from credit_sanction_service.store.deliveries import Correction, Delivery
from credit_sanction_service.store.values import Revision

NOW = datetime(2026, 9, 1, tzinfo=UTC)
V1, V2 = Revision(epoch=1, number=1), Revision(epoch=1, number=2)
LISTING = Delivery(
    target="t",
    subject="s",
    record_id=None,
    enterprise_code="c",
    desired=V1,
    desired_present=True,
    due_since=NOW,
    next_attempt_at=NOW,
    changed_at=NOW,
)
OWN = Policy(transient=frozenset({"400", "98", "410"}), permanent=frozenset({"404", "502", "E7"}))
FAULT = FieldFault(field="cf_wsh", path="decision.document_number", words="必填")


@pytest.mark.parametrize(
    ("answer", "outcome", "own"),
    [
        (Rejected("no", status=400), Outcome.REJECTED, Outcome.UNAVAILABLE),
        (Rejected("no", status=200, code="98"), Outcome.REJECTED, Outcome.UNAVAILABLE),
        (Rejected("no", status=422), Outcome.REJECTED, Outcome.REJECTED),
        (Unavailable("no", sent=True, status=404), Outcome.UNAVAILABLE, Outcome.REJECTED),
        (Unavailable("no", sent=True, status=502), Outcome.UNKNOWN, Outcome.REJECTED),
        (Unavailable("no", sent=True, status=503, code="E7"), Outcome.UNAVAILABLE, Outcome.REJECTED),
        (Unavailable("no", sent=False), Outcome.NOT_SENT, Outcome.NOT_SENT),
    ],
)
def test_a_target_may_have_its_own_words_for_now_and_never(answer: Exception, outcome: Outcome, own: Outcome) -> None:
    assert (verdict_of(answer, Policy()).outcome, verdict_of(answer, OWN).outcome) == (outcome, own)


def test_gone_is_gone_unless_the_target_means_something_else_by_it() -> None:
    gone = Unavailable("gone", sent=True, status=410, gone=True)
    assert (verdict_of(gone, Policy()).gone, verdict_of(gone, OWN).gone) == (True, False)


def test_a_refusal_by_something_between_may_still_be_delivered() -> None:
    refused = verdict_of(Unavailable("bad gateway", sent=True, status=502), OWN)
    row = settle(LISTING, refused)
    assert (row.rejected, row.unknown, row.unknown_until) == (True, V1, NOW + OWN.horizon)
    assert settle(LISTING, verdict_of(Rejected("no", status=422), OWN)).unknown is None


@pytest.mark.parametrize(
    ("answer", "counts"),
    [
        (Unavailable("later", sent=True, status=503, retry_after=5.0), False),
        (Unavailable("later", sent=True, status=200, code="99", retry_after=5.0, refused=True), False),
        (Unavailable("later", sent=True, status=429, retry_after=0.0), False),
        (Unavailable("later", sent=True, status=503), True),
        (Unavailable("bad gateway", sent=True, status=502, retry_after=5.0), True),
        (Rejected("not now", status=400, retry_after=5.0), False),
        (Rejected("not now", status=400), True),
    ],
)
def test_a_snooze_is_no_step_in_the_schedule(answer: Unavailable | Rejected, *, counts: bool) -> None:
    verdict = verdict_of(answer, replace(OWN, permanent=frozenset()))
    assert settle(LISTING, verdict).failures == counts
    assert verdict.wish_s == answer.retry_after


def test_the_detail_of_an_attempt_has_the_words_of_the_target_and_nothing_that_cannot_be_stored() -> None:
    html = Unavailable("the answer is not JSON", sent=True, status=200, excerpt="<html>\x00瑞\ud800")
    assert verdict_of(html, Policy()).detail == "the answer is not JSON | <html>瑞?"
    told = Rejected("文号为空", status=400, code="98", excerpt='{"message":"文号为空"}')
    assert verdict_of(told, Policy()).detail == "98: 文号为空"
    assert len(verdict_of(Unavailable("x" * 9_999, sent=True, excerpt="y"), Policy()).detail) == 500
    assert verdict_of(Receipt(number="r", status=200), Policy()).detail == ""


def test_a_status_that_is_none_and_a_citizens_number_are_not_kept() -> None:
    for status in (-5, 1000, 2**31):
        assert verdict_of(Unavailable("no", sent=True, status=status), Policy()).status == 0
    told = FieldFault(field="CF_FRDB", path="", words="法定代表人 11010519491231002X 不符")
    verdict = verdict_of(Rejected("证件号１１０１０５１９４９１２３１００２Ｘ", faults=[told]), Policy())
    assert (verdict.detail, verdict.corrections[0].words) == (WITHHELD, "法定代表人 ****** 不符")
    assert verdict_of(Receipt(number="110105 19491231 002x", status=200), Policy()).receipt == "******"


def test_waiting_for_ones_turn_puts_nothing_off_and_a_refused_withdrawal_is_tried_again() -> None:
    waited = settle(replace(LISTING, failures=3), NOT_BEGUN)
    assert (waited.failures, waited.next_attempt_at) == (3, NOW)
    withdrawal = settle(replace(LISTING, desired_present=False), verdict_of(Rejected("no", status=422), OWN))
    assert (withdrawal.rejected, withdrawal.next_attempt_at) == (True, NOW + timedelta(seconds=OWN.schedule[-1]))


def test_what_the_target_refuses_is_kept_field_by_field_until_the_row_moves_on() -> None:
    verdict = verdict_of(Rejected("no", faults=[FAULT] * 99), Policy())
    assert len(verdict.corrections) == CORRECTIONS_MAX
    row = settle(LISTING, verdict)
    assert row.corrections[0] == Correction(target_field=FAULT.field, field=FAULT.path, words=FAULT.words)
    assert (row.rejected, row.next_attempt_at) == (True, None)
    again = opened(row, NOW, lease=timedelta(seconds=1), renew=False)
    assert (again.rejected, again.corrections) == (False, ())
    # Of what nobody wants any more, a refusal is of no interest.
    moved = settle(LISTING, verdict, meanwhile=V2)
    assert (moved.rejected, moved.corrections, moved.next_attempt_at) == (False, (), NOW)


def test_what_cannot_be_composed_is_refused_data_or_our_own_bug() -> None:
    refused, bug = not_written(Rejected("no", faults=[FAULT])), not_written(KeyError("x"))
    assert (refused.outcome, refused.answered, len(refused.corrections)) == (Outcome.REJECTED, None, 1)
    assert (bug.outcome, bug.detail) == (Outcome.NOT_SENT, "it cannot be written down: KeyError('x')")


@pytest.mark.parametrize(
    ("verdict", "present", "age_s", "given_up"),
    [
        (Unavailable("no", sent=True, status=503), True, 60, True),
        (Unavailable("no", sent=True, status=503, retry_after=1), True, 60, True),
        (Unavailable("no", sent=True), True, 60, True),
        (Unavailable("no", sent=True, status=503), True, 59, False),
        (Unavailable("no", sent=True, status=503), False, 10**9, False),
    ],
)
def test_a_listing_is_given_up_at_its_age_and_a_withdrawal_never(
    verdict: Unavailable, age_s: float, *, present: bool, given_up: bool
) -> None:
    patient = Policy(give_up_s=60)
    row = replace(LISTING, desired_present=present, due_since=NOW - timedelta(seconds=age_s))
    after = settle(row, verdict_of(verdict, patient), patient)
    assert (after.given_up, after.next_attempt_at is None) == (given_up, given_up)
    assert after.due_since == row.due_since
    assert not settle(row, NOT_BEGUN, patient).given_up
    assert not settle(row, verdict_of(verdict, patient), patient, meanwhile=V2).given_up
    again = opened(after, NOW, lease=timedelta(seconds=1), renew=False)
    assert not again.given_up
    moved = replace(row, tried_since=NOW - timedelta(seconds=1))
    assert not settle(moved, verdict_of(verdict, patient), patient).given_up


@given(jitter=st.sampled_from(Jitter), dice=st.floats(0, 1), failures=st.integers(1, 9))
def test_jitter_leaves_as_much_to_chance_as_it_says(jitter: Jitter, dice: float, failures: int) -> None:
    policy = Policy(schedule=(2.0, 8.0), jitter=jitter)
    longest = policy.schedule[min(failures, 2) - 1]
    fixed = {Jitter.FULL: 0.0, Jitter.EQUAL: longest / 2, Jitter.NONE: longest}[jitter]
    assert fixed - 1e-3 <= policy.wait(failures, dice=dice).total_seconds() <= longest + 1e-3


def settle(row: Delivery, verdict: Verdict, policy: Policy = OWN, *, meanwhile: Revision = V1) -> Delivery:
    """Return the row after an attempt that ended so; it was moved to `meanwhile` while it was under way."""
    begun = opened(row, NOW, lease=timedelta(seconds=10), renew=False)
    ending = Ending(
        number=begun.attempt,
        version=begun.desired,
        generation=begun.generation,
        present=begun.desired_present,
        lease_until=begun.lease_until,
        opened_at=NOW,
        fresh=True,
        outcome=verdict.outcome,
        detail=verdict.detail,
        corrections=verdict.corrections,
        wish_s=verdict.wish_s,
        counts=verdict.counts,
        may_arrive=verdict.may_arrive,
    )
    return settled(replace(begun, desired=meanwhile), ending, NOW, policy, dice=0.0)

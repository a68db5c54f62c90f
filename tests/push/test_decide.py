"""Which row needs what, and the steps whose order matters most."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_sanction_service.push.decide import Clear, Decision, Push, Verify, Wait, decide
from credit_sanction_service.push.policy import Policy
from credit_sanction_service.push.transitions import Ending, is_fresh, opened, settled
from credit_sanction_service.store.attempts import Outcome
from credit_sanction_service.store.deliveries import Delivery
from credit_sanction_service.store.values import Revision

NOW = datetime(2026, 9, 1, tzinfo=UTC)
POLICY = Policy(schedule=(1.0,), horizon_s=5.0)
LEASE = timedelta(seconds=10)
V1, V2 = Revision(epoch=1, number=1), Revision(epoch=1, number=2)
ROW = Delivery(
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
AT_REST = replace(ROW, desired=V2, confirmed=V2, due_since=None)
LATER = NOW + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("row", "offers_list", "decision"),
    [
        (ROW, True, Push()),
        (replace(ROW, unknown=V1, unknown_until=NOW), True, Push()),
        (AT_REST, True, Clear()),
        (replace(AT_REST, unknown=V2, unknown_until=NOW), True, Clear()),
        (replace(AT_REST, unknown=V1, unknown_until=NOW), True, Verify()),
        (replace(AT_REST, unknown=V1, unknown_until=NOW), False, Push(renew=True)),
        (replace(AT_REST, unknown=V2, unknown_until=LATER), False, Wait(until=LATER)),
    ],
)
def test_a_due_row_needs(row: Delivery, *, offers_list: bool, decision: Decision) -> None:
    assert decide(row, NOW, offers_list=offers_list) == decision


def attempt(row: Delivery, outcome: Outcome, *, at: float, ends: float) -> Delivery:
    """Return the row after an attempt that was opened and ended so many seconds after NOW."""
    begun = opened(row, NOW + timedelta(seconds=at), lease=LEASE, renew=False)
    ending = Ending(
        number=begun.attempt,
        version=begun.desired,
        generation=begun.generation,
        present=begun.desired_present,
        lease_until=begun.lease_until,
        opened_at=NOW + timedelta(seconds=at),
        fresh=is_fresh(row, renew=False),
        outcome=outcome,
    )
    return settled(begun, ending, NOW + timedelta(seconds=ends), POLICY, dice=0.0)


def test_an_older_version_in_doubt_is_not_forgotten_for_a_newer_one() -> None:
    row = replace(attempt(ROW, Outcome.UNKNOWN, at=0, ends=1), desired=V2)
    row = attempt(attempt(row, Outcome.UNKNOWN, at=1, ends=2), Outcome.CONFIRMED, at=2, ends=3)
    assert (row.confirmed, row.due_since, row.unknown) == (V2, None, V1)
    assert row.next_attempt_at == row.unknown_until == NOW + timedelta(seconds=7)
    assert decide(row, NOW + timedelta(seconds=7), offers_list=True) == Verify()


@pytest.mark.parametrize(("sent_at", "in_doubt"), [(6.0, True), (6.1, False)])
def test_what_was_sent_after_the_horizon_has_the_last_word(sent_at: float, *, in_doubt: bool) -> None:
    row = replace(attempt(ROW, Outcome.UNKNOWN, at=0, ends=1), desired=V2)
    row = attempt(row, Outcome.CONFIRMED, at=sent_at, ends=9)
    assert (row.unknown is not None) is in_doubt


def test_a_retry_that_may_have_been_answered_from_memory_has_not_the_last_word() -> None:
    row = replace(attempt(ROW, Outcome.UNKNOWN, at=0, ends=1), desired=V2)
    row = attempt(attempt(row, Outcome.UNKNOWN, at=1, ends=2), Outcome.CONFIRMED, at=8, ends=9)
    assert (row.confirmed, row.unknown) == (V2, V1)
    again = replace(row, generation=1, due_since=NOW)
    assert attempt(again, Outcome.CONFIRMED, at=10, ends=11).unknown is None


@pytest.mark.parametrize("outcome", [Outcome.UNAVAILABLE, Outcome.NOT_SENT, Outcome.UNKNOWN])
def test_a_failure_moves_the_row_in_its_schedule(outcome: Outcome) -> None:
    row = attempt(ROW, outcome, at=0, ends=1)
    assert (row.failures, row.lease_until, row.due_since) == (1, None, NOW)
    assert row.next_attempt_at == NOW + timedelta(seconds=1)


def test_a_refusal_waits_for_a_person_unless_it_is_of_what_nobody_wants_any_more() -> None:
    assert attempt(ROW, Outcome.REJECTED, at=0, ends=1).next_attempt_at is None
    begun = replace(opened(ROW, NOW, lease=LEASE, renew=False), desired=V2)
    ending = Ending(
        number=1,
        version=V1,
        generation=0,
        present=True,
        lease_until=begun.lease_until,
        opened_at=NOW,
        fresh=True,
        outcome=Outcome.REJECTED,
    )
    row = settled(begun, ending, LATER, POLICY, dice=0.0)
    assert (row.rejected, row.next_attempt_at) == (False, LATER)


@given(
    failures=st.integers(1, 50),
    dice=st.floats(0, 1),
    wish=st.none() | st.floats(0, 1e6),
    schedule=st.lists(st.floats(0.01, 1e5), min_size=1, max_size=9),
)
def test_the_wait_stays_in_its_bounds(failures: int, dice: float, wish: float | None, schedule: list[float]) -> None:
    policy = Policy(schedule=tuple(schedule), retry_after_max_s=100.0)
    wait = policy.wait(failures, dice=dice, wish_s=wish).total_seconds()
    longest = schedule[min(failures, len(schedule)) - 1]
    assert min(wish or 0.0, 100.0) - 1e-3 <= wait <= max(longest, 100.0 if wish else 0.0) + 1e-3

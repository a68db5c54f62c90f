"""A lane's bounds, on a clock of the test's own."""

from hypothesis import given
from hypothesis import strategies as st

from credit_sanction_service.push.breaker import Breaker, BreakerState
from credit_sanction_service.push.rate import Rate


def test_a_breaker_opens_after_so_many_failures_in_a_row() -> None:
    breaker = Breaker(failures=3, open_s=10)
    for answered in (False, False, True, False, False):
        breaker.let_through(0)
        breaker.note(0, answered=answered)
    assert breaker.state(0) is BreakerState.CLOSED
    breaker.note(1, answered=False)
    assert (breaker.state(1), breaker.room(1, 8)) == (BreakerState.OPEN, 0)


def test_a_half_open_breaker_lets_one_through_and_listens_to_it() -> None:
    breaker = Breaker(failures=1, open_s=10)
    breaker.note(0, answered=False)
    assert (breaker.state(10), breaker.room(10, 8)) == (BreakerState.HALF_OPEN, 1)
    breaker.let_through(10)
    assert breaker.room(10, 8) == 0
    breaker.note(11, answered=False)
    assert breaker.state(20) is BreakerState.OPEN
    breaker.let_through(21)
    breaker.note(22, answered=True)
    assert breaker.room(22, 8) == 8


def test_a_probe_that_was_never_called_leaves_room_for_another() -> None:
    breaker = Breaker(failures=1, open_s=10)
    breaker.note(0, answered=False)
    breaker.let_through(10)
    breaker.note(10, answered=None)
    assert breaker.room(10, 8) == 1


@given(per_s=st.floats(0.5, 100), steps=st.lists(st.floats(0.001, 2), min_size=1, max_size=60))
def test_a_rate_is_never_exceeded(per_s: float, steps: list[float]) -> None:
    rate, now, begun = Rate(per_s), 0.0, 0
    for step in steps:
        room = rate.room(now, 1000)
        for _ in range(room):
            rate.spend()
        begun += room
        now += step
    assert begun <= max(per_s, 1) + per_s * now + 1e-6


def test_without_a_rate_there_is_no_bound() -> None:
    assert Rate(None).room(0, 77) == 77

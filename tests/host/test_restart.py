"""When a dead process is started again: the times are given, so nothing is waited for."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from credit_sanction_service.host.restart import Kept, RestartPolicy, State


class Puppet:
    """A part that dies and gets ready when the test says so."""

    name = "puppet"

    def __init__(self) -> None:
        self.launched = 0
        self.ready = False
        self.code: int | None = None
        self.can_start = True

    def launch(self) -> None:
        if not self.can_start:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        self.launched += 1
        self.ready, self.code = False, None

    def is_ready(self) -> bool:
        return self.ready

    def exit_code(self) -> int | None:
        return self.code


POLICY = RestartPolicy(first=1.0, longest=8.0, well_after=60.0)


def run_and_die(kept: Kept, puppet: Puppet, now: float, *, ready_for: float | None = None) -> float:
    """Start it when it is due and let it die; give the time from its death to its next start."""
    kept.advance(now)
    if ready_for is not None:
        puppet.ready = True
        kept.advance(now)
        now += ready_for
    puppet.code = 1
    assert kept.advance(now) == 1
    return kept.next_start - now


def test_each_death_in_a_row_doubles_the_wait_up_to_the_longest() -> None:
    puppet = Puppet()
    kept = Kept(puppet, POLICY)
    waits = [run_and_die(kept, puppet, kept.next_start) for _ in range(6)]
    assert waits == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_one_that_ran_well_starts_again_soon() -> None:
    puppet = Puppet()
    kept = Kept(puppet, POLICY)
    for _ in range(3):
        run_and_die(kept, puppet, kept.next_start)
    assert run_and_die(kept, puppet, kept.next_start, ready_for=59.0) == 8.0
    assert run_and_die(kept, puppet, kept.next_start, ready_for=60.0) == 1.0


def test_it_is_not_started_before_its_time() -> None:
    puppet = Puppet()
    kept = Kept(puppet, POLICY)
    run_and_die(kept, puppet, 0.0)
    kept.advance(0.9)
    assert (puppet.launched, kept.state) == (1, State.WAITING)
    kept.advance(1.0)
    assert (puppet.launched, kept.state) == (2, State.STARTING)


def test_one_that_the_system_does_not_start_is_tried_again() -> None:
    puppet = Puppet()
    puppet.can_start = False
    kept = Kept(puppet, POLICY)
    assert kept.advance(0.0) is None
    assert kept.next_start == 1.0
    puppet.can_start = True
    kept.advance(1.0)
    assert kept.state is State.STARTING


def test_what_runs_already_is_not_started() -> None:
    puppet = Puppet()
    kept = Kept(puppet, POLICY, running=True)
    kept.advance(0.0)
    assert (puppet.launched, kept.state, kept.was_ever_ready) == (0, State.READY, True)


@given(deaths=st.lists(st.integers(min_value=1, max_value=10**6), min_size=2))
def test_a_wait_never_shrinks_with_more_deaths_nor_exceeds_the_longest(deaths: list[int]) -> None:
    waits = [POLICY.delay(count) for count in sorted(deaths)]
    assert all(one <= next_one for one, next_one in pairwise(waits))
    assert max(waits) <= POLICY.longest

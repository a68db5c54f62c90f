"""A lane's bounds, on a clock of the test's own."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from credit_sanction_connectors.city_website import CityWebsite
from credit_sanction_connectors.settings import Secrets
from credit_sanction_service.domain.effect import Filter
from credit_sanction_service.push.breaker import Breaker, BreakerState
from credit_sanction_service.push.claim import VerifyOrder
from credit_sanction_service.push.lane import MOST_AHEAD, Lane, Ticket
from credit_sanction_service.push.rate import Rate
from credit_sanction_service.push.settings import TargetSettings
from credit_sanction_service.store.deliveries import Delivery
from credit_sanction_service.store.values import Revision


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
    assert breaker.let_through(10)
    assert breaker.room(10, 8) == 0
    breaker.note(11, answered=False, probe=True)
    assert breaker.state(20) is BreakerState.OPEN
    assert breaker.let_through(21)
    breaker.note(22, answered=True, probe=True)
    assert breaker.room(22, 8) == 8
    assert not breaker.let_through(22)


def test_what_began_before_the_breaker_opened_makes_no_room_for_another_probe() -> None:
    breaker = Breaker(failures=1, open_s=10)
    early = breaker.let_through(0)
    breaker.note(0, answered=False)
    breaker.let_through(10)
    breaker.note(10, answered=None, probe=early)
    assert breaker.room(10, 8) == 0


def test_a_probe_that_was_never_called_leaves_room_for_another() -> None:
    breaker = Breaker(failures=1, open_s=10)
    breaker.note(0, answered=False)
    breaker.let_through(10)
    breaker.note(10, answered=None, probe=True)
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


def lane(*, rate_per_s: float | None = None) -> Lane:
    settings = TargetSettings(
        name="t",
        kind="city-website",
        digest="",
        holds="record",
        filter=Filter(),
        offers_list=True,
        concurrency=4,
        rate_per_s=rate_per_s,
        breaker_failures=2,
    )
    table = {"url": "http://127.0.0.1:1", "secret_env": "S"}
    connector = CityWebsite.from_table("t", table, Secrets(environ={"S": "made-up"}), lambda: datetime.now(UTC))
    return Lane(settings, connector)


def ticket(subject: str, *, present: bool = True) -> Ticket:
    row = Delivery(
        target="t",
        subject=subject,
        record_id=None,
        enterprise_code="",
        desired=Revision(epoch=1, number=1),
        desired_present=present,
        changed_at=datetime.now(UTC),
    )
    return Ticket(order=VerifyOrder(row=row), lease_ends=1.0)


def carry_out(lane: Lane, number: int, *, answered: bool) -> None:
    for _ in range(number):
        lane.take(ticket("s"))
        assert lane.begin(0)
        lane.end(0, answered=answered)


def test_a_lane_is_claimed_for_ahead_as_far_as_its_target_answers() -> None:
    own = lane()
    assert own.room(0) == 4
    carry_out(own, 3, answered=True)
    assert own.room(0) == 4 + 2 * 3
    assert own.room(0) == 4
    carry_out(own, 99, answered=True)
    assert own.room(0) == 4 + MOST_AHEAD
    carry_out(own, 5, answered=True)
    carry_out(own, 1, answered=False)
    assert own.room(0) == 4


def test_a_lane_with_a_rate_is_claimed_for_only_as_it_may_be_called_at_once() -> None:
    own = lane(rate_per_s=100)
    carry_out(own, 50, answered=True)
    assert own.room(0) == 4


def test_of_what_waits_for_its_turn_withdrawals_go_first() -> None:
    own = lane()
    for number in range(6):
        own.take(ticket(str(number), present=number != 5))
    begun = [own.begin(0) for _ in range(6)]
    assert [one and one.order.row.subject for one in begun] == ["5", "0", "1", "2", None, None]
    assert own.room(0) == 0
    assert own.state(0).in_flight == 6
    assert [order.row.subject for order in own.put_back()] == ["3", "4"]
    assert own.state(0).in_flight == 4


def test_a_lane_in_trouble_opens_its_breaker_and_then_sends_one_to_see() -> None:
    own = lane()
    carry_out(own, 2, answered=False)
    assert (own.is_open(0), own.room(0)) == (True, 0)
    assert (own.is_open(99), own.room(99)) == (False, 1)


def test_of_two_that_wait_one_is_carried_out_to_see() -> None:
    own = lane()
    carry_out(own, 2, answered=False)
    own.take(ticket("1"))
    own.take(ticket("2"))
    assert own.room(99) == 0
    probe = own.begin(99)
    assert probe is not None
    assert probe.probe
    assert own.begin(99) is None
    own.end(99, answered=True, probe=True)
    assert own.begin(99) is not None

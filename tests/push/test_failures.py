"""Targets that fail: what is retried, what is not, and that nobody waits for another's trouble."""

import pytest
from tests.push.records import amended, lifted, record
from tests.push.rig import House, on_loop, place

from credit_sanction_connectors.standins.behaviour import Behaviour
from credit_sanction_service.domain.faults import NotFound
from credit_sanction_service.store.attempts import Outcome
from credit_sanction_service.store.backlog import list_targets
from credit_sanction_service.store.claims import resume_target
from credit_sanction_service.store.deliveries import DeliveryState, get_delivery, list_deliveries
from credit_sanction_service.store.resending import retry_delivery


def outcomes(house: House, target: str, subject: str) -> list[Outcome | None]:
    """Return how the delivery's attempts ended, oldest first."""
    closed = [attempt.closed for attempt in house.delivery(target, subject)[2]]
    return [ending.outcome if ending else None for ending in closed]


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (Behaviour(mode="503", times=2), Outcome.UNAVAILABLE),
        (Behaviour(mode="429", times=2, retry_after=0), Outcome.UNAVAILABLE),
        (Behaviour(mode="301", times=2), Outcome.UNAVAILABLE),
        (Behaviour(mode="202", times=2), Outcome.UNKNOWN),
        (Behaviour(mode="502", times=2), Outcome.UNKNOWN),
        (Behaviour(mode="cut", times=2), Outcome.UNKNOWN),
        (Behaviour(mode="cut_after_accept", times=2), Outcome.UNKNOWN),
        (Behaviour(mode="hang", times=2), Outcome.UNKNOWN),
    ],
)
@on_loop
async def test_what_failed_is_retried_under_the_same_key(house: House, behaviour: Behaviour, outcome: Outcome) -> None:
    given = record()
    async with house.serving(place(timeout_s=0.3)), house.working():
        house.tell("target-a", behaviour)
        house.submit(given)
        await house.converged()
        assert house.shows("target-a") == {given.name}
    assert outcomes(house, "target-a", given.name) == [outcome, outcome, Outcome.CONFIRMED]
    assert len({attempt.opened.idempotency_key for attempt in house.attempts()}) == 1


@on_loop
async def test_the_wish_of_a_target_is_honoured_within_bounds_and_no_step_in_the_schedule(house: House) -> None:
    given = [record(number) for number in range(1, 4)]
    wishes: tuple[int | str, ...] = (600, "Fri, 31 Dec 9999 23:59:59 GMT", 10**9)
    async with house.serving(place(retry={"schedule": [0.05], "retry_after_max_s": 900})), house.working():
        house.tell(
            "target-a",
            *(Behaviour(mode="429", retry_after=w, subject=r.name) for r, w in zip(given, wishes, strict=True)),
        )
        house.submit(*given)
        await house.until(lambda: all(row.last_error for row in house.rows()))
        rows = house.rows()
    waits = {row.subject: row.next_attempt_at - row.changed_at for row in rows if row.next_attempt_at}
    assert [waits[one.name].total_seconds() for one in given] == pytest.approx([600, 900, 900])
    assert {row.failures for row in rows} == {0}
    assert {outcomes(house, "target-a", one.name)[0] for one in given} == {Outcome.UNAVAILABLE}


@on_loop
async def test_nothing_that_was_never_sent_counts_as_sent(house: House) -> None:
    given = record()
    async with house.serving(place()):
        house.install(target_a={"url": "http://127.0.0.1:9/nobody"})
        async with house.working():
            house.submit(given)
            await house.until(lambda: len(house.attempts()) >= 2)
    row, state, _ = house.delivery("target-a", given.name)
    assert set(outcomes(house, "target-a", given.name)) == {Outcome.NOT_SENT}
    assert (state, row.unknown) == (DeliveryState.RETRYING, None)


@on_loop
async def test_what_is_refused_waits_for_a_person(house: House) -> None:
    given = record()
    async with house.serving(place(), place("other")), house.working():
        house.tell("target-a", Behaviour(mode="reject", times=2))
        house.submit(given)
        await house.until(lambda: house.rows(DeliveryState.REJECTED))
        assert [(t.name, t.rejected) for t in list_targets(house.reader)] == [("other", 0), ("target-a", 1)]
        view = retry_delivery(house.reader, "target-a", given.name, lost_by_target=False)
        assert view.state is not DeliveryState.REJECTED
        await house.until(
            lambda: len(outcomes(house, "target-a", given.name)) == 2 and house.rows(DeliveryState.REJECTED)
        )
        house.update(amended(given, district="220103"))
        await house.converged()
        assert house.shows("target-a") == {given.name}
    assert outcomes(house, "target-a", given.name) == [Outcome.REJECTED, Outcome.REJECTED, Outcome.CONFIRMED]


@on_loop
async def test_a_target_that_is_gone_is_paused_until_a_person_resumes_it(house: House) -> None:
    first, second = record(1), record(2)
    async with house.serving(place(), place("other")), house.working():
        house.tell("target-a", Behaviour(mode="410", times=1))
        house.submit(first)
        await house.until(lambda: list_targets(house.reader)[1].paused_reason)
        house.submit(second)
        await house.until(lambda: house.shows("other") == {first.name, second.name})
        assert outcomes(house, "target-a", first.name) == [Outcome.UNAVAILABLE]
        assert outcomes(house, "target-a", second.name) == []
        assert resume_target(house.reader, "target-a")
        await house.converged()
        assert house.shows("target-a") == {first.name, second.name}


@on_loop
async def test_a_target_that_hangs_keeps_nobody_waiting(house: House) -> None:
    given = [record(number) for number in range(1, 13)]
    async with (
        house.serving(place("slow", concurrency=2, timeout_s=5, lease_s=10), place("quick")),
        house.working(drain_s=0.1),
    ):
        house.tell("slow", Behaviour(mode="hang"))
        house.submit(*given)
        await house.until(lambda: len(house.shows("quick")) == len(given))
        assert house.desks["slow"].ledger.arrivals <= 2
    # What the stop found under way has an end too.
    assert [a.closed and a.closed.outcome for a in house.attempts() if a.opened.target == "slow"] == [
        Outcome.UNKNOWN
    ] * 2


@on_loop
async def test_a_breaker_spares_the_target_and_moves_no_row(house: House) -> None:
    given = [record(number) for number in range(1, 9)]
    breaker: dict[str, object] = {"failures": 3, "open_s": 0.2}
    async with house.serving(place(concurrency=1, breaker=breaker)), house.working():
        house.tell("target-a", Behaviour(mode="503", times=3))
        house.submit(*given)
        await house.until(lambda: house.desks["target-a"].ledger.arrivals == 3)
        untouched = [row for row in house.rows() if row.attempt == 0]
        assert len(untouched) >= 5
        assert {row.failures for row in untouched} == {0}
        await house.converged()
        assert house.desks["target-a"].ledger.arrivals == 3 + len(given)


@on_loop
async def test_a_row_that_cannot_be_written_down_hurts_only_itself(house: House) -> None:
    good, bad = record(1), record(2)
    async with house.serving(place(retry={"schedule": [30], "jitter": "none"})):
        house.submit(good, bad)
        with house.owner() as owner:
            owner.execute("UPDATE sanction_record SET body = '{}' WHERE id = %s", (bad.id,))
        async with house.working():
            await house.until(lambda: house.shows("target-a") == {good.name} and house.rows(DeliveryState.RETRYING))
    assert outcomes(house, "target-a", bad.name)[0] is Outcome.NOT_SENT


@on_loop
async def test_an_answer_that_cannot_be_written_down_hurts_only_itself(house: House) -> None:
    good, bad = record(1), record(2)
    async with house.serving(place()), house.working():
        with house.owner() as owner:
            owner.execute(_NOT_STORABLE)
        house.submit(good, bad)
        await house.until(lambda: house.shows("target-a") == {good.name, bad.name})
        await house.until(lambda: Outcome.UNKNOWN in outcomes(house, "target-a", bad.name))
        with house.owner() as owner:
            owner.execute("DROP TRIGGER no_second ON attempt_closed")
        await house.converged()
    assert outcomes(house, "target-a", good.name) == [Outcome.CONFIRMED]
    first = house.delivery("target-a", bad.name)[2][0].closed
    assert first is not None
    assert first.detail == "its end could not be written down: out of range"


# Fails the statement as a number does that is too large for its column: for the record of the second enterprise.
_NOT_STORABLE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.outcome = 'CONFIRMED' AND EXISTS (
        SELECT FROM delivery d WHERE d.subject = NEW.subject AND d.enterprise_code LIKE '%FAKE0002%'
    ) THEN RAISE 'out of range' USING ERRCODE = 'numeric_value_out_of_range';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER no_second BEFORE INSERT ON attempt_closed FOR EACH ROW EXECUTE FUNCTION refuse();
"""


@on_loop
async def test_the_database_goes_away_and_comes_back(house: House) -> None:
    first, second = record(1), record(2)
    async with house.serving(place(timeout_s=5, lease_s=20)), house.working():
        house.tell("target-a", Behaviour(mode="late"))
        house.submit(first, second)
        await house.until(lambda: house.desks["target-a"].state()["late"] == 2)
        house.shut_database()
        house.desks["target-a"].release()
        await house.desks["target-a"].arrived(2)
        house.open_database()
        await house.converged()
    # Nothing was lost: what had been answered meanwhile was written down, not sent again.
    assert house.desks["target-a"].ledger.arrivals == 2
    assert [a.closed and a.closed.outcome for a in house.attempts()] == [Outcome.CONFIRMED] * 2


def test_there_is_no_delivery_of_what_was_never_due(house: House) -> None:
    with pytest.raises(NotFound):
        get_delivery(house.reader, "target-a", "sanctionRecords/none")
    with pytest.raises(NotFound):
        retry_delivery(house.reader, "target-a", "sanctionRecords/none", lost_by_target=False)


@on_loop
async def test_deliveries_are_listed_by_page_state_target_and_record(house: House) -> None:
    given = [record(number) for number in (1, 2, 3)]
    lender = place("lender", "lender-webhook", holds="enterprise")
    async with house.serving(place(), lender), house.working():
        house.submit(*given)
        await house.converged()
    reader = house.reader
    first = list_deliveries(reader, limit=4)
    last = first[-1].delivery
    rest = list_deliveries(reader, after=(last.target, last.subject), limit=4)
    assert [len(first), len(rest)] == [4, 2]
    assert len(list_deliveries(reader, target="lender", states=[DeliveryState.CONFIRMED])) == 3
    assert list_deliveries(reader, states=[DeliveryState.PENDING]) == []
    of_one = list_deliveries(reader, record_id=given[0].id)
    assert {v.delivery.subject for v in of_one} == {given[0].name, given[0].enterprise.code}
    house.update(lifted(given[0]))
    assert len(list_deliveries(reader, record_id=given[0].id, states=[DeliveryState.PENDING])) == 2

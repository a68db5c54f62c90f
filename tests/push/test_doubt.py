"""Attempts whose outcome nobody knows, at targets that keep no versions: the late listing never wins."""

import asyncio
import signal

import pytest
from tests.push.records import amended, lifted, record
from tests.push.rig import House, on_loop, place

from credit_sanction_connectors.standins.behaviour import Behaviour
from credit_sanction_service.store.attempts import Outcome
from credit_sanction_service.store.deliveries import DeliveryState


@pytest.mark.parametrize("kind", ["credit-platform", "lender-webhook"])
@pytest.mark.parametrize("version_check", [True, False])
@on_loop
async def test_a_listing_that_arrives_after_its_withdrawal_is_found_and_undone(
    house: House, kind: str, *, version_check: bool
) -> None:
    given = record()
    async with house.serving(place(kind=kind, version_check=version_check, timeout_s=0.3)), house.working():
        desk = house.desks["target-a"]
        house.tell("target-a", Behaviour(mode="late", times=1))
        house.submit(given)
        await house.until(lambda: house.attempts() and house.attempts()[0].closed)
        house.update(lifted(given))
        await house.until(lambda: house.rows(DeliveryState.CONFIRMED))
        desk.release()
        await house.until(lambda: not desk.state()["late"])
        assert house.shows("target-a") == (set() if version_check else {given.name})
        await house.converged()
        assert house.shows("target-a") == set()
    row = house.delivery("target-a", given.name)[0]
    asked = kind == "credit-platform"
    # The one that has a list is told again only where it was wrong; the one that cannot be asked, once in any case.
    assert row.generation == (0 if asked and version_check else 1)


@on_loop
async def test_a_late_copy_of_what_was_confirmed_does_no_harm(house: House) -> None:
    given = record()
    async with house.serving(place(kind="lender-webhook", version_check=False, timeout_s=0.3)), house.working():
        house.tell("target-a", Behaviour(mode="late", times=1))
        house.submit(given)
        await house.converged()
        house.desks["target-a"].release()
        assert house.delivery("target-a", given.name)[0].generation == 0


@on_loop
async def test_a_verification_waits_until_the_target_can_be_read(house: House) -> None:
    given = record()
    async with house.serving(place(timeout_s=0.3)), house.working():
        house.tell("target-a", Behaviour(mode="hang", times=1), Behaviour(mode="503", times=2, on="read"))
        house.submit(given)
        await house.until(lambda: house.attempts() and house.attempts()[0].closed)
        house.update(amended(given, district="220103"))
        await house.until(lambda: "trouble" in house.delivery("target-a", given.name)[0].last_error)
        assert house.delivery("target-a", given.name)[1] is DeliveryState.CONFIRMED
        await house.converged()
        row = house.delivery("target-a", given.name)[0]
        assert (row.last_error, row.failures, row.generation) == ("", 0, 0)


@on_loop
async def test_a_worker_killed_in_the_middle_is_followed_by_another_and_every_attempt_has_an_end(house: House) -> None:
    given = [record(number) for number in range(1, 21)]
    async with house.serving(place(timeout_s=1, lease_s=2), place("other")):
        desk = house.desks["target-a"]
        house.tell("target-a", Behaviour(mode="cut_after_accept", times=3), Behaviour(mode="late"))
        killed = house.start_worker()
        house.submit(*given)
        await house.until(lambda: desk.state()["late"] != 0 and len(house.shows("other")) == len(given))
        killed.send_signal(signal.SIGKILL)
        await asyncio.to_thread(killed.wait)
        assert [attempt for attempt in house.attempts() if attempt.closed is None]
        house.tell("target-a")
        second = house.start_worker()
        await house.converged()
        second.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(second.wait) == 0
        assert house.shows("target-a") == house.shows("other") == {one.name for one in given}
    attempts = house.attempts()
    assert all(attempt.closed for attempt in attempts)
    assert any(
        a.closed and (a.closed.outcome, a.closed.detail) == (Outcome.UNKNOWN, "its lease lapsed") for a in attempts
    )
    assert len({attempt.opened.worker for attempt in attempts}) == 2


@on_loop
async def test_a_worker_that_was_stopped_beyond_its_lease_never_has_the_last_word(house: House) -> None:
    given = [record(number) for number in range(1, 9)]
    places = (place("blind", "lender-webhook", version_check=False), place("keeps-no-versions", version_check=False))
    async with house.serving(*places):
        stopped = house.start_worker()
        for desk in house.desks.values():
            desk.script.tell([Behaviour(mode="late")])
        house.submit(*given)
        await house.until(lambda: all(desk.state()["late"] == len(given) for desk in house.desks.values()))
        stopped.send_signal(signal.SIGSTOP)
        for desk in house.desks.values():
            desk.script.tell([])
        house.update(*(lifted(one) for one in given))
        house.start_worker()
        # The other worker finds the leases lapsed and withdraws; only then do the listings arrive, and their sender wakes.
        await house.until(lambda: all(row.confirmed and not row.confirmed_present for row in house.rows()))
        for desk in house.desks.values():
            desk.release()
        await house.until(lambda: not any(desk.state()["late"] for desk in house.desks.values()))
        assert house.shows("blind") == {one.name for one in given}
        stopped.send_signal(signal.SIGCONT)
        # What it has to say of its attempts comes late, but has them looked into.
        await house.until(lambda: house.shows("blind") == house.shows("keeps-no-versions") == set())
        await house.converged()
        stopped.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(stopped.wait) == 0
    attempts = house.attempts()
    assert all(attempt.closed for attempt in attempts)
    # The closing stands, and what came of it is kept beside it.
    lapsed = [attempt for attempt in attempts if attempt.closed and attempt.closed.detail == "its lease lapsed"]
    assert {attempt.opened.number for attempt in lapsed if attempt.late} == {1}


@on_loop
async def test_two_workers_share_the_work_and_send_nothing_twice(house: House) -> None:
    given = [record(number) for number in range(1, 61)]
    async with (
        house.serving(place(concurrency=4, timeout_s=10, lease_s=20), place("other", timeout_s=10, lease_s=20)),
        house.working(),
        house.working(),
    ):
        desk = house.desks["target-a"]
        house.tell("target-a", Behaviour(mode="late"))
        house.submit(*given)
        # Both have their lanes full at the same time.
        await house.until(lambda: desk.state()["late"] == 8)
        house.tell("target-a")
        desk.release()
        await house.converged()
        assert [desk.ledger.arrivals for desk in house.desks.values()] == [len(given)] * 2
    assert len({attempt.opened.worker for attempt in house.attempts()}) == 2

"""What an operator does with a target: pause, resume, and push again what a disturbance held up or what the target lost."""

from datetime import datetime, timedelta

import pytest
from psycopg.errors import LockNotAvailable
from tests.push.records import amended, code, lifted, record
from tests.push.rig import House, on_loop, place

from credit_sanction_connectors.standins.behaviour import Behaviour
from credit_sanction_service.store.backlog import get_target, in_flight, list_targets, read_clock
from credit_sanction_service.store.claims import pause_target, resume_target
from credit_sanction_service.store.deliveries import DeliveryState
from credit_sanction_service.store.resending import Chosen, recover_deliveries, retry_deliveries


def retried(house: House, name: str = "target-a", **filters: object) -> int:
    return retry_deliveries(house.reader, Chosen(target=name, **filters))  # type: ignore[arg-type]


@on_loop
async def test_a_paused_target_hears_nothing_and_loses_nothing(house: House) -> None:
    given = [record(number) for number in range(1, 4)]
    async with house.serving(place(), place("other")), house.working():
        assert pause_target(house.reader, "target-a", "维护")
        assert not pause_target(house.reader, "target-a", "第二次")
        house.submit(*given)
        await house.until(lambda: len(house.shows("other")) == len(given))
        assert house.shows("target-a") == set()
        assert get_target(house.reader, "target-a").paused_reason == "维护"
        assert resume_target(house.reader, "target-a")
        await house.converged()
        assert house.shows("target-a") == {one.name for one in given}
        assert not resume_target(house.reader, "target-a")


@on_loop
async def test_a_pause_with_an_end_is_over_by_itself(house: House) -> None:
    given = record()
    async with house.serving(place()), house.working():
        until = read_clock(house.reader) + timedelta(seconds=0.3)
        pause_target(house.reader, "target-a", "维护", until)
        house.submit(given)
        await house.converged()
        assert read_clock(house.reader) > until
        told = get_target(house.reader, "target-a")
        assert (told.paused_reason, told.paused_until) == (None, None)
        assert house.attempts()[0].opened.opened_at >= until


@on_loop
async def test_a_pause_is_never_shortened_by_another(house: House) -> None:
    async with house.serving(place()):
        now = read_clock(house.reader)

        def paused(reason: str, hours: int | None) -> tuple[str | None, datetime | None]:
            pause_target(house.reader, "target-a", reason, now + timedelta(hours=hours) if hours else None)
            told = get_target(house.reader, "target-a")
            return told.paused_reason, told.paused_until

        assert paused("短", 1) == ("短", now + timedelta(hours=1))
        assert paused("长", 2) == ("长", now + timedelta(hours=2))
        assert paused("更短", 1) == ("长", now + timedelta(hours=2))
        assert paused("到恢复为止", None) == ("到恢复为止", None)
        assert paused("更短", 1) == ("到恢复为止", None)


@on_loop
async def test_what_was_refused_goes_out_again_together_once_the_target_has_mended_its_ways(house: House) -> None:
    given = [record(number) for number in range(1, 4)]
    async with house.serving(place(), place("other")), house.working():
        house.tell("target-a", Behaviour(mode="reject", times=len(given)))
        house.submit(*given)
        await house.until(lambda: len(house.rows(DeliveryState.REJECTED)) == len(given))
        latest = max(row.changed_at for row in house.rows(DeliveryState.REJECTED))
        assert retried(house, since=latest + timedelta(seconds=1)) == 0
        assert retried(house, states=(DeliveryState.PENDING, DeliveryState.GIVEN_UP)) == 0
        assert retried(house, "other") == 0
        assert retried(house, error_contains="no such words") == 0
        assert retried(house, error_contains="REFUSED as bad", enterprise_code=code(2)) == 1
        assert retried(house, since=latest - timedelta(hours=1)) == len(given) - 1
        await house.converged()
        assert house.shows("target-a") == {one.name for one in given}
        assert [target.rejected for target in list_targets(house.reader)] == [0, 0]


@on_loop
async def test_many_are_retried_and_recovered_slice_by_slice_and_again_after_a_fault(house: House) -> None:
    given = sorted((record(number) for number in range(1, 6)), key=lambda one: one.name)
    chosen = Chosen(target="target-a", states=(DeliveryState.PENDING,))
    async with house.serving(place()):
        house.submit(*given)
        before = {row.subject: row.tried_since for row in house.rows()}
        house.reader.execute("SET lock_timeout = '50ms'")
        with house.owner() as other:
            other.execute("SELECT FROM delivery WHERE subject = %s FOR UPDATE", (given[3].name,))
            with pytest.raises(LockNotAvailable):
                retry_deliveries(house.reader, chosen, at_once=2)
        moved = {row.subject for row in house.rows() if row.tried_since != before[row.subject]}
        assert moved == {one.name for one in given[:2]}
        assert [retry_deliveries(house.reader, chosen, at_once=most) for most in (2, 5, 6)] == [5, 5, 5]
        async with house.working():
            await house.converged()
        since = read_clock(house.reader) - timedelta(hours=1)
        assert recover_deliveries(house.reader, "target-a", since=since, at_once=2) == len(given)
        assert {row.generation for row in house.rows()} == {1}


@on_loop
async def test_what_was_given_up_waits_for_a_person(house: House) -> None:
    given = record()
    async with house.serving(place(retry={"schedule": [0.05], "give_up_s": 0.1})), house.working():
        house.tell("target-a", Behaviour(mode="503"))
        house.submit(given)
        await house.until(lambda: house.rows(DeliveryState.GIVEN_UP))
        assert get_target(house.reader, "target-a").given_up == 1
        house.tell("target-a")
        assert retried(house) == 1
        await house.converged()
        assert house.shows("target-a") == {given.name}
        assert get_target(house.reader, "target-a").given_up == 0


@on_loop
async def test_a_give_up_age_begins_anew_with_a_move_a_retry_and_the_end_of_a_pause(house: House) -> None:
    given = record()
    async with house.serving(place()):
        house.submit(given)
        since = [house.rows()[0].due_since]
        house.update(amended(given, district="220103"))
        since.append(house.rows()[0].tried_since)
        assert retried(house, states=(DeliveryState.PENDING,)) == 1
        since.append(house.rows()[0].tried_since)
        pause_target(house.reader, "target-a", "维护")
        resume_target(house.reader, "target-a")
        since.append(house.rows()[0].tried_since)
        ends = read_clock(house.reader) + timedelta(hours=1)
        pause_target(house.reader, "target-a", "维护", ends)
        assert [*since, ends] == sorted({*since, house.rows()[0].tried_since})  # type: ignore[type-var]


@on_loop
async def test_what_a_target_lost_since_an_instant_is_told_anew(house: House) -> None:
    before, kept, gone = record(1), record(2), record(3)
    async with house.serving(place("target-a", "lender-webhook")), house.working():
        house.submit(before)
        await house.converged()
        since = read_clock(house.reader)
        house.submit(kept, gone)
        await house.converged()
        backup = dict(house.desks["target-a"].ledger.held)
        house.update(lifted(gone))
        await house.converged()
        ledger = house.desks["target-a"].ledger
        ledger.held = {name: held for name, held in backup.items() if name != kept.name}
        assert recover_deliveries(house.reader, "target-a", since=read_clock(house.reader)) == 0
        assert recover_deliveries(house.reader, "target-a", since=since) == 2
        await house.converged()
        assert house.shows("target-a") == {before.name, kept.name}
        assert ledger.duplicates == 0
        assert [house.delivery("target-a", one.name)[0].generation for one in (before, kept, gone)] == [0, 1, 1]


@on_loop
async def test_what_is_refused_is_not_told_anew(house: House) -> None:
    given = record()
    async with house.serving(place()), house.working():
        since = read_clock(house.reader)
        house.submit(given)
        await house.converged()
        house.tell("target-a", Behaviour(mode="reject"))
        house.update(lifted(given))
        await house.until(lambda: house.rows(DeliveryState.REJECTED))
        assert recover_deliveries(house.reader, "target-a", since=since) == 0


@on_loop
async def test_what_hangs_is_in_flight_until_it_has_ended(house: House) -> None:
    async with house.serving(place(timeout_s=0.2)), house.working():
        house.tell("target-a", Behaviour(mode="hang", times=1))
        house.submit(record())
        await house.until(lambda: in_flight(house.reader, "target-a") == 1)
        assert get_target(house.reader, "target-a").in_flight == 1
        pause_target(house.reader, "target-a", "维护")
        await house.until(lambda: in_flight(house.reader, "target-a") == 0)
        assert house.rows(DeliveryState.RETRYING)

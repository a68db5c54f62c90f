"""What an operator does with a target: pause, resume, and push again what a disturbance held up."""

from datetime import timedelta

from tests.push.records import record
from tests.push.rig import House, on_loop, place

from credit_sanction_connectors.standins.behaviour import Behaviour
from credit_sanction_service.store.claims import pause_target, resume_target
from credit_sanction_service.store.deliveries import DeliveryState, get_target, list_targets, retry_deliveries

FAILED = (DeliveryState.RETRYING, DeliveryState.REJECTED)


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
async def test_what_was_refused_goes_out_again_together_once_the_target_has_mended_its_ways(house: House) -> None:
    given = [record(number) for number in range(1, 4)]
    async with house.serving(place(), place("other")), house.working():
        house.tell("target-a", Behaviour(mode="reject", times=len(given)))
        house.submit(*given)
        await house.until(lambda: len(house.rows(DeliveryState.REJECTED)) == len(given))
        latest = max(row.changed_at for row in house.rows(DeliveryState.REJECTED))
        after = latest + timedelta(seconds=1)
        assert retry_deliveries(house.reader, "target-a", states=FAILED, since=after) == 0
        assert retry_deliveries(house.reader, "target-a", states=(DeliveryState.PENDING,)) == 0
        assert retry_deliveries(house.reader, "other", states=FAILED) == 0
        assert retry_deliveries(house.reader, "target-a", states=FAILED, since=latest - timedelta(hours=1)) == len(
            given
        )
        await house.converged()
        assert house.shows("target-a") == {one.name for one in given}
        assert [target.rejected for target in list_targets(house.reader)] == [0, 0]

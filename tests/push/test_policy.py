"""A target's own policy at work: what is refused, given up, put off, and brought to it later."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from tests.push.records import amended, lifted, record
from tests.push.rig import House, on_loop, place
from typing_extensions import override

from credit_sanction_connectors.city_website import CityWebsite
from credit_sanction_connectors.port import FieldFault, Parcel, Rejected
from credit_sanction_connectors.standins.behaviour import Behaviour
from credit_sanction_service.push.observing import LaneState
from credit_sanction_service.push.outcomes import NOT_BEGUN
from credit_sanction_service.push.worker import Pace, Worker
from credit_sanction_service.store.attempts import Outcome
from credit_sanction_service.store.claims import end_pauses, pause_target
from credit_sanction_service.store.deliveries import Correction, DeliveryState

FAULT = FieldFault(field="district", path="district.code", words="本平台不受理该区域")


class Fussy(CityWebsite):
    """A connector that cannot write down what is of one district."""

    @override
    def compose(self, parcel: Parcel) -> bytes:
        if any(document["district"]["code"] == "220102" for document in parcel.documents):
            raise Rejected("本平台不受理该区域", code="96", faults=[FAULT])
        return super().compose(parcel)


class Witness:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, Outcome, bool]] = []
        self.lanes: Callable[[], Mapping[str, LaneState]] = dict

    def begin(self, lanes: Callable[[], Mapping[str, LaneState]]) -> None:
        self.lanes = lanes

    def attempt_ended(self, target: str, outcome: Outcome, *, lag_s: float | None) -> None:
        self.ended.append((target, outcome, lag_s is not None))


@asynccontextmanager
async def working_fussily(house: House, witness: Witness) -> AsyncIterator[None]:
    """Have a worker at work with a connector that cannot write everything down."""
    file = house.install()
    (target,) = file.targets
    connector = Fussy.from_table(target.name, file.tables[target.name], file.secrets, lambda: datetime.now(UTC))
    stop = asyncio.Event()
    worker = Worker(house.dsn, [target], {target.name: connector}, pace=Pace(poll_s=0.02), observer=witness)
    running = asyncio.create_task(worker.run(stop))
    try:
        yield
    finally:
        stop.set()
        await running


@on_loop
async def test_what_cannot_be_written_for_a_target_is_corrected_by_an_amendment_and_goes_out_by_itself(
    house: House,
) -> None:
    given, witness = record(), Witness()
    async with house.serving(place(kind="city-website")), working_fussily(house, witness):
        house.submit(given)
        (row,) = await house.until(lambda: house.rows(DeliveryState.REJECTED))
        assert row.corrections == (Correction(target_field=FAULT.field, field=FAULT.path, words=FAULT.words),)
        assert row.last_error == "96: 本平台不受理该区域"
        assert house.desks["target-a"].ledger.arrivals == 0
        house.update(amended(given, district="220103"))
        await house.converged()
        assert house.shows("target-a") == {given.name}
        assert witness.lanes()["target-a"].in_flight == 0
    row, _, attempts = house.delivery("target-a", given.name)
    assert (row.corrections, row.rejected) == ((), False)
    assert [(a.closed and a.closed.outcome, a.opened.digest is None) for a in attempts] == [
        (Outcome.REJECTED, True),
        (Outcome.CONFIRMED, False),
    ]
    assert witness.ended == [("target-a", Outcome.REJECTED, False), ("target-a", Outcome.CONFIRMED, True)]


@on_loop
async def test_a_listing_is_given_up_but_its_withdrawal_is_not(house: House) -> None:
    given = record()
    impatient: dict[str, object] = {"schedule": [0.05], "give_up_s": 0.2}
    async with house.serving(place(retry=impatient)), house.working():
        house.tell("target-a", Behaviour(mode="503"))
        house.submit(given)
        (row,) = await house.until(lambda: house.rows(DeliveryState.GIVEN_UP))
        assert (row.next_attempt_at, row.due_since is None, row.rejected) == (None, False, False)
        house.update(lifted(given))
        attempt = row.attempt
        await house.until(lambda: house.delivery("target-a", given.name)[0].attempt > attempt + 5)
        house.tell("target-a")
        await house.converged()
    row, state, _ = house.delivery("target-a", given.name)
    assert (state, row.given_up) == (DeliveryState.CONFIRMED, False)


@on_loop
async def test_a_pause_that_has_ended_holds_nobody_up(house: House) -> None:
    given = record()
    async with house.serving(place(), place("other")), house.working():
        soon = datetime.now(UTC) + timedelta(seconds=0.4)
        assert pause_target(house.reader, "target-a", "维护", soon)
        assert not pause_target(house.reader, "target-a", "更短", soon - timedelta(seconds=0.1))
        house.submit(given)
        await house.until(lambda: house.shows("other"))
        assert datetime.now(UTC) > soon or house.shows("target-a") == set()
        await house.converged()
        assert house.shows("target-a") == {given.name}
        assert end_pauses(house.reader) == ["target-a"]


@on_loop
async def test_a_target_that_is_new_today_gets_everything_that_is_in_force(house: House) -> None:
    given = [record(number) for number in range(1, 5)]
    async with house.serving(place(), place("new")):
        house.install(new=None)
        async with house.working():
            house.submit(*given)
            house.update(lifted(given[0]))
            await house.converged()
        house.put_back("new")
        house.install()
        async with house.working():
            await house.converged()
        assert house.shows("new") == house.shows("target-a") == {one.name for one in given[1:]}
        assert house.desks["new"].ledger.arrivals == len(given) - 1


@on_loop
async def test_a_stop_leaves_no_attempt_open_and_sends_nothing_more(house: House) -> None:
    given = [record(number) for number in range(1, 61)]
    async with house.serving(place(concurrency=1, timeout_s=5, lease_s=20)):
        desk = house.desks["target-a"]
        house.tell("target-a", Behaviour(mode="late", subject=given[30].name))
        async with house.working(drain_s=0.1):
            house.submit(*given)
            await house.until(lambda: desk.state()["late"])
        arrivals = desk.ledger.arrivals
    endings = [attempt.closed for attempt in house.attempts()]
    assert all(endings)
    ended = [(end.outcome, end.detail) for end in endings if end and end.outcome is not Outcome.CONFIRMED]
    assert [outcome for outcome, _ in ended if outcome is not Outcome.NOT_SENT] == [Outcome.UNKNOWN]
    assert {detail for outcome, detail in ended if outcome is Outcome.NOT_SENT} <= {NOT_BEGUN.detail}
    assert arrivals == len(endings) - len(ended)

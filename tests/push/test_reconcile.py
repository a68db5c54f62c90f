"""Drift between what a target confirmed and what it lists is repaired both ways."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from tests.push.records import lifted, record
from tests.push.rig import House, on_loop, place

from credit_sanction_connectors.port import Version
from credit_sanction_service.push.reconcile import Drift, reconcile
from credit_sanction_service.push.session import Session
from credit_sanction_service.store.deliveries import retry_delivery


async def reconciled(house: House) -> Drift:
    """Reconcile the first target once."""
    file = house.install()
    connector = file.build_connectors()["target-a"]
    with ThreadPoolExecutor(1) as threads:
        session = Session(house.dsn, threads)
        try:
            return await reconcile(session, file.targets[0], connector)
        finally:
            await session.close()
            await connector.aclose()


@on_loop
async def test_missing_stale_and_extra_entries_are_repaired(house: House) -> None:
    kept, missing, stale, back = (record(number) for number in (1, 2, 3, 4))
    async with house.serving(place()), house.working():
        house.submit(kept, missing, stale, back)
        await house.converged()
        held = house.desks["target-a"].ledger.held
        shown_before = held[back.name]
        house.update(lifted(back))
        await house.converged()
        assert await reconciled(house) == Drift(compared=4)
        stranger = f"sanctionRecords/{uuid.uuid4()}"
        held[back.name] = shown_before
        held[stranger] = held["somebody else's"] = shown_before
        del held[missing.name]
        held[stale.name] = replace(held[stale.name], version=Version(epoch=1, number=0))
        assert await reconciled(house) == Drift(compared=4, missing=1, stale=1, extra=2)
        await house.converged()
        assert house.shows("target-a") == {kept.name, missing.name, stale.name, "somebody else's"}
        assert str(held[stale.name].version) == "1.2"
        assert house.delivery("target-a", missing.name)[0].generation == 1
        assert house.delivery("target-a", stranger)[0].confirmed_present is False
        assert await reconciled(house) == Drift(compared=5)


@on_loop
async def test_rows_on_their_way_are_left_alone(house: House) -> None:
    given = record()
    async with house.serving(place()):
        house.submit(given)
        assert await reconciled(house) == Drift()
        assert house.delivery("target-a", given.name)[0].generation == 0


@on_loop
async def test_a_worker_reconciles_by_itself(house: House) -> None:
    given = record()
    async with house.serving(place(reconcile_s=0.1)), house.working():
        house.submit(given)
        await house.converged()
        del house.desks["target-a"].ledger.held[given.name]
        await house.until(lambda: house.shows("target-a") == {given.name})


@on_loop
async def test_an_operator_who_says_lost_has_it_sent_under_a_new_key(house: House) -> None:
    given = record()
    async with house.serving(place("target-a", "lender-webhook")), house.working():
        house.submit(given)
        await house.converged()
        ledger = house.desks["target-a"].ledger
        retry_delivery(house.reader, "target-a", given.name, lost_by_target=False)
        await house.converged()
        assert (ledger.arrivals, ledger.duplicates) == (2, 1)
        del ledger.held[given.name]
        retry_delivery(house.reader, "target-a", given.name, lost_by_target=True)
        await house.converged()
        assert house.shows("target-a") == {given.name}
        assert ledger.duplicates == 1

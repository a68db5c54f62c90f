"""What a target lists is compared with what it confirmed; drift is reported, and repaired both ways where that is wanted."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

import pytest
from tests.push.records import code, lifted, record
from tests.push.rig import House, on_loop, place

from credit_sanction_connectors.port import Version
from credit_sanction_connectors.standins.behaviour import Behaviour
from credit_sanction_connectors.standins.ledger import Standing
from credit_sanction_service.push.reconcile import serve_requests
from credit_sanction_service.push.session import Session
from credit_sanction_service.store import reconciliations
from credit_sanction_service.store.reconciliations import Drift, Reconciliation, ReconciliationState, Report
from credit_sanction_service.store.resending import retry_delivery

ENDED = {ReconciliationState.DONE, ReconciliationState.FAILED}


@asynccontextmanager
async def reconciling(house: House, worker: str = "worker") -> AsyncIterator[asyncio.Task[None]]:
    """Serve the first target's reconciliations alone while the block runs."""
    file = house.install()
    connectors = file.build_connectors()
    called = {one.name: (one, connectors[one.name]) for one in file.targets}
    with ThreadPoolExecutor(1) as threads:
        session = Session(house.dsn, threads)
        serving = asyncio.create_task(serve_requests(session, called, worker=worker, poll_s=0.01))
        try:
            yield serving
        finally:
            serving.cancel()
            await asyncio.wait([serving])
            await session.close()
            for connector in connectors.values():
                await connector.aclose()


def ask(house: House, *, repair: bool = True) -> UUID:
    return reconciliations.request(house.reader, "target-a", repair=repair, requested_by="值班员").id


def read(house: House, asked: UUID) -> Reconciliation:
    return reconciliations.get_reconciliation(house.reader, str(asked))


async def reconciled(house: House, *, repair: bool = True) -> Report:
    """Reconcile the first target once, and return the report."""
    asked = ask(house, repair=repair)
    await house.until(lambda: read(house, asked).state in ENDED)
    ended = read(house, asked)
    assert (ended.state, ended.detail) == (ReconciliationState.DONE, "")
    return ended.report


def one(subject: str) -> Drift:
    return Drift(count=1, subjects=(subject,))


@on_loop
async def test_missing_stale_and_extra_entries_are_repaired(house: House) -> None:
    kept, missing, stale, back = (record(number) for number in (1, 2, 3, 4))
    async with house.serving(place()), house.working(), reconciling(house):
        house.submit(kept, missing, stale, back)
        await house.converged()
        held = house.desks["target-a"].ledger.held
        shown_before = held[back.name]
        house.update(lifted(back))
        await house.converged()
        assert await reconciled(house) == Report(compared=4)
        stranger = f"sanctionRecords/{uuid.uuid4()}"
        held[back.name] = shown_before
        held[stranger] = held["somebody else's"] = shown_before
        del held[missing.name]
        held[stale.name] = replace(held[stale.name], version=Version(epoch=1, number=0))
        assert await reconciled(house) == Report(
            compared=4,
            missing=one(missing.name),
            stale=one(stale.name),
            extra=Drift(count=2, subjects=tuple(sorted([back.name, stranger]))),
            repaired=4,
        )
        await house.converged()
        assert house.shows("target-a") == {kept.name, missing.name, stale.name, "somebody else's"}
        assert str(held[stale.name].version) == "1.2"
        assert house.delivery("target-a", missing.name)[0].generation == 1
        assert house.delivery("target-a", stranger)[0].confirmed_present is False
        assert await reconciled(house) == Report(compared=5)


@on_loop
async def test_what_a_target_believes_of_the_enterprises_other_records_is_compared_too(house: House) -> None:
    first, second, other = record(1, line=1), record(1, line=2), record(2)
    async with house.serving(place()), house.working(), reconciling(house):
        house.submit(first, second, other)
        await house.converged()
        ledger = house.desks["target-a"].ledger
        ledger.standing[code(1)] = Standing(
            revision=Version(epoch=1, number=1), in_force=(first.name, second.name, "?")
        )
        wrong = Drift(count=2, subjects=tuple(sorted([first.name, second.name])))
        assert await reconciled(house) == Report(compared=3, standing=wrong, repaired=2)
        await house.converged()
        assert sorted(ledger.standing[code(1)].in_force) == sorted([first.name, second.name])
        assert await reconciled(house) == Report(compared=3)


@on_loop
async def test_without_repair_it_is_only_told(house: House) -> None:
    given = record()
    async with house.serving(place()), house.working(), reconciling(house):
        house.submit(given)
        await house.converged()
        held = house.desks["target-a"].ledger.held
        stranger = f"sanctionRecords/{uuid.uuid4()}"
        held[stranger] = held.pop(given.name)
        before = house.rows()
        assert await reconciled(house, repair=False) == Report(compared=1, missing=one(given.name), extra=one(stranger))
        assert house.rows() == before
        assert house.shows("target-a") == {stranger}


@on_loop
async def test_rows_on_their_way_are_left_alone(house: House) -> None:
    given = record()
    async with house.serving(place()), reconciling(house):
        house.submit(given)
        assert await reconciled(house) == Report()
        assert house.delivery("target-a", given.name)[0].generation == 0


@on_loop
async def test_a_worker_reconciles_by_itself(house: House) -> None:
    given = record()
    with house.owner() as owner:  # one of long ago, that is kept no more
        owner.execute(
            "INSERT INTO reconciliation (id, target, repair, requested_by, requested_at, state) VALUES"
            " (gen_random_uuid(), 'target-a', true, '', '2020-01-01', 'DONE'),"
            " (gen_random_uuid(), 'target-a', true, '', '2020-01-02', 'DONE')"
        )
    async with house.serving(place(reconcile_s=0.1, reports={"last": 1})), house.working():
        await house.until(lambda: min(one.requested_at for one in scheduled(house)).day != 1)
        house.submit(given)
        await house.converged()
        del house.desks["target-a"].ledger.held[given.name]
        await house.until(lambda: house.shows("target-a") == {given.name})
        told = reconciliations.list_reconciliations(house.reader)
        assert {(one.requested_by, one.repair) for one in told} == {("", True)}
        assert [one.report.missing.subjects for one in told if one.report.repaired] == [(given.name,)]


@on_loop
async def test_the_schedule_only_tells_of_what_the_store_has_never_known(house: House) -> None:
    ours, gone, strange = record(1), record(2), f"sanctionRecords/{uuid.uuid4()}"
    async with house.serving(place(reconcile_s=0.1)), house.working():
        house.submit(ours, gone)
        await house.converged()
        held = house.desks["target-a"].ledger.held
        shown_before = held[gone.name]
        house.update(lifted(gone))
        await house.converged()
        held[strange] = held.pop(ours.name)
        await house.until(lambda: house.shows("target-a") == {ours.name, strange})
        await house.converged()
        told = await house.until(lambda: [one for one in scheduled(house) if one.report.extra.count])
        assert {one.report.extra for one in told} == {Drift(count=1, subjects=(strange,))}
        assert "1 of the extra entries are unknown here" in told[0].detail
        # What the store knows is withdrawn although no row speaks of it any more.
        with house.owner() as owner:
            owner.execute("DELETE FROM delivery WHERE record_id = %s", (gone.id,))
        held[gone.name] = shown_before
        await house.until(lambda: house.shows("target-a") == {ours.name, strange})
        asked = ask(house)
        await house.until(lambda: read(house, asked).state in ENDED)
        await house.until(lambda: house.shows("target-a") == {ours.name})
        assert (read(house, asked).report.repaired, read(house, asked).detail) == (1, "")


def scheduled(house: House) -> list[Reconciliation]:
    return [one for one in reconciliations.list_reconciliations(house.reader) if not one.requested_by]


@pytest.mark.parametrize(
    ("kind", "detail"),
    [("credit-platform", "503"), ("lender-webhook", "it offers no list of its own")],
)
@on_loop
async def test_a_list_that_cannot_be_had_is_a_failure_with_its_reason(house: House, kind: str, detail: str) -> None:
    async with house.serving(place(kind=kind)), reconciling(house) as serving:
        house.tell("target-a", Behaviour(mode="503", on="read"))
        asked = ask(house)
        await house.until(lambda: read(house, asked).state in ENDED)
        assert read(house, asked).state is ReconciliationState.FAILED
        assert detail in read(house, asked).detail
        assert not serving.done()


@on_loop
async def test_what_a_worker_breaks_off_is_left_to_the_next_one(house: House) -> None:
    async with house.serving(place()):
        house.tell("target-a", Behaviour(mode="hang", on="read", times=1))
        asked = ask(house)
        async with reconciling(house, "first"):
            await house.until(lambda: read(house, asked).state is ReconciliationState.RUNNING)
            assert read(house, asked).worker == "first"
            await house.until(lambda: not house.desks["target-a"].script.state())  # it has been asked, and hangs
        assert read(house, asked).state is ReconciliationState.REQUESTED
        house.tell("target-a")
        async with reconciling(house, "second"):
            await house.until(lambda: read(house, asked).state is ReconciliationState.DONE)
        assert read(house, asked).worker == "second"


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

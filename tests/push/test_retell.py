"""After a restore every target is brought to what the store has now, whatever the history that was lost had told it."""

from tests.push.records import lifted, record
from tests.push.rig import House, on_loop, place
from tests.restrictions.soak.story import Store

from credit_sanction_service.host.cluster import Cluster
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.epochs import begin_epoch
from credit_sanction_service.store.retelling import Place, behind, move_some


@on_loop
async def test_targets_that_compare_versions_take_what_the_store_has_after_a_restore(
    house: House, cluster: Cluster
) -> None:
    store = Store(cluster.dsn("admin", house.database.name))
    stays, goes, came = record(1), record(2), record(3)
    async with house.serving(place("with-list"), place("without", "lender-webhook")):
        async with house.working():
            house.submit(stays, goes)
            await house.converged()
        store.save("backup")
        async with house.working():
            house.update(lifted(goes))
            house.update(lifted(stays))
            await house.converged()
            house.submit(came)
            await house.converged()
        assert house.shows("without") == {came.name}
        house.leave()
        store.restore("backup")
        with connect(house.dsn) as connection:
            begun = begin_epoch(connection)
        async with house.working():
            await house.until(lambda: all(row.desired.epoch == begun.epoch for row in house.rows()))
            await house.converged()
            for target in ("with-list", "without"):
                # What came into being in the lost history stays: nothing here knows of it.
                assert house.shows(target) == {stays.name, goes.name, came.name}
            house.update(lifted(goes))
            await house.converged()
            assert house.shows("without") == {stays.name, came.name}
        with connect(house.dsn) as connection:
            assert behind(connection) is None
    store.close()


@on_loop
async def test_rows_are_moved_slice_by_slice_each_once(house: House) -> None:
    async with house.serving(place()):
        house.submit(*(record(number) for number in range(1, 6)))
        with connect(house.dsn) as connection:
            begun = begin_epoch(connection)
            at: Place | None = behind(connection)
            moved = []
            while at is not None:
                at = move_some(connection, at, at_once=2)
                moved.append(at.moved if at else None)
            assert moved == [2, 2, None]
            assert {row.desired for row in house.rows()} == {begun}
            assert behind(connection) is None

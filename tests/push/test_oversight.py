"""What is owed to targets and what a real worker does about it."""

from datetime import date, timedelta

from tests.push.records import TODAY, lifted, record
from tests.push.rig import House, on_loop, place

from credit_sanction_connectors.standins.behaviour import Behaviour
from credit_sanction_service.domain.calendar import add_day, day_of, start_of
from credit_sanction_service.domain.terms import DutyKind
from credit_sanction_service.store.open_duties import DutyQuery, list_open_duties
from credit_sanction_service.store.statistics import Period, count_pushes
from credit_sanction_service.store.timeliness import count_timeliness


def owed(house: House) -> list[tuple[DutyKind, str]]:
    query = DutyQuery(today=TODAY, until=TODAY + timedelta(days=400))
    return [(duty.kind, duty.target) for duty in list_open_duties(house.reader, query)]


def all_time(house: House) -> Period:
    row = house.reader.execute("SELECT clock_timestamp()").fetchone()
    assert row
    last = day_of(row[0])
    since = date(2026, 1, 1)
    return Period(since=since, until=last, last=last, opens=start_of(since), closes=start_of(add_day(last)), today=last)


@on_loop
async def test_duties_close_with_the_targets_own_confirmations(house: House) -> None:
    async with house.serving(place("near"), place("far")):
        house.tell("far", Behaviour(mode="503", times=3))
        given = record()
        house.submit(given)
        assert owed(house) == [(DutyKind.REPORT_DECISION, "far"), (DutyKind.REPORT_DECISION, "near")]
        async with house.working():
            await house.converged()
            assert owed(house) == []
            house.update(lifted(given))
            assert set(owed(house)) <= {(DutyKind.WITHDRAW, "far"), (DutyKind.WITHDRAW, "near")}
            await house.converged()
        assert owed(house) == []
        pushes = {counts.target: counts for counts in count_pushes(house.reader, all_time(house))}
        assert (pushes["near"].attempts, pushes["near"].confirmed, pushes["near"].open_deliveries) == (2, 2, 0)
        assert (pushes["far"].confirmed, pushes["far"].unavailable) == (2, 3)
        told = {counts.kind: counts for counts in count_timeliness(house.reader, all_time(house), ())}
        assert {kind: counts.in_time + counts.late for kind, counts in told.items()} == {
            DutyKind.REPORT_DECISION: 1,
            DutyKind.WITHDRAW: 1,
        }

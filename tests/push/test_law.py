"""What targets are told follows the law that is loaded, and nothing is told by a law that cannot be read."""

from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from tests.law_texts import LATER_FORMAT, catalogue
from tests.push.records import TODAY, record
from tests.push.rig import House, on_loop, place

from credit_sanction_service.domain.calendar import start_of
from credit_sanction_service.push.lane import Lane
from credit_sanction_service.push.turn import take_turn
from credit_sanction_service.records import Records
from credit_sanction_service.store.connect import Reader
from credit_sanction_service.store.law import KnownLaw, LawUnreadable
from credit_sanction_service.store.law_loading import install_editions

STATE_COUNCIL = "国发〔2010〕7号"


def bindings(document: Mapping[str, Any]) -> set[bool]:
    """Return whether the measures in a document bind."""
    return {area["binding"] for area in document["measures"]}


@on_loop
async def test_a_basis_that_lapsed_is_told_without_a_restart(house: House) -> None:
    given = record()
    async with house.serving(place()), house.working():
        house.submit(given)
        await house.converged()
        ledger = house.desks["target-a"].ledger
        told = ledger.held[given.name]
        lapsed = catalogue("2026-9", repeals={STATE_COUNCIL: TODAY - timedelta(days=1)})
        install_editions(house.reader, [lapsed], now=start_of(TODAY))
        with closing(Reader(house.dsn)) as reader:
            assert Records(house.writer, reader).pass_days() == 1
        await house.converged()
        assert ledger.held[given.name].version > told.version
        assert (bindings(told.document), bindings(ledger.held[given.name].document)) == ({True}, {False})


@on_loop
async def test_a_worker_that_cannot_read_the_law_takes_nothing(house: House) -> None:
    async with house.serving(place()):
        house.submit(record())
        file = house.install()
        connectors = file.build_connectors()
        lanes = {target.name: Lane(target, connectors[target.name]) for target in file.targets}
        with house.owner() as owner:
            owner.execute(
                "INSERT INTO law_edition SELECT 'CALENDAR', '2099', %s, 'x', '', now(), epoch, number, 99 FROM store_head",
                (LATER_FORMAT,),
            )
        with pytest.raises(LawUnreadable, match="CALENDAR 2099"):
            take_turn(house.reader, {"target-a": 1}, [], lanes, worker="one", known_law=KnownLaw())
        assert house.attempts() == []
        assert [row.lease_until for row in house.rows()] == [None]

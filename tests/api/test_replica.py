"""A copy kept by export and watch, while others write: in the end it is what the store has, and it never lags unknowingly."""

from __future__ import annotations

import random
import threading
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.api.conftest import House, clock, principal
from tests.api.test_watch import insert, lifted, update
from tests.samples import LAW, TODAY, code, draft, revocation, taken_in, with_enterprise
from tests.samples import record as sample

from credit_sanction import Client, NotCovered, Replica, RestrictionState, Revision
from credit_sanction_service.domain.access import Role
from credit_sanction_service.domain.facts import facts_of
from credit_sanction_service.domain.lifecycle import revoke
from credit_sanction_service.domain.terms import Area, IdentifierKind
from credit_sanction_service.store.codec import load_record
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.tokens import issue_token
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.store.transaction import Transaction

WAIT = 30
LOANS = {Area.FINANCING_CREDIT, Area.BOND_ISSUANCE}
CUSTOMERS = [code(number) for number in range(0, 40, 2)]
"""Which the bank of these tests wants to hear of."""


@pytest.fixture
def bank(house: House) -> Iterator[Client]:
    who = principal("bank", Role.BANK)
    with connect(house.database.service_dsn) as connection:
        token = issue_token(connection, who)
    house.calling(who)  # once the server knows this later token, it knows the one before
    with Client(house.address, token=token, timeout=WAIT) as client:
        yield client


def work(dsn: str, seed: int, ready: threading.Event) -> None:
    """Write what authorities write: list, lift, move to another code or district, revoke and list anew at once."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    mine: list[SanctionRecord] = []
    with closing(Writer(dsn, clock=clock)) as writer:
        for step in range(60):
            number = chance.randrange(40)
            match chance.randrange(5) if mine else 0:
                case 0 | 1:
                    areas = tuple(chance.sample(list(Area), 3))
                    fresh = taken_in(
                        replace(draft(number, areas=areas, document=f"虚构认字〔2026〕{seed}{step:03d}号"))
                    )
                    insert(writer, fresh)
                    mine.append(fresh)
                case 2:
                    old = mine.pop(chance.randrange(len(mine)))
                    update(writer, lifted(old))
                case 3:
                    place = chance.randrange(len(mine))
                    mine[place] = amended(mine[place], chance)
                    update(writer, mine[place])
                case _:
                    place = chance.randrange(len(mine))
                    mine[place] = listed_anew(writer, mine[place])
            if step == 20:
                ready.set()


def amended(record: SanctionRecord, chance: random.Random) -> SanctionRecord:
    """Return the next version under another code or district, or with fewer areas."""
    after = replace(record, version=record.version + 1)
    match chance.randrange(3):
        case 0:
            return replace(after, enterprise=replace(record.enterprise, code=code(chance.randrange(40))))
        case 1:
            return replace(after, district=replace(record.district, code=chance.choice(("220113", "220102"))))
        case _:
            return replace(after, measures=record.measures[:1])


def listed_anew(writer: Writer, record: SanctionRecord) -> SanctionRecord:
    """Revoke a record and list it again under another id, in one transaction."""
    revoked = revoke(record, revocation(), today=TODAY, law=LAW)
    fresh = replace(sample(1), enterprise=record.enterprise, measures=record.measures, decision=record.decision)

    def both(tx: Transaction) -> None:
        tx.lock_record(record.id)
        tx.update(revoked, action="REVOKE", principal="测试")
        assert tx.insert([fresh], action="CREATE", principal="测试") == [None]

    writer.run(both, timeout=WAIT)
    return fresh


def truth(house: House, *, customers: list[str] | None, district: str = "") -> dict[str, tuple[int, str, set[str]]]:
    """Return, straight from the records, what a bank's copy has to hold: version, state and areas by record."""
    held: dict[str, tuple[int, str, set[str]]] = {}
    organisations = {customer[8:17] for customer in customers or ()}
    with psycopg.connect(house.database.service_dsn) as connection:
        rows = connection.execute("SELECT body FROM sanction_record WHERE state = 'LISTED'").fetchall()
    for (body,) in rows:
        facts = facts_of(load_record(body))
        areas = {measure.area.value for measure in facts.measures if measure.area in LOANS}
        is_customers = customers is None or facts.code in customers or bool(organisations & set(facts.numbers))
        if areas and is_customers and district in {"", facts.district}:
            held[facts.name] = (facts.version, "LISTED", areas)
    return held


def copy_of(replica: Replica) -> dict[str, tuple[int, str, set[str]]]:
    return {
        entry.record: (entry.version, str(entry.state), {str(one.area) for one in entry.restrictions})
        for entry in replica.entries()
    }


def head(house: House) -> Revision:
    with psycopg.connect(house.database.service_dsn) as connection:
        row = connection.execute("SELECT epoch, number FROM store_head").fetchone()
    assert row is not None
    return Revision(epoch=row[0], number=row[1])


def test_copies_taken_while_others_write_become_what_the_store_has(house: House, bank: Client) -> None:
    bank.put_portfolio("customers", CUSTOMERS[:10])
    ready = threading.Event()
    writers = [
        threading.Thread(target=work, args=(house.database.service_dsn, seed, ready), name=f"writer-{seed}")
        for seed in (1, 2)
    ]
    for writer in writers:
        writer.start()
    assert ready.wait(WAIT)
    with (
        Replica(bank) as everything,
        Replica(bank, portfolio="customers", districts=["220113"], heartbeat=1) as customers,
    ):
        customers.wait_until_whole(WAIT)
        bank.put_portfolio("customers", CUSTOMERS)
        bank.put_portfolio("customers", CUSTOMERS[:3], change="REMOVE")
        for writer in writers:
            writer.join(WAIT)
        for replica, expected in (
            (everything, truth(house, customers=None)),
            (customers, truth(house, customers=CUSTOMERS[3:], district="220113")),
        ):
            replica.wait_for(head(house), WAIT)
            assert expected
            assert copy_of(replica) == expected


def test_a_restored_store_is_taken_anew(house: House, bank: Client) -> None:
    kept, lost = sample(1), sample(2)
    with closing(Writer(house.database.service_dsn, clock=clock)) as writer:
        insert(writer, kept, lost)
        with Replica(bank) as replica:
            replica.wait_for(head(house), WAIT)
            assert len(replica) == 2
            with psycopg.connect(house.database.owner_dsn) as owner:
                owner.execute("DELETE FROM duty WHERE record_id = %s", (lost.id,))
                owner.execute("DELETE FROM change_log WHERE subject_id = %s", (lost.id,))
                owner.execute("DELETE FROM sanction_record WHERE id = %s", (lost.id,))
                owner.execute("UPDATE store_head SET epoch = 2, number = 0")
            insert(writer, sample(3))
            replica.wait_for(Revision(epoch=2, number=1), WAIT)
            assert {entry.code for entry in replica.entries()} == {code(1), code(3)}


def test_an_old_number_leads_to_the_entry(house: House, bank: Client) -> None:
    known = ((IdentifierKind.REGISTRATION_NUMBER, "220101000012345"),)
    record = taken_in(with_enterprise(draft(1), other_identifiers=known))
    with closing(Writer(house.database.service_dsn, clock=clock)) as writer, Replica(bank) as replica:
        insert(writer, record)
        replica.wait_for(head(house), WAIT)
        for number in (code(1), code(1, prefix="91220102"), "220101000012345", code(1)[8:17]):
            (entry,) = replica.find(number)
            assert (entry.record, entry.state) == (record.name, RestrictionState.LISTED)
            assert entry.in_force(TODAY)
        assert replica.find(code(2)) == ()


def test_an_old_number_of_one_record_leads_to_all_of_its_enterprise(house: House, bank: Client) -> None:
    old = "220101000012345"
    bearer = taken_in(with_enterprise(draft(1), other_identifiers=((IdentifierKind.REGISTRATION_NUMBER, old),)))
    other = sample(1, document="虚构认字〔2026〕2号")
    bank.put_portfolio("customers", [old])
    with (
        closing(Writer(house.database.service_dsn, clock=clock)) as writer,
        Replica(bank, portfolio="customers", heartbeat=1) as customers,
        Replica(bank, heartbeat=1) as everything,
    ):

        def led_to() -> tuple[set[str], ...]:
            reached = head(house)
            looked_up = bank.check(old, areas=["LOANS"], min_revision=reached)
            for replica in (customers, everything):
                replica.wait_for(reached, WAIT)
            return (
                {one.record for one in looked_up.restrictions},
                set(copy_of(customers)),
                *({entry.record for entry in replica.find(old)} for replica in (customers, everything)),
            )

        insert(writer, other)
        everything.wait_for(head(house), WAIT)
        with pytest.raises(NotCovered):
            everything.find(old)
        insert(writer, bearer)  # its number is now the other one's too
        assert led_to() == ({bearer.name, other.name},) * 4
        update(writer, lifted(bearer))
        assert led_to() == ({other.name},) * 4
        assert [entry.record for entry in everything.find("220101" + code(1)[8:17])] == [other.name]


def test_a_copy_knows_whom_its_portfolio_holds(house: House, bank: Client) -> None:
    bank.put_portfolio("customers", [code(2), code(3)])
    with closing(Writer(house.database.service_dsn, clock=clock)) as writer:
        insert(writer, sample(1))
    with Replica(bank, portfolio="customers") as replica:
        replica.wait_for(head(house), WAIT)
        assert replica.find(code(2)) == replica.find(code(3)) == ()
        with pytest.raises(NotCovered, match="portfolio customers"):
            replica.find(code(1))
        bank.put_portfolio("customers", [code(1)], change="ADD")
        bank.put_portfolio("customers", [code(2)], change="REMOVE")
        replica.wait_for(head(house), WAIT)
        assert len(replica.find(code(1))) == 1
        assert replica.find(code(3)) == ()
        with pytest.raises(NotCovered, match="portfolio customers"):
            replica.find(code(2))

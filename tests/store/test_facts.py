"""Facts as stored: what is written is read back, and the store keeps with each record what it says now."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples import LAW, TODAY, code, draft, lift_draft, noon, quarantined, taken_in, with_enterprise
from tests.samples import record as sample

from credit_sanction_service.domain.facts import RecordFacts, facts_of
from credit_sanction_service.domain.leads import lead_of_id, lead_of_name, lead_of_number, leads_to
from credit_sanction_service.domain.lifecycle import lift
from credit_sanction_service.domain.terms import IdentifierKind
from credit_sanction_service.domain.text import name_key
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.facts import dump_facts, load_facts, pack_leads
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from tests.database import Database

WAIT = 20


@settings(max_examples=50)
@given(st.builds(RecordFacts))
def test_what_is_written_is_read_back(facts: RecordFacts) -> None:
    assert load_facts(dump_facts(facts)) == facts


def test_what_an_earlier_release_wrote_is_read() -> None:
    text = (
        '["0b9f",3,"LISTED","91220101MA0000017T","虚构甲厂",["虚构乙厂"],["MA0000017"],"2026-10-24","2029-10-23",'
        '[["2029-10-23","LAND_SUPPLY","BOND_ISSUANCE"],["2027-01-01","SAFETY_LICENCE"]],'
        '"11220100FAKEA0018N","虚构局","虚构认字〔2026〕1号","2026-1","220113",1]'
    )
    facts = load_facts(text)
    assert (facts.version, facts.ever_listed, facts.disputed, facts.ended_on, facts.penalty, facts.rests) == (
        *(3, True, False, None, None),
        (),
    )
    assert [(one.area.value, str(one.end)) for one in facts.measures] == [
        ("LAND_SUPPLY", "2029-10-23"),
        ("BOND_ISSUANCE", "2029-10-23"),
        ("SAFETY_LICENCE", "2027-01-01"),
    ]
    assert dump_facts(facts) == text


def test_every_number_name_and_the_id_lead_to_a_record() -> None:
    others = ((IdentifierKind.TAX_NUMBER, f"220101{code(1)[8:17]}"),)
    former = ("虚构（丙）厂", "虚构(丙) 厂")
    facts = facts_of(taken_in(with_enterprise(draft(1), former_names=former, other_identifiers=others)))
    numbers = (code(1), code(1)[8:17], others[0][1])
    names = {name_key(name) for name in (facts.enterprise_name, former[0])}
    assert set(leads_to(facts)) == {*map(lead_of_number, numbers), *map(lead_of_name, names), lead_of_id(facts.id)}
    packed = pack_leads(facts)
    assert [int.from_bytes(packed[i : i + 4], "little") for i in range(0, len(packed), 4)] == list(leads_to(facts))


def test_the_store_keeps_the_facts_of_the_present_version(store: Database) -> None:
    first, second = sample(1), quarantined(2)
    lifted = lift(replace(first, version=2), lift_draft(), today=TODAY, law=LAW)
    with closing(Writer(store.service_dsn, clock=noon)) as writer:
        writer.run(lambda tx: tx.insert([first, second], action="CREATE", principal="测试"), timeout=WAIT)
        writer.run(lambda tx: tx.update(lifted, action="LIFT", principal="测试"), timeout=WAIT)
    with connect(store.service_dsn) as connection:
        rows = connection.execute("SELECT facts, leads FROM sanction_record").fetchall()
    kept = {load_facts(text).id: (load_facts(text), leads) for text, leads in rows}
    assert kept == {record.id: (facts_of(record), pack_leads(facts_of(record))) for record in (lifted, second)}

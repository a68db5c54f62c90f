"""Entries: what a reader is told of a record agrees, on every day, with what a look-up answers of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.samples import LAW, TODAY, decide_draft, lift_draft, notice_draft, quarantined, revocation, statement
from tests.samples import record as sample

from credit_sanction.v1 import watch_service_pb2 as pb
from credit_sanction_service.api import words
from credit_sanction_service.api.entry_bytes import entry_bytes
from credit_sanction_service.calls import new_id
from credit_sanction_service.domain.calendar import add_day
from credit_sanction_service.domain.drafts import SuspensionDraft
from credit_sanction_service.domain.due_process import decide, record_statement, serve_notice
from credit_sanction_service.domain.effect import in_force, may_have_effect
from credit_sanction_service.domain.facts import facts_of
from credit_sanction_service.domain.lifecycle import lift, revoke
from credit_sanction_service.domain.suspensions import suspend
from credit_sanction_service.domain.terms import ALL_AREAS, Area, RestrictionState, State, SuspensionGround
from credit_sanction_service.restrictions.entries import Scope, entry_of

if TYPE_CHECKING:
    from credit_sanction_service.domain.facts import RecordFacts
    from credit_sanction_service.domain.records import SanctionRecord

LISTED = RestrictionState.LISTED
AREAS = (Area.FINANCING_CREDIT, Area.LAND_SUPPLY)


def decided() -> SanctionRecord:
    notice = serve_notice(notice_draft(1), record_id=new_id(), today=TODAY, law=LAW)
    return decide(record_statement(notice, statement(), today=TODAY, law=LAW), decide_draft(), today=TODAY, law=LAW)


def suspended() -> SanctionRecord:
    order = SuspensionDraft(ground=SuspensionGround.COURT_ORDER, document_number="虚构停字1号", date=TODAY.isoformat())
    return suspend(sample(1), order, today=TODAY, law=LAW)


RECORDS = {
    "listed": sample(1),
    "lifted today": lift(sample(1), lift_draft(), today=TODAY, law=LAW),
    "lifted ahead": lift(sample(1), lift_draft((TODAY + timedelta(days=9)).isoformat()), today=TODAY, law=LAW),
    "suspended": suspended(),
    "quarantined": quarantined(1),
    "decided": decided(),
    "revoked": revoke(sample(1), revocation(), today=TODAY, law=LAW),
    "in one area": sample(1, areas=(Area.LAND_SUPPLY,)),
}
DAYS = tuple(TODAY + timedelta(days=days) for days in (-40, -1, 0, 1, 8, 9, 10, 400, 3_000))


def told(facts: RecordFacts, day: date, areas: tuple[Area, ...] = AREAS) -> pb.RestrictionEntry:
    entry = entry_of(facts, areas, day, LAW.catalogues[facts.catalogue_edition])
    return pb.RestrictionEntry.FromString(entry_bytes(entry))


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_what_is_told_is_what_is_answered(record: SanctionRecord) -> None:
    facts = facts_of(record)
    catalogue = LAW.catalogues[facts.catalogue_edition]
    for day in DAYS:
        entry = told(facts, day)
        state = words.RESTRICTION_STATE.read(entry.state)
        answered = list(in_force(facts, day, AREAS, catalogue))
        assert (state in {LISTED, RestrictionState.DISPUTED}) == bool(answered)
        assert [
            (words.AREA.read(one.area), one.binding, one.legal_basis.document, one.directive_zh, len(one.demands))
            for one in entry.restrictions
            if answered
        ] == [
            (one.measure.area, one.binding, one.basis.document, one.row.directive_zh, len(one.demands))
            for one in answered
        ]
        if facts.state is State.QUARANTINED and day >= TODAY:
            assert (state is RestrictionState.QUARANTINED) == may_have_effect(facts, day)


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_what_is_told_today_says_when_it_ends(record: SanctionRecord) -> None:
    """A copy ends effects by their days, without another word: on each later day it says what a look-up would."""
    facts = facts_of(record)
    catalogue = LAW.catalogues[facts.catalogue_edition]
    entry = told(facts, TODAY)
    for day in (day for day in DAYS if day >= TODAY):
        if entry.state == words.RESTRICTION_STATE.write(LISTED):
            held = {
                one.area
                for one in entry.restrictions
                if date.fromisoformat(one.since) <= day <= date.fromisoformat(one.until)
            }
            answered = in_force(facts, day, AREAS, catalogue)
            assert held == {words.AREA.write(one.measure.area) for one in answered}
        else:
            assert not list(in_force(facts, day, AREAS, catalogue))


def test_the_states_of_the_samples() -> None:
    states = {name: words.RESTRICTION_STATE.read(told(facts_of(one), TODAY).state) for name, one in RECORDS.items()}
    assert states == {
        "listed": LISTED,
        "lifted today": RestrictionState.ENDED,
        "lifted ahead": LISTED,
        "suspended": RestrictionState.SUSPENDED,
        "quarantined": RestrictionState.QUARANTINED,
        "decided": RestrictionState.ENDED,
        "revoked": RestrictionState.ENDED,
        "in one area": LISTED,
    }
    tomorrow = replace(facts_of(sample(1)), since=add_day(TODAY))
    assert told(tomorrow, TODAY).state == words.RESTRICTION_STATE.write(RestrictionState.NOT_LISTED)
    disputed = replace(facts_of(sample(1)), disputed=True)
    assert told(disputed, TODAY).state == words.RESTRICTION_STATE.write(RestrictionState.DISPUTED)
    facts = facts_of(RECORDS["listed"])
    assert facts.last_day is not None
    after = told(facts, add_day(facts.last_day))
    assert after == pb.RestrictionEntry(record=facts.name, version=1, code=facts.code, state=after.state)
    assert after.state == words.RESTRICTION_STATE.write(RestrictionState.ENDED)


def test_what_a_scope_takes() -> None:
    facts = facts_of(RECORDS["in one area"])
    land, loans = Scope(areas=frozenset({Area.LAND_SUPPLY})), Scope(areas=frozenset({Area.FINANCING_CREDIT}))
    assert land.takes(facts)
    assert not loans.takes(facts)
    assert not replace(land, districts=frozenset({"220102"})).takes(facts)
    assert not land.takes(None)
    everything = Scope(areas=frozenset(ALL_AREAS))
    notice = facts_of(serve_notice(notice_draft(1), record_id=new_id(), today=TODAY, law=LAW))
    assert not everything.takes(notice)
    assert not everything.takes(facts_of(RECORDS["revoked"]))

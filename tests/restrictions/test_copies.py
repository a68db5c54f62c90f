"""Copies kept by Watch, Exports and look-ups speak of the same records at every revision, by whichever number they are asked."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Final

from tests.samples import (
    LAW,
    TODAY,
    code,
    draft,
    lift_draft,
    noon,
    notice_draft,
    quarantined,
    revocation,
    suspension,
    taken_in,
)

from credit_sanction._codes import judge as judged_by_the_sdk
from credit_sanction._kept import Kept
from credit_sanction.v1 import watch_service_pb2 as pb
from credit_sanction_service.api.entry_bytes import entry_bytes
from credit_sanction_service.calls import new_id
from credit_sanction_service.domain.due_process import serve_notice
from credit_sanction_service.domain.enterprises import OtherIdentifier
from credit_sanction_service.domain.facts import facts_of
from credit_sanction_service.domain.faults import Duplicate, SanctionError
from credit_sanction_service.domain.identifiers import judge
from credit_sanction_service.domain.lifecycle import lift, revoke
from credit_sanction_service.domain.suspensions import resume, suspend
from credit_sanction_service.domain.terms import ALL_AREAS, Area, IdentifierKind, RestrictionState
from credit_sanction_service.restrictions.entries import Scope, entry_of
from credit_sanction_service.restrictions.export import Export
from credit_sanction_service.restrictions.portfolios import Portfolios
from credit_sanction_service.restrictions.small_index import SmallIndex
from credit_sanction_service.restrictions.tail import Tail
from credit_sanction_service.restrictions.watch import Watch
from credit_sanction_service.store.connect import Reader, connect
from credit_sanction_service.store.feed import read_head
from credit_sanction_service.store.portfolios import PortfolioChange
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from uuid import UUID

    from tests.database import Database

    from credit_sanction_service.domain.facts import RecordFacts
    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.restrictions.entries import Entry
    from credit_sanction_service.store.transaction import Transaction
    from credit_sanction_service.store.values import Revision

WAIT = 20
OLD: Final = ("220101000012345", "220101000012353", "220101000012361")
NUMBERS: Final = (
    *(code(number) for number in range(1, 7)),
    *(code(number, prefix="91220102") for number in range(1, 4)),
    *(code(number)[8:17] for number in range(1, 4)),
    *("220101" + code(number)[8:17] for number in range(1, 3)),
    *OLD,
)
DISTRICTS: Final = ("220113", "220104")
NAMES: Final = ("portfolios/a", "portfolios/b")
KINDS: Final = ("district", "code", "areas", "numbers", "numbers", "lift", "revoke", "suspend", "resume")


class Town:
    """All records and portfolios as they are, and as they were at each revision."""

    def __init__(self) -> None:
        self.records: dict[str, SanctionRecord] = {}
        self.portfolios: dict[UUID, set[str]] = {}
        self.then: dict[Revision, tuple[SmallIndex, dict[UUID, frozenset[str]]]] = {}

    def note(self, revision: Revision) -> None:
        self.then[revision] = (
            SmallIndex(map(facts_of, self.records.values())),
            {identifier: frozenset(codes) for identifier, codes in self.portfolios.items()},
        )

    def found(self, revision: Revision, number: str) -> set[RecordFacts]:
        """Return what a look-up of this number goes by: the records of the enterprise, and of its kin."""
        known = self.then[revision][0].find(judge(number), "")
        return {*known.records, *known.same_organisation}

    def standing(self, scope: Scope, revision: Revision) -> dict[str, tuple[int, tuple[str, ...]]]:
        """Return version and codes by record of all that stands within a scope."""
        index, portfolios = self.then[revision]
        held: dict[str, set[str]] = {record.id: set() for record in index.every() if scope.portfolio is None}
        for number in portfolios[scope.portfolio] if scope.portfolio else ():
            for record in self.found(revision, number):
                held.setdefault(record.id, set()).add(number)
        return {
            record.name: (record.version, tuple(sorted(held[record.id])))
            for record in index.every()
            if record.id in held and stands(scope, record)
        }


def stands(scope: Scope, record: RecordFacts) -> bool:
    if not scope.takes(record):
        return False
    entry = entry_of(record, scope.areas, TODAY, LAW.catalogues[record.catalogue_edition])
    return entry.state is not RestrictionState.ENDED


def fresh(chance: Random) -> SanctionRecord:
    """Return a new record of one of a few enterprises, under one of its codes, with or without an old number."""
    number = chance.randint(1, 6)
    document = f"虚构认字〔2026〕{chance.randrange(10**9)}号"
    if chance.random() < 0.1:
        record = quarantined(number, old_number=chance.choice(OLD))
        assert record.decision
        record = replace(record, decision=replace(record.decision, document_number=document))
    elif chance.random() < 0.1:
        record = serve_notice(notice_draft(number, document=document), record_id=new_id(), today=TODAY, law=LAW)
    else:
        areas = tuple(area for area in ALL_AREAS if chance.random() < 0.4) or (Area.FINANCING_CREDIT,)
        record = taken_in(draft(number, document=document, areas=areas))
    if chance.random() < 0.2:
        record = replace(record, enterprise=replace(record.enterprise, code=code(number, prefix="91220102")))
    return renumbered(replace(record, district=replace(record.district, code=chance.choice(DISTRICTS))), chance)


def renumbered(record: SanctionRecord, chance: Random) -> SanctionRecord:
    others = tuple(
        OtherIdentifier(kind=IdentifierKind.REGISTRATION_NUMBER, value=old) for old in OLD if chance.random() < 0.25
    )
    return replace(record, enterprise=replace(record.enterprise, other_identifiers=others))


def amended(record: SanctionRecord, chance: Random) -> SanctionRecord | None:
    """Return a next version, None where what was drawn is not allowed."""
    after = replace(record, version=record.version + 1)
    try:
        match chance.choice(KINDS):
            case "district":
                return replace(after, district=replace(record.district, code=chance.choice(DISTRICTS)))
            case "code":
                return replace(after, enterprise=replace(record.enterprise, code=code(chance.randint(1, 6))))
            case "areas":
                return replace(after, measures=record.measures[: chance.randint(1, len(record.measures))])
            case "numbers":
                return renumbered(after, chance)
            case "lift":
                day = chance.choice(["", (TODAY + timedelta(days=3)).isoformat()])
                return lift(record, lift_draft(day), today=TODAY, law=LAW)
            case "revoke":
                return revoke(record, revocation(), today=TODAY, law=LAW)
            case "suspend":
                return suspend(record, suspension(), today=TODAY, law=LAW)
            case _:
                return resume(record, suspension(), today=TODAY, law=LAW)
    except SanctionError:
        return None


class Copy:
    """What a reader keeps, as the SDK does; it watches on, and now and then resumes."""

    def __init__(self, tail: Tail, scope: Scope, revision: Revision, chance: Random) -> None:
        self._tail = tail
        self._chance = chance
        self.scope = scope
        self.kept = exported(tail, scope, revision, chance)
        self._watch = self._begun(revision)

    def follow(self, head: Revision) -> None:
        parts: list[Entry] = []
        for told in self._watch.messages():
            parts += told.entries
            if not told.more:
                self.kept.take(map(message, parts))
                parts.clear()
                if told.revision == head:
                    break
        assert not parts
        if self._chance.random() < 0.2:
            self._watch = self._begun(head)

    def _begun(self, revision: Revision) -> Watch:
        return Watch(
            self._tail, self.scope, revision, heartbeat=0.001, law=lambda _: LAW, clock=noon, left=lambda: False
        )


def message(entry: Entry) -> pb.RestrictionEntry:
    return pb.RestrictionEntry.FromString(entry_bytes(entry))


def exported(tail: Tail, scope: Scope, revision: Revision, chance: Random) -> Kept:
    """Take an Export that breaks off now and then."""
    kept, last = Kept(), None
    is_whole = False
    while not is_whole:
        for part in Export(tail, scope, clock=noon, revision=revision, after=last, page_size=4).parts():
            assert not kept.entries.keys() & {entry.record.name for entry in part.entries}
            kept.take(map(message, part.entries))
            last, is_whole = part.last, part.last is None
            if chance.random() < 0.2:
                break
    return kept


def told(kept: Kept) -> dict[str, tuple[int, tuple[str, ...]]]:
    entries = map(pb.RestrictionEntry.FromString, kept.entries.values())
    return {entry.record: (entry.version, tuple(entry.portfolio_codes)) for entry in entries}


def write(town: Town, chance: Random, writer: Writer) -> Revision | None:
    """Do a few things in one transaction, and return its revision."""

    def work(tx: Transaction) -> None:
        for _ in range(chance.choice([1, 1, 1, 2, 6])):
            record = None
            if town.records and chance.random() < 0.7:
                record = amended(town.records[chance.choice(sorted(town.records))], chance)
            with suppress(Duplicate):
                if record is not None:
                    tx.update(record, action="AMEND", principal="测试")
                elif tx.insert([record := fresh(chance)], action="CREATE", principal="测试") != [None]:
                    continue
                town.records[record.id] = record

    return writer.run(work, timeout=WAIT).revision


def put(town: Town, chance: Random, portfolios: Portfolios) -> None:
    """Change a portfolio."""
    change = chance.choice(list(PortfolioChange))
    codes = set(chance.sample(NUMBERS, chance.randint(1, 5)))
    portfolio, refused = portfolios.put("bank", chance.choice(NAMES), sorted(codes), change)
    assert not refused
    held = town.portfolios.setdefault(portfolio.id, set())
    if change is PortfolioChange.REPLACE:
        held.clear()
    if change is PortfolioChange.REMOVE:
        held -= codes
    else:
        held |= codes


def scope_of(town: Town, chance: Random) -> Scope:
    return Scope(
        areas=frozenset(area for area in ALL_AREAS if chance.random() < 0.5) or frozenset({Area.FINANCING_CREDIT}),
        districts=frozenset({chance.choice(DISTRICTS)}) if chance.random() < 0.3 else None,
        portfolio=chance.choice([*town.portfolios, *town.portfolios, None]),
    )


def disagree(town: Town, copy: Copy, revision: Revision, taken: Kept) -> list[str]:
    """Return where a copy, an Export and the look-ups of a revision differ."""
    found = [f"kept {told(copy.kept)}, exported {told(taken)}"] if copy.kept.entries != taken.entries else []
    expected = town.standing(copy.scope, revision)
    if told(taken) != expected:
        found.append(f"exported {told(taken)}, standing {expected}")
    for number in NUMBERS:
        leads = copy.kept.records_of(judged_by_the_sdk(number).numbers)
        looked_up = {record.name for record in town.found(revision, number)} & expected.keys()
        if leads != looked_up:
            found.append(f"{number} leads to {leads}, looked up {looked_up}")
    return found


def test_watch_and_export_and_look_up_agree(store: Database) -> None:
    live(store, 1, steps=15)


def live(store: Database, seed: int, *, steps: int) -> None:
    """Write, watch and compare."""
    chance, town = Random(seed), Town()  # noqa: S311 - it draws what is done
    with ExitStack() as stack:
        tail = stack.enter_context(closing(Tail(store.service_dsn, page_size=3, remembered=4)))
        writer = stack.enter_context(closing(Writer(store.service_dsn, clock=noon)))
        portfolios = Portfolios(stack.enter_context(closing(Reader(store.service_dsn))), clock=noon)
        connection = stack.enter_context(connect(store.service_dsn))

        def seen() -> Revision:
            asked_at = time.monotonic()
            head = read_head(connection)
            tail.catch_up(connection, head, asked_at=asked_at)
            return head.revision

        for name in NAMES:
            town.portfolios[portfolios.put("bank", name, NUMBERS[:1], PortfolioChange.REPLACE)[0].id] = {NUMBERS[0]}
        town.note(head := seen())
        copies: list[Copy] = []
        for _ in range(steps):
            for _ in range(chance.randint(1, 3)):
                if chance.random() < 0.75:
                    write(town, chance, writer)
                else:
                    put(town, chance, portfolios)
                town.note(head := seen())
            if len(copies) < 4 or chance.random() < 0.2:
                begin = chance.choice(sorted(town.then))
                copies = [*copies[-3:], Copy(tail, scope_of(town, chance), begin, chance)]
            for copy in copies:
                seen()  # on a busy machine all of them together take longer than a store may be out of sight
                copy.follow(head)
                taken = exported(tail, copy.scope, head, chance)
                wrong = disagree(town, copy, head, taken)
                assert not wrong, "\n".join([f"seed {seed} at {head}: {copy.scope}", *wrong])

"""The law in look-ups: what was loaded anywhere counts everywhere from its revision on, and what cannot be read makes old."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.law_texts import LATER_FORMAT, catalogue, year
from tests.samples import TODAY, code, noon
from tests.samples import record as sample

from credit_sanction_service.domain.answers import Question
from credit_sanction_service.domain.faults import RevisionNotReached
from credit_sanction_service.domain.identifiers import judge
from credit_sanction_service.domain.terms import ALL_AREAS, Area, EditionKind, UnknownReason, Verdict
from credit_sanction_service.restrictions.demands import Demand
from credit_sanction_service.restrictions.feed import Feed, IndexFollower
from credit_sanction_service.restrictions.index import Index
from credit_sanction_service.restrictions.law_follower import LawFollower
from credit_sanction_service.restrictions.look_up import LookUp
from credit_sanction_service.store.connect import Connection, connect
from credit_sanction_service.store.feed import read_head
from credit_sanction_service.store.law import load_law
from credit_sanction_service.store.law_loading import install_editions
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database import Database

    from credit_sanction_service.domain.answers import Answer
    from credit_sanction_service.domain.editions import Edition
    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.restrictions.demands import Basis
    from credit_sanction_service.store.values import Head, Revision

WAIT = 20
STATE_COUNCIL = "国发〔2010〕7号"


class Counting:
    """A follower that counts how often it was called."""

    def __init__(self) -> None:
        self.calls = 0

    def catch_up(self, connection: Connection, head: Head, *, asked_at: float) -> None:  # noqa: ARG002 - the port
        self.calls += 1


class Here:
    """A process that answers: an index with its law, and the feed that keeps both."""

    def __init__(self, dsn: str) -> None:
        self.index, self.law, self.counting = Index(), LawFollower(), Counting()
        follower = IndexFollower(self.index, self.law, clock=lambda: datetime.now(UTC))
        self._feed = Feed(dsn, [self.counting, follower], interval=0.001)
        self._feed.start()
        assert self._feed.wait_until_ready(WAIT)
        self.look_up = LookUp(self.index, self.law.current, clock=noon, max_staleness=5, longest_wait=WAIT)

    def check(self, *, at: Revision | None = None, max_staleness: float | None = None) -> tuple[Answer, Basis]:
        question = Question(code=judge(code(1)), name="", areas=ALL_AREAS)
        demand = Demand(min_revision=at, max_staleness=max_staleness)
        answers, basis = self.look_up.check([question], demand)
        return answers[0], basis

    def close(self) -> None:
        self._feed.close()


@pytest.fixture
def here(store: Database) -> Iterator[Here]:
    with closing(Here(store.service_dsn)) as opened:
        yield opened


@pytest.fixture
def elsewhere(store: Database) -> Iterator[Connection]:
    with connect(store.service_dsn) as opened:
        yield opened


def load(connection: Connection, *editions: Edition) -> Revision:
    install_editions(connection, editions, now=noon())
    return read_head(connection).revision


def commit(store: Database, *records: SanctionRecord) -> Revision:
    with closing(Writer(store.service_dsn, clock=noon)) as writer:
        written = writer.run(lambda tx: tx.insert(records, action="CREATE", principal="测试"), timeout=WAIT)
    assert written.revision is not None
    return written.revision


def test_what_was_loaded_elsewhere_counts_here_from_its_revision_on(
    store: Database, here: Here, elsewhere: Connection
) -> None:
    before, basis = here.check(at=commit(store, sample(1)))
    assert before.areas[Area.LAND_SUPPLY] is Verdict.RESTRICTED
    assert (basis.catalogue_edition, basis.law[EditionKind.CALENDAR]) == ("2026-1", "2004-2026")
    lapsed = catalogue("2026-9", repeals={STATE_COUNCIL: TODAY - timedelta(days=1)})
    after, basis = here.check(at=load(elsewhere, lapsed, year(2027)))
    assert after.areas[Area.LAND_SUPPLY] is Verdict.ADVISORY
    assert {found.record.catalogue_edition for found in after.restrictions} == {"2026-1"}
    assert (basis.catalogue_edition, basis.law[EditionKind.CALENDAR]) == ("2026-9", "2027")


def test_an_answer_rests_on_the_law_of_its_very_revision(store: Database, here: Here, elsewhere: Connection) -> None:
    seen: dict[Revision, set[str]] = {}
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            _, basis = here.check()
            seen.setdefault(basis.revision, set()).add(basis.law[EditionKind.CATALOGUE])

    asking = threading.Thread(target=ask)
    asking.start()
    for number in range(6):
        commit(store, sample(number + 1))
        load(elsewhere, catalogue(f"2026-1{number}"))
    here.index.wait_for(read_head(elsewhere).revision, timeout=WAIT)
    done.set()
    asking.join(WAIT)
    assert len(seen) > 3
    for revision, names in seen.items():
        assert names == {load_law(elsewhere, until=revision).names()[EditionKind.CATALOGUE]}, revision


def test_loads_that_were_missed_are_caught_up_with_one_by_one(store: Database, elsewhere: Connection) -> None:
    index, law = Index(), LawFollower()
    follower = IndexFollower(index, law, clock=lambda: datetime.now(UTC))
    with pytest.raises(RevisionNotReached):
        law.current()
    with connect(store.service_dsn) as own:
        follower.catch_up(own, read_head(own), asked_at=0)
        assert law.current() == load_law(own)
        first = load(elsewhere, catalogue("2026-11"))
        commit(store, sample(1))
        reached = read_head(own)
        load(elsewhere, catalogue("2026-12"))
        follower.catch_up(own, reached, asked_at=0)
        assert index.revision == reached.revision > first
        assert law.current().names()[EditionKind.CATALOGUE] == "2026-11"
        with pytest.raises(RevisionNotReached):
            law.of_catalogues({"2026-12"}, within_s=0)
        with ThreadPoolExecutor(1) as asking:
            asked = asking.submit(law.of_catalogues, {"2026-11", "2026-12"})
            follower.catch_up(own, read_head(own), asked_at=0)
            assert asked.result(WAIT) is law.current()
        assert law.current().names()[EditionKind.CATALOGUE] == "2026-12"


def test_an_edition_that_cannot_be_read_makes_answers_old_and_holds_up_nobody_else(
    store: Database, here: Here, elsewhere: Connection
) -> None:
    here.check(at=commit(store, sample(1, areas=(Area.LAND_SUPPLY, Area.BOND_ISSUANCE))))
    revision, calls = here.index.revision, here.counting.calls
    with elsewhere.transaction():
        elsewhere.execute("UPDATE store_head SET number = number + 1, law_version = law_version + 1")
        elsewhere.execute("INSERT INTO revision SELECT epoch, number, known_at FROM store_head")
        elsewhere.execute(
            "INSERT INTO law_edition SELECT 'CALENDAR', '2099', %s, 'x', '', now(), epoch, number, 99 FROM store_head",
            (LATER_FORMAT,),
        )
    pause = threading.Event()
    answer, basis = here.check(max_staleness=0.3)
    while not basis.stale:
        pause.wait(0.01)
        answer, basis = here.check(max_staleness=0.3)
    assert basis.revision == revision
    assert answer.areas[Area.LAND_SUPPLY] is Verdict.RESTRICTED
    assert answer.areas[Area.BOND_ISSUANCE] is answer.areas[Area.SAFETY_LICENCE] is Verdict.UNKNOWN
    assert answer.unknown_reasons == (UnknownReason.STALE,)
    with pytest.raises(RevisionNotReached):
        here.index.wait_for(read_head(elsewhere).revision, timeout=0.05)
    while here.counting.calls < calls + 2:
        pause.wait(0.01)

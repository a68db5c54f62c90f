"""The feed: what is committed anywhere is soon known here, in order and whole, whatever happens to the connection."""

from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import psycopg
import pytest
from tests.samples import LAW, TODAY, code, noon, target
from tests.samples import record as sample

from credit_sanction_service.domain.answers import Question
from credit_sanction_service.domain.facts import facts_of
from credit_sanction_service.domain.faults import EpochChanged, Overloaded, RevisionNotReached
from credit_sanction_service.domain.identifiers import judge
from credit_sanction_service.domain.terms import ALL_AREAS, Area, UnknownReason, Verdict
from credit_sanction_service.restrictions.demands import Demand
from credit_sanction_service.restrictions.feed import Feed, IndexFollower
from credit_sanction_service.restrictions.index import Index
from credit_sanction_service.restrictions.law_follower import LawFollower
from credit_sanction_service.restrictions.look_up import LookUp
from credit_sanction_service.store.connect import Connection, connect
from credit_sanction_service.store.feed import changes_between, read_head
from credit_sanction_service.store.targets import install_targets
from credit_sanction_service.store.values import Revision
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.database import Database

    from credit_sanction_service.domain.answers import Answer
    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.store.transaction import Transaction
    from credit_sanction_service.store.values import Head

WAIT = 20


def machine_clock() -> datetime:
    return datetime.now(UTC)


class Follows(Protocol):
    """Makes an index that a feed of its own keeps fresh."""

    def __call__(self) -> Index: ...


@pytest.fixture
def writer(store: Database) -> Iterator[Writer]:
    with closing(Writer(store.service_dsn, clock=noon)) as opened:
        yield opened


@pytest.fixture
def connection(store: Database) -> Iterator[Connection]:
    with connect(store.service_dsn) as opened:
        yield opened


@pytest.fixture
def follow(store: Database) -> Iterator[Follows]:
    feeds: list[Feed] = []

    def following() -> Index:
        index = Index()
        feeds.append(
            Feed(store.service_dsn, [IndexFollower(index, LawFollower(), clock=machine_clock)], interval=0.002)
        )
        feeds[-1].start()
        assert feeds[-1].wait_until_ready(WAIT)
        return index

    yield following
    for feed in feeds:
        feed.close()


def insert(*records: SanctionRecord) -> Callable[[Transaction], None]:
    def work(tx: Transaction) -> None:
        assert tx.insert(records, action="CREATE", principal="测试") == [None] * len(records)

    return work


def commit(writer: Writer, *records: SanctionRecord) -> Revision:
    revision = writer.run(insert(*records), timeout=WAIT).revision
    assert revision is not None
    return revision


def holds(index: Index, *records: SanctionRecord) -> bool:
    with index.hold() as view:
        return all(view.find(judge(record.enterprise.code), "").records == (facts_of(record),) for record in records)


def check(index: Index, *, demand: Demand | None = None, typed: str = code(1), max_staleness: float = 60) -> Answer:
    look_up = LookUp(index, lambda: LAW, clock=noon, max_staleness=max_staleness)
    question = Question(code=judge(typed), name="", areas=ALL_AREAS)
    answers, _ = look_up.check([question], demand or Demand())
    return answers[0]


def test_a_commit_in_one_process_is_known_in_every_other(writer: Writer, follow: Follows) -> None:
    before = sample(1)
    commit(writer, before)
    indexes = [follow(), follow()]
    after = sample(2)
    revision = commit(writer, after)
    for index in indexes:
        index.wait_for(revision, timeout=WAIT)
        assert holds(index, before, after)


def test_a_late_committer_never_has_a_smaller_number(store: Database, writer: Writer, follow: Follows) -> None:
    index = follow()
    early, late = sample(1), sample(2)
    begun, go_on = threading.Event(), threading.Event()

    def slow(tx: Transaction) -> None:
        insert(late)(tx)
        begun.set()
        assert go_on.wait(WAIT)

    with closing(Writer(store.service_dsn, clock=noon)) as other:
        future = other.submit(slow)
        assert begun.wait(WAIT)
        first = commit(writer, early)
        index.wait_for(first, timeout=WAIT)
        assert holds(index, early)
        assert not holds(index, late)
        go_on.set()
        second = future.result(WAIT).revision
    assert second is not None
    assert second.number == first.number + 1
    index.wait_for(second, timeout=WAIT)
    assert holds(index, early, late)


def test_a_revision_is_seen_whole_or_not_at_all(writer: Writer, follow: Follows) -> None:
    index = follow()
    records = [sample(number) for number in range(1, 301)]
    done = threading.Event()
    counts: set[int] = set()

    def count() -> None:
        while not done.is_set():
            with index.hold() as view:
                counts.add(sum(bool(view.find(judge(r.enterprise.code), "").records) for r in records))

    watcher = threading.Thread(target=count)
    watcher.start()
    index.wait_for(commit(writer, *records), timeout=WAIT)
    done.set()
    watcher.join(WAIT)
    assert counts <= {0, len(records)}


def test_a_long_way_behind_is_caught_up_in_whole_revisions(writer: Writer, connection: Connection) -> None:
    start = read_head(connection).revision
    for number in range(1, 8):
        commit(writer, sample(10 * number), sample(10 * number + 1), sample(10 * number + 2))
    head = read_head(connection).revision
    seen: list[list[int]] = []
    known = start
    while known < head:
        page = changes_between(connection, known, head, limit=4)
        seen.append([page.revision.number - known.number, len(page.records)])
        known = page.revision
    assert seen == [[2, 6], [2, 6], [2, 6], [1, 3]]
    assert changes_between(connection, head, head).records == []


def test_a_revision_without_records_is_reached_too(writer: Writer, connection: Connection, follow: Follows) -> None:
    index = follow()
    revision = commit(writer, sample(1))
    install_targets(connection, [target()], day=TODAY)
    head = read_head(connection).revision
    assert head.number == revision.number + 1
    index.wait_for(head, timeout=WAIT)


class Watching:
    """A follower that says when it was called after a connection was lost."""

    def __init__(self) -> None:
        self.backends: list[int] = []
        self.called = threading.Condition()

    def catch_up(self, connection: Connection, head: Head, *, asked_at: float) -> None:
        assert head.revision.epoch == 1
        assert asked_at > 0
        with self.called:
            if connection.info.backend_pid not in self.backends:
                self.backends.append(connection.info.backend_pid)
                self.called.notify_all()


def test_a_lost_connection_is_opened_anew_and_nothing_is_missed(
    store: Database, writer: Writer, connection: Connection
) -> None:
    index, watching = Index(), Watching()
    feed = Feed(store.service_dsn, [IndexFollower(index, LawFollower(), clock=machine_clock), watching], interval=0.002)
    feed.start()
    try:
        assert feed.wait_until_ready(WAIT)
        connection.execute("SELECT pg_terminate_backend(%s)", (watching.backends[0],))
        record = sample(1)
        index.wait_for(commit(writer, record), timeout=WAIT)
        assert holds(index, record)
        with watching.called:
            assert watching.called.wait_for(lambda: len(watching.backends) == 2, WAIT)
    finally:
        feed.close()


def test_a_new_epoch_is_loaded_whole(store: Database, writer: Writer, follow: Follows) -> None:
    index = follow()
    kept, lost = sample(1), sample(2)
    index.wait_for(commit(writer, kept, lost), timeout=WAIT)
    with psycopg.connect(store.owner_dsn) as owner:
        owner.execute("DELETE FROM change_log WHERE subject_id = %s", (lost.id,))
        owner.execute("DELETE FROM duty WHERE record_id = %s", (lost.id,))
        owner.execute("DELETE FROM sanction_record WHERE id = %s", (lost.id,))
        owner.execute("UPDATE store_head SET epoch = 2, number = 0")
    fresh = sample(3)
    revision = commit(writer, fresh)
    assert revision == Revision(epoch=2, number=1)
    with closing(connect(store.service_dsn)) as own:
        IndexFollower(index, LawFollower(), clock=machine_clock).catch_up(own, read_head(own), asked_at=0)
    assert holds(index, kept, fresh)
    assert not holds(index, lost)
    with pytest.raises(EpochChanged):
        check(index, demand=Demand(min_revision=Revision(epoch=1, number=1)))


def test_a_store_that_went_back_is_loaded_whole(store: Database, writer: Writer) -> None:
    index = Index.of(Revision(epoch=1, number=9), [sample(9)])
    told: list[bool] = []
    index.tell_ready(told.append)
    record = sample(1)
    revision = commit(writer, record)
    with connect(store.service_dsn) as own:
        follower, head = IndexFollower(index, LawFollower(), clock=machine_clock), read_head(own)
        for _ in range(2):
            follower.catch_up(own, head, asked_at=0)
    assert told == [True, False, True], "not ready, from when that was seen until all was loaded"
    assert index.revision == revision
    assert holds(index, record)
    assert not holds(index, sample(9))


@pytest.fixture
def fed(store: Database, writer: Writer) -> Index:
    """Build an index that holds one record, in every area or in an advising one, and that nobody feeds any more."""
    commit(writer, sample(1, areas=(Area.LAND_SUPPLY, Area.BOND_ISSUANCE)))
    index = Index()
    feed = Feed(store.service_dsn, [IndexFollower(index, LawFollower(), clock=machine_clock)], interval=0.002)
    feed.start()
    assert feed.wait_until_ready(WAIT)
    feed.close()
    return index


def test_what_grew_old_restricts_still_and_clears_no_more(fed: Index) -> None:
    fresh, stale = check(fed), check(fed, max_staleness=1e-9)
    assert fresh.areas[Area.LAND_SUPPLY] is stale.areas[Area.LAND_SUPPLY] is Verdict.RESTRICTED
    assert (fresh.areas[Area.BOND_ISSUANCE], stale.areas[Area.BOND_ISSUANCE]) == (Verdict.ADVISORY, Verdict.UNKNOWN)
    assert (fresh.areas[Area.SAFETY_LICENCE], stale.areas[Area.SAFETY_LICENCE]) == (Verdict.CLEAR, Verdict.UNKNOWN)
    assert stale.restrictions == fresh.restrictions
    assert stale.unknown_reasons == (UnknownReason.STALE,)


def test_a_caller_may_only_tighten_how_old_an_answer_is(fed: Index) -> None:
    for asked, own, verdict in (
        *((None, 60, "CLEAR"), (1e9, 60, "CLEAR")),
        *((1e-9, 60, "UNKNOWN"), (0.0, 60, "UNKNOWN"), (1e9, 1e-9, "UNKNOWN")),
    ):
        answer = check(fed, typed=code(5), demand=Demand(max_staleness=asked), max_staleness=own)
        assert answer.verdict.value == verdict, (asked, own)


def test_a_clock_that_is_off_decides_nothing(store: Database) -> None:
    with connect(store.service_dsn) as own:
        for seconds, verdict in ((0, "CLEAR"), (1, "CLEAR"), (3, "UNKNOWN"), (-3, "UNKNOWN")):
            index = Index()
            off = timedelta(seconds=seconds)
            follower = IndexFollower(index, LawFollower(), clock=lambda off=off: machine_clock() + off)  # type: ignore[misc]
            head = read_head(own)
            follower.catch_up(own, head, asked_at=1e12)
            # What others took to catch up, or the answer to come, is not the clock's. (One that is behind may hide in the latter.)
            for early, asked_at in (
                (replace(head, now=head.now - timedelta(seconds=60), read_at=head.read_at - 60), 1e12),
                (replace(head, now=head.now - timedelta(seconds=60)), head.read_at - 60),
            ):
                if seconds >= 0:
                    follower.catch_up(own, early, asked_at=asked_at)
                    index.reached(asked_at=1e12, clock_in_doubt=index.clock_in_doubt)
            answer = check(index)
            assert answer.verdict.value == verdict, seconds
            assert (UnknownReason.CLOCK_IN_DOUBT in answer.unknown_reasons) == (verdict == "UNKNOWN")


def test_an_answer_reads_the_askers_own_write(writer: Writer, follow: Follows) -> None:
    index = follow()
    for number in range(1, 30):
        revision = commit(writer, sample(number))
        answer = check(index, typed=code(number), demand=Demand(min_revision=revision))
        assert answer.verdict is Verdict.RESTRICTED


def test_a_revision_that_does_not_come_is_waited_for_so_long_and_by_so_many(fed: Index) -> None:
    future = Demand(min_revision=Revision(epoch=1, number=99))
    question = Question(code=judge(code(1)), name="", areas=ALL_AREAS)
    impatient = LookUp(fed, lambda: LAW, clock=noon, longest_wait=0.01)
    with pytest.raises(RevisionNotReached):
        impatient.check([question], future)
    crowded = LookUp(fed, lambda: LAW, clock=noon, most_waiting=0)
    with pytest.raises(Overloaded):
        crowded.check([question], future)
    assert crowded.check([question], replace(future, min_revision=Revision(epoch=1, number=1)))[1].stale is False

"""The end of the log as many readers see it: each page is read once, and nobody is told what is not known."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.samples import LAW, noon
from tests.samples import record as sample

from credit_sanction_service.domain.faults import EpochChanged, RevisionNotReached, StoreUnavailable
from credit_sanction_service.domain.terms import ALL_AREAS
from credit_sanction_service.restrictions.entries import Scope
from credit_sanction_service.restrictions.export import Export
from credit_sanction_service.restrictions.tail import Tail
from credit_sanction_service.restrictions.watch import Told, Watch
from credit_sanction_service.store.as_of import Place
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.feed import read_head
from credit_sanction_service.store.values import Head, Revision
from credit_sanction_service.store.watching import changes_after
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database import Database

    from credit_sanction_service.store.transaction import Transaction

WAIT = 20


@pytest.fixture
def tail(store: Database) -> Iterator[Tail]:
    with closing(Tail(store.service_dsn, page_size=4)) as opened:
        yield opened


def commit(store: Database, *sizes: int) -> None:
    """Commit revisions of so many records each."""
    number = iter(range(1, 1_000))
    with closing(Writer(store.service_dsn, clock=noon)) as writer:
        for size in sizes:
            records = [sample(next(number)) for _ in range(size)]

            def work(tx: Transaction, records: list = records) -> None:  # type: ignore[type-arg]
                assert tx.insert(records, action="CREATE", principal="测试") == [None] * len(records)

            writer.run(work, timeout=WAIT)


def see(tail: Tail, store: Database, *, ago: float = 0.0) -> Revision:
    with connect(store.service_dsn) as connection:
        head = read_head(connection)
        tail.catch_up(connection, head, asked_at=time.monotonic() - ago)
    return head.revision


def at(number: int, *, epoch: int = 1) -> Head:
    revision = Revision(epoch=epoch, number=number)
    return Head(
        revision=revision,
        access_version=0,
        targets_version=0,
        law_version=0,
        now=datetime.now(UTC),
        known_at=None,
        read_at=time.monotonic(),
    )


def test_pages_go_through_revisions_larger_than_they_are(store: Database, tail: Tail) -> None:
    commit(store, 1, 9, 2)
    see(tail, store)
    place, seen = tail.begin(Revision(epoch=1, number=1)), []
    while tail.wait(place, turns=tail.turns, timeout=0, left=lambda: False):
        page = tail.page_after(place)
        assert tail.page_after(place) is page
        seen += [(one.revision.number, len(one.records), one.is_whole) for one in page.revisions]
        place = page.until
    assert seen == [(2, 1, True), (3, 3, False), (3, 4, False), (3, 2, True), (4, 2, True)]
    assert tail.is_current(place, turns=tail.turns)
    with connect(store.service_dsn) as connection:
        whole = changes_after(connection, tail.begin(Revision(epoch=1, number=1)), place.revision, limit=100)
    assert [len(one.records) for one in whole.revisions] == [1, 9, 2]


def test_many_who_want_one_page_have_it_read_once(store: Database, tail: Tail) -> None:
    commit(store, 3)
    see(tail, store)
    place = tail.begin(Revision(epoch=1, number=1))
    begin, pages = threading.Barrier(8), []

    def want() -> None:
        begin.wait(WAIT)
        pages.append(tail.page_after(place))

    readers = [threading.Thread(target=want) for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(WAIT)
    assert len(pages) == 8
    assert len({id(page) for page in pages}) == 1


def test_where_a_stream_may_begin(store: Database, tail: Tail) -> None:
    commit(store, 1)
    assert tail.begin(Revision(epoch=1, number=2)) == tail.begin(None)  # before the feed has seen it
    assert see(tail, store).number == 2
    with pytest.raises(EpochChanged):
        tail.begin(Revision(epoch=2, number=1))
    with pytest.raises(RevisionNotReached):
        tail.begin(Revision(epoch=1, number=3))


def test_who_has_lost_sight_of_the_store_says_nothing(store: Database, tail: Tail) -> None:
    place = Place(revision=see(tail, store, ago=60))
    with pytest.raises(StoreUnavailable, match="last seen 60 s ago"):
        tail.wait(place, turns=tail.turns, timeout=0, left=lambda: False)
    assert not tail.is_current(place, turns=tail.turns)
    see(tail, store)
    assert not tail.wait(place, turns=tail.turns, timeout=0, left=lambda: False)
    assert tail.is_current(place, turns=tail.turns)
    later = Place(revision=Revision(epoch=1, number=place.revision.number + 1))
    for unknown, turns in ((later, tail.turns), (replace(place, ordinal=3), tail.turns), (place, tail.turns + 1)):
        assert not tail.is_current(unknown, turns=turns)


def watching(tail: Tail, *, district: str | None = None, heartbeat: float = 1.0) -> Iterator[Told]:
    """Watch everything since the law, or one district."""
    scope = Scope(areas=frozenset(ALL_AREAS), districts=frozenset({district}) if district else None)
    start = Revision(epoch=1, number=1)
    return Watch(tail, scope, start, heartbeat=heartbeat, law=lambda _: LAW, clock=noon, left=lambda: False).messages()


def test_a_reader_that_took_its_time_hears_no_heartbeat_of_long_ago(store: Database, tail: Tail) -> None:
    commit(store, 1)
    see(tail, store)
    messages = watching(tail)
    assert len(next(messages).entries) == 1
    see(tail, store, ago=9)  # the store is out of sight since
    with pytest.raises(StoreUnavailable, match="last seen"):
        next(messages)


def test_a_watch_from_now_on_waits_for_what_its_process_can_look_up(store: Database, tail: Tail) -> None:
    see(tail, store)
    commit(store, 1)
    scope = Scope(areas=frozenset(ALL_AREAS))
    watch = Watch(tail, scope, None, heartbeat=1.0, law=lambda _: LAW, clock=noon, left=threading.Event().is_set)
    told: list[Told] = []
    waiting = threading.Thread(target=lambda: told.append(next(watch.messages())))
    waiting.start()
    waiting.join(0.05)
    assert not told
    reached = see(tail, store)
    waiting.join(WAIT)
    assert told == [Told(revision=reached)]


def test_a_reader_whom_nothing_concerns_is_told_how_far_it_has_come(store: Database, tail: Tail) -> None:
    commit(store, 1, 9, 2)
    see(tail, store)
    messages = watching(tail, district="220104", heartbeat=0.0)
    told = [next(messages)]
    while told[-1].known_at or told[-1].revision.number < 4:
        told.append(next(messages))
    assert not any(one.entries for one in told)
    words = [(one.revision.number, one.more) for one in told if one.known_at]
    assert words == [(2, False), (3, True), (3, False)]  # then a heartbeat of the last


def test_an_export_in_whose_midst_the_store_is_restored_does_not_end_as_whole(store: Database, tail: Tail) -> None:
    commit(store, 6)
    see(tail, store)
    scope = Scope(areas=frozenset(ALL_AREAS))
    by_the_log = Export(tail, scope, clock=noon, page_size=3).parts()
    assert len(next(by_the_log).entries) == 3
    with psycopg.connect(store.owner_dsn) as owner:
        owner.execute("UPDATE store_head SET number = 1")
        see_restored = read_head(owner)
        owner.execute("UPDATE store_head SET number = 2")
    with connect(store.service_dsn) as connection:
        tail.catch_up(connection, see_restored, asked_at=time.monotonic())
    with pytest.raises(EpochChanged):
        next(by_the_log)
    see(tail, store)
    by_its_epoch = Export(tail, scope, clock=noon, page_size=3).parts()
    next(by_its_epoch)
    with psycopg.connect(store.owner_dsn) as owner:
        owner.execute("UPDATE store_head SET epoch = 2")
    with pytest.raises(EpochChanged):  # also before the feed has heard of it
        next(by_its_epoch)


def test_a_reader_that_lags_is_not_current(store: Database, tail: Tail) -> None:
    with connect(store.service_dsn) as connection:
        for number, ago in ((5, 9.0), (6, 2.0), (7, 0.0)):
            tail.catch_up(connection, at(number), asked_at=time.monotonic() - ago)
    current = {
        number: tail.is_current(Place(revision=Revision(epoch=1, number=number)), turns=tail.turns)
        for number in (5, 6, 7)
    }
    assert current == {5: False, 6: True, 7: True}


def test_a_log_that_was_restored_is_another(store: Database, tail: Tail) -> None:
    place, turns = Place(revision=Revision(epoch=1, number=5)), tail.turns
    with connect(store.service_dsn) as connection:
        for number in (5, 4, 5):
            tail.catch_up(connection, at(number), asked_at=time.monotonic())
        with pytest.raises(EpochChanged, match="restored"):
            tail.wait(place, turns=turns, timeout=0, left=lambda: False)
        tail.catch_up(connection, at(1, epoch=2), asked_at=time.monotonic())
    with pytest.raises(EpochChanged):
        tail.wait(place, turns=tail.turns, timeout=0, left=lambda: False)
    with pytest.raises(EpochChanged):
        tail.page_after(place)


def test_who_waits_is_woken_to_go_and_to_stop(store: Database, tail: Tail) -> None:
    place = Place(revision=see(tail, store))
    gone = threading.Event()
    found: list[bool] = []
    waiting = threading.Thread(
        target=lambda: found.append(tail.wait(place, turns=tail.turns, timeout=WAIT, left=gone.is_set))
    )
    waiting.start()
    gone.set()
    tail.wake()
    waiting.join(WAIT)
    assert found == [False]
    tail.stop()
    with pytest.raises(StoreUnavailable, match="stopping"):
        tail.wait(place, turns=tail.turns, timeout=WAIT, left=lambda: False)


def test_a_clock_that_is_off_tells_nothing(store: Database) -> None:
    for seconds, tells in ((0, True), (1, True), (3, False), (-3, False)):
        off = timedelta(seconds=seconds)
        with closing(Tail(store.service_dsn, clock=lambda off=off: datetime.now(UTC) + off)) as tail:  # type: ignore[misc]
            see(tail, store)
            with connect(store.service_dsn) as connection:
                head = read_head(connection)
                # It came a minute ago, and others have caught up in the meantime.
                early = replace(head, now=head.now - timedelta(seconds=60), read_at=head.read_at - 60)
                tail.catch_up(connection, early, asked_at=early.read_at)
            if tells:
                tail.begin(None)
            else:
                with pytest.raises(StoreUnavailable, match="clock"):
                    tail.begin(None)

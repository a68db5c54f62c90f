"""The end of the log as many readers see it: each page is read once, and nobody is told what is not known."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.samples import noon
from tests.samples import record as sample

from credit_sanction_service.domain.faults import EpochChanged, RevisionNotReached, StoreUnavailable
from credit_sanction_service.restrictions.tail import Tail
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.feed import read_head
from credit_sanction_service.store.values import Head, Revision
from credit_sanction_service.store.watching import Place, changes_after
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
    return Head(revision=revision, access_version=0, targets_version=0, law_version=0, now=datetime.now(UTC))


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
    assert tail.is_current(place)
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
    see(tail, store)
    assert not tail.wait(place, turns=tail.turns, timeout=0, left=lambda: False)


def test_a_reader_that_lags_is_not_current(store: Database, tail: Tail) -> None:
    with connect(store.service_dsn) as connection:
        for number, ago in ((5, 9.0), (6, 2.0), (7, 0.0)):
            tail.catch_up(connection, at(number), asked_at=time.monotonic() - ago)
    current = {number: tail.is_current(Place(revision=Revision(epoch=1, number=number))) for number in (5, 6, 7)}
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
                late = replace(read_head(connection), now=datetime.now(UTC) - timedelta(seconds=60))
                tail.catch_up(connection, late, asked_at=time.monotonic() - 60)  # it was asked for a minute ago
            if tells:
                tail.begin(None)
            else:
                with pytest.raises(StoreUnavailable, match="clock"):
                    tail.begin(None)

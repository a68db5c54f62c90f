"""Counted answers: what is counted reaches the store, once, and outlives a store that is away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from tests.services import wait_until

from credit_sanction_service.domain.answers import Answer
from credit_sanction_service.domain.terms import Area, Verdict
from credit_sanction_service.restrictions.counting import AnswerCounter
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.look_up_counts import sum_counts

if TYPE_CHECKING:
    from tests.database import Database

    from credit_sanction_service.host.cluster import Cluster

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
LAND, CREDIT = Area.LAND_SUPPLY, Area.FINANCING_CREDIT
OpenCounter = Callable[..., AnswerCounter]


def answer(**areas: Verdict) -> Answer:
    verdicts = {Area(name): verdict for name, verdict in areas.items()}
    return Answer(code="", name="", verdict=max(verdicts.values()), areas=verdicts)


RESTRICTED = answer(LAND_SUPPLY=Verdict.RESTRICTED, FINANCING_CREDIT=Verdict.ADVISORY)
CLEAR = answer(LAND_SUPPLY=Verdict.CLEAR)


@pytest.fixture
def open_counter(store: Database) -> Iterator[OpenCounter]:
    """Open counters of this store, as several processes have them."""
    counters: list[AnswerCounter] = []

    def opened(interval: float = 3600.0) -> AnswerCounter:
        counters.append(AnswerCounter(store.service_dsn, interval=interval))
        counters[-1].start()
        return counters[-1]

    yield opened
    for counter in counters:
        counter.close()


def counted(store: Database, day: date = MONDAY) -> dict[tuple[Area, Verdict], int]:
    with connect(store.service_dsn) as connection:
        return sum_counts(connection, day, day)


def test_what_was_counted_is_written_at_the_end_and_by_its_day(store: Database, open_counter: OpenCounter) -> None:
    counter = open_counter()
    counter.count(MONDAY, [RESTRICTED, CLEAR, CLEAR])
    counter.tally(TUESDAY, {tuple(CLEAR.areas.items()): 1})
    counter.count(TUESDAY, [])
    counter.tally(TUESDAY, {})
    assert counted(store) == {}
    counter.close()
    counter.close()
    assert counted(store) == {
        (LAND, Verdict.RESTRICTED): 1,
        (LAND, Verdict.CLEAR): 2,
        (CREDIT, Verdict.ADVISORY): 1,
    }
    assert counted(store, TUESDAY) == {(LAND, Verdict.CLEAR): 1}


def test_it_is_written_every_so_often(store: Database, open_counter: OpenCounter) -> None:
    counter = open_counter(0.01)
    for times in (1, 2):
        counter.count(MONDAY, [CLEAR])
        with wait_until(lambda times=times: counted(store) == {(LAND, Verdict.CLEAR): times}):  # type: ignore[misc]
            pass


def test_many_threads_and_processes_lose_and_double_nothing(store: Database, open_counter: OpenCounter) -> None:
    counters = [open_counter(0.005) for _ in range(3)]

    def ask(number: int) -> None:
        for _ in range(500):
            counters[number % 3].count(MONDAY, [RESTRICTED])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(ask, range(6)))
    for counter in counters:
        counter.close()
    assert counted(store) == {(LAND, Verdict.RESTRICTED): 3_000, (CREDIT, Verdict.ADVISORY): 3_000}


def test_while_the_store_is_away_it_is_kept(cluster: Cluster, store: Database, open_counter: OpenCounter) -> None:
    counter = open_counter(0.01)
    counter.count(MONDAY, [CLEAR])
    with wait_until(lambda: counted(store) == {(LAND, Verdict.CLEAR): 1}):
        pass
    name = sql.Identifier(store.name)
    with psycopg.connect(cluster.dsn("admin"), autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false").format(name))
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (store.name,))
        counter.count(MONDAY, [CLEAR])
        counter.count(MONDAY, [RESTRICTED])
        admin.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true").format(name))
    with wait_until(lambda: len(counted(store)) == 3):
        pass
    assert counted(store)[LAND, Verdict.CLEAR] == 2


def test_one_that_was_never_started_closes(store: Database) -> None:
    AnswerCounter(store.service_dsn).close()

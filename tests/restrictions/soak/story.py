"""The soak: clerks write, places answer, and everything that can go wrong does, while every verdict is compared."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final

import psycopg
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from psycopg import sql
from tests.law_texts import year
from tests.restrictions.plain_model import NINE
from tests.restrictions.soak.asking import CODES, FORMS, Reply, Wanted, ask, questions
from tests.restrictions.soak.clerks import REGISTRATION_NUMBERS, Clerk, Deed
from tests.restrictions.soak.judge import Expected, Tally, differences
from tests.restrictions.soak.places import TOLERATED_S, OwnServer, Place, Surroundings, opened
from tests.restrictions.soak.truth import Rev, Truth
from tests.samples import TODAY, code, noon
from typing_extensions import override

from credit_sanction import Client, NotCovered, Replica
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.law_loading import install_editions
from credit_sanction_service.store.tokens import issue_token

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from tests.database import Database

    from credit_sanction import Entry

FEEDS: Final = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND state = 'idle' AND query LIKE '%FROM store_head%'
"""
CUSTOMERS: Final = (
    REGISTRATION_NUMBERS[0],
    code(2)[8:17],
)  # whom the reader of a portfolio hears of: by old numbers alone
MOST_FORMER: Final = 8
FIRST: Final = 8  # records that are tried at the beginning
MOST_ASKED: Final = 12  # in one storm, at one place
OTHERS: Final = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of everything."""

    servers: int = 2
    processes: int = 1
    stories: int = 3
    steps: int = 12
    shrink: bool = False


class Store:
    """The database as its administrator has it: it can be saved, and restored as from a backup, into a new epoch."""

    def __init__(self, dsn: str) -> None:
        self._admin = psycopg.connect(dsn, autocommit=True)
        self._admin.execute("SET session_replication_role = replica")  # rows come back in no order of their references
        self._epoch = 1

    def save(self, name: str) -> None:
        """Keep everything as it is now."""
        with self._admin.transaction():
            schema = sql.Identifier(name)
            self._admin.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))
            self._admin.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
            for table in self._tables():
                self._admin.execute(sql.SQL("CREATE TABLE {0}.{1} AS TABLE public.{1}").format(schema, table))

    def restore(self, name: str) -> None:
        """Put everything back as it was when it was saved, as an epoch that never was. Nobody keeps a connection."""
        database = sql.Identifier(self._admin.info.dbname)
        self._admin.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT 0").format(database))
        while self._admin.execute(OTHERS).fetchone() != (0,):
            pass
        with self._admin.transaction():
            for table in self._tables():
                self._admin.execute(sql.SQL("DELETE FROM public.{}").format(table))
                self._admin.execute(
                    sql.SQL("INSERT INTO public.{1} SELECT * FROM {0}.{1}").format(sql.Identifier(name), table)
                )
            self._epoch += 1
            self._admin.execute("UPDATE store_head SET epoch = %s", (self._epoch,))
        self._admin.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT -1").format(database))

    def kill_feeds(self) -> None:
        """End every connection that polls for the head."""
        self._admin.execute(FEEDS)

    def head(self) -> Rev:
        row = self._admin.execute("SELECT epoch, number FROM store_head").fetchone()
        assert row
        return Rev(*row)

    def close(self) -> None:
        self._admin.close()

    def _tables(self) -> list[sql.Identifier]:
        return [sql.Identifier(row[0]) for row in self._admin.execute(TABLES).fetchall()]


class House:
    """A store, its clerks and its places, all on one calendar."""

    def __init__(
        self, stack: ExitStack, store: Database, admin_dsn: str, directory: Path, size: Size, tally: Tally
    ) -> None:
        self.today = TODAY
        self.tally = tally
        self.store = stack.enter_context(closing(Store(admin_dsn)))
        with connect(store.service_dsn) as connection:
            self.token = issue_token(connection, Principal(name="admin", roles=frozenset({Role.ADMINISTRATOR})))
            # The stories go on for years whose working days are not published yet.
            install_editions(connection, [year(number) for number in range(TODAY.year + 1, 2051)], now=noon())
        self.clerks = [
            stack.enter_context(closing(Clerk(store.service_dsn, clock=self.clock, today=lambda: self.today)))
            for _ in range(2)
        ]
        around = Surroundings(dsn=store.service_dsn, bases=directory / "bases", clock=self.clock)
        self.places = stack.enter_context(
            opened(around, servers=size.servers, processes=size.processes, logs=directory)
        )
        self.watched = next(place for place in self.places if isinstance(place, OwnServer))
        reader = stack.enter_context(Client(self.watched.address, token=self.token, timeout=30))
        reader.put_portfolio("customers", CUSTOMERS)
        self.copy = stack.enter_context(Replica(reader, heartbeat=1))
        self.customers = stack.enter_context(Replica(reader, portfolio="customers", heartbeat=1))
        self._dsn = store.service_dsn
        self.truth = Truth(self._dsn)
        self.former: list[Truth] = []
        self.epoch = 1
        self._heads: list[tuple[float, Rev]] = []
        self.stalled: set[str] = set()
        self.store.save("pristine")
        stack.callback(self._close)

    def clock(self) -> datetime:
        return noon(self.today)

    def _close(self) -> None:
        self.truth.close()

    def restore(self, name: str) -> None:
        """Restore; what the places answer until they have heard of it is of the truth before."""
        self.truth.read()
        self.truth.close()
        self.store.restore(name)
        self.former = [self.truth, *self.former[:MOST_FORMER]]
        head = self.store.head()
        self.epoch = head.epoch
        self.truth = Truth(self._dsn, begins=head)
        self._heads = []
        for clerk in self.clerks:
            clerk.reconnect()
        for place in self.places:
            if place.name in self.stalled:
                place.restart()
        self.stalled.clear()

    def see_head(self) -> Rev:
        """Return the head, and remember since when it was known."""
        head = self.store.head()
        self._heads.append((time.monotonic(), head))
        return head

    def newest_known_before(self, instant: float) -> Rev:
        return max((head for seen_at, head in self._heads if seen_at <= instant), default=Rev(0, 0))

    def ask(self, place: Place, rng: Random) -> Reply | None:
        """Ask a place something; None where it is between two lives."""
        stub = place.stub
        if stub is None:
            return None
        wanted = self._drawn(place, rng)
        return ask(place, stub, self.token, wanted, questions(rng, wanted))

    def judge(self, reply: Reply) -> list[str]:
        """Return what is wrong with a reply, given on this day of ours."""
        tolerated = TOLERATED_S if reply.wanted.tolerated is None else reply.wanted.tolerated
        expected = Expected(
            newest_then=self.newest_known_before(reply.asked_at - tolerated), day=reply.wanted.day or self.today
        )
        return differences(reply, expected, self.truth, self.former, self.tally)

    def judge_copies(self) -> list[str]:
        """Return what is wrong with the copies of who watches, once they have heard of everything."""
        head = self.store.head()
        page = self.truth.at(head)
        wrong = []
        for name, copy, numbers in (("copy", self.copy, None), ("copy of customers", self.customers, CUSTOMERS)):
            copy.wait_for(head, timeout=30)
            self.tally.copies += 1
            told, true = self._in_force(copy.entries()), page.standing(self.today, numbers)
            if told != true:
                wrong.append(f"{name} at {head} on {self.today}: {told - true} too much, {true - told} not")
        for number, _ in CODES:
            found, true = self._in_force(_found(self.copy, number)), page.standing(self.today, [number])
            if found != true:
                wrong.append(f"{number} in the copy at {head} on {self.today}: {found}, not {true}")
        return wrong

    def _in_force(self, entries: Iterable[Entry]) -> set[tuple[str, str]]:
        return {
            (entry.record, one.area.removeprefix("AREA_")) for entry in entries for one in entry.in_force(self.today)
        }

    def _drawn(self, place: Place, rng: Random) -> Wanted:
        days = [self.today + timedelta(days=shift) for shift in (-400, -30, -1, 0, 1, 30, 400)]
        chosen: dict[str, Any] = {
            "form": rng.choice(FORMS),
            "areas": () if rng.random() < 0.5 else tuple(rng.sample(NINE, rng.randint(1, 4))),
            "day": rng.choice(days) if not place.on_our_calendar or rng.random() < 0.3 else None,
            "disposal": rng.random() < 0.1,
            "ended": rng.random() < 0.2,
        }
        # What was cut off waits in vain for what it does not know.
        waits = () if place.name in self.stalled else ("least", "exactly", "exactly")
        kind = rng.choice(("any", "any", "instant", "fresh", *waits))
        known = sorted(rev for rev in self.truth.revisions if rev.epoch == self.epoch or rng.random() < 0.1)
        if kind == "least":
            chosen["least"] = self.store.head()
        elif kind == "exactly" and known:
            chosen["exactly"] = rng.choice(known)
        elif kind == "instant" and known:
            chosen["known_at"] = self.truth.revisions[rng.choice(known)] + timedelta(
                microseconds=rng.choice((-1, 0, 1))
            )
        elif kind == "fresh":
            chosen["tolerated"] = rng.choice((1e-6, 0.01, 0.1))
        return Wanted(**chosen)


def _found(copy: Replica, number: str) -> tuple[Entry, ...]:
    try:
        return copy.find(number)
    except NotCovered:  # a number in doubt that leads to nobody
        return ()


seeds = st.integers(0, 2**32 - 1)


class Soak(RuleBasedStateMachine):
    """One story. After every step every place is asked something, and what it says has to be so."""

    house: House

    def __init__(self) -> None:
        super().__init__()
        self.house.today = TODAY
        self.house.restore("pristine")
        self.saved = False
        self.rng = Random(0)  # noqa: S311 - it draws questions

    @initialize(seed=seeds)
    def begin(self, seed: int) -> None:
        self.rng = Random(seed)  # noqa: S311 - it draws questions
        clerk = self.house.clerks[0]
        for _ in range(FIRST):
            clerk.do(replace(clerk.drawn(self.rng), kind="create"))

    @rule(seed=seeds, number=st.integers(1, 8))
    def write(self, seed: int, number: int) -> None:
        """Do a few things, now the one clerk, now the other."""
        rng = Random(seed)  # noqa: S311 - it draws deeds
        for _ in range(number):
            clerk = rng.choice(self.house.clerks)
            clerk.do(clerk.drawn(rng))
        self.ask_everywhere()

    @rule(seed=seeds, number=st.integers(2, 12))
    def storm(self, seed: int, number: int) -> None:
        """Have the clerks write at once, while the places are asked all the time."""
        house = self.house
        rng = Random(seed)  # noqa: S311 - it draws deeds
        plans = [[clerk.drawn(rng) for _ in range(number)] for clerk in house.clerks]
        replies: list[Reply] = []
        over = threading.Event()

        def write(clerk: Clerk, plan: list[Deed]) -> None:
            for deed in plan:
                clerk.do(deed)

        def listen(place: Place, rng: Random) -> None:
            for _ in range(MOST_ASKED):
                if over.is_set():
                    return
                house.see_head()
                reply = house.ask(place, rng)
                if reply is None:
                    return
                replies.append(reply)

        house.truth.read()
        draws = [Random(self.rng.random()) for _ in house.places]  # noqa: S311 - as above
        with ThreadPoolExecutor() as pool:
            listening = [pool.submit(listen, *pair) for pair in zip(house.places, draws, strict=True)]
            writing = [pool.submit(write, *pair) for pair in zip(house.clerks, plans, strict=True)]
            wait(writing)
            over.set()
        for one in (*writing, *listening):
            one.result()
        self.hold(replies)
        self.ask_everywhere()

    @rule(days=st.sampled_from([1, 1, 2, 29, 30, 200, 400]))
    def let_days_pass(self, days: int) -> None:
        self.house.today += timedelta(days=days)
        self.ask_everywhere()

    @rule()
    def kill_the_feeds(self) -> None:
        self.house.store.kill_feeds()
        self.ask_everywhere()

    @rule(number=st.integers(0, 9))
    def restart(self, number: int) -> None:
        place = self.house.places[number % len(self.house.places)]
        place.restart()
        self.house.stalled.discard(place.name)
        self.ask_everywhere()

    @rule(number=st.integers(0, 9))
    def stall(self, number: int) -> None:
        place = self.house.places[number % len(self.house.places)]
        place.stall()
        self.house.stalled.add(place.name)
        self.ask_everywhere()

    @rule()
    def save(self) -> None:
        self.house.store.save("backup")
        self.saved = True

    @precondition(lambda self: self.saved)
    @rule()
    def restore(self) -> None:
        self.house.restore("backup")
        self.ask_everywhere()

    @override
    def teardown(self) -> None:
        if self.house.watched.name not in self.house.stalled:
            self.look_at_the_copies()

    @precondition(lambda self: self.house.watched.name not in self.house.stalled)
    @rule()
    def look_at_the_copies(self) -> None:
        self.demand(self.house.judge_copies())

    def ask_everywhere(self) -> None:
        house = self.house
        house.see_head()
        house.truth.read()
        self.hold([reply for place in house.places if (reply := house.ask(place, self.rng))])

    def hold(self, replies: list[Reply]) -> None:
        self.demand([difference for reply in replies for difference in self.house.judge(reply)])

    def demand(self, found: list[str]) -> None:
        """Demand that nothing was found to differ."""
        if not self.house.tally.differences:
            self.house.tally.differences.extend(found)
        assert not found, "\n".join(found[:5])


def soak(store: Database, admin_dsn: str, directory: Path, size: Size, tally: Tally) -> None:
    """Run it; `tally` says what was compared. Raises with the steps, and with what differed the first time, in its notes."""
    with ExitStack() as stack:
        house = House(stack, store, admin_dsn, directory, size, tally)
        story = settings(
            max_examples=size.stories,
            phases=[Phase.generate, *([Phase.shrink] if size.shrink else [])],
            stateful_step_count=size.steps,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        )
        try:
            run_state_machine_as_test(type("SoakHere", (Soak,), {"house": house}), settings=story)
        except BaseException as fault:
            # Where threads race, the second time may go well, and then hypothesis speaks of that alone.
            fault.add_note("\n".join(tally.differences))
            raise

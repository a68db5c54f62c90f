"""The house of the push tests: a real store, real stand-ins over HTTP, real workers."""

import asyncio
import functools
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import psycopg
from psycopg import sql
from tests.database import Database
from tests.push.records import TODAY

from credit_sanction_connectors.standins.behaviour import Behaviour
from credit_sanction_connectors.standins.dialect import StandIn
from credit_sanction_connectors.standins.kinds import BY_FILE, DIALECTS
from credit_sanction_connectors.standins.runner import serving
from credit_sanction_service.domain.calendar import start_of
from credit_sanction_service.domain.records import SanctionRecord
from credit_sanction_service.push.observing import Observer
from credit_sanction_service.push.targets_file import TargetsFile, load
from credit_sanction_service.push.worker import Pace, Worker
from credit_sanction_service.store.attempts import Attempt
from credit_sanction_service.store.connect import Connection, connect
from credit_sanction_service.store.deliveries import Delivery, DeliveryState, get_delivery, list_deliveries
from credit_sanction_service.store.targets import install_targets
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from credit_sanction_connectors.standins.desk import Desk

PATIENCE_S = 30.0
WORKER = str(Path(__file__).with_name("small_worker.py"))
P = ParamSpec("P")
T = TypeVar("T")
Toml = str | int | float | bool | list[object] | dict[str, object]


def on_loop(story: Callable[P, Coroutine[object, object, None]]) -> Callable[P, None]:
    """Run an async test on a loop of its own."""

    @functools.wraps(story)
    def test(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(story(*args, **kwargs))

    return test


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A target as a test wants it: its stand-in, and what its table in the targets file says."""

    name: str = "target-a"
    kind: str = "credit-platform"
    version_check: bool = True
    keys: tuple[tuple[str, Toml], ...] = ()


def place(name: str = "target-a", kind: str = "credit-platform", *, version_check: bool = True, **keys: Toml) -> Place:
    """Describe a target; short times unless told otherwise."""
    quick: dict[str, Toml] = {
        "timeout_s": 1.0,
        "lease_s": 2.0,
        "horizon_s": 0.5,
        "reconcile_s": 0,
        "retry": {"schedule": [0.05]},
        "breaker": {"failures": 1000},
    }
    return Place(name=name, kind=kind, version_check=version_check, keys=tuple({**quick, **keys}.items()))


class House:
    """One test's store, and what acts on it. `desks` are the stand-ins while they serve."""

    def __init__(self, database: Database, admin_dsn: str, directory: Path) -> None:
        self.database = database
        self.dsn = database.service_dsn
        self.desks: dict[str, Desk] = {}
        self.targets = directory / "targets.toml"
        self._admin_dsn = admin_dsn
        self._environ: dict[str, str] = {}
        self._writer: Writer | None = None
        self._reader: Connection | None = None
        self._processes: list[subprocess.Popen[bytes]] = []
        self._tables: dict[str, dict[str, Toml]] = {}
        self._dropped: dict[str, dict[str, Toml]] = {}

    @asynccontextmanager
    async def serving(self, *places: Place) -> AsyncIterator[None]:
        """Serve stand-ins for the places, and make them the store's targets."""
        stand_ins = [
            StandIn(
                name=p.name,
                kind=p.kind,
                secret=DIALECTS[p.kind].new_secret(),
                version_check=p.version_check,
                directory=self.targets.with_name(p.name),
            )
            for p in places
        ]
        self._environ = {f"SECRET_{number}": one.secret for number, one in enumerate(stand_ins)}
        async with serving(stand_ins) as running:
            self.desks = dict(running.desks)
            self._tables = {
                p.name: {
                    "name": p.name,
                    "kind": p.kind,
                    **({} if p.kind in BY_FILE else {"secret_env": f"SECRET_{number}"}),
                    **running.connector_table(p.name),
                    **dict(p.keys),
                }
                for number, p in enumerate(places)
            }
            self.install()
            yield

    def install(self, **changes: dict[str, Toml] | None) -> TargetsFile:
        """Write the targets file anew, with changed keys by target (hyphens as underscores; None drops it), and load it."""
        for name, keys in changes.items():
            wanted = name.replace("_", "-")
            if keys is None:
                self._dropped[wanted] = self._tables.pop(wanted)
            else:
                self._tables[wanted] |= keys
        self.targets.write_text("".join(f"[[target]]\n{_toml(table)}\n" for table in self._tables.values()), "utf-8")
        file = load(self.targets, environ=self._environ)
        install_targets(self.reader, file.store_targets(), day=TODAY)
        return file

    @asynccontextmanager
    async def working(self, *, drain_s: float = 10.0, observer: Observer | None = None) -> AsyncIterator[None]:
        """Have a worker of this process at work while the block runs."""
        file = load(self.targets, environ=self._environ)
        stop = asyncio.Event()
        pace = Pace(poll_s=0.02, drain_s=drain_s)
        worker = Worker(self.dsn, file.targets, file.build_connectors(), pace=pace, observer=observer)
        running = asyncio.create_task(worker.run(stop))
        try:
            yield
        finally:
            stop.set()
            await running

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Start a worker as a process of its own."""
        order = json.dumps({"dsn": self.dsn, "targets": str(self.targets)})
        process = subprocess.Popen(
            [sys.executable, WORKER, order],
            env={**os.environ, **self._environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        self._processes.append(process)
        return process

    @property
    def writer(self) -> Writer:
        if self._writer is None:
            self._writer = Writer(self.dsn, clock=lambda: start_of(TODAY) + timedelta(hours=9))
        return self._writer

    @property
    def reader(self) -> Connection:
        if self._reader is None or self._reader.closed:
            self._reader = connect(self.dsn)
        return self._reader

    def owner(self) -> psycopg.Connection[tuple[object, ...]]:
        """Connect as who may do anything to the tables."""
        return psycopg.connect(self.database.owner_dsn)

    def put_back(self, target: str) -> None:
        """Have a dropped target stand in the file again, not retired."""
        self._tables[target] = {key: value for key, value in self._dropped.pop(target).items() if key != "retired"}

    def submit(self, *records: SanctionRecord) -> None:
        self.writer.run(lambda tx: tx.insert(records, action="CREATE", principal="test"))

    def update(self, *records: SanctionRecord) -> None:
        def work(tx: object) -> None:
            for record in records:
                tx.update(record, action="AMEND", principal="test")  # type: ignore[attr-defined]

        self.writer.run(work)

    def rows(self, *states: DeliveryState) -> list[Delivery]:
        return [view.delivery for view in list_deliveries(self.reader, states=states, limit=10_000)]

    def delivery(self, target: str, subject: str) -> tuple[Delivery, DeliveryState, list[Attempt]]:
        view, attempts = get_delivery(self.reader, target, subject)
        return view.delivery, view.state, attempts

    def attempts(self) -> list[Attempt]:
        return [attempt for row in self.rows() for attempt in get_delivery(self.reader, row.target, row.subject)[1]]

    async def until(self, condition: Callable[[], T]) -> T:
        """Wait until `condition` holds, looking often; what it returned."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while True:
            held = condition()
            if held:
                return held
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"it did not come to pass: {self.rows()}")
            await asyncio.sleep(0.01)

    async def converged(self) -> None:
        """Wait until nothing is owed to any target: all confirmed, nothing in doubt."""
        await self.until(lambda: all(row.due_since is None and row.unknown is None for row in self.rows()))

    def shows(self, target: str) -> set[str]:
        """Return what the stand-in itself lists."""
        return {subject for subject, held in self.desks[target].ledger.held.items() if held.present}

    def tell(self, target: str, *told: Behaviour) -> None:
        self.desks[target].script.tell(told)

    def shut_database(self) -> None:
        """Let nobody in, and put out who is."""
        self.reader.close()
        with psycopg.connect(self._admin_dsn, autocommit=True) as admin:
            name = sql.Identifier(self.database.name)
            admin.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false").format(name))
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (self.database.name,)
            )

    def open_database(self) -> None:
        with psycopg.connect(self._admin_dsn, autocommit=True) as admin:
            name = sql.Identifier(self.database.name)
            admin.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true").format(name))

    def leave(self) -> None:
        """Let go of the database; it is connected to anew where it is needed again."""
        if self._writer is not None:
            self._writer.close()
        if self._reader is not None:
            self._reader.close()
        self._writer = self._reader = None

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
        self.leave()


def _toml(table: dict[str, Toml]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items())


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)

"""Where a run takes place: a PostgreSQL as in production, stores of made-up records, and the workers that push them."""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import sql

from bench.place import place
from bench.push import records
from bench.push.processes import kill, spawn, stop
from bench.push.sink import Sink
from credit_sanction_service.app.worker_process import install, load_targets
from credit_sanction_service.config import Settings
from credit_sanction_service.host.access import DATABASE, ROLE_NAMES
from credit_sanction_service.host.cluster import Cluster

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping, Sequence

_SECRET: Final = "whsec_" + "YmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ggYmVuY2g="  # a key of the bench's own
PATIENCE_S: Final = 120.0
_DURABLE: Final = ("fsync", "synchronous_commit", "full_page_writes")
_POLL_S: Final = 0.05

# What having them sent again under a new key does to rows: the target lost them.
_ARM: Final = """
UPDATE delivery d SET generation = generation + 1, failures = 0, rejected = false, unknown_epoch = NULL,
    unknown_number = NULL, unknown_until = NULL, lease_until = NULL,
    due_since = clock_timestamp(), next_attempt_at = clock_timestamp()
FROM (
    SELECT target, subject, row_number() OVER (PARTITION BY target ORDER BY subject) AS place FROM delivery
) AS given
WHERE d.target = given.target AND d.subject = given.subject AND d.target = ANY (%s) AND given.place <= %s
"""
_REST: Final = """
UPDATE delivery SET due_since = NULL, next_attempt_at = NULL WHERE due_since IS NOT NULL AND target = ANY (%s)
"""
_OPEN: Final = """
SELECT o.target, o.subject, o.number FROM attempt_opened o
WHERE NOT EXISTS (
    SELECT FROM attempt_closed c WHERE c.target = o.target AND c.subject = o.subject AND c.number = o.number
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """One database of the run: records are taken in, rows are armed, workers work on it."""

    name: str
    dsn: str
    owner_dsn: str
    targets: Path

    def describe(self, targets: Sequence[Mapping[str, object]]) -> None:
        """Write the targets file, and make its targets the store's."""
        self.targets.write_text("".join(map(_table, targets)), "utf-8")
        install(self.dsn, load_targets(Settings(targets=str(self.targets))))

    def take_in(self, count: int) -> None:
        """Take in records of as many enterprises: all of them are due at the targets."""
        records.submit(self.dsn, count)

    def arm(self, targets: Sequence[str], count: int) -> None:
        """Have `count` rows of each of the targets pushed again, and none of their others."""
        with self.owner() as owner:
            owner.execute(_REST, (list(targets),))
            owner.execute(_ARM, (list(targets), count))
            owner.execute("VACUUM ANALYZE delivery")

    def unsettled(self, targets: Sequence[str]) -> int:
        """Return how many rows of these targets are due."""
        return self._count(
            "SELECT count(*) FROM delivery WHERE due_since IS NOT NULL AND target = ANY (%s)", list(targets)
        )

    def open_attempts(self) -> set[tuple[Any, ...]]:
        """Return the attempts that were opened and not closed: target, subject, number."""
        with self.owner() as owner:
            return set(owner.execute(_OPEN).fetchall())

    def confirmed_at(self, targets: Sequence[str]) -> list[float]:
        """Return when each of these targets' rows was last confirmed, in order, in seconds."""
        with self.owner() as owner:
            rows = owner.execute(
                "SELECT extract(epoch FROM changed_at)::float8 FROM delivery"
                " WHERE target = ANY (%s) AND due_since IS NULL AND attempt > 0 ORDER BY changed_at",
                (list(targets),),
            ).fetchall()
        return [row[0] for row in rows]

    def await_settled(self, targets: Sequence[str]) -> None:
        """Wait until nothing of these targets is due. Raises `TimeoutError`."""
        until = time.monotonic() + PATIENCE_S
        while left := self.unsettled(targets):
            if time.monotonic() > until:
                raise TimeoutError(f"{left} rows were not settled within {PATIENCE_S:g} s")
            time.sleep(_POLL_S)

    def await_alone(self) -> None:
        """Wait until a worker that was killed has no session left. Raises `TimeoutError`."""
        until = time.monotonic() + PATIENCE_S
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND application_name = 'credit-sanction'"
        while self._count(query, self.name):
            if time.monotonic() > until:
                raise TimeoutError("the killed worker's sessions did not end")
            time.sleep(_POLL_S)

    def owner(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Connect as who may do anything to the tables."""
        return psycopg.connect(self.owner_dsn, autocommit=True)

    def worker(self) -> Worker:
        """Start a worker as production does."""
        return Worker(self)

    def _count(self, query: str, *values: object) -> int:
        with self.owner() as owner:
            row = owner.execute(query.encode(), values).fetchone()
        return int(row[0]) if row else 0


class Worker:
    """One worker process, `credit-sanction-service worker`."""

    def __init__(self, store: Store) -> None:
        self.log = store.targets.with_suffix(".worker.log")
        with self.log.open("ab") as log:
            self.process: subprocess.Popen[bytes] = spawn(
                [sys.executable, "-m", "credit_sanction_service", "worker"],
                environ={
                    "CREDIT_SANCTION_DSN": store.dsn,
                    "CREDIT_SANCTION_TARGETS": str(store.targets),
                },
                stderr=log,
            )

    def last_words(self) -> str:
        """Return the end of what it logged."""
        return self.log.read_text("utf-8", errors="replace")[-2_000:]

    def stop(self) -> None:
        """Have it end in order."""
        stop(self.process)

    def kill(self) -> None:
        """End it as a crash would."""
        kill(self.process)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What a run has: a running PostgreSQL and the sink."""

    cluster: Cluster
    directory: Path
    sink: Sink

    def store(self, name: str, *, like: str = DATABASE) -> Store:
        """Make a store that is a copy of another; by default an empty one under the law that ships."""
        self._create(name, like=like)
        return Store(
            name=name,
            dsn=self.cluster.dsn("service", name),
            owner_dsn=self.cluster.dsn("owner", name),
            targets=self.directory / f"{name}.toml",
        )

    def empty_database(self, name: str) -> str:
        """Make an empty database and return its owner's DSN."""
        self._create(name, like="template0")
        return self.cluster.dsn("owner", name)

    def target(self, name: str, **keys: object) -> dict[str, object]:
        """Describe a target of the sink's."""
        return {
            "name": name,
            "kind": "lender-webhook",
            "url": self.sink.url(name),
            "secret_file": "sink.secret",
            **keys,
        }

    def _create(self, name: str, *, like: str) -> None:
        with psycopg.connect(self.cluster.dsn("admin"), autocommit=True) as admin:
            names = map(sql.Identifier, (name, ROLE_NAMES["owner"], like))
            admin.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(*names))


@contextmanager
def house() -> Iterator[House]:
    """Open it; all of it goes at the end."""
    with place() as (cluster, directory):
        _require_durable(cluster.dsn("service"))
        (directory / "sink.secret").write_text(_SECRET, "utf-8")
        sink = Sink()
        try:
            yield House(cluster=cluster, directory=directory, sink=sink)
        finally:
            sink.close()


def _require_durable(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        for name in _DURABLE:
            row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
            if row is None or row[0] != "on":
                raise RuntimeError(f"PostgreSQL runs with {name} off: what it acknowledges is not durable")


def _table(target: Mapping[str, object]) -> str:
    return "[[target]]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in target.items())


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)

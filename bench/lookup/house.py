"""Where a run takes place: a PostgreSQL with made-up restrictions, and API processes as in production, one pinned to a core."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import grpc
import psycopg
from psycopg import sql

from bench.lookup.stock import fill
from bench.place import place
from bench.push.processes import spawn, stop
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.host.access import DATABASE, ROLE_NAMES
from credit_sanction_service.host.ports import reserve
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.tokens import issue_token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_sanction_service.host.cluster import Cluster

PATIENCE_S: Final = 300.0
_POLL_S: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """One database of the run, and a token of a bank for it."""

    dsn: str
    owner_dsn: str
    directory: Path
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Running processes that answer on one address; their logs, one each."""

    address: str
    processes: Sequence[subprocess.Popen[bytes]]
    logs: Sequence[Path] = ()

    def events(self, name: str) -> list[dict[str, object]]:
        """Return what the processes logged under this name."""
        lines = [line for log in self.logs for line in log.read_text("utf-8", errors="replace").splitlines()]
        return [json.loads(line) for line in lines if f'"event": "{name}"' in line]


class House:
    """A running PostgreSQL with room for stores."""

    def __init__(self, cluster: Cluster, directory: Path) -> None:
        self._cluster = cluster
        self.directory = directory

    def store(self, name: str, enterprises: int) -> Store:
        """Make a store with as many restricted enterprises."""
        with psycopg.connect(self._cluster.dsn("admin"), autocommit=True) as admin:
            names = map(sql.Identifier, (name, ROLE_NAMES["owner"], DATABASE))
            admin.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(*names))
        dsn, owner_dsn = self._cluster.dsn("service", name), self._cluster.dsn("owner", name)
        fill(dsn, owner_dsn, enterprises)
        with connect(dsn) as connection:
            token = issue_token(connection, Principal(name="虚构银行", roles=frozenset({Role.ADMINISTRATOR})))
        directory = self.directory / name
        directory.mkdir()
        return Store(dsn=dsn, owner_dsn=owner_dsn, directory=directory, token=token)

    @contextmanager
    def api(self, store: Store, processes: int, **settings: str) -> Iterator[Service]:
        """Run API processes on one port until the block ends, with access log and metrics, each on a core of its own."""
        with reserve("127.0.0.1", 0) as port:
            environ = {
                "CREDIT_SANCTION_DSN": store.dsn,
                "CREDIT_SANCTION_LISTEN": port.address,
                "CREDIT_SANCTION_API_METRICS": "127.0.0.1:0",
                "CREDIT_SANCTION_INDEX_DIR": str(store.directory / "index"),
                "CREDIT_SANCTION_LIFELINE": "held",  # by us: it is to share the port
                **settings,
            }
            logs = [store.directory / f"api-{port.port}-{number}.log" for number in range(processes)]
            started = []
            for number, log in enumerate(logs):
                with log.open("wb") as file:
                    command = [sys.executable, "-m", "credit_sanction_service", "api"]
                    started.append(pinned(spawn(command, environ=environ, stderr=file), number))
            service = Service(address=port.address, processes=started, logs=logs)
            try:
                _await(service)
                yield service
            finally:
                for process in started:
                    stop(process)


def pinned(process: subprocess.Popen[bytes], number: int) -> subprocess.Popen[bytes]:
    """Give a process a core of its own, as the supervisor does."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(process.pid, {cores[number % len(cores)]})
    return process


def _await(service: Service) -> None:
    until = time.monotonic() + PATIENCE_S
    while len(service.events("server.started")) < len(service.processes):
        ended = [process.returncode for process in service.processes if process.poll() is not None]
        if ended or time.monotonic() > until:
            words = "\n".join(log.read_text("utf-8", errors="replace")[-2_000:] for log in service.logs)
            raise RuntimeError(f"the API did not start ({ended}): {words}")
        time.sleep(_POLL_S)
    with grpc.insecure_channel(service.address) as channel:
        grpc.channel_ready_future(channel).result(PATIENCE_S)


@contextmanager
def house() -> Iterator[House]:
    """Open it; all of it goes at the end."""
    with place() as (cluster, directory):
        yield House(cluster, directory)

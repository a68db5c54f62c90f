"""The stage of the intake bench: a PostgreSQL as in production, two equal stores, API processes, and nobody who pushes."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import sql

from credit_sanction_service.app.law import bring_law
from credit_sanction_service.app.stand_ins import prepare
from credit_sanction_service.app.worker_process import install, load_targets
from credit_sanction_service.config import Settings
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.host.access import DATABASE, ROLE_NAMES
from credit_sanction_service.host.child import Child, ChildProcess
from credit_sanction_service.host.cluster import Cluster
from credit_sanction_service.host.home import claim
from credit_sanction_service.host.ports import reserve
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.migrate import migrate
from credit_sanction_service.store.tokens import issue_token

if TYPE_CHECKING:
    from collections.abc import Iterator

_RAW: Final = "raw"
_PATIENCE_S: Final = 30.0
_DURABLE: Final = ("fsync", "synchronous_commit", "full_page_writes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How the API is called, and how the store behind it and its equal, which the raw side fills, are reached."""

    address: str
    token: str
    dsn: str
    raw_dsn: str
    admin_dsn: str

    def delay_commits(self, milliseconds: int) -> None:
        """
        Have every flush of the log take so much longer, as on a slower disk: PostgreSQL's own `commit_delay`, by who leads a
        group of commits, also where one commits alone (`commit_siblings = 0`). Sessions that run take it up within a moment.
        """
        with psycopg.connect(self.admin_dsn, autocommit=True) as admin:
            admin.execute(f"ALTER SYSTEM SET commit_delay = {milliseconds * 1_000:d}".encode())
            admin.execute("SELECT pg_reload_conf()")
        with psycopg.connect(self.dsn, autocommit=True) as session:
            until = time.monotonic() + _PATIENCE_S
            while _shown(session, "commit_delay") != str(milliseconds * 1_000):
                _go_on(until)


@contextmanager
def stage(*, processes: int = 1) -> Iterator[Stage]:
    """Set it all up in a directory of its own, with the service's own settings; stop and remove it at the end."""
    with tempfile.TemporaryDirectory(prefix="credit-sanction-bench-") as name:
        directory = Path(name)
        directory.chmod(0o711)  # started by root, the database runs under an account that has to pass through
        with claim(directory / "data") as home, Cluster.open(home) as cluster:
            owner, service, admin = cluster.dsn("owner"), cluster.dsn("service"), cluster.dsn("admin")
            migrate(owner)
            bring_law(service)
            prepared = prepare(directory / "stand-ins", "127.0.0.1:1")
            install(service, load_targets(Settings(targets=str(prepared.targets))))
            with connect(service) as connection:
                _require_durable(connection)
                token = issue_token(connection, Principal(name="bench", roles=frozenset({Role.ADMINISTRATOR})))
            with psycopg.connect(admin, autocommit=True) as session:
                session.execute("ALTER SYSTEM SET commit_siblings = 0")
                names = map(sql.Identifier, (_RAW, ROLE_NAMES["owner"], DATABASE))
                session.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(*names))
            with _api(service, directory, processes) as address:
                yield Stage(
                    address=address,
                    token=token,
                    dsn=service,
                    raw_dsn=cluster.dsn("service", _RAW),
                    admin_dsn=admin,
                )


@contextmanager
def _api(dsn: str, directory: Path, processes: int) -> Iterator[str]:
    """Run API processes as the supervisor does: pinned to cores, on one port, gone when this process is."""
    with reserve("127.0.0.1", 0) as port, (directory / "api.log").open("wb") as log:
        lifeline, held = os.pipe()
        kept = os.dup(2)
        os.dup2(log.fileno(), 2)  # what the processes log, a line for each call, goes to a file
        argv = (sys.executable, "-m", "credit_sanction_service", "api")
        env = {"CREDIT_SANCTION_DSN": dsn, "CREDIT_SANCTION_LISTEN": port.address}
        running = [
            ChildProcess(Child(name=f"api-{n}", argv=argv, env=env, pin_core=n), directory, lifeline)
            for n in range(processes)
        ]
        try:
            for process in running:
                process.launch()
            os.dup2(kept, 2)
            until = time.monotonic() + _PATIENCE_S
            while not all(process.is_ready() for process in running):
                _go_on(until)
            yield port.address
        finally:
            os.dup2(kept, 2)
            for descriptor in (kept, lifeline, held):
                os.close(descriptor)
            for process in running:
                process.kill()


def _require_durable(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    for setting in _DURABLE:
        if _shown(connection, setting) != "on":
            raise RuntimeError(f"{setting} is not on: what is acknowledged would not survive")


def _shown(connection: psycopg.Connection[tuple[object, ...]], setting: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", (setting,)).fetchone()
    return str(row[0]) if row else ""


def _go_on(until: float) -> None:
    if time.monotonic() > until:
        raise TimeoutError("the stage was not ready in time")
    time.sleep(0.02)

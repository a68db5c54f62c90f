"""Who pushes the same bodies to the same sink: one worker of ours, its bare client, and the queues beside it."""

from __future__ import annotations

import importlib.util
import json
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from bench.push.house import PATIENCE_S, House, Store
from bench.push.processes import spawn, stop

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OURS: Final = "one worker"
BARE: Final = "its bare HTTP client"
BARE_TRANSPORT: Final = "httpx's transport, bare"
BARE_HTTPX: Final = "httpx over aiohttp, bare"
PROCRASTINATE: Final = "Procrastinate"
PROCRASTINATE_LOCK: Final = "Procrastinate, lock"
CELERY: Final = "Celery, acks_late"
_WARM: Final = 0.1


class Contestant(Protocol):
    """Pushes `count` bodies to the sink, `in_flight` at once, and says how many a second."""

    @property
    def name(self) -> str:
        """What the table calls it."""
        ...

    def run(self, count: int, in_flight: int) -> float:
        """Return pushes a second."""
        ...


def rate(times: Sequence[float]) -> float:
    """Return how many a second, from when each came; the first tenth only warms up."""
    first = int(len(times) * _WARM)
    return (len(times) - 1 - first) / (times[-1] - times[first])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """
    One worker process. A push counts once the store has its receipt: by the time at which that was written down. What the
    sink saw last is kept in `bodies`.
    """

    store: Store
    house: House
    bodies: Path
    name: str = OURS

    def run(self, count: int, in_flight: int) -> float:
        """See `Contestant`."""
        self.store.describe([self.house.target("sink", concurrency=in_flight)])
        self.store.arm(["sink"], count)
        self.house.sink.reset()
        began = time.time()
        worker = self.store.worker()
        try:
            self.house.sink.wait_for(["sink"], count, sender=worker.process, patience_s=PATIENCE_S)
            self.store.await_settled(["sink"])
            self.bodies.write_text(json.dumps(self.house.sink.bodies(), ensure_ascii=False), "utf-8")
        finally:
            worker.stop()
        settled = [instant for instant in self.store.confirmed_at(["sink"]) if instant >= began]
        if len(settled) != count:
            raise RuntimeError(f"{len(settled)} of {count} pushes are confirmed in the store")
        return min(rate(settled), rate(self.house.sink.times(["sink"])))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beside:
    """What the others have in common: the sink counts for them, so that what they do after a push is not even asked."""

    house: House
    bodies: Path
    name: str

    def _count(
        self, target: str, count: int, command: Sequence[str], environ: Mapping[str, str] | None = None
    ) -> float:
        """Return how many a second come while `command` works, up to `count` of them."""
        self.house.sink.reset()
        with (self.house.directory / f"{target}.log").open("ab") as log:
            worker = spawn(command, environ=environ, stdout=log, stderr=log)
        try:
            self.house.sink.wait_for([target], count, sender=worker, patience_s=PATIENCE_S)
        finally:
            stop(worker)
        return rate(self.house.sink.times([target])[:count])


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare(_Beside):
    """A client in a bare loop, by its `client` in `bench.push.client`."""

    client: str

    def run(self, count: int, in_flight: int) -> float:
        """See `Contestant`."""
        arguments = (self.client, self.house.sink.url("bare"), str(self.bodies), str(count), str(in_flight))
        return self._count("bare", count, _module("client", *arguments))


@dataclass(frozen=True, slots=True, kw_only=True)
class Procrastinate(_Beside):
    """Procrastinate on the same PostgreSQL: `count` of as many jobs as ours has rows due, for what waits slows it."""

    dsn: str
    locked: bool
    waiting: int

    def run(self, count: int, in_flight: int) -> float:
        """See `Contestant`."""
        lock = "lock" if self.locked else "none"
        _finish(_module("procrastinate_jobs", "defer", self.dsn, str(self.bodies), str(self.waiting), lock))
        command = _module("procrastinate_jobs", "work", self.dsn, self.house.sink.url("jobs"), str(in_flight))
        return self._count("jobs", count, command)


@dataclass(frozen=True, slots=True, kw_only=True)
class Celery(_Beside):
    """Celery on a Redis of the run's own, with its default pool of processes."""

    broker: str
    name: str = CELERY

    def run(self, count: int, in_flight: int) -> float:
        """See `Contestant`."""
        environ = {"BENCH_BROKER": self.broker, "BENCH_URL": self.house.sink.url("tasks")}
        _finish(_module("celery_tasks", str(self.bodies), str(count)), environ)
        module = [sys.executable, "-m", "celery", "--app", "bench.push.celery_tasks", "--quiet"]
        command = [*module, "worker", "--concurrency", str(in_flight), "--loglevel", "ERROR", "--without-gossip"]
        return self._count("tasks", count, [*command, "--without-mingle"], environ)


@dataclass(slots=True, kw_only=True)
class Beside:
    """The queues that are there, and a sentence for each that is not."""

    present: list[Contestant] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    redis: subprocess.Popen[bytes] | None = None

    def close(self) -> None:
        """End what was started for them."""
        if self.redis is not None:
            stop(self.redis)


def queues_beside(house: House, bodies: Path, *, waiting: int) -> Beside:
    """Get the queues ready that are installed; `waiting` is how much is due to ours."""
    beside = Beside()
    if importlib.util.find_spec("procrastinate") is None:
        beside.missing.append("Procrastinate is not installed: its ratios are null")
    else:
        dsn = house.empty_database("procrastinate")
        _finish(_module("procrastinate_jobs", "prepare", dsn))
        beside.present += [
            Procrastinate(
                house=house, bodies=bodies, name=name, dsn=dsn, locked=name == PROCRASTINATE_LOCK, waiting=waiting
            )
            for name in (PROCRASTINATE, PROCRASTINATE_LOCK)
        ]
    server = shutil.which("redis-server")
    if importlib.util.find_spec("celery") is None or importlib.util.find_spec("redis") is None:
        beside.missing.append("Celery with Redis is not installed: its ratio is null")
    elif server is None:
        beside.missing.append("redis-server is not installed: Celery's ratio is null")
    else:
        port = _free_port()
        # Its log is forced to the disk each second: less than what we promise, and what it is run with.
        settings = {
            "port": str(port),
            "bind": "127.0.0.1",
            "dir": str(house.directory),
            "appendonly": "yes",
            "save": "",
        }
        beside.redis = spawn(
            [server, *(word for key, value in settings.items() for word in (f"--{key}", value))],
            stdout=subprocess.DEVNULL,
        )
        _await_port(port)
        beside.present.append(Celery(house=house, bodies=bodies, broker=f"redis://127.0.0.1:{port}/0"))
    return beside


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"bench.push.{name}", *arguments]


def _finish(command: Sequence[str], environ: Mapping[str, str] | None = None) -> None:
    process = spawn(command, environ=environ, stderr=subprocess.DEVNULL)
    if process.wait(PATIENCE_S) != 0:
        raise RuntimeError(f"{command[2]} ended with {process.returncode}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_port(port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return

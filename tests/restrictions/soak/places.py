"""Where look-ups are answered: whole servers in this process on a calendar of ours, and API processes that can be killed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import grpc
from tests.services import free_port, wait_until

from credit_sanction.v1.restriction_service_pb2_grpc import RestrictionServiceStub
from credit_sanction_service.api.callers import Callers
from credit_sanction_service.api.server import Server
from credit_sanction_service.app.servicers import Parts, build
from credit_sanction_service.restrictions.base_directory import BaseDirectory
from credit_sanction_service.restrictions.compaction import Compaction
from credit_sanction_service.restrictions.feed import Feed, IndexFollower
from credit_sanction_service.restrictions.index import Index
from credit_sanction_service.restrictions.law_follower import LawFollower
from credit_sanction_service.restrictions.look_up import LookUp
from credit_sanction_service.restrictions.past import Past
from credit_sanction_service.restrictions.tail import Tail
from credit_sanction_service.store.connect import Reader
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_OVERLAID: Final = 6
MOST_BEHIND: Final = 3
# Longer than a busy machine needs for a question to the store, so that most answers are not stale.
TOLERATED_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all places share: the store, the directory of the bases, and the calendar of those that are in this process."""

    dsn: str
    bases: Path
    clock: Callable[[], datetime]


class Place(Protocol):
    """Somewhere to ask. `on_our_calendar`: its today is ours. `stub` is None while nobody can be asked there."""

    name: str
    on_our_calendar: bool

    @property
    def stub(self) -> RestrictionServiceStub | None:
        """How to ask."""
        ...

    def restart(self) -> None:
        """End it at once and begin anew."""
        ...

    def stall(self) -> None:
        """Cut it off from the store, for good: it goes on answering."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class OwnServer:
    """A server in this process, with an index, a feed and a compaction of its own."""

    on_our_calendar = True

    def __init__(self, name: str, around: Surroundings) -> None:
        self.name = name
        self._around = around
        self._port = free_port()
        self.address = f"127.0.0.1:{self._port}"
        self._stub: RestrictionServiceStub | None = None
        self._stack = ExitStack()
        self._feed: Feed | None = None
        self._start()

    @property
    def stub(self) -> RestrictionServiceStub | None:
        return self._stub

    def restart(self) -> None:
        self.close()
        self._start()

    def stall(self) -> None:
        if self._feed is not None:
            self._feed.close()

    def close(self) -> None:
        self._stub = None
        self._stack.close()

    def _start(self) -> None:
        around, stack = self._around, self._stack
        index, law, callers = Index(), LawFollower(), Callers(clock=around.clock)
        bases = BaseDirectory(around.bases, most_overlaid=MOST_OVERLAID)
        compaction = Compaction(around.dsn, index, bases, pause=0.05)
        tail = Tail(around.dsn)
        # What the clocks disagree by is that of this machine and its database; the calendar is only what answers go by.
        follower = IndexFollower(index, law, clock=lambda: datetime.now(UTC), bases=bases)
        self._feed = feed = Feed(around.dsn, [callers, follower, compaction, tail], interval=0.004)
        writer, reader = Writer(around.dsn, clock=around.clock), Reader(around.dsn)
        look_up = LookUp(
            index,
            law.current,
            clock=around.clock,
            max_staleness=TOLERATED_S,
            longest_wait=20,
            most_waiting=16,
            past=Past(reader),
        )
        parts = Parts(writer=writer, reader=reader, law=law, look_up=look_up, tail=tail, clock=around.clock)
        server = Server(build(parts), callers, index=index)
        feed.start()
        compaction.start()
        for ends in (reader.close, writer.close, tail.close, compaction.close, feed.close, tail.stop):
            stack.callback(ends)
        assert feed.wait_until_ready(20)
        server.start("127.0.0.1", self._port)
        stack.callback(server.stop, 0)
        self._stub = RestrictionServiceStub(stack.enter_context(grpc.insecure_channel(self.address)))


class ApiProcess:
    """An API process as it is deployed. It has the machine's calendar, so it is asked about days by name."""

    on_our_calendar = False

    def __init__(self, name: str, around: Surroundings, log: Path) -> None:
        self.name = name
        self._around = around
        self._log = log
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: grpc.Channel | None = None
        self._start()

    @property
    def stub(self) -> RestrictionServiceStub | None:
        """None until it listens: after a kill nobody waits for it."""
        if self._channel is None and _listens(self._port):
            self._channel = grpc.insecure_channel(f"127.0.0.1:{self._port}")
        return None if self._channel is None else RestrictionServiceStub(self._channel)

    def restart(self) -> None:
        self.close()
        self._start()

    def stall(self) -> None:
        self.restart()

    def close(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _start(self) -> None:
        own = {name: value for name, value in os.environ.items() if not name.startswith("CREDIT_SANCTION_")}
        settings = {
            "CREDIT_SANCTION_DSN": self._around.dsn,
            "CREDIT_SANCTION_LISTEN": f"127.0.0.1:{self._port}",
            "CREDIT_SANCTION_INDEX_DIR": str(self._around.bases),
            "CREDIT_SANCTION_MAX_STALENESS_S": str(TOLERATED_S),
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "credit_sanction_service", "api"], env=own | settings, stdout=log, stderr=log
            )


@contextmanager
def opened(around: Surroundings, *, servers: int, processes: int, logs: Path) -> Iterator[list[Place]]:
    """Run so many places until the block ends."""
    with ExitStack() as stack:
        places: list[Place] = []
        for number in range(processes):
            places.append(ApiProcess(f"process {number}", around, logs / f"api-{number}.log"))
            stack.callback(places[-1].close)
        for number in range(servers):
            places.append(OwnServer(f"server {number}", around))
            stack.callback(places[-1].close)
        with wait_until(lambda: all(place.stub is not None for place in places)):
            yield places


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0

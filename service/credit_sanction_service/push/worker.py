"""
The push worker: turn by turn it writes down what has ended and takes what is due; between the turns it has that sent.

One event loop for the targets; the store, which is synchronous, on threads beside it. Any number of workers may run: rows
are leased, never shared.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog
from tenacity.stop import stop_base
from typing_extensions import override

from credit_sanction_service.domain.faults import StoreUnavailable
from credit_sanction_service.push.clock import boot_time
from credit_sanction_service.push.flight import carry_out, not_begun
from credit_sanction_service.push.lane import Lane, Ticket
from credit_sanction_service.push.observing import LaneState, Nobody, Observer, tell
from credit_sanction_service.push.reconcile import forget_reports, serve_requests
from credit_sanction_service.push.retell import retell
from credit_sanction_service.push.session import Aside, Session, on_loop
from credit_sanction_service.push.turn import Turn, settle_each, take_turn
from credit_sanction_service.store.attempts import close_retired
from credit_sanction_service.store.claims import Unwritable, end_pauses, skewed_targets
from credit_sanction_service.store.law import KnownLaw, LawUnreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tenacity import RetryCallState

    from credit_sanction_connectors.port import Connector
    from credit_sanction_service.push.settings import TargetSettings
    from credit_sanction_service.push.settle import Completion
    from credit_sanction_service.store.connect import Connection

log: Final = structlog.get_logger()
# Rows are held while bodies are composed: so many at most, for a commit that moves one of them waits for all.
MOST_CLAIMED: Final = 128
_GATHER_S: Final = 0.005
_WATCH_S: Final = 30.0
_LAW_AGAIN_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often an idle worker looks for due rows, and how long what is under way may take to end when it stops."""

    poll_s: float = 0.05
    drain_s: float = 10.0


class _StopOnce(stop_base):
    """Has a retry end once `event` is set."""

    def __init__(self, event: asyncio.Event) -> None:
        self._event = event

    @override
    def __call__(self, retry_state: RetryCallState) -> bool:
        return self._event.is_set()


class Worker:
    """
    Brings every target to what the store says it should have.

    `connectors` has one for each of `targets` that is to be called; they are closed with the worker. `name` is written into
    every attempt. `clock` is the one that leases are checked by.
    """

    def __init__(
        self,
        dsn: str,
        targets: Iterable[TargetSettings],
        connectors: Mapping[str, Connector],
        *,
        name: str = "",
        pace: Pace | None = None,
        observer: Observer | None = None,
        clock: Callable[[], float] = boot_time,
    ) -> None:
        self._dsn = dsn
        self._lanes = {t.name: Lane(t, connectors[t.name]) for t in targets if t.name in connectors}
        self._name = name or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._pace = pace or Pace()
        self._observer = observer or Nobody()
        self._clock = clock
        self._known_law = KnownLaw()
        self._law_again = 0.0
        self._flights: set[asyncio.Task[None]] = set()
        self._ended: list[Completion] = []
        self._wake = asyncio.Event()  # there is something for the next turn
        self._stopping = asyncio.Event()  # nothing more is claimed or begun
        self._landed = asyncio.Event()  # nothing more will end
        self._expired = asyncio.Event()  # nor is the database waited for

    async def run(self, stop: asyncio.Event) -> None:
        """
        Work until `stop` is set; then claim no more, let what is under way end within bounds, write it down, and close.

        While the database is away the worker stands still. A fault of its own ends it: the next one takes over.
        """
        log.info("worker.started", worker=self._name, targets=sorted(self._lanes))
        self._observer.begin(self._states)
        called = {name: (lane.settings, lane.connector) for name, lane in self._lanes.items()}
        with ThreadPoolExecutor(max_workers=2, thread_name_prefix="push-store") as threads:
            turns, drifts = (Session(self._dsn, threads) for _ in range(2))
            try:
                async with asyncio.TaskGroup() as group:
                    working = group.create_task(self._take_turns(turns))
                    beside = [
                        group.create_task(serve_requests(drifts, called, worker=self._name)),
                        group.create_task(self._watch_targets(drifts)),
                        group.create_task(retell(drifts)),
                        group.create_task(forget_reports(drifts, [settings for settings, _ in called.values()])),
                    ]
                    await stop.wait()
                    self._stopping.set()
                    for task in beside:
                        task.cancel()
                    await self._drain()
                    self._landed.set()
                    self._wake.set()
                    asyncio.get_running_loop().call_later(self._pace.drain_s, self._expired.set)
                    await working
            finally:
                await self._abandon_flights()
                for lane in self._lanes.values():
                    await lane.connector.aclose()
                for session in (turns, drifts):
                    await session.close()
        log.info("worker.stopped", worker=self._name, unsettled=len(self._ended))

    async def _take_turns(self, session: Session) -> None:
        loop = asyncio.get_running_loop()
        while not (self._landed.is_set() and not self._ended):
            self._wake.clear()
            gathered = loop.time() + _GATHER_S
            try:
                await self._take_turn(session)
            except StoreUnavailable:
                # Their leases lapse, and whoever claims their rows closes them.
                log.exception("attempts.unsettled", count=len(self._ended))
                return
            # What ends within some milliseconds goes together: each turn costs as much as several rows do.
            await asyncio.sleep(gathered - loop.time())
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pace.poll_s):
                    await self._wake.wait()

    async def _take_turn(self, session: Session) -> None:
        now = self._clock()
        room = {name: room for name, lane in self._lanes.items() if (room := lane.room(now)) > 0}
        share = max(MOST_CLAIMED // max(len(room), 1), 1)
        room = {name: min(slots, share) for name, slots in room.items()}
        if self._stopping.is_set() or now < self._law_again:
            room = {}
        if not room and not self._ended:
            return
        ended = list(self._ended)
        asked_at = 0.0
        aside = on_loop(asyncio.get_running_loop())

        def work(connection: Connection) -> Turn:
            nonlocal asked_at
            asked_at = self._clock()  # before the store begins the leases, so that ours end first
            return self._turn(connection, room, ended, aside)

        turn = await session.run(work, stop=_StopOnce(self._expired), sleep=partial(_sleep_unless, self._expired))
        # Only now is it certain that they are written down.
        self._ended = self._ended[len(ended) :] + turn.busy
        tell(turn.settled, self._observer)
        for order in turn.orders:
            lane = self._lanes[order.row.target]
            lane.take(Ticket(order=order, lease_ends=asked_at + lane.settings.lease_s))
        for lane in self._lanes.values():
            self._begin(lane)
        if len(turn.orders) >= sum(room.values()) > 0:
            self._wake.set()  # more may be due

    def _turn(self, connection: Connection, room: Mapping[str, int], ended: list[Completion], aside: Aside) -> Turn:
        """Take a turn on a thread of the store's. By a law that cannot be read nothing is claimed; what ended is settled."""
        take = partial(
            take_turn, connection, lanes=self._lanes, worker=self._name, known_law=self._known_law, aside=aside
        )
        try:
            try:
                return take({} if self._stopping.is_set() else room, ended)
            except LawUnreadable as fault:
                log.warning("claims.suspended", fault=str(fault))
                self._law_again = self._clock() + _LAW_AGAIN_S
                return take({}, ended)
        except Unwritable:
            if not ended:
                raise
            return settle_each(take, ended)

    def _begin(self, lane: Lane) -> None:
        """Have the lane's orders carried out whose turn it is; those whose turn will not come have ended."""
        now = self._clock()
        if self._stopping.is_set() or lane.is_open(now):
            self._end(*(not_begun(order) for order in lane.put_back()))
        while (ticket := lane.begin(now)) is not None:
            flight = asyncio.create_task(self._fly(ticket, lane))
            self._flights.add(flight)
            flight.add_done_callback(self._flights.discard)

    async def _fly(self, ticket: Ticket, lane: Lane) -> None:
        landed = await carry_out(ticket.order, lane, lease_ends=ticket.lease_ends, clock=self._clock)
        lane.end(self._clock(), answered=landed.answered, probe=ticket.probe)
        self._end(landed.completion)
        self._begin(lane)

    def _end(self, *completions: Completion) -> None:
        if completions:
            self._ended += completions
            self._wake.set()

    def _states(self) -> dict[str, LaneState]:
        now = self._clock()
        return {name: lane.state(now) for name, lane in self._lanes.items()}

    async def _watch_targets(self, session: Session) -> None:
        """
        Say which targets are left alone because the store knows them otherwise: the file has changed since. And tidy away
        the pauses that have ended, and what retired targets have left open.
        """
        digests = {name: lane.settings.digest for name, lane in self._lanes.items()}
        known: list[str] = []
        while True:
            skewed = await session.run(partial(skewed_targets, digests=digests))
            if skewed != known:
                log.warning(
                    "targets.skewed", targets=skewed, advice="restart the worker with the targets file in force"
                )
            known = skewed
            for target in await session.run(end_pauses):
                log.info("target.resumed", target=target)
            if closed := await session.run(close_retired):
                log.warning("attempts.lapsed", count=closed)
            await asyncio.sleep(_WATCH_S)

    async def _drain(self) -> None:
        for lane in self._lanes.values():
            self._begin(lane)
        if self._flights:
            await asyncio.wait(self._flights, timeout=self._pace.drain_s)
        await self._abandon_flights()

    async def _abandon_flights(self) -> None:
        """End what is still under way, as of unknown outcome."""
        for flight in self._flights:
            flight.cancel()
        if self._flights:
            await asyncio.wait(self._flights)


async def _sleep_unless(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()

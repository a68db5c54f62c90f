"""
The push worker: claims what is due, has it carried out, settles what ended.

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

from credit_sanction_connectors.port import Unavailable
from credit_sanction_service.domain.faults import StoreUnavailable
from credit_sanction_service.push.claim import Order, claim
from credit_sanction_service.push.clock import boot_time
from credit_sanction_service.push.flight import carry_out
from credit_sanction_service.push.lane import Lane
from credit_sanction_service.push.reconcile import reconcile
from credit_sanction_service.push.session import Session
from credit_sanction_service.push.settle import Completion, settle
from credit_sanction_service.store.claims import skewed_targets
from credit_sanction_service.store.law import KnownLaw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tenacity import RetryCallState

    from credit_sanction_connectors.port import Connector
    from credit_sanction_service.push.settings import TargetSettings
    from credit_sanction_service.store.connect import Connection

log: Final = structlog.get_logger()
_BUSY_WAIT_S: Final = 0.02
_WATCH_S: Final = 30.0


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
        clock: Callable[[], float] = boot_time,
    ) -> None:
        self._dsn = dsn
        self._lanes = {t.name: Lane(t, connectors[t.name]) for t in targets if t.name in connectors}
        self._settings = {target: lane.settings for target, lane in self._lanes.items()}
        self._policies = {target: lane.settings.policy for target, lane in self._lanes.items()}
        self._name = name or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._pace = pace or Pace()
        self._clock = clock
        self._known_law = KnownLaw()
        self._flights: set[asyncio.Task[None]] = set()
        self._ended: list[Completion] = []
        self._work_ended = asyncio.Event()
        self._room = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """
        Work until `stop` is set; then claim no more, let what is under way end within bounds, write it down, and close.

        While the database is away the worker stands still. A fault of its own ends it: the next one takes over.
        """
        log.info("worker.started", worker=self._name, targets=sorted(self._lanes))
        landed = asyncio.Event()  # nothing more will end
        expired = asyncio.Event()  # nor is the database waited for
        with ThreadPoolExecutor(max_workers=3, thread_name_prefix="push-store") as threads:
            claims, settles, drifts = (Session(self._dsn, threads) for _ in range(3))
            try:
                async with asyncio.TaskGroup() as group:
                    settler = group.create_task(self._settle_all(settles, landed, expired))
                    beside = [group.create_task(self._reconcile_all(lane, drifts)) for lane in self._lanes.values()]
                    beside.append(group.create_task(self._watch_targets(drifts)))
                    await self._claim_all(claims, stop)
                    for task in beside:
                        task.cancel()
                    await self._drain()
                    landed.set()
                    self._work_ended.set()
                    asyncio.get_running_loop().call_later(self._pace.drain_s, expired.set)
                    await settler
            finally:
                await self._abandon_flights()
                for lane in self._lanes.values():
                    await lane.connector.aclose()
                for session in (claims, settles, drifts):
                    await session.close()
        log.info("worker.stopped", worker=self._name, unsettled=len(self._ended))

    async def _claim_all(self, session: Session, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._room.clear()
            now = self._clock()
            room = {name: lane.room(now) for name, lane in self._lanes.items()}
            if any(room.values()):
                await self._claim(session, room, stop)
            await _any_of(stop, self._room, within_s=self._pace.poll_s)

    async def _claim(self, session: Session, room: Mapping[str, int], stop: asyncio.Event) -> None:
        asked_at = 0.0

        def work(connection: Connection) -> list[Order]:
            nonlocal asked_at
            asked_at = self._clock()  # before the store begins the leases, so that ours end first
            return claim(connection, room, self._settings, worker=self._name, known_law=self._known_law)

        try:
            orders = await session.run(work, stop=_StopOnce(stop), sleep=partial(_any_of_sleep, stop))
        except StoreUnavailable:
            return
        for name, lane in self._lanes.items():
            lane.hungry = room[name] > 0 and sum(order.row.target == name for order in orders) == room[name]
        for order in orders:
            lane = self._lanes[order.row.target]
            lane.begin(self._clock())
            flight = asyncio.create_task(self._fly(order, lane, asked_at + lane.settings.lease_s))
            self._flights.add(flight)
            flight.add_done_callback(self._flights.discard)

    async def _fly(self, order: Order, lane: Lane, lease_ends: float) -> None:
        landed = await carry_out(order, lane, lease_ends=lease_ends, clock=self._clock)
        lane.end(self._clock(), answered=landed.answered)
        self._ended.append(landed.completion)
        self._work_ended.set()
        if lane.hungry:
            self._room.set()

    async def _settle_all(self, session: Session, landed: asyncio.Event, expired: asyncio.Event) -> None:
        """Write down what ended, all that gathered while the last was written; what cannot be waits for the database."""
        while not (landed.is_set() and not self._ended):
            await self._work_ended.wait()
            self._work_ended.clear()
            batch, self._ended = self._ended, []
            if not batch:
                continue
            try:
                busy = await session.run(
                    partial(settle, completions=batch, policies=self._policies),
                    stop=_StopOnce(expired),
                    sleep=partial(_any_of_sleep, expired),
                )
            except StoreUnavailable:
                # Their leases lapse, and whoever claims their rows closes them.
                log.exception("attempts.unsettled", count=len(batch))
                return
            if busy:
                self._ended += busy
                self._work_ended.set()
                await asyncio.sleep(_BUSY_WAIT_S)

    async def _reconcile_all(self, lane: Lane, session: Session) -> None:
        while lane.settings.reconcile_s and lane.settings.offers_list:
            await asyncio.sleep(lane.settings.reconcile_s)
            try:
                await reconcile(session, lane.settings, lane.connector)
            except Unavailable as fault:
                log.warning("target.unreadable", target=lane.settings.name, detail=fault.reason)

    async def _watch_targets(self, session: Session) -> None:
        """Say which targets are left alone because the store knows them otherwise: the file has changed since."""
        digests = {name: settings.digest for name, settings in self._settings.items()}
        known: list[str] = []
        while True:
            skewed = await session.run(partial(skewed_targets, digests=digests))
            if skewed != known:
                log.warning(
                    "targets.skewed", targets=skewed, advice="restart the worker with the targets file in force"
                )
            known = skewed
            await asyncio.sleep(_WATCH_S)

    async def _drain(self) -> None:
        if self._flights:
            await asyncio.wait(self._flights, timeout=self._pace.drain_s)
        await self._abandon_flights()

    async def _abandon_flights(self) -> None:
        """End what is still under way, as of unknown outcome."""
        for flight in self._flights:
            flight.cancel()
        if self._flights:
            await asyncio.wait(self._flights)


async def _any_of(*events: asyncio.Event, within_s: float) -> bool:
    """Wait until one of the events is set, at most `within_s`; True where one is."""
    if any(event.is_set() for event in events):
        return True
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        done, _ = await asyncio.wait(waits, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        return bool(done)
    finally:
        for wait in waits:
            wait.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*waits, return_exceptions=True)


async def _any_of_sleep(event: asyncio.Event, seconds: float) -> None:
    await _any_of(event, within_s=seconds)

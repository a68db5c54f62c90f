"""The worker process: brings the targets to agree, and lets the days that have come do what they do."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_connectors.settings import BadTarget
from credit_sanction_service.app.clock import now
from credit_sanction_service.app.database import require_store
from credit_sanction_service.app.law import require_law
from credit_sanction_service.app.watching import shown_metrics
from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.domain.faults import SanctionError, StateConflict
from credit_sanction_service.host import lifeline
from credit_sanction_service.host.refusal import StartRefused
from credit_sanction_service.push import targets_file
from credit_sanction_service.push.keys import BadTargetsFile
from credit_sanction_service.push.worker import Pace, Worker
from credit_sanction_service.records import Records
from credit_sanction_service.store.connect import Reader, connect
from credit_sanction_service.store.targets import install_targets
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from credit_sanction_service.config import Settings
    from credit_sanction_service.push.observing import Observer

log: Final = structlog.get_logger()
# The threads of the store wait that long at most for the loop to let go: at each round trip.
_SWITCH_S: Final = 0.0005


def run_worker(settings: Settings) -> int:
    """Work until SIGTERM or SIGINT."""
    sys.setswitchinterval(_SWITCH_S)
    with shown_metrics(settings) as metrics:
        dsn = require_store(settings)
        require_law(dsn)
        targets = load_targets(settings)
        install(dsn, targets)
        return asyncio.run(_run(settings, dsn, targets, metrics))


def load_targets(settings: Settings) -> targets_file.TargetsFile:
    """Read and check the targets file. Raises `StartRefused` with the sentence that names the key at fault."""
    if not settings.targets:
        raise StartRefused("CREDIT_SANCTION_TARGETS is not set: name the targets file")
    try:
        return targets_file.load(Path(settings.targets))
    except BadTargetsFile as fault:
        raise StartRefused(str(fault)) from None


def install(dsn: str, targets: targets_file.TargetsFile) -> None:
    """Load the targets into the store. Raises `StartRefused` where the file would leave listings behind."""
    try:
        with connect(dsn) as connection:
            moved = install_targets(connection, targets.store_targets(), day=day_of(now()))
    except StateConflict as fault:
        raise StartRefused(str(fault)) from None
    if not targets.targets:
        log.warning("targets.none", reason="the targets file names no target: nothing will be pushed")
    log.info("targets.loaded", targets=len(targets.store_targets()), recomputed=moved)


async def _run(settings: Settings, dsn: str, targets: targets_file.TargetsFile, observer: Observer | None) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    lifeline.watch(grace=settings.drain_s)
    try:
        connectors = targets.build_connectors()
    except BadTarget as fault:
        raise StartRefused(str(fault)) from None
    days = DaysPassing(dsn, interval=settings.days_interval_s)
    days.start()
    worker = Worker(dsn, targets.targets, connectors, pace=Pace(drain_s=settings.drain_s), observer=observer)
    _keep_what_is_loaded()
    lifeline.announce_ready({"targets": len(targets.store_targets())})
    try:
        await worker.run(stop)
    finally:
        days.close()
    return 0


def _keep_what_is_loaded() -> None:
    """Look for garbage in what comes and goes alone, and less often: modules and law stay, and are most of what there is."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


class DaysPassing:
    """A thread that lets records expire and publications end. May be killed at any moment: each record moves once."""

    def __init__(self, dsn: str, *, interval: float) -> None:
        self._interval = interval
        self._writer, self._reader = Writer(dsn, clock=now), Reader(dsn, size=1)
        self._records = Records(self._writer, self._reader)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="days", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._stop.set()
        self._thread.join()
        self._writer.close()
        self._reader.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                moved = self._records.pass_days()
            except SanctionError as fault:
                log.warning("days.postponed", fault=str(fault))
                moved = 0
            except Exception:
                log.exception("days.postponed")  # whatever it was: tomorrow's records must not wait for it
                moved = 0
            if moved:
                log.info("days.passed", records=moved)
            else:
                self._stop.wait(self._interval)

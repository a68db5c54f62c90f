"""
Reconciliation: what a target itself says it lists, against what it confirmed.

Asked for by people, or by the schedule, each is a row of the store that a worker takes, under a lease. With `repair` what
differs is pushed again, both ways, under new keys. But what this store has never known is withdrawn only where a person asks
for it: it may be another installation's.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog
from tenacity.stop import stop_after_attempt, stop_after_delay

from credit_sanction_connectors.port import Unavailable
from credit_sanction_service.domain.faults import StoreUnavailable
from credit_sanction_service.push.outcomes import storable
from credit_sanction_service.push.parcels import version_of
from credit_sanction_service.store import drift, reconciliation_runs, report_retention
from credit_sanction_service.store.reconciliation_runs import Run, Served
from credit_sanction_service.store.reconciliations import Drift, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from credit_sanction_connectors.port import Connector, Entry
    from credit_sanction_service.push.session import Session
    from credit_sanction_service.push.settings import TargetSettings
    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.drift import Resting

log: Final = structlog.get_logger()
_COMPARING_S: Final = 60.0  # what a lease leaves beside reading the list
_NO_LIST: Final = "it offers no list of its own"
_UNKNOWN: Final = "{} of the extra entries are unknown here and were left alone: a reconciliation asked for with repair withdraws them"


async def serve_requests(
    session: Session,
    targets: Mapping[str, tuple[TargetSettings, Connector]],
    *,
    worker: str,
    poll_s: float = 1.0,
) -> None:
    """
    Reconcile these targets whenever somebody asks for it, and as often as each one's settings say, until cancelled.

    One run at a time for each target, whichever worker does it; what is broken off is left to the next one. What goes wrong
    is written into the run's row and ends nothing else.
    """
    pace = min([poll_s, *(settings.reconcile_s for settings, _ in targets.values() if settings.reconcile_s)])
    served = [_served(settings) for settings, _ in targets.values()]
    async with asyncio.TaskGroup() as group:
        while True:
            for run in await session.run(partial(reconciliation_runs.take, served=served, worker=worker)):
                settings, connector = targets[run.target]
                group.create_task(_carry_out(session, run, settings, connector, worker))
            await asyncio.sleep(pace)


async def forget_reports(session: Session, targets: Iterable[TargetSettings], *, every_s: float = 3_600.0) -> None:
    """Delete the reports of these targets that need not be kept any more, and of those that are gone, until cancelled."""
    slices: list[Callable[[Connection], int]] = [
        partial(report_retention.forget_reports, target=one.name, retention=one.retention) for one in targets
    ]
    while True:
        for forget in (*slices, report_retention.forget_reports_of_the_gone):
            while (count := await session.run(forget)) > 0:
                log.info("reports.forgotten", count=count)
        await asyncio.sleep(every_s)


def _served(settings: TargetSettings) -> Served:
    return Served(
        target=settings.name,
        digest=settings.digest,
        every_s=settings.reconcile_s if settings.offers_list else 0.0,
        lease_s=settings.list_timeout_s + _COMPARING_S,
    )


async def _carry_out(session: Session, run: Run, settings: TargetSettings, connector: Connector, worker: str) -> None:
    """Do one run and write down its end. Never raises but to be cancelled: then it is given back."""
    try:
        report = await _reconcile(session, run, settings, connector, worker)
    except asyncio.CancelledError:
        await _write(session, partial(reconciliation_runs.give_back, run=run, worker=worker), attempts=1)
        raise
    except Unavailable as fault:
        detail = storable(fault.reason)
        log.warning("target.unreadable", target=run.target, detail=detail)
        await _write(session, partial(reconciliation_runs.fail, run=run, detail=detail, worker=worker))
    except StoreUnavailable:
        log.warning("reconciliation.postponed", target=run.target)  # once its lease has lapsed it is begun anew
    except Exception as fault:
        log.exception("reconciliation.failed", target=run.target)
        detail = f"a fault of the worker: {fault!r}"[:500].replace("\x00", "")
        await _write(session, partial(reconciliation_runs.fail, run=run, detail=detail, worker=worker))
    else:
        _tell(run, report)


async def _reconcile(
    session: Session, run: Run, settings: TargetSettings, connector: Connector, worker: str
) -> Report | None:
    if not settings.offers_list:
        raise Unavailable(_NO_LIST, sent=False)
    listed = await connector.read_list(timeout_s=settings.list_timeout_s)
    work = partial(_report, run=run, listed=listed, worker=worker)
    return await session.run(work, stop=stop_after_delay(_COMPARING_S))


def _report(connection: Connection, run: Run, listed: Mapping[str, Entry], worker: str) -> Report | None:
    """
    Compare, repair where that was asked for, and write the report, in one transaction; None where the run is another's.

    Only rows are judged that have been at rest since before the list was asked for: of others the list may say either.
    """
    with connection.transaction():
        if not reconciliation_runs.hold(connection, run, worker=worker):
            return None
        rows = drift.at_rest(connection, run.target, before=run.began)
        missing = [row.subject for row in rows if row.present and row.subject not in listed]
        extra = [row.subject for row in rows if not row.present and row.subject in listed]
        shown = [(row, listed[row.subject]) for row in rows if row.present and row.subject in listed]
        stale = [row.subject for row, entry in shown if not _is_current(row, entry)]
        standing = [row.subject for row, entry in shown if _is_current(row, entry) and not _stands_right(row, entry)]
        unheld = drift.unheld(connection, run.target, sorted(listed))
        repaired, detail = 0, ""
        if run.repair:
            differing = [*missing, *extra, *stale, *standing]
            repaired = len(drift.repair(connection, run.target, differing, before=run.began))
            adopted = unheld.known if run.by_schedule else unheld.known | unheld.strangers
            repaired += len(drift.adopt(connection, run.target, sorted(adopted)))
            detail = _UNKNOWN.format(len(unheld.strangers)) if run.by_schedule and unheld.strangers else ""
        report = Report(
            compared=len(rows),
            missing=Drift.of(missing),
            stale=Drift.of(stale),
            extra=Drift.of([*extra, *unheld.known, *unheld.strangers]),
            standing=Drift.of(standing),
            repaired=repaired,
        )
        reconciliation_runs.finish(connection, run, report, detail)
    if detail:
        log.warning("target.strangers_found", target=run.target, count=len(unheld.strangers))
    return report


def _is_current(row: Resting, entry: Entry) -> bool:
    """Whether a target that keeps versions shows the one that it confirmed."""
    return entry.version is None or entry.version == version_of(row.version)


def _stands_right(row: Resting, entry: Entry) -> bool:
    return row.standing is None or entry.standing == row.standing


async def _write(session: Session, work: partial[None], *, attempts: int = 5) -> None:
    """Write down an end; where the store is away for long the lease lapses instead."""
    try:
        await session.run(work, stop=stop_after_attempt(attempts))
    except StoreUnavailable:
        log.warning("reconciliation.unsettled")


def _tell(run: Run, report: Report | None) -> None:
    if report is None:
        log.warning("reconciliation.lost", target=run.target)
        return
    log.info(
        "target.reconciled",
        target=run.target,
        compared=report.compared,
        missing=report.missing.count,
        stale=report.stale.count,
        extra=report.extra.count,
        standing=report.standing.count,
        repaired=report.repaired,
    )

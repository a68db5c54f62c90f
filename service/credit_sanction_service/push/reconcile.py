"""Reconciliation: what a target itself says it lists, against what it confirmed; drift is repaired both ways."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_service.push.parcels import version_of
from credit_sanction_service.store import drift

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from credit_sanction_connectors.port import Connector, Entry
    from credit_sanction_service.push.session import Session
    from credit_sanction_service.push.settings import TargetSettings
    from credit_sanction_service.store.connect import Connection

log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What one reconciliation found: `compared` rows were at rest; the others are due again, under new keys."""

    compared: int = 0
    missing: int = 0
    stale: int = 0
    extra: int = 0


async def reconcile(session: Session, settings: TargetSettings, connector: Connector) -> Drift:
    """
    Read the target's own list once and have every difference pushed.

    Only rows are judged that have been at rest since before the list was asked for: of others the list may say either.
    A target that is paused, abandoned, or known to the store by other settings is left alone. Raises `Unavailable` where
    the list cannot be read whole.
    """
    began = await session.run(partial(drift.begin, target=settings.name, digest=settings.digest))
    if began is None:
        return Drift()
    listed = await connector.read_list(timeout_s=settings.list_timeout_s)
    found = await session.run(partial(_repair, settings=settings, listed=listed, began=began))
    log.info(
        "target.reconciled",
        target=settings.name,
        compared=found.compared,
        missing=found.missing,
        stale=found.stale,
        extra=found.extra,
    )
    return found


def _repair(connection: Connection, settings: TargetSettings, listed: Mapping[str, Entry], began: datetime) -> Drift:
    rows = drift.at_rest(connection, settings.name, before=began)
    missing, stale, extra = [], [], []
    for row in rows:
        entry = listed.get(row.subject)
        if not row.present and entry is not None:
            extra.append(row.subject)
        elif row.present and entry is None:
            missing.append(row.subject)
        elif row.present and entry and entry.version and entry.version != version_of(row.version):
            stale.append(row.subject)
    repaired = drift.repair(connection, settings.name, [*missing, *stale, *extra], before=began)
    strangers = drift.adopt(connection, settings.name, sorted(listed))
    return Drift(
        compared=len(rows),
        missing=len(repaired.intersection(missing)),
        stale=len(repaired.intersection(stale)),
        extra=len(repaired.intersection(extra)) + len(strangers),
    )

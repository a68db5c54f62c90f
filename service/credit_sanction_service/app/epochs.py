"""`new-epoch`: what an operator does after the store was restored in the place where it lay."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_service.app.database import running_database
from credit_sanction_service.store.connect import connect, translated
from credit_sanction_service.store.epochs import begin_epoch, begin_epoch_where_restored

if TYPE_CHECKING:
    from credit_sanction_service.config import Settings

log: Final = structlog.get_logger()


def new_epoch(settings: Settings) -> int:
    """Begin an epoch and print the revision that it begins with."""
    with translated(), connect(running_database(settings)) as connection:
        begun = begin_epoch(connection)
    sys.stdout.write(f"{begun.epoch}:{begun.number}\n")
    return 0


def notice_restore(dsn: str) -> None:
    """Begin an epoch where the store was restored elsewhere, or to a point in time."""
    with translated(), connect(dsn) as connection:
        begun = begin_epoch_where_restored(connection)
    if begun is not None:
        log.warning("store.epoch_begun", revision=str(begun), reason="the database was restored or promoted")

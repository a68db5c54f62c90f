"""After a restore: every target is told everything again, in slices, by whichever worker comes to it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_service.store import retelling

if TYPE_CHECKING:
    from credit_sanction_service.push.session import Session

log: Final = structlog.get_logger()


async def retell(session: Session, *, every_s: float = 5.0) -> None:
    """Look every so often whether an epoch has begun, and have all rows pushed at its version, until cancelled."""
    while True:
        place = await session.run(retelling.behind)
        if place is not None:
            log.warning("targets.retold", epoch=place.epoch, reason="the store was restored")
        while place is not None:
            place = await session.run(partial(retelling.move_some, place=place))
        await asyncio.sleep(every_s)

"""By how much a clock of this machine is off the store's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from credit_sanction_service.store.values import Head


def skew_of(head: Head, clock: Callable[[], datetime], *, asked_at: float) -> float:
    """
    Return how many seconds `clock` is off at least. What the answer took on its way, asked for at the monotonic instant
    `asked_at`, is not held against it, nor what has been done since it came.
    """
    ahead = (clock() - head.now).total_seconds() - (time.monotonic() - head.read_at)
    on_its_way = max(0.0, head.read_at - asked_at)
    return max(ahead - on_its_way, -ahead, 0.0)

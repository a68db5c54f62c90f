"""The clock by which leases are checked."""

from __future__ import annotations

import time


def boot_time() -> float:
    """
    Return seconds that only go forward, and go on while the machine sleeps, where the platform has such a clock (Linux).

    Elsewhere a machine that slept finds its leases longer than they are; the store's clock has given the rows to others by
    then, and the late answer is verified.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()

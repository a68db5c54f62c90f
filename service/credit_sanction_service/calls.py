"""Who calls what, and the ids that the store's things are known by: what every use case that writes begins with."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from credit_sanction_service.domain.access import Principal
from credit_sanction_service.store.transaction import RequestKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Who calls what: the caller, the method, the request id with the digest of its payload, and whether it only checks."""

    principal: Principal
    method: str
    request_id: str = ""
    digest: bytes = b""
    validate_only: bool = False

    @property
    def key(self) -> RequestKey | None:
        """The scope of the request id; None where there is nothing to recall or remember."""
        if not self.request_id or self.validate_only:
            return None
        return RequestKey(
            principal=self.principal.name, method=self.method, request_id=self.request_id, digest=self.digest
        )


_DRAWN_AT_ONCE: Final = 64


class _Ids:
    """Draws UUIDs of version 7 (RFC 9562, method 3): opaque to callers, and in the order of intake for paging."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._chance = b""

    def draw(self) -> str:
        """Return the next id: 48 bits of milliseconds, 12 of their fraction that only grow, 62 of chance."""
        milliseconds, rest = divmod(time.time_ns(), 1_000_000)
        with self._lock:
            self._last = max(self._last + 1, milliseconds << 12 | rest * 4096 // 1_000_000)
            upper = self._last
            if not self._chance:  # for many at once: each request of the system's chance lets other threads in between
                self._chance = os.urandom(8 * _DRAWN_AT_ONCE)
            chance = int.from_bytes(self._chance[:8], "big") >> 2
            self._chance = self._chance[8:]
        return str(UUID(int=(upper >> 12) << 80 | 0x7 << 76 | (upper & 0xFFF) << 64 | 0b10 << 62 | chance))


new_id: Final = _Ids().draw

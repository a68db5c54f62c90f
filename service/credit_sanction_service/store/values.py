"""What the store hands out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from typing_extensions import override

from credit_sanction_service.domain.effect import Filter
from credit_sanction_service.domain.records import SanctionRecord


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Revision:
    """The clock of the store: one number for each transaction that changed anything a look-up may answer."""

    epoch: int
    number: int

    @override
    def __str__(self) -> str:
        return f"{self.epoch}.{self.number}"

    @property
    def told(self) -> str:
        """As callers write it."""
        return f"{self.epoch}:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """One version of a record with the revision that wrote it."""

    record: SanctionRecord
    revision: Revision
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """
    The store's head, and its clock at the moment it was read. `known_at`: since when its revision is known, None for the one that an
    epoch began with. `read_at`: the monotonic instant at which it was here.
    """

    revision: Revision
    access_version: int
    targets_version: int
    law_version: int
    now: datetime
    known_at: datetime | None
    read_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """
    A target as loaded from the targets file. `tells_endings`: its withdrawals say what a record came to, so that it is told again
    where that becomes something else.
    """

    name: str
    kind: str
    holds: str
    filter: Filter
    digest: str
    retired: str | None
    paused_reason: str | None
    tells_endings: bool = False

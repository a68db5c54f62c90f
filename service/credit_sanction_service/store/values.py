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


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """One version of a record with the revision that wrote it."""

    record: SanctionRecord
    revision: Revision
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The store's head, and its clock at the moment it was read."""

    revision: Revision
    access_version: int
    targets_version: int
    law_version: int
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A target as loaded from the targets file."""

    name: str
    kind: str
    holds: str
    filter: Filter
    digest: str
    retired: str | None
    paused_reason: str | None

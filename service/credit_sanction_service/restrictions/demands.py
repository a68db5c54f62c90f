"""What a call demands of an answer's knowledge, and what its answers then rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from credit_sanction_service.domain.terms import EditionKind
from credit_sanction_service.store.values import Revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """
    How fresh an answer has to be: at least `min_revision`, no older than `max_staleness` seconds (which only tightens the
    service's own), and of which day (None: today, or the day of `known_at`).

    Or of which past: by what was known at exactly `at_revision`, or at the instant `known_at`. Such a past is never stale.

    `deadline`: the monotonic instant until which the caller waits for a revision, None: as long as the service does.
    """

    min_revision: Revision | None = None
    at_revision: Revision | None = None
    known_at: datetime | None = None
    max_staleness: float | None = None
    day: date | None = None
    deadline: float | None = None


PRESENT: Final = Demand()
"""As fresh as the service's own rules have it, and of today."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """
    What all answers rest on that are of one revision, law and day. `law`: the name of the edition of each kind loaded last, at
    that revision. `known_at`: of a past, since when its revision was known; None: of the present.
    """

    revision: Revision
    day: date
    stale: bool
    catalogue_edition: str
    law: Mapping[EditionKind, str]
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What all answers of one call rest on, and when they were given."""

    ground: Ground
    answered_at: datetime

    @property
    def revision(self) -> Revision:
        """What the answers know."""
        return self.ground.revision

    @property
    def day(self) -> date:
        """The day of which they speak."""
        return self.ground.day

    @property
    def stale(self) -> bool:
        """Whether what is known is older than allowed."""
        return self.ground.stale

    @property
    def catalogue_edition(self) -> str:
        """The edition of the catalogue for decisions of that day."""
        return self.ground.catalogue_edition

    @property
    def law(self) -> Mapping[EditionKind, str]:
        """The name of the edition of each kind loaded last."""
        return self.ground.law


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """
    Of which past all answers of a call are, whatever moves meanwhile. `by_instant`: it was asked for by an instant, and so is
    a past even where its revision is the present one.
    """

    revision: Revision
    day: date
    by_instant: bool
    clock_in_doubt: bool

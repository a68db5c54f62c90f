"""What a reader who keeps a copy is told, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from credit_sanction._answers import ItemFailure, Restriction, Revision
from credit_sanction._reading import _restriction
from credit_sanction._states import RestrictionState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_sanction.v1 import watch_service_pb2 as wire

_WITHOUT_EFFECT: Final = frozenset({RestrictionState.SUSPENDED, RestrictionState.ENDED, RestrictionState.QUARANTINED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    One record as it stands within the scope 条目, on the day it was told. It takes the place of all that was told of the
    record before; ENDED: forget it.
    """

    record: str
    version: int
    code: str
    name: str
    former_names: tuple[str, ...]
    other_numbers: tuple[str, ...]
    state: RestrictionState
    restrictions: tuple[Restriction, ...]
    district: str
    portfolio_codes: tuple[str, ...]

    @property
    def has_ended(self) -> bool:
        """Whether there is nothing to keep of it."""
        return self.state is RestrictionState.ENDED

    @property
    def is_in_doubt(self) -> bool:
        """Whether its identifier awaits confirmation: a look-up answers UNKNOWN."""
        return self.state is RestrictionState.QUARANTINED

    def in_force(self, day: date) -> tuple[Restriction, ...]:
        """
        Return the restrictions in force on `day`, of Asia/Shanghai, as far as was told: they begin and end by their dates,
        without another word. A state that this client does not know yet is taken as one in force.
        """
        if self.state in _WITHOUT_EFFECT:
            return ()
        unlisted = self.state is RestrictionState.NOT_LISTED
        return tuple(
            one
            for one in self.restrictions
            if (one.since <= day if one.since else not unlisted) and (one.until is None or day <= one.until)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """
    One whole revision, or a heartbeat: then `known_at` is None, and nothing else has happened up to `revision`. `law_changed`:
    the rule tables are others now: take the export again.
    """

    revision: Revision
    known_at: datetime | None
    entries: tuple[Entry, ...]
    law_changed: bool

    @property
    def is_heartbeat(self) -> bool:
        """Whether it only says how far the stream has come."""
        return self.known_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """A portfolio of the caller's own 关注名单: its name without `portfolios/`, and how many codes it holds."""

    name: str
    size: int
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioResult:
    """A portfolio as it is now, and the codes that no enterprise can have, which were left out, by their places."""

    portfolio: Portfolio
    failures: tuple[ItemFailure, ...]


def entry_of(message: wire.RestrictionEntry) -> Entry:
    """Read an entry."""
    return Entry(
        record=message.record,
        version=message.version,
        code=message.code,
        name=message.name,
        former_names=tuple(message.former_names),
        other_numbers=tuple(message.other_numbers),
        state=RestrictionState.of(message.state),
        restrictions=tuple(_restriction(item) for item in message.restrictions),
        district=message.district,
        portfolio_codes=tuple(message.portfolio_codes),
    )


def changes_of(parts: Iterable[wire.WatchRestrictionsResponse]) -> Changes:
    """Read the messages of one revision, of which the last one ends it."""
    messages = list(parts)
    last = messages[-1]
    return Changes(
        revision=Revision(epoch=last.revision.epoch, number=last.revision.number),
        known_at=last.known_at.ToDatetime(UTC) if last.HasField("known_at") else None,
        entries=tuple(entry_of(entry) for message in messages for entry in message.entries),
        law_changed=any(message.law_changed for message in messages),
    )


def portfolio_of(message: wire.Portfolio) -> Portfolio:
    """Read a portfolio."""
    return Portfolio(
        name=message.name.removeprefix("portfolios/"),
        size=message.size,
        updated_at=message.updated_at.ToDatetime(UTC),
    )

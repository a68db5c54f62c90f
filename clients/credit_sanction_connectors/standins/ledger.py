"""What one stand-in target received and what it holds by it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final, Literal

from credit_sanction_connectors.port import Version

Act = Literal["taken", "replayed", "conflict", "not taken"]
REMEMBERED: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One understood and authentic push. `in_force` are the enterprise's records by it, `subject`'s included."""

    key: str
    subject: str
    enterprise: str
    version: Version
    present: bool
    document: Mapping[str, object]
    standing: Sequence[Mapping[str, object]]
    standing_revision: Version
    in_force: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One subject, as last taken."""

    enterprise: str
    present: bool
    version: Version
    key: str
    receipt: str
    document: Mapping[str, object]
    standing: Sequence[Mapping[str, object]]
    standing_revision: Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The enterprise's records in force, by the highest revision that was told."""

    revision: Version
    in_force: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an arrival; `receipt` for what was taken or replayed, `holds` for a conflict."""

    act: Act
    receipt: str = ""
    holds: Version | None = None


@dataclass(slots=True)
class Ledger:
    """
    The books of one stand-in.

    An inversion is a request that reached the target after one of a newer version of the same subject, whatever was answered
    to either. Where a request is held up here, on its way into the books, counts when it came: its bytes had left by then.
    With `version_check` an older version is a conflict and a key seen before gets its first receipt again. Without,
    the last writer wins and no key is remembered: such a target needs its pushes in order.
    """

    version_check: bool
    held: dict[str, Held] = field(default_factory=dict)
    standing: dict[str, Standing] = field(default_factory=dict)
    arrivals: int = 0
    duplicates: int = 0
    inversions: int = 0
    acts: dict[Act, int] = field(default_factory=dict)
    recent: deque[dict[str, object]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    inverted: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _highest: dict[str, Version] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _receipts: dict[str, str] = field(default_factory=dict)

    def reach(self, arrival: Arrival) -> None:
        """Take note in which order requests come: once for each, before `arrive`."""
        highest = self._highest.get(arrival.subject, arrival.version)
        if arrival.version < highest:
            self.inversions += 1
            self.inverted.append(f"{arrival.key} after {highest}")
        self._highest[arrival.subject] = max(highest, arrival.version)

    def arrive(self, arrival: Arrival, *, take: bool) -> Outcome:
        """Count the arrival, whatever is answered then; take it over where `take` says so."""
        self.arrivals += 1
        self.duplicates += arrival.key in self._seen
        self._seen.add(arrival.key)
        outcome = self._take(arrival) if take else Outcome(act="not taken")
        self.acts[outcome.act] = self.acts.get(outcome.act, 0) + 1
        told = {"key": arrival.key, "subject": arrival.subject, "version": str(arrival.version)}
        self.recent.append({**told, "present": arrival.present, "act": outcome.act})
        return outcome

    def others(self, subject: str, enterprise: str) -> list[str]:
        """Return the enterprise's records in force besides `subject`, as this target believes."""
        known = self.standing.get(enterprise)
        return sorted(set(known.in_force) - {subject}) if known else []

    def state(self) -> dict[str, object]:
        """Return everything, as JSON."""
        return {
            "version_check": self.version_check,
            "arrivals": self.arrivals,
            "duplicates": self.duplicates,
            "inversions": self.inversions,
            "inverted": list(self.inverted),
            "acts": dict(self.acts),
            "subjects": {subject: asdict(held) for subject, held in self.held.items()},
            "enterprises": {code: asdict(standing) for code, standing in self.standing.items()},
            "recent": list(self.recent),
        }

    def _take(self, arrival: Arrival) -> Outcome:
        held = self.held.get(arrival.subject)
        if self.version_check and arrival.key in self._receipts:
            self._keep_standing(arrival)
            return Outcome(act="replayed", receipt=self._receipts[arrival.key])
        if self.version_check and held is not None and arrival.version < held.version:
            return Outcome(act="conflict", holds=held.version)
        receipt = f"R{self.acts.get('taken', 0) + 1:08d}"
        self._receipts[arrival.key] = receipt
        self._keep_standing(arrival)
        self.held[arrival.subject] = Held(
            enterprise=arrival.enterprise,
            present=arrival.present,
            version=arrival.version,
            key=arrival.key,
            receipt=receipt,
            document=arrival.document,
            standing=arrival.standing,
            standing_revision=arrival.standing_revision,
        )
        return Outcome(act="taken", receipt=receipt)

    def _keep_standing(self, arrival: Arrival) -> None:
        known = self.standing.get(arrival.enterprise)
        if known is None or known.revision <= arrival.standing_revision:
            standing = Standing(revision=arrival.standing_revision, in_force=tuple(arrival.in_force))
            self.standing[arrival.enterprise] = standing

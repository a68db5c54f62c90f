"""What one stand-in saw, key by key: more than a target needs to know, and all that the books have to be closed with."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from typing_extensions import override

from credit_sanction_connectors.standins.ledger import Ledger

if TYPE_CHECKING:
    import threading

    from credit_sanction_connectors.standins.ledger import Arrival, Outcome


class Books(Ledger):
    """`reached` counts requests by key, `receipts` has what was given for a key, `history` by enterprise when it was told what."""

    def __init__(self, *, version_check: bool, stirred: threading.Event) -> None:
        """Begin empty. `stirred` is set with each request."""
        self._stirred = stirred
        Ledger.__init__(self, version_check=version_check)
        self.reached: Counter[str] = Counter()
        self.receipts: defaultdict[str, set[str]] = defaultdict(set)
        self.history: defaultdict[str, list[str]] = defaultdict(list)

    @override
    def reach(self, arrival: Arrival) -> None:
        self._stirred.set()
        self.reached[arrival.key] += 1
        self._note(arrival, "reached")
        Ledger.reach(self, arrival)

    @override
    def arrive(self, arrival: Arrival, *, take: bool) -> Outcome:
        outcome = Ledger.arrive(self, arrival, take=take)
        if outcome.receipt:
            self.receipts[arrival.key].add(outcome.receipt)
        self._note(arrival, outcome.act)
        return outcome

    def _note(self, arrival: Arrival, what: str) -> None:
        shown = "present" if arrival.present else "absent"
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        standing = " ".join(name[-4:] for name in sorted(arrival.in_force))
        line = f"{moment} {arrival.key} {shown} {what}, in force by {arrival.standing_revision}: {standing or 'none'}"
        self.history[arrival.enterprise].append(line)

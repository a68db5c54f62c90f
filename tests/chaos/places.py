"""The targets of the chaos: one stand-in of every kind, with and without a version check, and what each of them should show."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from credit_sanction import Area, types
from credit_sanction_connectors.standins.dialect import StandIn
from credit_sanction_connectors.standins.kinds import BY_FILE, DIALECTS, connector_table

if TYPE_CHECKING:
    from pathlib import Path

SHANGHAI: Final = timezone(timedelta(hours=8))
LEASE_S: Final = 2.0
# Short times, so that every promise that rests on one is put to the test many times in a run: a request may take 0.8 s, an
# attempt's lease is 2 s, and what was given up counts as able to arrive for another 2.5 s.
PATIENCE: Final = (
    f"timeout_s = 0.8\nlease_s = {LEASE_S}\nhorizon_s = 2.5\nlist_timeout_s = 5\n"
    "retry = { schedule = [0.05, 0.1, 0.3], retry_after_max_s = 0.5 }\nbreaker = { failures = 5, open_s = 0.2 }\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One target. `areas` and `districts` are its filter; None takes all. `holds` is "record" or "enterprise"."""

    name: str
    kind: str
    version_check: bool
    areas: frozenset[Area] | None = None
    districts: frozenset[str] | None = None
    holds: str = "record"
    reconcile_s: float = 0.0

    def takes(self, record: types.SanctionRecord, day: date) -> bool:
        """Whether the target should show the record on `day`, by what the contract says of states, filters and publication."""
        if record.state != types.RecordState.RECORD_STATE_LISTED:
            return False
        last = record.publication_end_date
        if self.kind == "city-website" and (not last or date.fromisoformat(last) < day):
            return False
        if self.districts is not None and record.responsible_district.code not in self.districts:
            return False
        running = {Area.of(one.area) for one in record.measures if not one.end_date or one.end_date >= day.isoformat()}
        return bool(running if self.areas is None else running & self.areas)

    def subject(self, record: types.SanctionRecord) -> str:
        """Return what the target keys the record by."""
        return record.enterprise.code if self.holds == "enterprise" else record.name

    def stand_in(self, directory: Path) -> StandIn:
        """Return its counterpart, with a secret of its own; files are exchanged below `directory`."""
        return StandIn(
            name=self.name,
            kind=self.kind,
            secret=DIALECTS[self.kind].new_secret(),
            version_check=self.version_check,
            directory=directory / self.name if self.kind in BY_FILE else None,
        )

    def table(self, stand_in: StandIn, url: str, directory: Path) -> str:
        """Return its table of the targets file in `directory`, that leads to `url`; its secret is left beside that."""
        told: dict[str, object] = {"name": self.name, "kind": self.kind, **connector_table(stand_in, url)}
        if self.kind not in BY_FILE:
            secret = directory / f"{self.name}.secret"
            secret.write_text(stand_in.secret, "ascii")
            told["secret_file"] = secret.name
        if self.holds == "enterprise":
            told["holds"] = self.holds
        lines = [f"{key} = {json.dumps(value)}" for key, value in told.items()]
        own = {"areas": self.areas, "districts": self.districts}
        filters = ", ".join(f"{key} = {json.dumps(sorted(words))}" for key, words in own.items() if words is not None)
        lines += [f"filter = {{ {filters} }}", f"reconcile_s = {self.reconcile_s}"]
        return "\n".join(["[[target]]", *lines, PATIENCE])


PLACES: Final = (
    Place(name="platform", kind="credit-platform", version_check=True, reconcile_s=3.0),
    Place(name="platform-plain", kind="credit-platform", version_check=False),
    Place(name="website", kind="city-website", version_check=True),
    Place(name="website-plain", kind="city-website", version_check=False, districts=frozenset({"220102", "220113"})),
    Place(name="bank", kind="lender-webhook", version_check=True, areas=frozenset({Area.FINANCING_CREDIT})),
    Place(name="bank-plain", kind="lender-webhook", version_check=False),
    Place(name="bank-coarse", kind="lender-webhook", version_check=False, holds="enterprise"),
    Place(name="exchange", kind="file-exchange", version_check=False, districts=frozenset({"220103", "220113"})),
)


def today() -> date:
    """Return the day, as the service counts days."""
    return datetime.now(SHANGHAI).date()

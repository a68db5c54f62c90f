"""What the targets file says of one target, as the worker uses it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from credit_sanction_connectors.port import Holds
from credit_sanction_service.domain.effect import Filter
from credit_sanction_service.push.policy import Policy
from credit_sanction_service.store.report_retention import Retention
from credit_sanction_service.store.values import Target

if TYPE_CHECKING:
    from credit_sanction_connectors.port import Connector

GRACE_S: Final = 0.25
LEAST_SLACK_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSettings:
    """
    One target. `digest` is over everything in its table, so that a worker with yesterday's file leaves it alone; `manner` says
    by what its bodies are written: another where that may write them otherwise.

    `timeout_s` bounds one request in all, `lease_s` an attempt; a lease leaves `LEAST_SLACK_S` beside the request.
    `list_timeout_s` bounds reading the whole list, done every `reconcile_s` (0: never); of what came of it is kept what
    `retention` says.
    """

    name: str
    kind: str
    digest: str
    holds: Holds
    filter: Filter
    offers_list: bool
    tells_endings: bool = False
    manner: str = ""
    retired: str | None = None
    concurrency: int = 8
    timeout_s: float = 10.0
    lease_s: float = 30.0
    rate_per_s: float | None = None
    breaker_failures: int = 5
    breaker_open_s: float = 10.0
    list_timeout_s: float = 60.0
    reconcile_s: float = 3600.0
    retention: Retention = field(default_factory=Retention)
    policy: Policy = field(default_factory=Policy)

    def stored(self) -> Target:
        """Return the target as the store keeps it."""
        return Target(
            name=self.name,
            kind=self.kind,
            holds=self.holds,
            filter=self.filter,
            digest=self.digest,
            retired=self.retired,
            paused_reason=None,
            tells_endings=self.tells_endings,
        )


def with_connector(connector: Connector, filter_: Filter) -> Filter:
    """Return the filter of a target: one that publishes takes only what may be published."""
    return Filter(
        areas=filter_.areas,
        districts=filter_.districts,
        sectors=filter_.sectors,
        standards=filter_.standards,
        public=connector.public,
    )

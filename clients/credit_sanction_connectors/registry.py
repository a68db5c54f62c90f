"""The kinds of target. A new kind is one module and its line here; the contract tests pick it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from credit_sanction_connectors.city_website import CityWebsite
from credit_sanction_connectors.credit_platform import CreditPlatform
from credit_sanction_connectors.file_exchange import FileExchange
from credit_sanction_connectors.lender_webhook import LenderWebhook
from credit_sanction_connectors.settings import BadTarget

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from credit_sanction_connectors.port import Connector
    from credit_sanction_connectors.settings import Secrets

    FromTable = Callable[[str, Mapping[str, object], Secrets, Callable[[], datetime]], Connector]

KINDS: Final[Mapping[str, FromTable]] = {
    "credit-platform": CreditPlatform.from_table,
    "city-website": CityWebsite.from_table,
    "file-exchange": FileExchange.from_table,
    "lender-webhook": LenderWebhook.from_table,
}


def build(
    name: str,
    kind: str,
    table: Mapping[str, object],
    *,
    secrets: Secrets,
    now: Callable[[], datetime],
) -> Connector:
    """
    Return the connector of `targets.<name>`. Nothing is called yet: to build is how a table is checked.

    `table` holds the connector's own keys only. `now` is the aware current time. Raises `BadTarget`.
    """
    if kind not in KINDS:
        raise BadTarget(name, "kind", f"is {kind[:60]!r}; expected one of {', '.join(sorted(KINDS))}")
    return KINDS[kind](name, table, secrets, now)

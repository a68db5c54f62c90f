"""The kinds of stand-in, one for each kind of connector."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from credit_sanction_connectors.standins.city_website import CityWebsiteDialect
from credit_sanction_connectors.standins.credit_platform import CreditPlatformDialect
from credit_sanction_connectors.standins.file_exchange import FileExchangeDialect
from credit_sanction_connectors.standins.lender_webhook import LenderWebhookDialect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credit_sanction_connectors.standins.dialect import Dialect, StandIn

DIALECTS: Final[Mapping[str, type[Dialect]]] = {
    "credit-platform": CreditPlatformDialect,
    "city-website": CityWebsiteDialect,
    "file-exchange": FileExchangeDialect,
    "lender-webhook": LenderWebhookDialect,
}
# Their connectors are told directories instead of an address and a secret.
BY_FILE: Final = frozenset({"file-exchange"})


def connector_table(stand_in: StandIn, url: str) -> dict[str, str]:
    """Return what the connector's table must say to reach a stand-in at `url`, but for the secret's reference."""
    dialect = DIALECTS[stand_in.kind](stand_in, lambda: datetime.now(UTC))
    return {**({} if stand_in.kind in BY_FILE else {"url": url}), **dialect.connector_keys}

"""The kinds of stand-in, one for each kind of connector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from credit_sanction_connectors.standins.city_website import CityWebsiteDialect
from credit_sanction_connectors.standins.credit_platform import CreditPlatformDialect
from credit_sanction_connectors.standins.lender_webhook import LenderWebhookDialect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credit_sanction_connectors.standins.dialect import Dialect

DIALECTS: Final[Mapping[str, type[Dialect]]] = {
    "credit-platform": CreditPlatformDialect,
    "city-website": CityWebsiteDialect,
    "lender-webhook": LenderWebhookDialect,
}

"""Stands in for a lender: verifies Standard Webhooks signatures, reads CloudEvents, offers no list."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from aiohttp import web

from credit_sanction_connectors.lender_webhook import message_id
from credit_sanction_connectors.standins.dialect import is_fresh, names_of, read_object, version_of
from credit_sanction_connectors.standins.ledger import Arrival

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from credit_sanction_connectors.standins.dialect import Line, StandIn
    from credit_sanction_connectors.standins.ledger import Outcome


class LenderWebhookDialect:
    """One address for every event; holds records or enterprises, as the events say."""

    push_paths: Sequence[str] = ("",)
    list_path: str | None = None
    lookup_path: str | None = None

    def __init__(self, stand_in: StandIn, now: Callable[[], datetime]) -> None:
        """`now` tells how old a signature is."""
        self._key = base64.b64decode(stand_in.secret.removeprefix("whsec_"))
        self._now = now

    @property
    def connector_keys(self) -> Mapping[str, str]:
        """See the protocol."""
        return {}

    @staticmethod
    def new_secret() -> str:
        """See the protocol."""
        return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()

    def authentic(self, headers: Mapping[str, str], body: bytes) -> bool:
        """See the protocol."""
        webhook_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not is_fresh(timestamp, self._now()):
            return False
        signed = f"{webhook_id}.{timestamp}.".encode(errors="replace") + body
        mac = hmac.new(self._key, signed, hashlib.sha256)
        wanted = b"v1," + base64.b64encode(mac.digest())
        given = headers.get("webhook-signature", "").encode(errors="replace").split(b" ")
        return any(hmac.compare_digest(wanted, one) for one in given)

    def arrival(self, path: str, headers: Mapping[str, str], body: bytes) -> Arrival:  # noqa: ARG002 - one address
        """See the protocol."""
        event = read_object(body)
        if message_id(event["id"]) != headers["webhook-id"] or event["specversion"] != "1.0":
            raise ValueError("expected a CloudEvent 1.0 whose id, with _ for each full stop, is the webhook-id")
        present = {"listed": True, "withdrawn": False}[event["type"].split(".")[-2]]
        data = event["data"]
        return Arrival(
            key=event["id"],
            subject=event["subject"],
            enterprise=data["enterprise_code"],
            version=version_of(data["version"]),
            present=present,
            document={"records": data["records"]},
            standing=data["standing"],
            standing_revision=version_of(data["standing_revision"]),
            in_force=names_of(data["records"]) + names_of(data["standing"]),
        )

    def taken(self, outcome: Outcome) -> web.Response:
        """See the protocol."""
        return web.json_response({"receipt": outcome.receipt})

    def refused(self, words: str) -> web.Response:
        """See the protocol."""
        return web.json_response({"error": words}, status=400)

    def listed(self, lines: Sequence[Line], next_page_token: str) -> web.Response:  # noqa: ARG002 - never asked
        """See the protocol."""
        return web.json_response({"error": "no list is offered"}, status=404)

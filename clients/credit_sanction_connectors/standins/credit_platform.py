"""Stands in for a credit platform: verifies the signature, answers codes as such platforms do."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from aiohttp import web

from credit_sanction_connectors.standins.dialect import is_fresh, names_of, read_object, version_of
from credit_sanction_connectors.standins.ledger import Arrival

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from credit_sanction_connectors.standins.dialect import Line, StandIn
    from credit_sanction_connectors.standins.ledger import Outcome


class CreditPlatformDialect:
    """LIST and WITHDRAW at one address; its own list and a look-up by record."""

    push_paths: Sequence[str] = ("/list-records",)
    list_path: str | None = "/list-records"
    lookup_path: str | None = "/list-records:lookup"

    def __init__(self, stand_in: StandIn, now: Callable[[], datetime]) -> None:
        """`now` tells how old a signature is."""
        self._secret = stand_in.secret.encode()
        self._app_key = stand_in.app_key
        self._now = now

    @property
    def connector_keys(self) -> Mapping[str, str]:
        """See the protocol."""
        return {"app_key": self._app_key}

    @staticmethod
    def new_secret() -> str:
        """See the protocol."""
        return secrets.token_hex(32)

    def authentic(self, headers: Mapping[str, str], body: bytes) -> bool:
        """See the protocol."""
        timestamp = headers.get("X-Timestamp", "")
        if headers.get("X-App-Key") != self._app_key or not is_fresh(timestamp, self._now()):
            return False
        mac = hmac.new(self._secret, digestmod=hashlib.sha256)
        mac.update(timestamp.encode())
        mac.update(b".")
        mac.update(body)
        given = headers.get("X-Signature", "").encode(errors="replace")
        return hmac.compare_digest(mac.hexdigest().encode(), given)

    def arrival(self, path: str, headers: Mapping[str, str], body: bytes) -> Arrival:  # noqa: ARG002 - one address
        """See the protocol."""
        told = read_object(body)
        if told["batch"] != headers["Idempotency-Key"]:
            raise ValueError("batch and Idempotency-Key differ")
        present = {"LIST": True, "WITHDRAW": False}[told["action"]]
        document = told["list_record"] if present else {}
        own = [told["record"]] if present else []
        return Arrival(
            key=told["batch"],
            subject=told["record"],
            enterprise=told["subject_uscc"],
            version=version_of(told["version"]),
            present=present,
            document=document,
            standing=told["standing"],
            standing_revision=version_of(told["standing_revision"]),
            in_force=own + names_of(told["standing"]),
        )

    def taken(self, outcome: Outcome) -> web.Response:
        """See the protocol."""
        return web.json_response({"code": "00", "message": "接收成功", "receipt": outcome.receipt})

    def refused(self, words: str) -> web.Response:
        """See the protocol."""
        return web.json_response({"code": "97", "message": words})

    def listed(self, lines: Sequence[Line], next_page_token: str) -> web.Response:
        """See the protocol."""
        records = [line.json() for line in lines]
        return web.json_response({"records": records, "next_page_token": next_page_token})

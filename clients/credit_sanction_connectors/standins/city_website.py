"""Stands in for a city's credit website: a bearer token, publications and withdrawals, and the pages that anybody reads."""

from __future__ import annotations

import hmac
import secrets
from html import escape
from typing import TYPE_CHECKING, Final

from aiohttp import web

from credit_sanction_connectors.standins.dialect import names_of, read_object, version_of
from credit_sanction_connectors.standins.ledger import Arrival

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from credit_sanction_connectors.standins.dialect import Line, StandIn
    from credit_sanction_connectors.standins.ledger import Held, Outcome

DISPUTED: Final = "异议处理中"


class CityWebsiteDialect:
    """Publishes and withdraws at two addresses; its list is what it shows."""

    push_paths: Sequence[str] = ("/publications", "/withdrawals")
    list_path: str | None = "/publications"
    lookup_path: str | None = None
    pages_path = "/pages"

    def __init__(self, stand_in: StandIn, now: Callable[[], datetime]) -> None:  # noqa: ARG002 - a token has no age
        """Take the token that callers must bear."""
        self._bearer = f"Bearer {stand_in.secret}".encode()

    @property
    def connector_keys(self) -> Mapping[str, str]:
        """See the protocol."""
        return {}

    @staticmethod
    def new_secret() -> str:
        """See the protocol."""
        return secrets.token_urlsafe(32)

    def authentic(self, headers: Mapping[str, str], body: bytes) -> bool:  # noqa: ARG002 - a token signs no body
        """See the protocol."""
        return hmac.compare_digest(self._bearer, headers.get("Authorization", "").encode(errors="replace"))

    def arrival(self, path: str, headers: Mapping[str, str], body: bytes) -> Arrival:
        """See the protocol."""
        told = read_object(body)
        if told["idempotency_key"] != headers["Idempotency-Key"]:
            raise ValueError("idempotency_key and Idempotency-Key differ")
        present = path == "/publications"
        document = told["publication"] if present else {}
        own = [told["record"]] if present else []
        return Arrival(
            key=told["idempotency_key"],
            subject=told["record"],
            enterprise=told["enterprise_code"],
            version=version_of(told["version"]),
            present=present,
            document=document,
            standing=told["standing"],
            standing_revision=version_of(told["standing_revision"]),
            in_force=own + names_of(told["standing"]),
        )

    def taken(self, outcome: Outcome) -> web.Response:
        """See the protocol."""
        return web.json_response({"receipt": outcome.receipt}, status=201)

    def refused(self, words: str) -> web.Response:
        """See the protocol."""
        return web.json_response({"error": words}, status=422)

    def listed(self, lines: Sequence[Line], next_page_token: str) -> web.Response:
        """See the protocol."""
        publications = [line.json() for line in lines]
        return web.json_response({"publications": publications, "next_page_token": next_page_token})

    def page(self, held: Held | None) -> web.Response:
        """See `ShowsPages`."""
        if held is None or not held.present:
            return web.Response(status=404 if held is None else 410, text="没有这条记录")
        told = held.document
        mark = f"<strong>{DISPUTED}</strong>" if told.get("disputed") else ""
        lines = "".join(
            f"<dt>{name}</dt><dd>{escape(str(told.get(key, '')))}</dd>"
            for name, key in (
                ("主体名称", "enterprise_name"),
                ("统一社会信用代码", "enterprise_code"),
                ("认定部门", "authority_name"),
                ("认定依据", "document_number"),
            )
        )
        text = (
            f'<!doctype html><html lang="zh"><title>信用信息公示</title><h1>列入记录 {mark}</h1><dl>{lines}</dl></html>'
        )
        return web.Response(text=text, content_type="text/html", charset="utf-8")

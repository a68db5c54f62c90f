"""A city's public credit website 信用网站: publishes a record, withdraws it; everybody reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from credit_sanction_connectors.answers import demand_taken
from credit_sanction_connectors.http import HttpTarget
from credit_sanction_connectors.lists import entries, read_pages
from credit_sanction_connectors.parcels import checked, to_json, version_json
from credit_sanction_connectors.settings import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from credit_sanction_connectors.answers import Answer
    from credit_sanction_connectors.port import Entry, Holds, Parcel, Receipt
    from credit_sanction_connectors.settings import Secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class CityWebsiteSettings:
    """`url` and the bearer token."""

    url: str
    token: str = field(repr=False)

    @classmethod
    def from_table(cls, name: str, table: Mapping[str, object], secrets: Secrets) -> Self:
        """Read `targets.<name>`. Raises `BadTarget`."""
        keys = Table(name, table)
        return cls(url=keys.url(), token=keys.secret(secrets))


class CityWebsite:
    """Speaks to one website. It publishes record by record."""

    holds: Holds = "record"
    public = True
    offers_list = True

    def __init__(self, settings: CityWebsiteSettings, *, now: Callable[[], datetime]) -> None:
        """`now` serves Retry-After in its date form."""
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {settings.token}"}
        self._http = HttpTarget(settings.url, now=now, conceal=settings.token)

    @classmethod
    def from_table(cls, name: str, table: Mapping[str, object], secrets: Secrets, now: Callable[[], datetime]) -> Self:
        """Build from `targets.<name>`. Raises `BadTarget`."""
        return cls(CityWebsiteSettings.from_table(name, table, secrets), now=now)

    def compose(self, parcel: Parcel) -> bytes:
        """See the port."""
        return to_json(_notice(checked(parcel)))

    async def push(self, parcel: Parcel, body: bytes, *, timeout_s: float) -> Receipt:
        """See the port: publish or withdraw one record."""
        path = "/publications" if parcel.present else "/withdrawals"
        headers = self._headers | {"Idempotency-Key": parcel.idempotency_key}
        answer = await self._http.post(path, body, headers=headers, timeout_s=timeout_s)
        demand_taken(answer, words="error")
        return answer.receipt(answer.json_object().get("receipt"))

    async def read_list(self, *, timeout_s: float) -> Mapping[str, Entry]:
        """See the port."""

        async def ask(token: str, left_s: float) -> Answer:
            return await self._ask({"page_token": token} if token else {}, left_s)

        return await read_pages(ask, lines="publications", timeout_s=timeout_s)

    async def read_entry(self, subject: str, *, timeout_s: float) -> Entry | None:
        """See the port."""
        answer = await self._ask({"record": subject}, timeout_s)
        lines = entries(answer, lines="publications")
        return next((entry for entry in lines if entry.subject == subject), None)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _ask(self, params: Mapping[str, str], timeout_s: float) -> Answer:
        return await self._http.get("/publications", params=params, headers=self._headers, timeout_s=timeout_s)


def _notice(parcel: Parcel) -> dict[str, object]:
    notice: dict[str, object] = {
        "idempotency_key": parcel.idempotency_key,
        "record": parcel.subject,
        "enterprise_code": parcel.enterprise_code,
        "enterprise_name": parcel.enterprise_name,
        "version": version_json(parcel.version),
        "standing": list(parcel.standing),
        "standing_revision": version_json(parcel.standing_revision),
    }
    if parcel.present:
        notice["publication"] = dict(parcel.documents[0])
    return notice

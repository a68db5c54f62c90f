"""A city's public credit website 信用网站: publishes a record, marks it as disputed, withdraws it; everybody reads it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote

from credit_sanction_connectors.answers import demand_taken
from credit_sanction_connectors.http import HttpTarget
from credit_sanction_connectors.lists import entries, read_pages
from credit_sanction_connectors.parcels import checked, to_json, version_json
from credit_sanction_connectors.port import Unavailable
from credit_sanction_connectors.public_page import PAGE_MAX, published_fault, withdrawn_fault
from credit_sanction_connectors.settings import Endpoint, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from credit_sanction_connectors.answers import Answer
    from credit_sanction_connectors.port import Entry, Holds, Parcel, Receipt
    from credit_sanction_connectors.settings import Secrets

DISPUTE_MARK: Final = "异议处理中"
PAGES: Final = "/pages"
_MARK_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CityWebsiteSettings:
    """
    `endpoint` and the bearer token; `pages`, where anybody reads one record each, None where they are not to be checked;
    `dispute_mark`, the words by which such a page says that a record is disputed.
    """

    endpoint: Endpoint
    token: str = field(repr=False)
    pages: Endpoint | None
    dispute_mark: str

    @classmethod
    def from_table(cls, name: str, table: Mapping[str, object], secrets: Secrets) -> Self:
        """Read `targets.<name>`. Raises `BadTarget`."""
        keys = Table(name, table, own={"check_page", "page_url", "page_ca_file", "dispute_mark"})
        endpoint = keys.endpoint(secrets, bearer=False)
        pages = _pages(keys, table, secrets, endpoint)
        check = keys.flag("check_page", default=True)
        return cls(
            endpoint=endpoint,
            token=keys.secret(secrets),
            pages=pages if check else None,
            dispute_mark=_mark(keys, table),
        )


class CityWebsite:
    """Speaks to one website. It publishes record by record."""

    holds: Holds = "record"
    public = True
    offers_list = True
    tells_endings = False

    def __init__(self, settings: CityWebsiteSettings, *, now: Callable[[], datetime]) -> None:
        """`now` serves Retry-After in its date form."""
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {settings.token}"}
        self._mark = settings.dispute_mark
        self._http = HttpTarget(settings.endpoint, now=now, conceal=settings.token)
        self._pages = HttpTarget(settings.pages, now=now) if settings.pages else None

    @classmethod
    def from_table(cls, name: str, table: Mapping[str, object], secrets: Secrets, now: Callable[[], datetime]) -> Self:
        """Build from `targets.<name>`. Raises `BadTarget`."""
        return cls(CityWebsiteSettings.from_table(name, table, secrets), now=now)

    def compose(self, parcel: Parcel) -> bytes:
        """See the port."""
        return to_json(_notice(checked(parcel)))

    async def push(self, parcel: Parcel, body: bytes, *, timeout_s: float) -> Receipt:
        """
        See the port: publish or withdraw one record. Then its public page has to say so, within the same time.

        A page that does not is `Unavailable` with the status of the answer that took it: the website may well hold it.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        path = "/publications" if parcel.present else "/withdrawals"
        headers = self._headers | {"Idempotency-Key": parcel.idempotency_key}
        answer = await self._http.post(path, body, headers=headers, timeout_s=timeout_s)
        demand_taken(answer, words="error")
        receipt = answer.receipt(answer.json_object().get("receipt"))
        if self._pages is not None:
            await self._demand_page(self._pages, parcel, receipt, left_s=deadline - loop.time())
        return receipt

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
        if self._pages is not None:
            await self._pages.aclose()

    async def _ask(self, params: Mapping[str, str], timeout_s: float) -> Answer:
        return await self._http.get("/publications", params=params, headers=self._headers, timeout_s=timeout_s)

    async def _demand_page(self, pages: HttpTarget, parcel: Parcel, receipt: Receipt, *, left_s: float) -> None:
        """Return where the public page says what was told, else raise `Unavailable`, sent, naming what it shows."""
        taken = f"taken with receipt {receipt.number}"
        try:
            page = await pages.get(
                page_path(parcel.subject),
                params={},
                headers={"Accept": "text/html"},
                timeout_s=max(left_s, 0.001),
                limit=PAGE_MAX,
            )
        except Unavailable as failure:
            reason = f"{taken}, but its public page cannot be read: {failure.reason}"
            raise Unavailable(reason, sent=True, status=receipt.status, excerpt=failure.excerpt) from failure
        fault = self._page_fault(page, parcel)
        if fault:
            raise Unavailable(
                f"{taken}, but its public page {fault}",
                sent=True,
                status=receipt.status,
                retry_after=page.retry_after,
                excerpt=page.excerpt,
            )

    def _page_fault(self, page: Answer, parcel: Parcel) -> str:
        if parcel.present:
            return published_fault(page, parcel.documents[0], self._mark)
        numbers = [str(document.get("document_number", "")) for document in parcel.documents]
        # A page may go on naming an enterprise of which other records stand.
        enterprise = [] if parcel.standing else [parcel.enterprise_code, parcel.enterprise_name]
        return withdrawn_fault(page, [*numbers, *enterprise])


def page_path(subject: str) -> str:
    """Return where a record's public page lies below the pages' address: by its identifier alone, never by an answer."""
    return "/" + quote(subject.rpartition("/")[2], safe="")


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
        notice["disputed"] = parcel.documents[0].get("disputed") is True
        notice["publication"] = dict(parcel.documents[0])
    return notice


def _pages(keys: Table, table: Mapping[str, object], secrets: Secrets, endpoint: Endpoint) -> Endpoint:
    """Return where the pages lie. Below `url` they are reached as that is; elsewhere its `ca_file` says nothing of them."""
    if "page_url" in table:
        return keys.public_place(secrets, keys.url("page_url"), "page_ca_file")
    if "page_ca_file" in table:
        return keys.public_place(secrets, endpoint.url + PAGES, "page_ca_file")
    return replace(endpoint.anonymous(), url=endpoint.url + PAGES)


def _mark(keys: Table, table: Mapping[str, object]) -> str:
    mark = table.get("dispute_mark", DISPUTE_MARK)
    if not isinstance(mark, str) or not mark.strip() or not mark.isprintable() or len(mark) > _MARK_MAX:
        raise keys.bad("dispute_mark", f"expected the words on the page, 1 to {_MARK_MAX} printable characters")
    return mark

"""A national or provincial credit platform 信用信息共享平台: list records in JSON, each request signed."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

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

FIELDS: Final[Mapping[str, str]] = {
    "enterprise_name": "subject_name",  # 主体名称
    "enterprise_code": "subject_uscc",  # 统一社会信用代码
    "obligation": "cause",  # 列入事由
    "authority_name": "determined_by",  # 认定部门
    "authority_code": "determined_by_uscc",
    "document_number": "determined_by_document",  # 认定依据
    "decision_date": "determined_on",  # 认定日期
    "publication_end": "valid_until",  # 有效期
    "areas": "measures",  # 惩戒措施
}
TAKEN: Final = "00"
DATA_REFUSED: Final = frozenset({"96", "97", "98"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditPlatformSettings:
    """`url`, `app_key` (who we are there) and the signing secret."""

    url: str
    app_key: str
    secret: str = field(repr=False)

    @classmethod
    def from_table(cls, name: str, table: Mapping[str, object], secrets: Secrets) -> Self:
        """Read `targets.<name>`. Raises `BadTarget`."""
        keys = Table(name, table, own={"app_key"})
        return cls(url=keys.url(), app_key=keys.text("app_key"), secret=keys.secret(secrets))


class CreditPlatform:
    """Speaks to one platform. It lists record by record, for the authorities, not for the public."""

    holds: Holds = "record"
    public = False
    offers_list = True

    def __init__(self, settings: CreditPlatformSettings, *, now: Callable[[], datetime]) -> None:
        """`now` stamps the signatures."""
        self._settings = settings
        self._now = now
        self._http = HttpTarget(settings.url, now=now)

    @classmethod
    def from_table(cls, name: str, table: Mapping[str, object], secrets: Secrets, now: Callable[[], datetime]) -> Self:
        """Build from `targets.<name>`. Raises `BadTarget`."""
        return cls(CreditPlatformSettings.from_table(name, table, secrets), now=now)

    def compose(self, parcel: Parcel) -> bytes:
        """See the port."""
        return to_json(_envelope(checked(parcel)))

    async def push(self, parcel: Parcel, body: bytes, *, timeout_s: float) -> Receipt:
        """See the port: LIST or WITHDRAW one record."""
        headers = self._signed(body) | {"Idempotency-Key": parcel.idempotency_key}
        answer = await self._http.post("/list-records", body, headers=headers, timeout_s=timeout_s)
        _demand_code(answer)
        return answer.receipt(answer.json_object().get("receipt"))

    async def read_list(self, *, timeout_s: float) -> Mapping[str, Entry]:
        """See the port."""

        async def ask(token: str, left_s: float) -> Answer:
            params = {"page_token": token} if token else {}
            return await self._http.get("/list-records", params=params, headers=self._signed(b""), timeout_s=left_s)

        return await read_pages(ask, lines="records", timeout_s=timeout_s)

    async def read_entry(self, subject: str, *, timeout_s: float) -> Entry | None:
        """See the port; asked in a body, for an address is what ends in access logs."""
        body = to_json({"record": subject})
        answer = await self._http.post("/list-records:lookup", body, headers=self._signed(body), timeout_s=timeout_s)
        return next((entry for entry in entries(answer, lines="records") if entry.subject == subject), None)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def _signed(self, body: bytes) -> dict[str, str]:
        timestamp = str(int(self._now().timestamp()))
        return {
            "Content-Type": "application/json",
            "X-App-Key": self._settings.app_key,
            "X-Timestamp": timestamp,
            "X-Signature": signature(self._settings.secret, timestamp, body),
        }


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the hex HMAC-SHA256 over timestamp, a full stop and the body."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _envelope(parcel: Parcel) -> dict[str, object]:
    envelope: dict[str, object] = {
        "batch": parcel.idempotency_key,
        "action": "LIST" if parcel.present else "WITHDRAW",
        "record": parcel.subject,
        "subject_name": parcel.enterprise_name,
        "subject_uscc": parcel.enterprise_code,
        "version": version_json(parcel.version),
        "standing": [_renamed(document) for document in parcel.standing],
        "standing_revision": version_json(parcel.standing_revision),
    }
    if parcel.present:
        envelope["list_record"] = _renamed(parcel.documents[0])
    return envelope


def _renamed(document: Mapping[str, object]) -> dict[str, object]:
    return {FIELDS.get(key, key): value for key, value in document.items()}


def _demand_code(answer: Answer) -> None:
    """Return for code 00; the platform answers 200 also where its code refuses."""
    demand_taken(answer, words="message")
    code = answer.json_object().get("code")
    if isinstance(code, str) and code in DATA_REFUSED:
        raise answer.rejected(answer.words("message"), code=code)
    if code != TAKEN:
        raise answer.unavailable(f"the platform answers with code {str(code)[:20]!r}")

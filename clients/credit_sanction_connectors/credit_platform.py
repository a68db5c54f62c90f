"""A national or provincial credit platform 信用信息共享平台: list records and penalty items in JSON, each request signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from credit_sanction_connectors.http import HttpTarget
from credit_sanction_connectors.lists import entries, read_pages
from credit_sanction_connectors.mapping_tables import FormKind
from credit_sanction_connectors.parcels import checked, to_json, version_json
from credit_sanction_connectors.platform_codes import receipt_of
from credit_sanction_connectors.platform_settings import CreditPlatformSettings
from credit_sanction_connectors.signers import SIGNERS, request_signature

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from credit_sanction_connectors.answers import Answer
    from credit_sanction_connectors.mapping import Form, Forms
    from credit_sanction_connectors.port import Entry, Holds, Parcel, Receipt
    from credit_sanction_connectors.settings import Secrets


class CreditPlatform:
    """Speaks to one platform. It lists record by record, for the authorities, not for the public."""

    holds: Holds = "record"
    public = False
    offers_list = True

    def __init__(self, settings: CreditPlatformSettings, *, now: Callable[[], datetime]) -> None:
        """`now` stamps the signatures."""
        self._settings = settings
        self._now = now
        self._http = HttpTarget(settings.endpoint, now=now)

    @property
    def tells_endings(self) -> bool:
        """See the port: as the platform's form has words for it."""
        return self._settings.forms.tell_endings

    @classmethod
    def from_table(cls, name: str, table: Mapping[str, object], secrets: Secrets, now: Callable[[], datetime]) -> Self:
        """Build from `targets.<name>`. Raises `BadTarget`."""
        return cls(CreditPlatformSettings.from_table(name, table, secrets), now=now)

    def compose(self, parcel: Parcel) -> bytes:
        """See the port. `Rejected` names every field that the edition demands and the record does not fill."""
        return to_json(_envelope(checked(parcel), self._settings.forms))

    async def push(self, parcel: Parcel, body: bytes, *, timeout_s: float) -> Receipt:
        """See the port: LIST or WITHDRAW one record."""
        headers = self._signed(body) | {"Idempotency-Key": parcel.idempotency_key}
        answer = await self._http.post("/list-records", body, headers=headers, timeout_s=timeout_s)
        return receipt_of(answer, self._settings.forms.path_of)

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
        signer = SIGNERS[self._settings.signer]
        return {
            "Content-Type": "application/json",
            "X-App-Key": self._settings.app_key,
            "X-Timestamp": timestamp,
            "X-Signature": request_signature(signer, self._settings.secret, timestamp, body),
        }


def _envelope(parcel: Parcel, forms: Forms) -> dict[str, object]:
    """
    Return what is said of one record. The platform keys it by `record`, whichever form it went in before: so a record that
    changes form replaces its own entry, and a withdrawal takes whatever stands there.
    """
    form = forms.of_document(parcel.documents[0] if parcel.documents else {})
    return {
        "batch": parcel.idempotency_key,
        "action": "LIST" if parcel.present else "WITHDRAW",
        "edition": form.table.edition,
        "record": parcel.subject,
        "subject_name": parcel.enterprise_name,
        "subject_uscc": parcel.enterprise_code,
        "version": version_json(parcel.version),
        "standing": [forms.list_record.write_part(document) for document in parcel.standing],
        "standing_revision": version_json(parcel.standing_revision),
        **_content(parcel, form),
    }


def _content(parcel: Parcel, form: Form) -> dict[str, object]:
    # A withdrawal repeats no facts, and no field that is missing may hold it back.
    document = parcel.documents[0] if parcel.documents else {}
    content: Mapping[str, object] = form.write(document) if parcel.present else form.withdrawn(document)
    key = "penalty_item" if form.table.form is FormKind.PENALTY else "list_record"
    return {key: content} if content else {}

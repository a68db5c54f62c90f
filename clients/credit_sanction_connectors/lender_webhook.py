"""A lender's webhook: CloudEvents 1.0 in structured JSON, signed as Standard Webhooks 1.0.0 says."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Self, cast

from credit_sanction_connectors.answers import demand_taken
from credit_sanction_connectors.http import HttpTarget
from credit_sanction_connectors.parcels import checked, to_json, version_json
from credit_sanction_connectors.port import Holds, Unavailable
from credit_sanction_connectors.settings import Endpoint, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from credit_sanction_connectors.port import Entry, Parcel, Receipt, Version
    from credit_sanction_connectors.settings import Secrets

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - the public prefix of every such secret
KEY_BYTES: Final = range(24, 65)  # Standard Webhooks: 192 to 512 bits
SOURCE: Final = "urn:credit-sanction-service"


@dataclass(frozen=True, slots=True, kw_only=True)
class LenderWebhookSettings:
    """`endpoint`, the signing keys (the live one first), what the lender can hold, the `source` its events name."""

    endpoint: Endpoint
    keys: tuple[bytes, ...] = field(repr=False)
    holds: Holds
    source: str

    @classmethod
    def from_table(cls, name: str, table: Mapping[str, object], secrets: Secrets) -> Self:
        """
        Read `targets.<name>`. A secret is `whsec_` and base64 of 24 to 64 bytes; while it is being changed, the previous
        one signs beside it. Raises `BadTarget`.
        """
        own = {"holds", "source", "previous_secret_file", "previous_secret_env"}
        keys = Table(name, table, own=own)
        live = _key(keys, "secret", keys.secret(secrets))
        given = keys.secret_if_given(secrets, "previous_secret")
        previous = _key(keys, "previous_secret", given) if given else None
        if previous == live:
            raise keys.bad(keys.given("previous_secret"), "refers to the secret itself; expected the one before it")
        return cls(
            endpoint=keys.endpoint(secrets),
            keys=(live,) if previous is None else (live, previous),
            holds=cast("Holds", keys.choice("holds", ("record", "enterprise"), default="record")),
            source=keys.text("source", default=SOURCE),
        )


class LenderWebhook:
    """Speaks to one lender. It offers no list to read back."""

    public = False
    offers_list = False
    tells_endings = False

    def __init__(self, settings: LenderWebhookSettings, *, now: Callable[[], datetime]) -> None:
        """`now` stamps the signatures."""
        self.holds: Holds = settings.holds
        self._settings = settings
        self._now = now
        self._macs = [hmac.new(key, digestmod=hashlib.sha256) for key in settings.keys]  # to be copied for each body
        self._http = HttpTarget(settings.endpoint, now=now)

    @classmethod
    def from_table(cls, name: str, table: Mapping[str, object], secrets: Secrets, now: Callable[[], datetime]) -> Self:
        """Build from `targets.<name>`. Raises `BadTarget`."""
        return cls(LenderWebhookSettings.from_table(name, table, secrets), now=now)

    def compose(self, parcel: Parcel) -> bytes:
        """See the port: one event."""
        return to_json(self._event(checked(parcel)))

    async def push(self, parcel: Parcel, body: bytes, *, timeout_s: float) -> Receipt:
        """See the port. A receiver may answer an empty 2xx; anything else must be JSON."""
        headers = self._signed(message_id(parcel.idempotency_key), body) | {"Idempotency-Key": parcel.idempotency_key}
        answer = await self._http.post("", body, headers=headers, timeout_s=timeout_s)
        demand_taken(answer, words="error")
        number = answer.json_object().get("receipt", "") if answer.body else ""
        return answer.receipt(number)

    async def read_list(self, *, timeout_s: float) -> Mapping[str, Entry]:
        """See the port: a webhook cannot be asked."""
        raise Unavailable(f"this target offers no list (asked for {timeout_s:g} s)", sent=False)

    async def read_entry(self, subject: str, *, timeout_s: float) -> Entry | None:
        """See the port: a webhook cannot be asked."""
        raise Unavailable(f"this target offers no list ({subject}, {timeout_s:g} s)", sent=False)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def _event(self, parcel: Parcel) -> dict[str, object]:
        act: Literal["listed", "withdrawn"] = "listed" if parcel.present else "withdrawn"
        return {
            "specversion": "1.0",
            "id": parcel.idempotency_key,
            "source": self._settings.source,
            "type": f"cn.credit-sanction.{self.holds}.{act}.v1",
            "subject": parcel.subject,
            "datacontenttype": "application/json",
            "sequence": sequence(parcel.version),
            "data": {
                "enterprise_code": parcel.enterprise_code,
                "enterprise_name": parcel.enterprise_name,
                "version": version_json(parcel.version),
                "records": list(parcel.documents) if parcel.present else [],
                "standing": list(parcel.standing),
                "standing_revision": version_json(parcel.standing_revision),
            },
        }

    def _signed(self, webhook_id: str, body: bytes) -> dict[str, str]:
        timestamp = str(int(self._now().timestamp()))
        return {
            "Content-Type": "application/cloudevents+json",
            "webhook-id": webhook_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": " ".join(_signature(mac.copy(), webhook_id, timestamp, body) for mac in self._macs),
        }


def message_id(key: str) -> str:
    """Return what `webhook-id` says: the idempotency key without full stops, which separate what is signed."""
    return key.replace(".", "_")


def sequence(version: Version) -> str:
    """Return the version as text that sorts as versions do (CloudEvents extension `sequence`)."""
    return f"{version.epoch:010d}.{version.number:019d}"


def signature(key: bytes, webhook_id: str, timestamp: str, body: bytes) -> str:
    """Return `v1,` and the base64 HMAC-SHA256 over id, timestamp and body, joined by full stops."""
    return _signature(hmac.new(key, digestmod=hashlib.sha256), webhook_id, timestamp, body)


def _signature(mac: hmac.HMAC, webhook_id: str, timestamp: str, body: bytes) -> str:
    mac.update(b".".join((webhook_id.encode(), timestamp.encode(), body)))
    return "v1," + base64.b64encode(mac.digest()).decode()


def _key(keys: Table, what: str, secret: str) -> bytes:
    encoded = secret.removeprefix(SECRET_PREFIX)
    try:
        key = base64.b64decode(encoded, validate=True) if encoded != secret else b""
    except binascii.Error:
        key = b""
    if len(key) not in KEY_BYTES:
        raise keys.bad(keys.given(what), f"expected the secret as {SECRET_PREFIX} and base64 of 24 to 64 bytes")
    return key

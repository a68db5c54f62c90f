"""Stands in for a credit platform: verifies the signature, checks the form, answers codes as such platforms do."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Final

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from credit_sanction_connectors.standins.dialect import is_fresh, names_of, read_object, version_of
from credit_sanction_connectors.standins.ledger import Arrival
from credit_sanction_connectors.standins.penalty_form import MALFORMED, MISSING, FormFault, form_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from credit_sanction_connectors.standins.dialect import Line, StandIn
    from credit_sanction_connectors.standins.ledger import Outcome

_LIST_MANDATORY: Final = ("subject_name", "subject_uscc", "determined_by", "determined_by_document", "determined_on")
_PENALTY_PREFIX: Final = "CF_"


class CreditPlatformDialect:
    """LIST and WITHDRAW at one address, of list records and of penalty items; its own list and a look-up by record."""

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
        """See the protocol: signed with either of the two hashes."""
        timestamp = headers.get("X-Timestamp", "")
        if headers.get("X-App-Key") != self._app_key or not is_fresh(timestamp, self._now()):
            return False
        signed = timestamp.encode() + b"." + body
        given = headers.get("X-Signature", "").encode(errors="replace")
        wanted = hmac.new(self._secret, signed, hashlib.sha256).hexdigest().encode()
        return hmac.compare_digest(wanted, given) or _fits_sm3(self._secret, signed, given)

    def arrival(self, path: str, headers: Mapping[str, str], body: bytes) -> Arrival:  # noqa: ARG002 - one address
        """See the protocol. What stood under the record before, in whichever form, is replaced."""
        told = read_object(body)
        if told["batch"] != headers["Idempotency-Key"]:
            raise ValueError("batch and Idempotency-Key differ")
        present = {"LIST": True, "WITHDRAW": False}[told["action"]]
        document = told.get("penalty_item", {})  # also of a withdrawal: what it came to
        if present:
            document = told["list_record"] if told["edition"] == "list-record" else told["penalty_item"]
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

    def refusal(self, body: bytes) -> web.Response | None:
        """Check a listing's fields as its edition has them."""
        told = read_object(body)
        if told["action"] != "LIST":
            return None
        edition = told["edition"]
        try:
            faults = _list_faults(told) if edition == "list-record" else form_faults(edition, told["penalty_item"])
        except KeyError:
            return self.refused(f"edition {edition} is not spoken here")
        if not faults:
            return None
        first = faults[0]
        return web.json_response(
            {
                "code": first.code,
                "field": first.field,
                "message": first.message,
                "errors": [{"field": fault.field, "message": fault.message} for fault in faults],
            }
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


def _fits_sm3(secret: bytes, signed: bytes, given: bytes) -> bool:
    mac = HMAC(secret, hashes.SM3())
    mac.update(signed)
    try:
        mac.verify(bytes.fromhex(given.decode("ascii")))
    except (InvalidSignature, ValueError):
        return False
    return True


def _list_faults(told: Mapping[str, Mapping[str, object]]) -> list[FormFault]:
    record = told["list_record"]
    missing = [
        FormFault(code=MISSING, field=field, message=f"{field} 为必填项")
        for field in _LIST_MANDATORY
        if not record.get(field)
    ]
    foreign = [
        FormFault(code=MALFORMED, field=field, message=f"{field} 不是名单字段")
        for field in record
        if field.startswith(_PENALTY_PREFIX)
    ]
    return missing + foreign

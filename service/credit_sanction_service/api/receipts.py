"""Receipts: question and answer as canonical JSON, signed; and the keys by which they are verified."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from google.protobuf.json_format import MessageToDict

from credit_sanction.v1 import restriction_service_pb2 as pb
from credit_sanction_service.api.requests import invalid, plain
from credit_sanction_service.domain.faults import NoReceiptKey
from credit_sanction_service.domain.privacy import holds_citizen_number

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from credit_sanction_service.domain.access import Principal
    from credit_sanction_service.restrictions.receipts import ReceiptKeys

FORMAT: Final = 1
TYPE: Final = "credit-sanction-receipt"
PURPOSE_LIMIT: Final = 200
# Of the question: how it was put. That a receipt was wanted goes without saying, and the purpose stands by itself.
_NOT_ASKED: Final = ("want_receipt", "purpose")


class Receipts:
    """Signs with `keys`; None: this service signs nothing."""

    def __init__(self, keys: ReceiptKeys | None) -> None:
        self._keys = keys

    def require(self, request: pb.CheckRestrictionsRequest) -> None:
        """
        Refuse, before anything is looked up, what no receipt can be given for. Raises `NoReceiptKey`, and `Invalid` for a
        purpose that is too long, and for a purpose or, where it would be signed, a name that holds a citizen's number.
        """
        plain("purpose", request.purpose, limit=PURPOSE_LIMIT)
        signed = request.enterprise.name if request.want_receipt else ""
        for field, text in (("purpose", request.purpose), ("enterprise.name", signed)):
            if holds_citizen_number(text):
                raise invalid(field, "it holds a citizen's identity number 公民身份号码, which must never stand here")
        if request.want_receipt and self._keys is None:
            raise NoReceiptKey("this service has no key to sign receipts with: set CREDIT_SANCTION_RECEIPT_KEY")

    def sign(
        self, caller: Principal, request: pb.CheckRestrictionsRequest, reply: pb.CheckRestrictionsResponse
    ) -> pb.SignedReceipt:
        """Return the receipt of an answered call. Raises as `require`."""
        self.require(request)
        if self._keys is None:
            raise NoReceiptKey("this service has no key to sign receipts with: set CREDIT_SANCTION_RECEIPT_KEY")
        signed = self._keys.sign(payload_of(caller.name, request, reply, receipt_id=str(uuid4())))
        return pb.SignedReceipt(payload=signed.payload, signature=signed.signature, key_id=signed.key_id)

    def list(self) -> pb.ListReceiptKeysResponse:
        """Return the public keys, the present one first."""
        keys = self._keys
        return pb.ListReceiptKeysResponse(
            keys=[
                pb.ReceiptKey(key_id=key.id, public_key=key.raw, pem=key.pem, is_current=key == keys.current)
                for key in keys.published
            ]
            if keys
            else []
        )


def payload_of(
    caller: str, request: pb.CheckRestrictionsRequest, reply: pb.CheckRestrictionsResponse, *, receipt_id: str
) -> bytes:
    """Return what is signed: one JSON object in UTF-8, its keys sorted, without spaces. docs/receipts.md has its fields."""
    question = _plain(request)
    for field in _NOT_ASKED:
        question.pop(field, None)
    return json.dumps(
        {
            "type": TYPE,
            "format": FORMAT,
            "receipt_id": receipt_id,
            "caller": caller,
            "purpose": request.purpose,
            "question": question,
            "answer": _plain(reply.answer),
            "basis": _plain(reply.basis),
        },
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    ).encode()


def _plain(message: Message) -> dict[str, Any]:
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)

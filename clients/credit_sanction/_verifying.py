"""Whether a receipt is genuine, found out without the service; and what a genuine one says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.json_format import ParseDict, ParseError

from credit_sanction._answers import Answer
from credit_sanction._consistency import as_known
from credit_sanction._errors import ClientError, ReceiptRefused
from credit_sanction._reading import answer_of
from credit_sanction.v1.restriction_service_pb2 import AnswerBasis, Consistency, RestrictionAnswer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_sanction._answers import AsKnown
    from credit_sanction._receipts import Receipt, ReceiptKey

TYPE: Final = "credit-sanction-receipt"
FORMAT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedReceipt:
    """
    What a genuine receipt says. `caller` asked `question` for `purpose` and was given `answer`. `question` is the contract's
    CheckRestrictionsRequest as JSON; `receipt_id` is no other receipt's.
    """

    receipt_id: str
    key_id: str
    caller: str
    purpose: str
    question: Mapping[str, Any] = field(hash=False)
    answer: Answer


def verify(receipt: Receipt, keys: Iterable[ReceiptKey]) -> VerifiedReceipt:
    """
    Return what the receipt says, once one of `keys` has verified its signature. No service is asked.

    Raises ReceiptRefused where the signature does not fit, or is of a key that is not among them; ClientError where the
    package `cryptography` is missing: install `credit-sanction[verify]`.
    """
    key = next((key for key in keys if key.key_id == receipt.key_id), None)
    if key is None:
        raise ReceiptRefused(
            f"it names the key {receipt.key_id[:40]!r}, which is none of the keys given: it is another service's, or they"
            " are too old"
        )
    _require_signature(receipt, key)
    try:
        said = json.loads(receipt.payload)
        if (said["type"], said["format"]) != (TYPE, FORMAT):
            raise ReceiptRefused("it is genuine, and of a form that this client does not know: install a newer one")
        wire = ParseDict(said["answer"], RestrictionAnswer(), ignore_unknown_fields=True)
        basis = ParseDict(said["basis"], AnswerBasis(), ignore_unknown_fields=True)
        return VerifiedReceipt(
            receipt_id=said["receipt_id"],
            key_id=receipt.key_id,
            caller=said["caller"],
            purpose=said["purpose"],
            question=said["question"],
            answer=answer_of(said["question"]["enterprise"]["code"], wire, basis, as_known=_past(said["question"])),
        )
    except (ValueError, KeyError, TypeError, ParseError, RecursionError):
        raise ReceiptRefused("it is signed, and what is signed is no receipt") from None


def _past(question: Mapping[str, Any]) -> AsKnown | None:
    """Return the past as of whose knowledge was asked, None for the present."""
    asked = ParseDict(question.get("consistency", {}), Consistency(), ignore_unknown_fields=True)
    return as_known(
        asked.at_revision if asked.HasField("at_revision") else None,
        asked.as_known_at.ToDatetime(UTC) if asked.HasField("as_known_at") else None,
    )


def _require_signature(receipt: Receipt, key: ReceiptKey) -> None:
    # Only here: whoever verifies nothing needs no such package.
    try:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - an extra, which may be missing
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - as above
    except ImportError:
        raise ClientError(
            "verifying a receipt takes the package cryptography: pip install 'credit-sanction[verify]'"
        ) from None
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(receipt.signature, receipt.payload)
    except (InvalidSignature, ValueError):
        raise ReceiptRefused("it is not genuine: the signature does not fit what it says") from None

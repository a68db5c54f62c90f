"""
Receipts 查询回执: what was asked and answered, as bytes that anybody can verify offline who has a public key of the service.

Ed25519 (RFC 8032) over the bytes of the payload as they are; no digest of ours, no other form of them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_RAW_BYTES: Final = 32
_ID_DIGITS: Final = 16
_PEM: Final = re.compile(r"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)


class BadReceiptKey(ValueError):
    """A key that cannot be one: a sentence that says what is expected, and repeats nothing of the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A key by which receipts are verified: its id, its 32 bytes, and the same as PEM."""

    id: str
    raw: bytes
    pem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A payload, its signature of 64 bytes, and the id of the key that made it."""

    payload: bytes
    signature: bytes
    key_id: str


class ReceiptKeys:
    """The private key that signs, and the public keys of those that signed before. No key is ever shown by `repr`."""

    def __init__(self, private: Ed25519PrivateKey, former: Sequence[Ed25519PublicKey] = ()) -> None:
        self._private = private
        self._current = _published(private.public_key())
        self._published = tuple(dict.fromkeys((self._current, *map(_published, former))))

    @property
    def current(self) -> PublicKey:
        """The public half of the key that signs."""
        return self._current

    @property
    def published(self) -> Sequence[PublicKey]:
        """All public keys, the present one first, each once."""
        return self._published

    def sign(self, payload: bytes) -> Signed:
        """Sign these bytes."""
        return Signed(payload=payload, signature=self._private.sign(payload), key_id=self._current.id)


def read_receipt_keys(key: str, former: str) -> ReceiptKeys | None:
    """
    Return the keys that two settings name, None where neither names any. `key` is a private key; `former` are public or
    private keys, one after another. Each is PEM, or 32 raw bytes in base64 (of a private key: its seed; in `former` a
    public key). Raises `BadReceiptKey`.
    """
    if not key.strip():
        if former.strip():
            raise BadReceiptKey("former receipt keys are set and none that signs: set CREDIT_SANCTION_RECEIPT_KEY too")
        return None
    return ReceiptKeys(_private(key.strip()), [_public(text) for text in _each(former)])


def new_receipt_key() -> str:
    """Return a new private key as PEM (PKCS #8)."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def _each(text: str) -> Iterator[str]:
    yield from (match[0] for match in _PEM.finditer(text))
    yield from _PEM.sub(" ", text).split()


def _private(text: str) -> Ed25519PrivateKey:
    if not text.startswith("-----"):
        return Ed25519PrivateKey.from_private_bytes(_raw(text, "CREDIT_SANCTION_RECEIPT_KEY"))
    try:
        key = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise BadReceiptKey(
            "CREDIT_SANCTION_RECEIPT_KEY holds no Ed25519 private key without a pass phrase: make one with"
            " `credit-sanction-service receipt-key`"
        )
    return key


def _public(text: str) -> Ed25519PublicKey:
    if not text.startswith("-----"):
        return Ed25519PublicKey.from_public_bytes(_raw(text, "CREDIT_SANCTION_RECEIPT_OLD_KEYS"))
    if "PRIVATE KEY" in text.partition("\n")[0]:
        return _private(text).public_key()
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise BadReceiptKey(
            "CREDIT_SANCTION_RECEIPT_OLD_KEYS holds what is no Ed25519 key: PEM, or base64, is expected"
        )
    return key


def _raw(text: str, setting: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _RAW_BYTES:
        raise BadReceiptKey(f"{setting} is neither PEM nor {_RAW_BYTES} bytes in base64")
    return raw


def _published(key: Ed25519PublicKey) -> PublicKey:
    raw = key.public_bytes_raw()
    return PublicKey(
        id=hashlib.sha256(raw).hexdigest()[:_ID_DIGITS],
        raw=raw,
        pem=key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii"),
    )

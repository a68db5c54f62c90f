"""Receipts 查询回执 and the keys by which they are verified, as values and as files."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from credit_sanction._errors import ClientError, CreditSanctionError, ReceiptRefused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

_KEY_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_LARGEST_FILE: Final = 4 * 1024 * 1024
_KEY_ID: Final = re.compile(r"[0-9a-f]{16}", re.ASCII)
_PEM: Final = re.compile(r"-----BEGIN PUBLIC KEY-----\s*([A-Za-z0-9+/=\s]+?)\s*-----END PUBLIC KEY-----", re.ASCII)
_ED25519_HEADER: Final = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: what stands before the 32 bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptKey:
    """A public key of the service 验签公钥: 32 bytes, Ed25519. Its id is the beginning of the key's SHA-256."""

    public_key: bytes
    is_current: bool = False

    def __post_init__(self) -> None:
        if len(self.public_key) != _KEY_BYTES:
            raise ClientError(f"a receipt key has {_KEY_BYTES} bytes, not {len(self.public_key)}")

    @property
    def key_id(self) -> str:
        """Which key it is: the first 16 hexadecimal digits of the SHA-256 of its bytes."""
        return hashlib.sha256(self.public_key).hexdigest()[:16]

    @property
    def pem(self) -> str:
        """The same as PEM, as `openssl pkeyutl -verify` reads it."""
        text = base64.b64encode(_ED25519_HEADER + self.public_key).decode("ascii")
        return f"-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """
    Question and answer, signed 查询回执. `payload` is JSON in UTF-8, and what is signed are these very bytes. What it says
    counts only once `verify` has found the signature to be a key's of the service.
    """

    payload: bytes
    signature: bytes
    key_id: str

    def to_json(self) -> str:
        """Return the one form that a receipt has as a file: `load` takes no other."""
        form = {
            "key_id": self.key_id,
            "payload": self.payload.decode("utf-8"),
            "signature": base64.b64encode(self.signature).decode("ascii"),
        }
        return json.dumps(form, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the receipt that `to_json` wrote; white space around it does not count. Raises ReceiptRefused."""
        try:
            form = json.loads(text)
            receipt = cls(
                payload=form["payload"].encode("utf-8"),
                signature=base64.b64decode(form["signature"], validate=True),
                key_id=form["key_id"],
            )
            is_same = receipt.to_json() == text.strip()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ReceiptRefused(
                "it is no receipt, or was changed: its form is not that in which receipts are saved"
            ) from None
        if not is_same or len(receipt.signature) != _SIGNATURE_BYTES or not _KEY_ID.fullmatch(receipt.key_id):
            raise ReceiptRefused("it was changed: a receipt is verified to the letter, as it was saved")
        return receipt

    def save(self, file: Path | str) -> None:
        """Write it to a new file. Raises ClientError where there is one already: no receipt is written over another."""
        try:
            with Path(file).open("x", encoding="utf-8", newline="") as stream:
                stream.write(self.to_json())
        except FileExistsError:
            raise ClientError(f"{file} exists already: a receipt is written over no other file") from None

    @classmethod
    def load(cls, file: Path | str) -> Self:
        """Return the receipt in a file. Raises ReceiptRefused for what is none, or was changed; OSError."""
        return cls.from_json(_text(Path(file), ReceiptRefused))


def load_keys(file: Path | str) -> tuple[ReceiptKey, ...]:
    """
    Return the keys in a file: what `credit-sanction receipt-keys` printed, or public keys as PEM. Raises ClientError for a
    file that holds none, or one whose id is another's; OSError.
    """
    text = _text(Path(file), ClientError)
    keys = _of_json(text) if text.lstrip().startswith("{") else [_of_pem(match[1]) for match in _PEM.finditer(text)]
    if not keys:
        raise ClientError(
            f"{file} holds no receipt key: what `credit-sanction receipt-keys` prints is expected, or PEM"
        )
    return tuple(keys)


def dump_keys(keys: Iterable[ReceiptKey]) -> str:
    """Return keys as `load_keys` reads them: JSON."""
    forms = [
        {
            "key_id": key.key_id,
            "public_key": base64.b64encode(key.public_key).decode("ascii"),
            "pem": key.pem,
            "is_current": key.is_current,
        }
        for key in keys
    ]
    return json.dumps({"keys": forms}, indent=2)


def _of_json(text: str) -> list[ReceiptKey]:
    try:
        forms = json.loads(text)["keys"]
        keys = [
            (form["key_id"], ReceiptKey(public_key=_decoded(form["public_key"]), is_current=bool(form["is_current"])))
            for form in forms
        ]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ClientError("the file of receipt keys is not what `credit-sanction receipt-keys` printed") from None
    for key_id, key in keys:
        if key_id != key.key_id:
            raise ClientError(f"the receipt key under the id {str(key_id)[:40]!r} is another one: fetch the keys again")
    return [key for _, key in keys]


def _of_pem(text: str) -> ReceiptKey:
    try:
        der = _decoded("".join(text.split()))
    except ValueError:
        der = b""
    if not der.startswith(_ED25519_HEADER):
        raise ClientError("a public key in the file is no Ed25519 key")
    return ReceiptKey(public_key=der.removeprefix(_ED25519_HEADER))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as fault:
        raise ValueError(str(fault)) from None


def _text(file: Path, refusal: type[CreditSanctionError]) -> str:
    with file.open("rb") as stream:
        content = stream.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise refusal(f"{file} is larger than any receipt, or file of keys")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise refusal(f"{file} is no UTF-8 text: it is none of ours, or was changed") from None

"""How a request to a credit platform is signed: keyed hashes, by the name that the targets file gives them."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Signer = Callable[[bytes, bytes], str]

HMAC_SHA256: Final = "hmac-sha256"
HMAC_SM3: Final = "hmac-sm3"


def hmac_sha256(key: bytes, message: bytes) -> str:
    """Return the HMAC-SHA256 in hexadecimal."""
    return hmac.digest(key, message, hashlib.sha256).hex()


def hmac_sm3(key: bytes, message: bytes) -> str:
    """Return the HMAC over SM3 (GB/T 32905-2016) in hexadecimal."""
    # Not hashlib's: whether that has SM3 depends on the machine's OpenSSL.
    mac = HMAC(key, hashes.SM3())
    mac.update(message)
    return mac.finalize().hex()


SIGNERS: Final[Mapping[str, Signer]] = {HMAC_SHA256: hmac_sha256, HMAC_SM3: hmac_sm3}


def request_signature(signer: Signer, secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature over timestamp, a full stop and the body."""
    return signer(secret.encode(), timestamp.encode() + b"." + body)

"""What all kinds write the same way: versions, names, and JSON whose bytes are what was signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from credit_sanction_connectors.port import Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credit_sanction_connectors.port import Parcel, Version

KEY_MAX: Final = 256
BODY_MAX: Final = 1024 * 1024
_JSON: Final = msgspec.json.Encoder()


def version_json(version: Version) -> dict[str, int]:
    """Return a version as JSON; it compares by epoch, then by number."""
    return {"epoch": version.epoch, "number": version.number}


def to_json(body: Mapping[str, object]) -> bytes:
    """Return compact UTF-8 JSON of at most 1 MiB. Raises `Rejected` for content that does not fit that."""
    try:
        text = _JSON.encode(body)
    except (TypeError, ValueError, RecursionError, OverflowError) as error:
        raise Rejected(f"the record cannot be written as JSON: {error}", code="NOT_JSON") from error
    if len(text) > BODY_MAX:
        raise Rejected(f"the record takes {len(text)} bytes, {BODY_MAX} are allowed", code="TOO_LARGE")
    return text


def checked(parcel: Parcel) -> Parcel:
    """Return `parcel`. Raises `Rejected` for a listing without document or a key no header can carry."""
    if parcel.present and not parcel.documents:
        raise Rejected("a listing without a document", code="NO_DOCUMENT")
    key = parcel.idempotency_key
    if not 0 < len(key) <= KEY_MAX or not (key.isascii() and key.isprintable()) or " " in key:
        raise Rejected("an idempotency key that no header can carry", code="BAD_KEY")
    return parcel

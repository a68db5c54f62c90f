"""The key that signs receipts: read from the settings, and printed anew by `receipt-key`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from credit_sanction_service.host.refusal import StartRefused
from credit_sanction_service.restrictions.receipts import (
    BadReceiptKey,
    ReceiptKeys,
    new_receipt_key,
    read_receipt_keys,
)

if TYPE_CHECKING:
    from credit_sanction_service.config import Settings


def receipt_keys(settings: Settings) -> ReceiptKeys | None:
    """Return the keys that are set, None where none is. Raises `StartRefused` for what is no key."""
    try:
        return read_receipt_keys(settings.receipt_key, settings.receipt_old_keys)
    except BadReceiptKey as fault:
        raise StartRefused(str(fault)) from None


def print_receipt_key(_settings: Settings) -> int:
    """Print a new private key, to be kept in a file of its own, and on standard error its id and public half."""
    text = new_receipt_key()
    keys = read_receipt_keys(text, "")
    if keys is None:
        raise RuntimeError("a new key is none")
    sys.stdout.write(text)
    sys.stderr.write(f"key id {keys.current.id}; its public half:\n{keys.current.pem}")
    return 0

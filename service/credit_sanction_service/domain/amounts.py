"""Amounts as people type them: plain decimal numbers, kept exactly."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.privacy import shown

if TYPE_CHECKING:
    from credit_sanction_service.domain.findings import Findings

_DIGITS: Final = 12
_MOST: Final = Decimal(10) ** _DIGITS
# With as many zeros in front or behind as a form may print, but neither exponents nor marks between digits.
_PLAIN: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,11})?")


def read_amount(
    field: str, typed: str, findings: Findings, *, places: int, like: str, positive: bool = False
) -> Decimal | None:
    """
    Return a number from 0 (`positive`: above 0) with at most 12 digits before and `places` behind the point, without zeros
    at its end; None, noted, for anything else. `like` is an example, with its unit.
    """
    if not _PLAIN.fullmatch(typed):
        findings.note(field, f"{shown(typed)} is not a plain decimal number like {like}")
        return None
    amount = Decimal(typed)
    if amount >= _MOST or amount.quantize(Decimal(1).scaleb(-places)) != amount or (positive and not amount):
        least = "above 0" if positive else "a number"
        text = f"{shown(typed)} is not {least} with at most {_DIGITS} digits before and {places} behind the point"
        findings.note(field, text)
        return None
    return amount.normalize() + 0

"""What a credit platform's answer means: its own code decides, also under a status of 200."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from credit_sanction_connectors.answers import EXCERPT_MAX, RETRY_AFTER_MAX, demand_taken, printable
from credit_sanction_connectors.port import FieldFault, Rejected, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from credit_sanction_connectors.answers import Answer
    from credit_sanction_connectors.port import Receipt

TAKEN: Final = "00"
DATA_REFUSED: Final = frozenset({"96", "97", "98"})
NOT_NOW: Final = "99"
FAULTS_MAX: Final = 50
FIELD_MAX: Final = 64


def receipt_of(answer: Answer, path_of: Callable[[str], str]) -> Receipt:
    """
    Return the receipt of code 00. Raises `Rejected` for 96, 97 and 98, with the fields that the platform names, and
    `Unavailable` for 99, with the wait that it asks for, and for whatever else it says.

    `path_of` gives a caller's path for one of the platform's fields, empty where there is none.
    """
    try:
        demand_taken(answer, words="message")
    except Rejected as refusal:
        refusal.faults = faults_of(answer, path_of)
        raise
    told, code = answer.json_object(), answer.words("code")
    if code in DATA_REFUSED:
        raise _refused(answer, code, path_of)
    if code == TAKEN:
        return answer.receipt(told.get("receipt"))
    if code == NOT_NOW:
        later = answer.unavailable(printable(answer.words("message"), EXCERPT_MAX) or "the platform asks to come later")
        later.refused = True
        later.retry_after = _wish(told) if _wish(told) is not None else answer.retry_after
    else:
        later = answer.unavailable(f"the platform answers with code {str(told.get('code'))[:20]!r}")
    later.code = printable(code, FIELD_MAX)
    raise later


def faults_of(answer: Answer, path_of: Callable[[str], str]) -> tuple[FieldFault, ...]:
    """Return the fields that a refusal names: `errors`, a list of `field` and `message`, or the two beside the code."""
    try:
        told = answer.json_object()
    except Unavailable:
        return ()
    errors = told.get("errors")
    named: list[Mapping[str, object]] = (
        [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    )
    found = [_fault(one, path_of) for one in (named or [told])[:FAULTS_MAX]]
    return tuple(fault for fault in found if fault)


def _refused(answer: Answer, code: str, path_of: Callable[[str], str]) -> Rejected:
    faults = faults_of(answer, path_of)
    words = answer.words("message") or "; ".join(fault.words for fault in faults if fault.words)
    refusal = answer.rejected(words, code=code)
    refusal.faults = faults
    wish = _wish(answer.json_object())
    refusal.retry_after = answer.retry_after if wish is None else wish
    return refusal


def _fault(told: Mapping[str, object], path_of: Callable[[str], str]) -> FieldFault | None:
    name, words = told.get("field"), told.get("message")
    if not isinstance(name, str) or not (field := printable(name, FIELD_MAX)):
        return None
    return FieldFault(
        field=field, path=path_of(field), words=printable(words, EXCERPT_MAX) if isinstance(words, str) else ""
    )


def _wish(told: Mapping[str, object]) -> float | None:
    wish = told.get("retry_after")
    if isinstance(wish, bool) or not isinstance(wish, int | float):
        return None
    # A whole number may be too long to be a float at all, so it is cut first.
    seconds = float(min(wish, RETRY_AFTER_MAX))
    return seconds if math.isfinite(seconds) and seconds >= 0 else None

"""What a target answered, and what each status means at the port."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, cast

import msgspec

from credit_sanction_connectors.port import Receipt, Rejected, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

EXCERPT_MAX: Final = 500
RECEIPT_MAX: Final = 200
RETRY_AFTER_MAX: Final = 86_400.0
TARGET_HOLDS_NEWER: Final = "TARGET_HOLDS_NEWER"
_READ: Final = msgspec.json.Decoder().decode
_DATA_REFUSED: Final = frozenset({400, 422})
_NOT_NOW: Final[Mapping[int, str]] = {
    202: "accepted, no receipt yet",
    401: "the target refuses our credentials",
    403: "the target refuses our credentials",
    404: "nothing answers at this address",
    405: "nothing answers at this address",
    408: "the target waited too long for our request",
    410: "the target no longer wants to be called",
    425: "the target is not ready for this request",
    429: "the target asks for fewer requests",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer, its body cut at the limit of the call: then `complete` is False."""

    status: int
    body: bytes
    complete: bool = True
    retry_after: float | None = None

    @property
    def excerpt(self) -> str:
        """The start of the body, safe to store and to show."""
        return excerpt(self.body)

    def unavailable(self, reason: str) -> Unavailable:
        """Return this answer as "not now": it came from the target, so the request has arrived."""
        return Unavailable(
            reason,
            sent=True,
            status=self.status,
            retry_after=self.retry_after,
            gone=self.status == 410,  # noqa: PLR2004 - Gone, as HTTP numbers it
            excerpt=self.excerpt,
        )

    def rejected(self, words: str, *, code: str = "") -> Rejected:
        """Return this answer as "never with this data", in the target's own words."""
        reason = printable(words, EXCERPT_MAX) or f"the target refuses the data with status {self.status}"
        return Rejected(
            reason,
            status=self.status,
            code=printable(code, 64),
            excerpt=self.excerpt,
            retry_after=self.retry_after,
        )

    def json_object(self) -> Mapping[str, object]:
        """Read the body as one JSON object. Raises `Unavailable` for anything else."""
        if not self.complete:
            raise self.unavailable(f"the answer is longer than {len(self.body)} bytes")
        try:
            value = _json(self.body)
        except (ValueError, RecursionError):
            raise self.unavailable("the answer is not JSON") from None
        if not isinstance(value, dict):
            raise self.unavailable("the answer is not a JSON object")
        return cast("dict[str, object]", value)

    def words(self, key: str) -> str:
        """Return the text that the body has under `key`, empty where there is none: for refusals only."""
        try:
            value = self.json_object().get(key)
        except Unavailable:
            return ""
        return value if isinstance(value, str) else ""

    def receipt(self, number: object) -> Receipt:
        """Return the receipt with the target's own number. Raises `Unavailable` where that is unusable."""
        if not isinstance(number, str) or number != printable(number, RECEIPT_MAX):
            raise self.unavailable("the answer has no usable receipt number")
        return Receipt(number=number, status=self.status, excerpt=self.excerpt)


def demand_taken(answer: Answer, *, words: str) -> None:
    """Return for a 2xx other than 202, else raise what it means for a push; `words`: the reason's key."""
    if answer.status in _DATA_REFUSED:
        raise answer.rejected(answer.words(words), code=answer.words("code"))
    if answer.status == 409:  # noqa: PLR2004 - Conflict, as HTTP numbers it
        raise answer.rejected(answer.words(words) or "the target holds a newer version", code=TARGET_HOLDS_NEWER)
    demand_ok(answer)


def demand_ok(answer: Answer) -> None:
    """Return for a 2xx other than 202, else raise `Unavailable`."""
    if answer.status in _NOT_NOW:
        raise answer.unavailable(_NOT_NOW[answer.status])
    match answer.status // 100:
        case 2:
            return
        case 3:
            raise answer.unavailable("redirects are not followed")
        case 5:
            raise answer.unavailable(f"the target is in trouble (status {answer.status})")
        case _:
            raise answer.unavailable(f"the target answers with the unexpected status {answer.status}")


def _json(body: bytes) -> object:
    try:
        return _READ(body)
    except (ValueError, RecursionError):
        value: object = json.loads(
            body
        )  # which is slower, and takes what others do: a byte order mark, other encodings
        return value


def excerpt(body: bytes) -> str:
    """Return the start of what came, safe to store and to show."""
    return printable(body[: 4 * EXCERPT_MAX].decode(errors="replace"), EXCERPT_MAX)


def printable(text: str, limit: int) -> str:
    """Return `text` on one line, without control characters or lone surrogates, cut to `limit` characters."""
    if text.isprintable():  # mostly, and then there is nothing to look for
        return text.strip()[:limit]
    kept = (" " if character in "\r\n\t" else character for character in text)
    clean = "".join(c for c in kept if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"})
    return clean.strip()[:limit]


def retry_after(value: str | None, *, now: Callable[[], datetime]) -> float | None:
    """Read a Retry-After line, seconds or HTTP-date, as seconds in 0..86400; None where it is neither."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), RETRY_AFTER_MAX)
    try:
        until = parsedate_to_datetime(text)
        wait = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(wait.total_seconds(), 0.0), RETRY_AFTER_MAX)

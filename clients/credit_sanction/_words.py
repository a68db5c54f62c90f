"""Between the contract's values and what people write: enumerations as words, days as dates, revisions, request ids."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from credit_sanction._errors import ClientError

if TYPE_CHECKING:
    from google.protobuf.internal.enum_type_wrapper import _EnumTypeWrapper

Value = TypeVar("Value", bound=int)

_CHINA: Final = timezone(timedelta(hours=8))


class RevisionLike(Protocol):
    """A `Revision`, or the one that a record or a delivery carries."""

    @property
    def epoch(self) -> int:
        """Store epoch 纪元."""

    @property
    def number(self) -> int:
        """Number within the epoch 修订号."""


def number(enum: _EnumTypeWrapper[Value], prefix: str, value: str | Value) -> Value:
    """Return the value of a word without its prefix, in any case. Raises ClientError, naming the words there are."""
    if not isinstance(value, str):
        return value
    try:
        return enum.Value(prefix + value.strip().upper())
    except ValueError:
        words = ", ".join(name.removeprefix(prefix) for name in enum.keys()[1:])
        raise ClientError(f"{value[:40]!r} is none of {words}") from None


def word(enum: _EnumTypeWrapper[Value], prefix: str, value: Value) -> str:
    """Return the word of a value without its prefix, its number where this client does not know it yet."""
    try:
        return enum.Name(value).removeprefix(prefix)
    except ValueError:
        return str(int(value))


def day_text(value: date | str | None) -> str:
    """Return a day as the contract writes it; text goes through as it is, for the service to judge."""
    return value if isinstance(value, str) else value.isoformat() if value else ""


def day(text: str) -> date | None:
    """Read a day of an answer, None where it is empty."""
    return date.fromisoformat(text) if text else None


def china_time(instant: datetime) -> str:
    """Return an aware instant as people here read it, in whole seconds of China's time: legal days are of this clock."""
    return instant.astimezone(_CHINA).isoformat(timespec="seconds")


def request_id_of(given: str | None) -> str:
    """Return the request id that was given, or a new one: a write under it that is retried happens once."""
    return str(uuid.uuid4()) if given is None else given

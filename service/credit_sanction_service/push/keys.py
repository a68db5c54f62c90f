"""Reading one table of the targets file key by key; a fault is one sentence that names the key."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from enum import StrEnum

E = TypeVar("E", bound="StrEnum")


class BadTargetsFile(ValueError):
    """The targets file cannot be used; the text is one sentence that names the line's key and what to do."""


class Keys:
    """The keys of one table. What is never asked for is left over."""

    def __init__(self, where: str, table: Mapping[str, object]) -> None:
        self._where = where
        self._left = dict(table)

    def bad(self, fault: str) -> BadTargetsFile:
        """Return the refusal, for the caller to raise."""
        return BadTargetsFile(f"{self._where}: {fault}")

    def left(self) -> dict[str, object]:
        """Return what nobody has asked for."""
        return dict(self._left)

    def stop_if_any_left(self) -> None:
        """Refuse keys that nobody has asked for."""
        for key in self._left:
            raise self.bad(f"unknown key {key!r}")

    def text(self, key: str) -> str:
        """Take a text that must be there."""
        value = self._left.pop(key, None)
        if value is None:
            raise self.bad(f"{key!r} is missing")
        if not isinstance(value, str):
            raise self.bad(f"{key!r} must be a text")
        return value

    def choice(self, key: str, allowed: tuple[str, ...]) -> str | None:
        """Take one of `allowed`, None where the key is not there."""
        if key not in self._left:
            return None
        value = self.text(key)
        if value not in allowed:
            raise self.bad(f"{key!r} is {value!r}; expected one of {', '.join(allowed)}")
        return value

    def number(self, key: str, default: float, *, least: float, most: float) -> float:
        """Take a number within bounds."""
        value = self._left.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.bad(f"{key!r} must be a number")
        if not least <= value <= most:
            raise self.bad(f"{key!r} is {value:.12g}; expected {least:,.12g} to {most:,.12g}")
        return float(value)

    def whole(self, key: str, default: int, *, least: int, most: int) -> int:
        """Take a whole number within bounds."""
        value = self._left.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.bad(f"{key!r} must be a whole number")
        return int(self.number(key, default, least=least, most=most))

    def numbers(self, key: str, default: tuple[float, ...], *, least: float, most: float) -> tuple[float, ...]:
        """Take a list of at least one number within bounds."""
        value = self._left.pop(key, None)
        if value is None:
            return default
        if not isinstance(value, list) or not value:
            raise self.bad(f"{key!r} must be a list of numbers with at least one")
        # Each is read as a key of its own, so that a fault names its place.
        places = Keys(self._where, {f"{key}[{place}]": item for place, item in enumerate(value)})
        return tuple(places.number(f"{key}[{place}]", 0.0, least=least, most=most) for place in range(len(value)))

    def texts(self, key: str) -> frozenset[str] | None:
        """Take a list of texts, None where the key is not there; an empty list would take nothing and is refused."""
        value = self._left.pop(key, None)
        if value is None:
            return None
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            raise self.bad(f"{key!r} must be a list of texts with at least one")
        return frozenset(value)

    def words(self, key: str, kind: type[E]) -> frozenset[E] | None:
        """Take a list of words of one kind, None where the key is not there."""
        given = self.texts(key)
        if given is None:
            return None
        for word in sorted(given):
            if word not in kind.__members__:
                raise self.bad(f"{key!r} names {word!r}; expected of {', '.join(kind.__members__)}")
        return frozenset(kind[word] for word in given)

    def table(self, key: str) -> Keys:
        """Take a table within; an empty one where it is not there."""
        value = self._left.pop(key, {})
        if not isinstance(value, dict):
            raise self.bad(f"{key!r} must be a table")
        return Keys(f"{self._where}: {key}", value)

"""What the operators' verbs take as options, read by argparse; a fault is a sentence behind the option's name."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from credit_sanction._answers import Revision
from credit_sanction._arguments import EPOCH_MAX, NUMBER_MAX

if TYPE_CHECKING:
    from collections.abc import Callable

_UNITS: Final = {"m": 60, "h": 3600, "d": 86_400}


def filled(text: str) -> str:
    """Take a text that is not empty: a variable of the shell that nobody set would let everything through."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty: leave it out where nothing is to be left out")
    return text


def revision(text: str) -> Revision:
    """Read a revision as answers write it, EPOCH:NUMBER."""
    epoch, colon, number = text.strip().partition(":")
    if not (colon and epoch.isdecimal() and number.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no revision: EPOCH:NUMBER is expected, like 1:42")
    most = len(str(NUMBER_MAX))  # what is longer is not even read: Python refuses thousands of digits
    if max(len(epoch), len(number)) > most or int(epoch) > EPOCH_MAX or int(number) > NUMBER_MAX:
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is no revision: an epoch is at most {EPOCH_MAX}, a number {NUMBER_MAX}"
        )
    return Revision(epoch=int(epoch), number=int(number))


def count(least: int, most: int) -> Callable[[str], int]:
    """Return what reads a whole number from `least` to `most`."""

    def read(text: str) -> int:
        digits = text.strip()
        if not (digits.isdecimal() and len(digits) <= len(str(most)) and least <= int(digits) <= most):
            raise argparse.ArgumentTypeError(f"{text[:40]!r} is no whole number from {least} to {most}")
        return int(digits)

    return read


def seconds(least: float, most: float) -> Callable[[str], float]:
    """Return what reads a number of seconds from `least` to `most`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text[:40]!r} is no number of seconds from {least:g} to {most:g}")
        return value

    return read


def past(text: str) -> datetime:
    """Read an instant, or how long ago it was."""
    return _read(text, lambda span: datetime.now(UTC) - span)


def ahead(text: str) -> datetime:
    """Read an instant, or how long it is till then."""
    return _read(text, lambda span: datetime.now(UTC) + span)


def _read(text: str, at: Callable[[timedelta], datetime]) -> datetime:
    number, unit = text[:-1], text[-1:]
    try:
        if unit in _UNITS and number.isdecimal() and int(number):
            return at(timedelta(seconds=int(number) * _UNITS[unit]))
        instant = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        instant = None
    if instant is None or instant.utcoffset() is None:
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is neither an instant with its zone nor a time such as 30m, 6h, 2d"
        )
    return instant

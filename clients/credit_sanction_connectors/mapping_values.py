"""What one field of a platform's says of a document: the value in the field's own form, or why it cannot be said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from credit_sanction_connectors.mapping_rows import FieldType, Take

if TYPE_CHECKING:
    from credit_sanction_connectors.mapping_rows import FieldRow

_CODE: Final = re.compile(r"[0-9A-Za-z]+", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_AMOUNT: Final = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)


class Unfit(ValueError):
    """What is held cannot stand in the field; the text says why."""


def value_of(row: FieldRow, document: Mapping[str, object], *, dates: str) -> object:
    """
    Return what the field says of the document, None where that says nothing of it. Raises `Unfit`.

    `dates` is how days are written. Amounts come out as plain decimal text, never as floating point.
    """
    if row.type is FieldType.STATE:
        return row.words.get("DISPUTED" if at(document, row.source) is True else "IN_FORCE")
    if row.type is FieldType.PRESENCE:
        return row.words.get("ABSENT" if at(document, row.source) is None else "PRESENT")
    held = _held(row, document)
    if held in (None, ""):
        return None
    match row.type:
        case FieldType.AS_IS:
            return held
        case FieldType.DATE:
            return _day(held, dates)
        case FieldType.TIME:
            return f"{_day(held, dates)} 00:00:00"
        case FieldType.PREFIX:
            return fitting(row, _by_prefix(row, held))
        case FieldType.AMOUNT:
            return _amount(row, held)
        case FieldType.CATEGORIES:
            return fitting(row, _categories(row, held, document)) or None
        case _:
            return fitting(row, _text(held))


def at(document: Mapping[str, object], source: tuple[str, ...]) -> object:
    """Return what stands at the end of `source`, None where nothing does."""
    held: object = document
    for key in source:
        held = held.get(key) if isinstance(held, Mapping) else None
    return held


def _held(row: FieldRow, document: Mapping[str, object]) -> object:
    held = at(document, row.source)
    return at(document, row.otherwise) if held in (None, "") and row.otherwise else held


def fitting(row: FieldRow, text: str) -> str:
    """Return `text` where the field can hold it. Raises `Unfit`."""
    if row.type is FieldType.CODE:
        if len(text) != row.length or not _CODE.fullmatch(text):
            raise Unfit(f"is no code of {row.length} letters and digits")
        if not text.startswith(row.starts):
            raise Unfit(f"does not start with {row.starts}")
    elif row.length and len(text) > row.length:
        raise Unfit(f"has {len(text)} characters; the field takes {row.length}")
    return text


def _text(held: object) -> str:
    if not isinstance(held, str):
        raise Unfit("is not text")
    return held


def _day(held: object, dates: str) -> str:
    text = _text(held)
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise Unfit("is no day YYYY-MM-DD")
    # Not strftime's year: how it writes those before 1000 depends on the machine.
    return day.strftime(dates.replace("%Y", f"{day.year:04d}"))


def _by_prefix(row: FieldRow, held: object) -> str:
    """Return the word of the longest prefix that the table knows; that of nothing, "", is any text's."""
    text = _text(held)
    found = max((prefix for prefix in row.words if text.startswith(prefix)), key=len, default=None)
    if found is None:
        raise Unfit("begins with nothing for which the edition has a word")
    return row.words[found]


def _amount(row: FieldRow, held: object) -> str:
    text = _text(held)
    if not _AMOUNT.fullmatch(text):
        raise Unfit("is no plain decimal amount")
    whole, _, fraction = text.partition(".")
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    if len(fraction) > row.decimals or len(whole) > row.digits - row.decimals:
        raise Unfit(f"does not fit N({row.digits},{row.decimals}) in 万元")
    return f"{whole}.{fraction}" if fraction else whole


def _categories(row: FieldRow, held: object, document: Mapping[str, object]) -> str:
    kind = _text(held)
    if kind not in row.words:
        raise Unfit(f"is {kind[:60]!r}, for which the edition has no word")
    further = [word for source, word in row.also.items() if _is_some(at(document, source))]
    match row.take:
        case Take.ALL:
            return row.joined.join([row.words[kind], *further])
        case Take.FIRST:
            return row.words[kind]
        case Take.REST:
            return row.joined.join(further)


def _is_some(held: object) -> bool:
    """Whether an amount is there and not nought; one that cannot be read is the amount's own field's affair."""
    return isinstance(held, str) and bool(_AMOUNT.fullmatch(held)) and Decimal(held) > 0

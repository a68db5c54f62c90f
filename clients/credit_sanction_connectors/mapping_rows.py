"""One row of a field-mapping table: which of a platform's fields says what of ours, and in which form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection


class FieldType(StrEnum):
    """In which form a field says what it says."""

    TEXT = "text"
    CODE = "code"
    DATE = "date"
    TIME = "time"
    AMOUNT = "amount"
    CATEGORIES = "categories"
    STATE = "state"
    PREFIX = "prefix"
    PRESENCE = "presence"
    AS_IS = "as-is"


class Take(StrEnum):
    """Which of several categories a field takes."""

    ALL = "all"
    FIRST = "first"
    REST = "rest"


class UnreadableRow(ValueError):
    """A row that cannot be used: the key, what is wrong with it, what is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """
    One field of a platform's.

    `name` is the standard's; `source` leads into what we hold, `otherwise` to what stands for it where that says nothing;
    `path` is `source` in a caller's words, empty where no caller writes it. Where `source` is empty the field has one
    `value` for all records, or one that the target says (`fixed`), or it is never sent for the reason in `left_out`.
    `required_for` are the kinds of penalty that demand it.
    """

    field: str
    name: str
    type: FieldType
    source: tuple[str, ...]
    otherwise: tuple[str, ...]
    path: str
    value: str
    fixed: bool
    left_out: str
    required: bool
    required_for: frozenset[str]
    length: int
    starts: str
    digits: int
    decimals: int
    words: Mapping[str, str]
    also: Mapping[tuple[str, ...], str]
    joined: str
    take: Take
    confirmed: bool


# What a withdrawn record may have come to, beside merely leaving what the target is told.
ENDINGS: Final = frozenset({"SUSPENDED", "LIFTED", "REVOKED", "EXPIRED"})
_ORIGINS: Final = ("from", "value", "fixed", "left_out")
_STATES: Final = ENDINGS | {"IN_FORCE", "DISPUTED", "WITHDRAWN"}
_KEYS: Final = frozenset(
    {"field", "name", "type", "path", "otherwise", "required", "required_for", "confirmed", *_ORIGINS}
)
_OWN_KEYS: Final[Mapping[FieldType, frozenset[str]]] = {
    FieldType.TEXT: frozenset({"length"}),
    FieldType.CODE: frozenset({"length", "starts"}),
    FieldType.DATE: frozenset(),
    FieldType.TIME: frozenset(),
    FieldType.AMOUNT: frozenset({"digits", "decimals"}),
    FieldType.CATEGORIES: frozenset({"length", "words", "also", "joined", "take"}),
    FieldType.STATE: frozenset({"length", "words"}),
    FieldType.PREFIX: frozenset({"length", "words"}),
    FieldType.PRESENCE: frozenset({"length", "words"}),
    FieldType.AS_IS: frozenset(),
}
_DEMANDED: Final[Mapping[FieldType, frozenset[str]]] = {
    FieldType.CODE: frozenset({"length"}),
    FieldType.AMOUNT: frozenset({"digits", "decimals"}),
    FieldType.CATEGORIES: frozenset({"words"}),
    FieldType.STATE: frozenset({"words"}),
    FieldType.PREFIX: frozenset({"words"}),
    FieldType.PRESENCE: frozenset({"words"}),
}
_T = TypeVar("_T", str, int, bool)


def read_row(cells: Mapping[str, object]) -> FieldRow:
    """Read one `[[field]]`. Raises `UnreadableRow`."""
    kind = _word(cells, "type", FieldType, FieldType.TEXT)
    known = _KEYS | _OWN_KEYS[kind]
    for key in sorted(cells.keys() - known):
        raise UnreadableRow(
            f"{key}: unknown key of a field of type {kind}; expected some of {', '.join(sorted(known))}"
        )
    for key in sorted(_DEMANDED.get(kind, frozenset()) - cells.keys()):
        raise UnreadableRow(f"{key}: missing; a field of type {kind} needs it")
    if len(cells.keys() & set(_ORIGINS)) != 1:
        raise UnreadableRow(f"expected exactly one of {', '.join(_ORIGINS)}")
    if "from" not in cells and kind not in {FieldType.TEXT, FieldType.CODE}:
        raise UnreadableRow(f"type: is {kind} without from; expected text or code")
    row = FieldRow(
        field=_cell(cells, "field", str),
        name=_cell(cells, "name", str),
        type=kind,
        source=_source(cells, "from"),
        otherwise=_source(cells, "otherwise"),
        path=_cell(cells, "path", str, ""),
        value=_cell(cells, "value", str, ""),
        fixed=_cell(cells, "fixed", bool, default=False),
        left_out=_cell(cells, "left_out", str, ""),
        required=_cell(cells, "required", bool, default=False),
        required_for=frozenset(_texts(cells, "required_for")),
        length=_cell(cells, "length", int, 0),
        starts=_cell(cells, "starts", str, ""),
        digits=_cell(cells, "digits", int, 0),
        decimals=_cell(cells, "decimals", int, 0),
        words=_words(cells, "words"),
        also=MappingProxyType({tuple(key.split(".")): word for key, word in _words(cells, "also").items()}),
        joined=_cell(cells, "joined", str, ";"),
        take=_word(cells, "take", Take, Take.ALL),
        confirmed=_cell(cells, "confirmed", bool, default=True),
    )
    _check(row)
    return row


def _check(row: FieldRow) -> None:
    if not row.field or not row.name:
        raise UnreadableRow("field and name: expected text in both")
    if row.left_out and (row.required or row.required_for):
        raise UnreadableRow("left_out: stands beside required; a field that is never sent cannot be required")
    if row.otherwise and not row.source:
        raise UnreadableRow("otherwise: stands without from; expected it beside from alone")
    if row.length < 0 or not 0 <= row.decimals <= row.digits:
        raise UnreadableRow("length, digits, decimals: expected numbers from 0, not more decimals than digits")
    expected = {FieldType.STATE: _STATES, FieldType.PRESENCE: {"PRESENT", "ABSENT"}}.get(row.type)
    if expected is not None and not row.words.keys() <= expected:
        raise UnreadableRow(f"words: expected words for {', '.join(sorted(expected))} alone")


def _source(cells: Mapping[str, object], key: str) -> tuple[str, ...]:
    return tuple(_cell(cells, key, str).split(".")) if key in cells else ()


def _cell(cells: Mapping[str, object], key: str, kind: type[_T], default: _T | None = None) -> _T:
    value = cells.get(key, default)
    if value is None:
        raise UnreadableRow(f"{key}: missing")
    if type(value) is not kind:
        raise UnreadableRow(f"{key}: is {value!r}; expected {kind.__name__}")
    return value


_Word = TypeVar("_Word", bound=StrEnum)


def _word(cells: Mapping[str, object], key: str, kind: type[_Word], default: _Word) -> _Word:
    value = cells.get(key, default)
    found = next((word for word in kind if word == value), None)
    if found is None:
        raise UnreadableRow(f"{key}: is {value!r}; expected one of {', '.join(kind)}")
    return found


def _words(cells: Mapping[str, object], key: str) -> Mapping[str, str]:
    value = cells.get(key, {})
    if not isinstance(value, dict) or not all(isinstance(word, str) and word for word in value.values()):
        raise UnreadableRow(f"{key}: expected a table of words")
    return MappingProxyType(value)


def _texts(cells: Mapping[str, object], key: str) -> Collection[str]:
    value = cells.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise UnreadableRow(f"{key}: expected a list of texts")
    return value

"""The field-mapping tables of credit platforms: editions as data in mappings/, which people of law can read and check."""

from __future__ import annotations

import functools
import hashlib
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import TYPE_CHECKING, Final

from credit_sanction_connectors.mapping_rows import FieldRow, UnreadableRow, read_row

if TYPE_CHECKING:
    from collections.abc import Mapping

LIST_RECORD: Final = "list-record"
EDITIONS: Final = (LIST_RECORD, "cf-2018", "cf-2016")
FORMAT: Final = 1
DATE_FORMS: Final[Mapping[str, str]] = {"YYYY-MM-DD": "%Y-%m-%d", "YYYY/MM/DD": "%Y/%m/%d", "YYYYMMDD": "%Y%m%d"}
_KEYS: Final = frozenset({"edition", "format", "form", "dates", "source", "field"})


class FormKind(StrEnum):
    """What a table describes: an entry of a list, or a penalty decision."""

    LIST_RECORD = "LIST_RECORD"
    PENALTY = "PENALTY"


class UnreadableTable(ValueError):
    """A table that cannot be used: the edition, the field, the key, what is wrong, what is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldTable:
    """One edition. `dates` is how it writes them, as strftime takes it."""

    edition: str
    form: FormKind
    dates: str
    source: tuple[str, ...]
    rows: tuple[FieldRow, ...]


@functools.cache
def table_of(edition: str) -> FieldTable:
    """Return the table of one of `EDITIONS`. Raises `UnreadableTable`."""
    table = read_table(_text(edition), edition)
    if table.edition != edition:
        raise UnreadableTable(f"{edition}: edition: is {table.edition!r}; expected the name of its file")
    return table


@functools.cache
def tables_digest() -> str:
    """Return what stands for all tables as they ship: another where one of them was mended."""
    return hashlib.sha256("".join(map(_text, EDITIONS)).encode()).hexdigest()


def read_table(text: str, called: str) -> FieldTable:
    """Read one table, `called` so in messages. Raises `UnreadableTable`."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise UnreadableTable(f"{called}: is not TOML: {fault}") from None
    if content.keys() != _KEYS:
        odd = ", ".join(sorted(content.keys() ^ _KEYS))
        raise UnreadableTable(f"{called}: {odd}: unknown or missing; expected exactly {', '.join(sorted(_KEYS))}")
    edition, form, dates, source = (content[key] for key in ("edition", "form", "dates", "source"))
    if content["format"] != FORMAT:
        raise UnreadableTable(f"{called}: format: is {content['format']!r}; expected {FORMAT}")
    if form not in list(FormKind):
        raise UnreadableTable(f"{called}: form: is {form!r}; expected one of {', '.join(FormKind)}")
    if dates not in DATE_FORMS:
        raise UnreadableTable(f"{called}: dates: is {dates!r}; expected one of {', '.join(DATE_FORMS)}")
    if not isinstance(edition, str) or not isinstance(source, list) or not all(isinstance(s, str) for s in source):
        raise UnreadableTable(f"{called}: edition and source: expected a name and a list of texts")
    rows = _rows(content["field"], called)
    return FieldTable(
        edition=edition, form=FormKind(form), dates=DATE_FORMS[dates], source=tuple(source), rows=tuple(rows.values())
    )


def _text(edition: str) -> str:
    return resources.files("credit_sanction_connectors").joinpath("mappings", f"{edition}.toml").read_text("utf-8")


def _rows(told: object, called: str) -> dict[str, FieldRow]:
    if not isinstance(told, list) or not told or not all(isinstance(cells, dict) for cells in told):
        raise UnreadableTable(f"{called}: field: expected [[field]], at least one")
    rows: dict[str, FieldRow] = {}
    for place, cells in enumerate(told, 1):
        where = f"{called}: {cells.get('field', f'field {place}')}"
        try:
            row = read_row(cells)
        except UnreadableRow as fault:
            raise UnreadableTable(f"{where}: {fault}") from None
        if row.field in rows:
            raise UnreadableTable(f"{where}: stands twice; expected each field once")
        rows[row.field] = row
    return rows

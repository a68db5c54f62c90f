"""Bytes of a CSV file as numbered lines of cells: encodings, delimiters, and quotes that never close."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DAMAGED: Final = "\ufffd"
DELIMITERS: Final = (",", ";", "\t")
WORKBOOK: Final = b"PK\x03\x04"
"""How .xlsx and .ods begin."""
_SEPARATOR_LINE: Final = re.compile(r"sep=(.)\s*", re.IGNORECASE)  # Excel's own first line
_EXCEL_TEXT: Final = re.compile(r'="(.*)"', re.DOTALL)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """
    A row of cells and the number of the line it begins on, from 1; `last` is that of the line it ends on. `fault` says why it could
    not be read.
    """

    number: int
    cells: tuple[str, ...] = ()
    fault: str = ""
    last: int = 0


def decode(data: bytes) -> tuple[str, str]:
    """
    Return the text and the name of its encoding: UTF-8 or UTF-16 by their marks, else UTF-8, else GB18030. What cannot
    be read becomes U+FFFD.
    """
    if data.startswith(codecs.BOM_UTF8):
        return data.decode("utf-8-sig", "replace"), "utf-8"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace"), "utf-16"
    utf8 = data.decode("utf-8", "replace")
    # A UTF-8 file with one damaged byte is also "valid" GB18030, every name in it garbled. So the fallback needs more
    # than one failure: GBK read as UTF-8 is damaged nearly everywhere.
    damaged = utf8.count(DAMAGED)
    if damaged and damaged * 2 > sum(not character.isascii() for character in utf8):
        return data.decode("gb18030", "replace"), "gb18030"
    return utf8, "utf-8"


def lines_of(text: str, delimiter: str, *, start: int = 0) -> Iterator[Line]:
    """Yield the rows of `text` after its first `start` lines, without blank ones. One at fault costs only its line."""
    return rows_of(islice(io.StringIO(text, newline=""), start, None), delimiter, start=start)


def rows_of(lines: Iterable[str], delimiter: str, *, start: int = 0) -> Iterator[Line]:
    """Yield the same of lines as they come, of which `start` came before; no more is held than a row's."""
    source = _Lines(iter(lines))
    number = start
    while True:
        reader = csv.reader(source, delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                clean = tuple(map(clean_cell, cells))
                begin, number = number + 1, number + source.settle()
                if any(clean):
                    yield Line(number=begin, cells=clean, last=number)
        except csv.Error as error:
            yield Line(number=number + 1, fault=f"not CSV: {error}")
            source.read_again()
            number += 1
        else:
            return


class _Lines:
    """Lines, of which those of the row that is being read can be read again, but for its first."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._of_row: list[str] = []
        self._again: deque[str] = deque()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._of_row.append(line)
        return line

    def settle(self) -> int:
        """Begin another row; return how many lines the last one took."""
        count = len(self._of_row)
        self._of_row.clear()
        return count

    def read_again(self) -> None:
        """Give the row up, and begin another one behind its first line."""
        self._again.extendleft(reversed(self._of_row[1:]))
        self._of_row.clear()


def separator_line(text: str) -> str:
    """Return the delimiter that a first line `sep=;` names, empty where there is no such line."""
    match = _SEPARATOR_LINE.fullmatch(text[: text.find("\n")] if "\n" in text else text)
    return match[1] if match else ""


def clean_cell(cell: str) -> str:
    """Return the text a person sees: trimmed, `="0123"` and a leading apostrophe (both mean "text") taken off."""
    text = cell.strip().removeprefix("'")
    match = _EXCEL_TEXT.fullmatch(text)
    return (match[1] if match else text).strip()


def safe_cell(text: str) -> str:
    """Return `text` so that a spreadsheet shows it and never runs it as a formula; `clean_cell` gives it back."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) or text.startswith("'") else text

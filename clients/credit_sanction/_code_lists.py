"""
Lists of codes, as `screen` and `portfolio put` take them: CSV, a code a line, and behind it the name where it is known.

Or, as a record sheet has it, under a first row that names the columns, of which code and name count. UTF-8 or UTF-16 with
mark, UTF-8, or GB18030; comma, semicolon or tab. A line at fault costs only itself; blank ones are left out.
"""

from __future__ import annotations

import codecs
import io
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from credit_sanction._errors import ClientError
from credit_sanction._sheet_columns import BY_HEADING, heading_key
from credit_sanction._sheet_text import DAMAGED, DELIMITERS, WORKBOOK, Line, decode, rows_of, separator_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

LIST_HELP: Final = (
    "CSV: a code a line, and behind it the name where it is known, or under a first row that names the columns; "
    "-: standard input"
)
_CHUNK: Final = 64 * 1024
_LONGEST_LINE: Final = 1_000_000
_WITHOUT_HEADINGS: Final = {"code": 0, "name": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of a list, from 1, its code and name as typed. `fault` says why it cannot be asked about at all."""

    line: int
    code: str = ""
    name: str = ""
    fault: str = ""


def opened(name: str) -> AbstractContextManager[BinaryIO]:
    """Open a file, `-`: standard input. Raises OSError."""
    return nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb")


def read_list(stream: BinaryIO, name: str) -> Iterator[Listed]:
    """
    Read a list as it is asked for, no further ahead than a few lines. Raises ClientError, which begins with the file's `name`, for a
    workbook, for a line without end, and where the first row names columns and none for codes.
    """
    lines = _lines(_texts(stream, name), name)
    before, first = 0, next(lines, "")
    delimiter = separator_line(first)
    while first and (not first.strip() or separator_line(first)):
        before, first = before + 1, next(lines, "")
    if delimiter not in DELIMITERS:
        delimiter = min(DELIMITERS, key=lambda one: first.find(one) % (len(first) + 1))  # that which stands first
    rows = rows_of(chain([first] if first else [], lines), delimiter, start=before)
    head = next(rows, None)
    if head is None:
        return
    columns = _columns(head, name)
    if columns is None:
        yield _listed(head, _WITHOUT_HEADINGS)
    for row in rows:
        yield _listed(row, columns or _WITHOUT_HEADINGS)


def _columns(head: Line, name: str) -> Mapping[str, int] | None:
    """Return where code and name stand, None where the first row names no columns."""
    known: dict[str, int] = {}
    for index, cell in enumerate(head.cells):
        column = BY_HEADING.get(heading_key(cell))
        if column is not None:
            if column.name in known:
                raise ClientError(
                    f"{name}, line {head.number}: two columns are called {cell.strip()}: leave one of them out"
                )
            known[column.name] = index
    stray = [cell for cell in head.cells if "\n" in cell and heading_key(cell) not in BY_HEADING]
    if known and stray:  # what stands in it may be the first lines of the list
        raise ClientError(f"{name}, line {head.number}: the headings go on to line {head.last}: write them in one line")
    if known and "code" not in known:
        raise ClientError(f"{name}, line {head.number}: the row names columns, and none is 统一社会信用代码 (code)")
    return known or None


def _listed(row: Line, columns: Mapping[str, int]) -> Listed:
    code, name = (_cell(row, columns.get(column)) for column in ("code", "name"))
    fault = row.fault
    if row.last > row.number:
        fault = f"it goes on to line {row.last}: a quotation mark is missing, or a cell has line breaks; none of it was read"
    elif DAMAGED in code or DAMAGED in name:
        fault = "it holds a character that cannot be read: save the file as CSV UTF-8"
    elif not code and not fault:
        fault = "code: it is empty"
    return Listed(line=row.number, code=code, name=name, fault=fault)


def _cell(row: Line, index: int | None) -> str:
    return row.cells[index] if index is not None and index < len(row.cells) else ""


def _texts(stream: BinaryIO, name: str) -> Iterator[str]:
    """Decode chunk by chunk. In which encoding is settled by the first chunk that tells one from the other."""
    decoder: codecs.IncrementalDecoder | None = None
    is_first = True
    while chunk := stream.read(_CHUNK):
        if is_first and chunk.startswith(WORKBOOK):
            raise ClientError(f"{name} is a workbook, not CSV: save its sheet as CSV UTF-8")
        if decoder is None and not chunk.isascii():
            chunk += stream.read(_CHUNK)
            decoder = codecs.getincrementaldecoder(_encoding(chunk))("replace")
        yield decoder.decode(chunk) if decoder else chunk.decode("ascii")
        is_first = False
    if decoder:
        yield decoder.decode(b"", final=True)


def _encoding(data: bytes) -> str:
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    whole = data[: data.rfind(b"\n") + 1]  # the last character may be cut in two
    return decode(data if whole.isascii() else whole)[1]


def _lines(texts: Iterable[str], name: str) -> Iterator[str]:
    rest = ""
    for text in texts:
        whole = list(io.StringIO(rest + text, newline=""))
        # Nor is it whole where it ends with \r: \n may be on its way.
        rest = whole.pop() if whole and not whole[-1].endswith("\n") else ""
        if len(rest) > _LONGEST_LINE:
            raise ClientError(f"{name} has a line of more than {_LONGEST_LINE} characters: it is no CSV")
        yield from whole
    yield from io.StringIO(rest, newline="")

"""
Record sheets 惩戒记录表: a CSV file, one record a row, as clerks keep them.

UTF-8 with or without mark, UTF-16 with mark, or GB18030; comma, semicolon or tab. The first row names the columns, in
Chinese or English (`COLUMNS`); others are ignored. A row that names a registered obligation 退出任务编号 leaves the columns
that describe one empty. Reading never raises for what a file holds: a row that makes no sense carries its faults, and
the others are not affected. Whether a record is right, only the service decides.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from credit_sanction._outcomes import Fate, Outcome, submit
from credit_sanction._privacy import masked
from credit_sanction._sheet_cells import Cells, Fault
from credit_sanction._sheet_columns import BY_HEADING, COLUMNS, Column, heading_key
from credit_sanction._sheet_record import record_of
from credit_sanction._sheet_text import DELIMITERS, WORKBOOK, Line, decode, lines_of, safe_cell, separator_line
from credit_sanction.types import SanctionRecord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "COLUMNS",
    "Column",
    "Fate",
    "Fault",
    "Outcome",
    "Row",
    "Sheet",
    "load",
    "masked",
    "parse",
    "safe_cell",
    "submit",
    "write",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One row: its line in the file, from 1, its cells in the header's order, code and name as typed, and either a record
    or its faults.
    """

    line: int
    cells: tuple[str, ...]
    code: str = ""
    name: str = ""
    record: SanctionRecord | None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A file, read. `faults` are those of the file as a whole: where there are any, there are no rows."""

    encoding: str
    header: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    faults: tuple[Fault, ...] = ()
    ignored: tuple[str, ...] = ()

    def column(self, heading: str) -> tuple[str, ...]:
        """Return the cells of one column, ignored ones too, by its heading as the file writes it."""
        index = self.header.index(heading)
        return tuple(row.cells[index] if index < len(row.cells) else "" for row in self.rows)


def load(path: str | Path) -> Sheet:
    """Read a file. Raises OSError where that fails, nothing for what it holds."""
    return parse(Path(path).read_bytes())


def parse(data: bytes) -> Sheet:
    """Read the bytes of a file. Never raises."""
    if data.startswith(WORKBOOK):
        workbook = "it is a workbook, not CSV: save its sheet as CSV UTF-8"
        return Sheet(encoding="", faults=(Fault(line=1, column="", message=workbook),))
    text, encoding = decode(data)
    named = separator_line(text)
    skip = 1 if named else 0
    delimiter = named if named in DELIMITERS else max(DELIMITERS, key=lambda one: _recognised(text, one, skip))
    lines = list(lines_of(text, delimiter, start=skip))
    if not lines:
        return Sheet(encoding=encoding, faults=(Fault(line=1, column="", message="the file is empty"),))
    head = lines[0]
    columns = {
        column.name: index for index, cell in enumerate(head.cells) if (column := BY_HEADING.get(heading_key(cell)))
    }
    if faults := _header_faults(head, columns):
        return Sheet(encoding=encoding, header=head.cells, faults=faults)
    return Sheet(
        encoding=encoding,
        header=head.cells,
        rows=tuple(_row(line, head.cells, columns) for line in lines[1:]),
        ignored=tuple(cell for cell in head.cells if cell and heading_key(cell) not in BY_HEADING),
    )


def write(stream: TextIO, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """
    Write a table as CSV that a spreadsheet opens without running anything in it: what would be a formula becomes text,
    and is read back unchanged by `parse`. Open `stream` with `encoding="utf-8-sig", newline=""`.
    """
    writer = csv.writer(stream)
    writer.writerows([safe_cell(cell) for cell in row] for row in [header, *rows])


def _recognised(text: str, delimiter: str, skip: int) -> int:
    head = next(lines_of(text, delimiter, start=skip), Line(number=1))
    return sum(heading_key(cell) in BY_HEADING for cell in head.cells)


def _header_faults(head: Line, columns: Mapping[str, int]) -> tuple[Fault, ...]:
    if head.fault:
        return (Fault(line=head.number, column="", message=head.fault),)
    keys = [heading_key(cell) for cell in head.cells]
    known = [BY_HEADING[key].name for key in keys if key in BY_HEADING]
    if not known:
        return (
            Fault(line=head.number, column="", message="it is no record sheet: the first row names no column of one"),
        )
    missing = [
        f"{column.chinese} ({column.name})"
        for column in COLUMNS
        if column.required and column.name not in columns and not (column.of_obligation and "obligation" in columns)
    ]
    lacking = (
        (Fault(line=head.number, column="", message=f"there is no column {'、'.join(missing)}"),) if missing else ()
    )
    return (
        *lacking,
        *(
            Fault(line=head.number, column=column.chinese, message=f"the column {column.chinese} is there twice")
            for column in COLUMNS
            if known.count(column.name) > 1
        ),
    )


def _row(line: Line, header: Sequence[str], columns: Mapping[str, int]) -> Row:
    if line.fault:
        fault = Fault(line=line.number, column="", message=line.fault)
        return Row(line=line.number, cells=(), record=None, faults=(fault,))
    texts = {name: line.cells[index] for name, index in columns.items() if index < len(line.cells)}
    cells = Cells(line.number, texts, {name: header[index] for name, index in columns.items()})
    record = record_of(cells)
    faults = list(cells.faults)
    if any(line.cells[len(header) :]):
        message = f"has {len(line.cells)} cells under {len(header)} headings: is a delimiter in the text not quoted?"
        faults.append(Fault(line=line.number, column="", message=message))
    return Row(
        line=line.number,
        cells=line.cells,
        code=record.enterprise.code,
        name=record.enterprise.name,
        record=None if faults else record,
        faults=tuple(faults),
    )

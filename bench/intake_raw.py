"""
The raw side of the intake bench: the very rows that intake writes, recorded once and written again by psycopg alone.

One transaction for a batch or a record, sent as one pipeline of prepared inserts, which was found to be the fastest way to
insert them; COPY, which is faster for batches, stands beside. Nothing is judged, composed or answered, no obligation, request
or earlier record is looked at, and the rows are made before the clock runs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from bench.intake_samples import code
from credit_sanction_service.calls import new_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import Connection

Row = tuple[Any, ...]
Made = list[list[Row]]  # rows for each table

_THEIRS: Final = "= ANY (%(ids)s::uuid[])"
# In the order in which they refer to each other, each with what finds the rows of one call.
_WRITTEN: Final = {
    "revision": f"(epoch, number) IN (SELECT epoch, revision FROM change_log WHERE subject_id {_THEIRS})",  # noqa: S608 - a constant
    "sanction_record": f"id {_THEIRS}",
    "change_log": f"subject_id {_THEIRS}",
    "duty": f"record_id {_THEIRS}",
    "in_force_at": f"record_id {_THEIRS}",
    "delivery": f"enterprise_code IN (SELECT enterprise_code FROM sanction_record WHERE id {_THEIRS})",  # noqa: S608 - a constant
    "request": "request_id = %(request)s",
}
_OWN: Final = {"revision": "number", "change_log": "revision"}  # the columns that say which revision it is
_NAMES: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9A-Z]{18}")  # ids and codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What one call wrote into one table. `types` are PostgreSQL's; JSON and arrays are texts in `values`."""

    table: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    values: tuple[Row, ...]

    def insert(self, rows: int) -> bytes:
        """Return the insert of so many rows, with a parameter for each value."""
        row = ", ".join(f"%s::{kind}" for kind in self.types)
        values = ", ".join([f"({row})"] * rows)
        return f"INSERT INTO {self.table} ({', '.join(self.columns)}) VALUES {values}".encode()  # noqa: S608 - names from the catalogue

    @property
    def copy(self) -> bytes:
        """Return the COPY that takes such rows."""
        return f"COPY {self.table} ({', '.join(self.columns)}) FROM STDIN".encode()


def recorded(connection: Connection[Row], request_id: str) -> list[Rows]:
    """Return all that the call with this request id wrote, table by table."""
    found = connection.execute("SELECT outcome FROM request WHERE request_id = %s", (request_id,)).fetchone()
    if found is None:
        raise LookupError(f"no call had the request id {request_id}")
    values = {"ids": [written["id"] for written in found[0]], "request": request_id}
    return [_recorded(connection, table, where, values) for table, where in _WRITTEN.items()]


def _recorded(connection: Connection[Row], table: str, where: str, values: dict[str, Any]) -> Rows:
    described = connection.execute(
        "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        (table,),
    ).fetchall()
    wanted = ", ".join(f"{name}::text" if kind in {"jsonb", "text[]"} else name for name, kind in described)
    rows = connection.execute(f"SELECT {wanted} FROM {table} WHERE {where}".encode(), values).fetchall()  # noqa: S608 - names from the catalogue
    columns, types = zip(*described, strict=True)
    return Rows(table=table, columns=columns, types=types, values=tuple(rows))


class Copies:
    """Makes of recorded rows those of other enterprises, with ids, request and revision of their own."""

    def __init__(self, recorded: Sequence[Rows], *, with_revision: bool) -> None:
        """Without `with_revision` none is written: those that the change log refers to are there already."""
        self.tables = [rows for rows in recorded if with_revision or rows.table != "revision"]
        self.inserts = [rows.insert(1) for rows in self.tables]
        self.whole_inserts = [rows.insert(len(rows.values)) for rows in self.tables]
        self.copies = [rows.copy for rows in self.tables]
        records = next(rows for rows in recorded if rows.table == "sanction_record")
        place, enterprise = records.columns.index("id"), records.columns.index("enterprise_code")
        self._known = [(str(row[place]), str(row[enterprise])) for row in records.values]

    def make(self, numbers: Sequence[int], *, revision: int) -> Made:
        """Return rows for each of `tables`, of these enterprises: as many as were recorded."""
        fresh: dict[str, str] = {}
        for number, (identifier, enterprise) in zip(numbers, self._known, strict=True):
            fresh |= {identifier: new_id(), enterprise: code(number)}
        renewed = _renewing(fresh)
        made = [[tuple(map(renewed, row)) for row in rows.values] for rows in self.tables]
        own = {**dict.fromkeys(_OWN, revision), "request": new_id()}
        for place, rows in enumerate(self.tables):
            if rows.table in own:
                column = rows.columns.index(_OWN.get(rows.table, "request_id"))
                made[place] = [(*row[:column], own[rows.table], *row[column + 1 :]) for row in made[place]]
        return made


def _renewing(fresh: dict[str, str]) -> Callable[[Any], Any]:
    def renewed(value: Any) -> Any:  # noqa: ANN401 - of any column
        if isinstance(value, UUID):
            return UUID(fresh.get(str(value), str(value)))
        if isinstance(value, str):
            return _NAMES.sub(lambda found: fresh.get(found[0], found[0]), value)
        return value

    return renewed


def insert_one(connection: Connection[Row], copies: Copies, made: Made) -> None:
    """Write one record, a statement for each table."""
    with connection.pipeline(), connection.transaction():
        for insert, rows in zip(copies.whole_inserts, made, strict=True):
            connection.execute(insert, [value for row in rows for value in row], prepare=True)


def insert_batch(connection: Connection[Row], copies: Copies, made: Made) -> None:
    """Write one batch, with `executemany` for each table."""
    with connection.transaction():
        cursor = connection.cursor()
        for insert, rows in zip(copies.inserts, made, strict=True):
            cursor.executemany(insert, rows)


def copy_batch(connection: Connection[Row], copies: Copies, made: Made) -> None:
    """Write one batch, with COPY for each table."""
    with connection.transaction():
        cursor = connection.cursor()
        for statement, rows in zip(copies.copies, made, strict=True):
            with cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)

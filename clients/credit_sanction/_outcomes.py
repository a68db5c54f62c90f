"""What became of each row of a sheet that was submitted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from credit_sanction._answers import ItemFailure
from credit_sanction.types import RecordState, SanctionRecord

if TYPE_CHECKING:
    from credit_sanction._client import Client
    from credit_sanction.spreadsheet import Row, Sheet


class Fate(StrEnum):
    """What became of a row."""

    ACCEPTED = "accepted"
    QUARANTINED = "quarantined"
    """Kept, never pushed, looked up as UNKNOWN, until its code is confirmed."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One row's fate: its line in the file, code and name as typed, the record where one was taken in, the reasons."""

    line: int
    code: str
    name: str
    fate: Fate
    record: SanctionRecord | None = None
    reasons: tuple[str, ...] = ()


def submit(
    client: Client, sheet: Sheet, *, request_id: str | None = None, validate_only: bool = False
) -> list[Outcome]:
    """Submit every row that could be read, and return what became of each row, in the sheet's order."""
    readable = [row.record for row in sheet.rows if row.record is not None]
    results = iter(client.submit_many(readable, request_id=request_id, validate_only=validate_only))
    return [_unread(row) if row.record is None else _submitted(row, row.record, next(results)) for row in sheet.rows]


def _unread(row: Row) -> Outcome:
    faults = tuple(f"{fault.column}: {fault.message}" if fault.column else fault.message for fault in row.faults)
    return Outcome(line=row.line, code=row.code, name=row.name, fate=Fate.REFUSED, reasons=faults)


def _submitted(row: Row, given: SanctionRecord, result: SanctionRecord | ItemFailure) -> Outcome:
    code, name = given.enterprise.code, given.enterprise.name
    if isinstance(result, ItemFailure):
        faults = tuple(str(violation) for violation in result.violations) or (result.message,)
        return Outcome(line=row.line, code=code, name=name, fate=Fate.REFUSED, reasons=faults)
    if result.state == RecordState.RECORD_STATE_QUARANTINED:
        doubt = (f"{result.quarantine.description} [{result.quarantine.rule}]",)
        return Outcome(line=row.line, code=code, name=name, fate=Fate.QUARANTINED, record=result, reasons=doubt)
    return Outcome(line=row.line, code=code, name=name, fate=Fate.ACCEPTED, record=result)

"""What the command's two verbs do and print."""

from __future__ import annotations

import dataclasses
import json
import sys
import unicodedata
from contextlib import ExitStack
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from credit_sanction import spreadsheet
from credit_sanction._answers import Verdict
from credit_sanction._privacy import masked
from credit_sanction.spreadsheet import Fate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from credit_sanction._answers import Answer
    from credit_sanction._client import Client
    from credit_sanction.spreadsheet import Outcome

VERDICT_CODES: Final[Mapping[Verdict, int]] = {
    Verdict.CLEAR: 0,
    Verdict.RESTRICTED: 3,
    Verdict.UNKNOWN: 4,
    Verdict.ADVISORY: 5,
}


def check(
    client: Client, code: str, *, name: str | None, areas: Sequence[str], as_of_date: str | None, as_json: bool
) -> int:
    """Look one enterprise up, print the answer, return the exit code of its verdict."""
    answer = client.check(code, name=name, areas=areas, as_of_date=as_of_date)
    if as_json:
        _print_json(dataclasses.asdict(dataclasses.replace(answer, areas=dict(answer.areas))))
    else:
        _print_lines(_answer_lines(answer))
    return VERDICT_CODES[answer.verdict]


def import_sheet(
    client: Client, file: Path, *, validate_only: bool, as_json: bool, report: Path | None, request_id: str | None
) -> int:
    """Submit a file's records, print what became of each row that was not simply accepted. 1 where one was refused."""
    sheet = spreadsheet.load(file)
    if sheet.faults:
        sys.stderr.writelines(f"credit-sanction: {_printable(f'{file}: {fault}')}\n" for fault in sheet.faults)
        return 1
    with ExitStack() as files:
        # Opened before anything is sent: a report that cannot be written is better known now.
        stream = files.enter_context(report.open("w", encoding="utf-8-sig", newline="")) if report else None
        outcomes = spreadsheet.submit(client, sheet, request_id=request_id, validate_only=validate_only)
        if stream:
            spreadsheet.write(stream, *_report(sheet, outcomes))
    counts = {fate.value: sum(outcome.fate is fate for outcome in outcomes) for fate in Fate}
    if as_json:
        rows = [_row_object(outcome) for outcome in outcomes]
        _print_json({"rows": len(outcomes), **counts, "validate_only": validate_only, "results": rows})
    else:
        _print_lines(_outcome_lines(outcomes))
        checked = " (checked only, nothing stored)" if validate_only else ""
        summary = ", ".join(f"{count} {fate}" for fate, count in counts.items())
        _print_lines([f"{len(outcomes)} rows: {summary}{checked}"])
    return 1 if counts[Fate.REFUSED] else 0


def _answer_lines(answer: Answer) -> Iterable[str]:
    yield f"{answer.verdict}  {answer.code}  {answer.name}".rstrip()
    yield f"  revision {answer.revision}, answered {answer.answered_at.isoformat()}{', STALE' if answer.stale else ''}"
    for item in answer.restrictions:
        basis = item.legal_basis
        yield (
            f"  {item.area}: {'binding' if item.binding else 'advisory'}{', disputed' if item.disputed else ''}, "
            f"{item.since} to {item.until}, {item.authority} {item.document_number}, "
            f"{basis.document} {basis.article}"
        )
        yield f"    {item.directive_zh} {item.directive_en}"
    yield from (f"  {explanation}" for explanation in answer.explanations)
    for other in answer.candidates:
        yield f"  candidate {other.code} {other.name}: {other.explanation}"


def _outcome_lines(outcomes: Iterable[Outcome]) -> Iterable[str]:
    for outcome in outcomes:
        if outcome.fate is not Fate.ACCEPTED:
            yield f"line {outcome.line}: {outcome.fate}  {outcome.code}  {outcome.name}"
            yield from (f"    {reason}" for reason in outcome.reasons)


def _row_object(outcome: Outcome) -> Mapping[str, object]:
    return {
        "line": outcome.line,
        "code": masked(outcome.code),
        "name": masked(outcome.name),
        "fate": outcome.fate,
        "record": outcome.record.name if outcome.record else "",
        "reasons": [masked(reason) for reason in outcome.reasons],
    }


def _report(sheet: spreadsheet.Sheet, outcomes: Iterable[Outcome]) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    width = len(sheet.header)
    rows = [
        [
            *map(masked, row.cells[:width]),
            *[""] * (width - len(row.cells)),
            str(outcome.line),
            outcome.fate,
            outcome.record.name if outcome.record else "",
            masked("; ".join(outcome.reasons)),
        ]
        for row, outcome in zip(sheet.rows, outcomes, strict=True)
    ]
    return [*sheet.header, "line", "fate", "record", "reasons"], rows


def _print_json(value: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=_plain) + "\n")


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} has no JSON form")


def _print_lines(lines: Iterable[str]) -> None:
    sys.stdout.writelines(f"{_printable(line)}\n" for line in lines)


def _printable(text: str) -> str:
    """Return `text` without citizens' numbers and characters that could steer a terminal: cells come from strangers."""
    return "".join(" " if unicodedata.category(character).startswith("C") else character for character in masked(text))

"""What the command's verbs do and print."""

from __future__ import annotations

import json
import sys
import unicodedata
from contextlib import ExitStack
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from credit_sanction import spreadsheet
from credit_sanction._answer_lines import answer_lines, answer_object
from credit_sanction._answers import Verdict
from credit_sanction._errors import ClientError, PermissionDenied
from credit_sanction._privacy import masked
from credit_sanction._words import china_time, word
from credit_sanction.spreadsheet import Fate
from credit_sanction.v1.law_service_pb2 import EditionKind

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from credit_sanction._answers import Answer
    from credit_sanction._client import Client
    from credit_sanction.spreadsheet import Outcome
    from credit_sanction.v1.law_service_pb2 import LawEdition

VERDICT_CODES: Final[Mapping[Verdict, int]] = {
    Verdict.CLEAR: 0,
    Verdict.RESTRICTED: 3,
    Verdict.UNKNOWN: 4,
    Verdict.ADVISORY: 5,
}


def check(client: Client, options: argparse.Namespace) -> int:
    """Look one enterprise up, print the answer, save its receipt where one is wanted; the exit code is its verdict's."""
    receipt: Path | None = options.receipt
    if options.purpose and not receipt:
        raise ClientError("--purpose stands in a receipt and nowhere else: ask for one with --receipt FILE")
    if receipt and receipt.exists():
        raise ClientError(f"{receipt} exists already: a receipt is written over no other file")

    def ask(areas: Sequence[str]) -> Answer:
        return client.check(
            options.code,
            name=options.name,
            areas=areas,
            as_of_date=options.as_of,
            at_revision=options.at_revision,
            as_known_at=options.as_known_at,
            land_purpose=options.land_purpose.replace("-", "_"),
            include_ended=options.include_ended,
            want_receipt=receipt is not None,
            purpose=options.purpose,
        )

    try:
        answer = ask(options.area)
    except PermissionDenied as refused:
        answer = ask(own_areas(options.area, refused))
    if receipt and answer.receipt:
        answer.receipt.save(receipt)
    if options.json:
        print_json(answer_object(answer))
    else:
        print_lines(answer_lines(answer))
        print_lines([f"  回执 receipt saved in {receipt}"] if receipt else [])
    return VERDICT_CODES[answer.verdict]


def own_areas(asked: Sequence[str], refused: PermissionDenied) -> Sequence[str]:
    """
    Return the areas that the caller may ask about, where the service names them in its refusal and none was named by the caller.
    Else raises the refusal: what somebody asks for by name is never narrowed.
    """
    own = [area for area in refused.metadata.get("areas", "").split(",") if area]
    if asked or not own:
        raise refused
    return own


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
        print_json({"rows": len(outcomes), **counts, "validate_only": validate_only, "results": rows})
    else:
        print_lines(_outcome_lines(outcomes))
        checked = " (checked only, nothing stored)" if validate_only else ""
        summary = ", ".join(f"{count} {fate}" for fate, count in counts.items())
        print_lines([f"{len(outcomes)} rows: {summary}{checked}"])
    return 1 if counts[Fate.REFUSED] else 0


def load_edition(client: Client, file: Path, *, validate_only: bool, as_json: bool) -> int:
    """Load the edition in a file and say under which name and revision it counts."""
    try:
        text = file.read_bytes().decode("utf-8-sig")  # editors on Windows put a mark in front
    except UnicodeDecodeError:
        raise ClientError(f"{file} is not UTF-8") from None
    loaded = client.load_edition(text, validate_only=validate_only)
    if as_json:
        print_json({**_edition_object(loaded), "validate_only": validate_only})
    elif validate_only:
        print_lines([f"{_edition_name(loaded)}: can be loaded (checked only, nothing stored)"])
    else:
        print_lines([_edition_line(loaded)])
    return 0


def list_editions(client: Client, kinds: Sequence[str], *, as_json: bool) -> int:
    """Print a line for each edition, in the order of loading."""
    editions = client.editions(kinds)
    if as_json:
        print_json({"editions": [_edition_object(edition) for edition in editions]})
    else:
        print_lines(map(_edition_line, editions))
    return 0


def show_edition(client: Client, kind: str, name: str, *, as_json: bool) -> int:
    """Print an edition's text to the letter, so that it can be kept as a file, changed, and loaded under another name."""
    edition = client.edition(kind, name)
    if as_json:
        print_json({**_edition_object(edition), "text": edition.text})
    else:
        sys.stdout.write(edition.text)
    return 0


def _edition_name(edition: LawEdition) -> str:
    return f"{word(EditionKind, 'EDITION_KIND_', edition.kind)} {edition.edition}"


def _edition_line(edition: LawEdition) -> str:
    who = edition.loaded_by or "the release"
    revision = f"{edition.revision.epoch}:{edition.revision.number}"
    when = china_time(edition.load_time.ToDatetime(tzinfo=UTC))
    return f"{_edition_name(edition)}  revision {revision}, loaded {when} by {who}  sha256 {edition.digest}"


def _edition_object(edition: LawEdition) -> Mapping[str, object]:
    return {
        "kind": word(EditionKind, "EDITION_KIND_", edition.kind),
        "edition": edition.edition,
        "digest": edition.digest,
        "loaded_by": edition.loaded_by,
        "load_time": edition.load_time.ToDatetime(tzinfo=UTC),
        "revision": {"epoch": edition.revision.epoch, "number": edition.revision.number},
    }


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


def print_json(value: Mapping[str, object]) -> None:
    """Print one JSON object in one line."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=_plain) + "\n")


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} has no JSON form")


def print_lines(lines: Iterable[str]) -> None:
    """Print lines of text, harmless to a terminal."""
    sys.stdout.writelines(f"{_printable(line)}\n" for line in lines)


def _printable(text: str) -> str:
    """Return `text` without citizens' numbers and characters that could steer a terminal: cells come from strangers."""
    return "".join(" " if unicodedata.category(character).startswith("C") else character for character in masked(text))

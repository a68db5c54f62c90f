"""The command's verb for whole lists, and the options that it shares with the question about one."""

from __future__ import annotations

import csv
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from credit_sanction._answers import Answer, Verdict
from credit_sanction._commands import VERDICT_CODES, answer_lines, answer_object, print_json, print_lines
from credit_sanction._errors import ClientError
from credit_sanction._options import past, revision

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from credit_sanction._answers import ItemFailure
    from credit_sanction._client import Client
    from credit_sanction._operating import Actions

_FIELD_MOST: Final = 10_000


def add_question(parser: argparse.ArgumentParser) -> None:
    """Add what may be said of any question."""
    parser.add_argument("--as-of", metavar="YYYY-MM-DD", help="what was in force on that day, by today's knowledge")
    past_of = parser.add_mutually_exclusive_group()
    past_of.add_argument(
        "--at-revision", type=revision, metavar="EPOCH:NUMBER", help="by what was known at exactly this revision"
    )
    past_of.add_argument(
        "--as-known-at",
        type=past,
        metavar="WHEN",
        help="by what was known then: 2026-11-23T12:00:00+08:00, or so long ago: 30m, 6h, 2d",
    )
    parser.add_argument(
        "--land-purpose",
        choices=["new-supply", "exit-disposal"],
        default="new-supply",
        help="what land is asked about for: the exit's own disposal of land is never blocked (left out: new-supply)",
    )
    parser.add_argument("--include-ended", action="store_true", help="show what rests and what has ended too")


def add_screening_verbs(commands: Actions, service: argparse.ArgumentParser, areas: str) -> None:
    """Add the verb to the command's parser; it sets `verb`, what carries it out. `areas`: those that there are."""
    screen = commands.add_parser("screen", parents=[service], help="look the enterprises of a list up")
    screen.add_argument(
        "file", help="CSV in UTF-8: a code a line, and behind it the name where it is known; -: standard input"
    )
    screen.add_argument(
        "--area", action="append", default=[], metavar="AREA", help=f"any of {areas}; left out: all nine"
    )
    add_question(screen)
    screen.add_argument("--all", action="store_true", help="print those who are CLEAR too")
    screen.add_argument("--json", action="store_true", help="print one JSON object a line, for every item")
    screen.set_defaults(verb=_screen)


def _screen(client: Client, options: argparse.Namespace) -> int:
    """Print a line for each item that is not CLEAR, and a summary. The exit code is that of the worst."""
    counts = dict.fromkeys(Verdict, 0)
    refused = 0
    source = nullcontext(sys.stdin) if options.file == "-" else _opened(options.file)
    with source as lines:
        results = client.screen(
            _items(lines, options.file),
            areas=options.area,
            as_of_date=options.as_of,
            at_revision=options.at_revision,
            as_known_at=options.as_known_at,
            land_purpose=options.land_purpose.replace("-", "_"),
            include_ended=options.include_ended,
        )
        for number, result in enumerate(results, 1):
            if isinstance(result, Answer):
                counts[result.verdict] += 1
            else:
                refused += 1
            _tell(number, result, as_json=options.json, with_clear=options.all)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in reversed(Verdict))
    sys.stderr.write(f"{sum(counts.values()) + refused} items: {told}, {refused} refused\n")
    if refused:
        return 1
    found = [verdict for verdict in Verdict if counts[verdict]]  # from the least to the worst
    return VERDICT_CODES[found[-1]] if found else 0


def _tell(number: int, result: Answer | ItemFailure, *, as_json: bool, with_clear: bool) -> None:
    if isinstance(result, Answer):
        if as_json:
            print_json({"item": number, **answer_object(result)})
        elif with_clear or not result.clear or result.past:
            first, *details = answer_lines(result)
            print_lines([f"{number}: {first}", *details])
    elif as_json:
        print_json({"item": number, "code": result.code, "reason": result.reason, "message": str(result)})
    else:
        print_lines([f"{number}: refused  {result}"])


def _opened(name: str) -> TextIO:
    return Path(name).open(encoding="utf-8-sig", newline="")


def _items(lines: Iterable[str], name: str) -> Iterator[str | tuple[str, str]]:
    """Read codes, and names behind them. Lines without a code are left out. Raises ClientError for what cannot be read."""
    csv.field_size_limit(_FIELD_MOST)
    rows = csv.reader(lines)
    try:
        for row in rows:
            if row and row[0].strip():
                yield (row[0].strip(), row[1].strip()) if len(row) > 1 and row[1].strip() else row[0].strip()
    except (csv.Error, UnicodeDecodeError) as fault:
        raise ClientError(f"{name}, line {rows.line_num + 1}: cannot be read as CSV in UTF-8: {fault}") from None

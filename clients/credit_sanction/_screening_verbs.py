"""The command's verb for whole lists, and the options that it shares with the question about one."""

from __future__ import annotations

import sys
from collections import deque
from itertools import chain
from typing import TYPE_CHECKING, Final

from credit_sanction._answer_lines import answer_lines, answer_object
from credit_sanction._answers import Answer, Verdict
from credit_sanction._code_lists import LIST_HELP, opened, read_list
from credit_sanction._commands import VERDICT_CODES, own_areas, print_json, print_lines
from credit_sanction._errors import ClientError, PermissionDenied
from credit_sanction._options import past, revision
from credit_sanction._privacy import shown_code

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from credit_sanction._answers import ItemFailure
    from credit_sanction._client import Client
    from credit_sanction._code_lists import Listed
    from credit_sanction._operating import Actions

    Item: TypeAlias = str | tuple[str, str]
    Result: TypeAlias = Answer | ItemFailure

AREA_HELP: Final = "any of {areas}; left out: all that one may ask about, and which those were is told"


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
    screen.add_argument("file", help=LIST_HELP)
    screen.add_argument("--area", action="append", default=[], metavar="AREA", help=AREA_HELP.format(areas=areas))
    add_question(screen)
    screen.add_argument("--all", action="store_true", help="print those who are CLEAR too")
    screen.add_argument("--json", action="store_true", help="print one JSON object a line, for every item")
    screen.set_defaults(verb=_screen)


def _screen(client: Client, options: argparse.Namespace) -> int:
    """Print a line for each item that is not CLEAR, and a summary. The exit code is that of the worst."""

    def ask(items: Iterator[Item], areas: Sequence[str]) -> Iterator[Result]:
        return client.screen(
            items,
            areas=areas,
            as_of_date=options.as_of,
            at_revision=options.at_revision,
            as_known_at=options.as_known_at,
            land_purpose=options.land_purpose.replace("-", "_"),
            include_ended=options.include_ended,
        )

    counts = dict.fromkeys(Verdict, 0)
    refused = 0
    answers: list[Answer] = []  # the first: what was asked is the same of all
    with opened(options.file) as stream:
        for one, result in _Asked(read_list(stream, options.file)).told(ask, options.area):
            if isinstance(result, Answer):
                counts[result.verdict] += 1
                answers = answers or [result]
            else:
                refused += 1
            _tell(one, result, as_json=options.json, with_clear=options.all)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in reversed(Verdict))
    count = sum(counts.values()) + refused
    if not count:
        raise ClientError(f"{options.file} has no code: nobody was looked up")
    sys.stderr.write(f"{count} items: {told}, {refused} refused\n")
    for answer in answers:
        sys.stderr.write(f"areas asked: {', '.join(answer.areas)}\n")
        sys.stderr.write(f"{answer.of_the_past}\n" if answer.as_known is not None else "")
    if refused:
        return 1
    found = [verdict for verdict in Verdict if counts[verdict]]  # from the least to the worst
    return VERDICT_CODES[found[-1]]


class _Asked:
    """The lines of a list, some of which can be asked about, and what became of each."""

    def __init__(self, lines: Iterator[Listed]) -> None:
        self._lines = lines
        self._waiting: deque[Listed] = deque()

    def told(
        self, ask: Callable[[Iterator[Item], Sequence[str]], Iterator[Result]], areas: Sequence[str]
    ) -> Iterator[tuple[Listed, Result | None]]:
        """
        Yield each line with its result, None for one that could not be asked about. Where no area is named, and the caller may not
        ask about all, those that it may are asked. Raises what `ask` does.
        """
        results = ask(self._items(), areas)
        try:
            first = next(results, None)
        except PermissionDenied as denied:
            own = own_areas(areas, denied)
            self._lines, self._waiting = chain(list(self._waiting), self._lines), deque()
            results = ask(self._items(), own)
            first = next(results, None)
        for result in chain([first] if first is not None else [], results):
            while self._waiting[0].fault:
                yield self._waiting.popleft(), None
            yield self._waiting.popleft(), result
        while self._waiting:
            yield self._waiting.popleft(), None

    def _items(self) -> Iterator[Item]:
        for one in self._lines:
            self._waiting.append(one)
            if not one.fault:
                yield (one.code, one.name) if one.name else one.code


def _tell(one: Listed, result: Result | None, *, as_json: bool, with_clear: bool) -> None:
    if isinstance(result, Answer):
        if as_json:
            print_json({"line": one.line, **answer_object(result)})
        elif with_clear or not result.clear or result.past:
            first, *details = answer_lines(result, with_areas=False)  # the summary says which
            print_lines([f"line {one.line}: {first}", *details])
        return
    message = one.fault if result is None else str(result)
    if as_json:
        reason = "INVALID_FIELD" if result is None else result.reason
        print_json({"line": one.line, "code": shown_code(one.code), "reason": reason, "message": message})
    else:
        print_lines([f"line {one.line}: refused  {message}"])

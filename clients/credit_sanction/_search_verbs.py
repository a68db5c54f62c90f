"""The command's verb that searches by name."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from credit_sanction._areas import Area, AreaGroup
from credit_sanction._commands import print_json, print_lines
from credit_sanction._options import count, filled
from credit_sanction._searching import LIMIT_MAX

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable
    from typing import TypeAlias

    from credit_sanction._client import Client
    from credit_sanction._searching import Found

    Actions: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

NOBODY: int = 1


def add_search_verbs(commands: Actions, service: argparse.ArgumentParser) -> None:
    """Add the verb to the command's parser; it sets `verb`, what carries it out."""
    areas = ", ".join([*AreaGroup, *(area for area in Area if area is not Area.UNRECOGNISED)])
    search = commands.add_parser(
        "search", parents=[service], help="find the code of an enterprise with a record by its name"
    )
    search.set_defaults(verb=_search)
    search.add_argument("query", type=filled, help="a name, present or former, in characters or pinyin, or a code")
    search.add_argument(
        "--limit",
        type=count(1, LIMIT_MAX),
        default=10,
        metavar="N",
        help=f"how many at most, 1 to {LIMIT_MAX} (left out: 10)",
    )
    search.add_argument(
        "--area", action="append", default=[], metavar="AREA", help=f"only records in any of {areas}; left out: all"
    )
    search.add_argument("--json", action="store_true", help="print one JSON object")


def _search(client: Client, options: argparse.Namespace) -> int:
    found = client.search(options.query, areas=options.area, limit=options.limit)
    if options.json:
        print_json(dataclasses.asdict(found))
    else:
        print_lines(_lines(found))
    return 0 if found.candidates else NOBODY


def _lines(found: Found) -> Iterable[str]:
    for one in found.candidates:
        yield f"{one.score:.2f}  {one.code}  {one.name}"
        if one.matched not in (one.name, one.code):
            yield f"      matched: {one.matched}"
        yield from (f"      {explanation}" for explanation in one.explanations)
    if found.more:
        yield "more matched: say more of the name, or ask for more with --limit"
    if not found.candidates:
        yield "nobody was found, which is no verdict: look the code up with `credit-sanction check`"

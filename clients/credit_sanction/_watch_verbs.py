"""The command's verbs for readers who keep a copy: export, watch, portfolios."""

from __future__ import annotations

import sys
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Final

from google.protobuf.json_format import MessageToDict

from credit_sanction._answers import Revision
from credit_sanction._commands import print_json, print_lines
from credit_sanction._errors import ClientError
from credit_sanction._options import filled, revision
from credit_sanction._watch_values import entry_of
from credit_sanction._words import china_time

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence

    from credit_sanction._client import Client
    from credit_sanction._operating import Actions, Verb
    from credit_sanction._watch_values import Entry, Portfolio
    from credit_sanction.v1 import watch_service_pb2 as wire

REFUSED: Final = 1
_SHOWN_FAULTS: Final = 20


def add_watch_verbs(commands: Actions, service: argparse.ArgumentParser) -> None:
    """Add the verbs to the command's parser; each sets `verb`, what carries it out."""
    whole = commands.add_parser("export", parents=[service], help="write all that is in force, or may come to be")
    _add_scope(whole, _export)
    watch = commands.add_parser(
        "watch", parents=[service], help="print every change as it comes, until it is interrupted"
    )
    _add_scope(watch, _watch)
    watch.add_argument("--after", type=revision, metavar="EPOCH:NUMBER", help="a revision; left out: from now on")
    watch.add_argument(
        "--heartbeat", type=float, default=10.0, help="seconds between two words that it is all there is"
    )
    portfolio = commands.add_parser("portfolio", help="the codes that one wants to hear of, under a name of one's own")
    _add_portfolio(portfolio.add_subparsers(dest="action", required=True), service)


def _add_scope(parser: argparse.ArgumentParser, verb: Verb) -> None:
    parser.set_defaults(verb=verb)
    parser.add_argument(
        "--area",
        action="append",
        default=[],
        metavar="AREA",
        help="an area or group; left out: all that one may ask about",
    )
    parser.add_argument("--district", action="append", default=[], metavar="CODE", help="a district, six digits")
    parser.add_argument(
        "--portfolio", type=filled, metavar="NAME", help="only enterprises of this portfolio of one's own"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def _add_portfolio(actions: Actions, service: argparse.ArgumentParser) -> None:
    put = actions.add_parser("put", parents=[service], help="upload codes, one a line")
    put.add_argument("name")
    put.add_argument("file", type=Path, help="the codes, UTF-8, one a line; -: standard input")
    way = put.add_mutually_exclusive_group()
    way.add_argument("--add", action="store_const", dest="change", const="ADD", help="add them; left out: replace all")
    way.add_argument("--remove", action="store_const", dest="change", const="REMOVE", help="take them out")
    put.set_defaults(verb=_put, change="REPLACE")
    several = actions.add_parser("list", parents=[service], help="list one's portfolios")
    several.set_defaults(verb=_list)
    show = actions.add_parser("show", parents=[service], help="print the codes of one, in order")
    show.add_argument("name")
    show.set_defaults(verb=_show)
    delete = actions.add_parser("delete", parents=[service], help="remove one")
    delete.add_argument("name")
    delete.set_defaults(verb=_delete)
    for action in (put, several, show, delete):
        action.add_argument("--json", action="store_true", help="print one JSON object")


def _export(client: Client, options: argparse.Namespace) -> int:
    export = client.export(areas=options.area, districts=options.district, portfolio=options.portfolio)
    count = 0
    for message in export.messages():
        count += len(message.entries)
        _print_entries(message.entries, options)
    if options.json:
        print_json(
            {"revision": _revision_object(export.revision), "entries": count, "law": dict(export.law), "whole": True}
        )
    else:
        print_lines([f"{count} entries of revision {export.revision}; watch --after {export.revision}"])
    return 0


def _watch(client: Client, options: argparse.Namespace) -> int:
    watch = client.watch(
        options.after,
        areas=options.area,
        districts=options.district,
        portfolio=options.portfolio,
        heartbeat=options.heartbeat,
    )
    for parts in watch.messages():
        last = parts[-1]
        known_at = china_time(last.known_at.ToDatetime(UTC)) if last.HasField("known_at") else ""
        law_changed = any(part.law_changed for part in parts)
        for part in parts:
            _print_entries(part.entries, options)
        number = Revision(epoch=last.revision.epoch, number=last.revision.number)
        if options.json:
            print_json({"revision": _revision_object(number), "known_at": known_at, "law_changed": law_changed})
        else:
            print_lines([_revision_line(number, known_at, law_changed=law_changed)])
        sys.stdout.flush()
    return 0


def _revision_line(number: Revision, known_at: str, *, law_changed: bool) -> str:
    if not known_at:
        return f"-- revision {number}: this is all there is"
    changed = "; the rule tables have changed: take the export again" if law_changed else ""
    return f"-- revision {number} of {known_at}{changed}"


def _print_entries(entries: Iterable[wire.RestrictionEntry], options: argparse.Namespace) -> None:
    for entry in entries:
        if options.json:
            print_json(_entry_object(entry))
        else:
            print_lines(_entry_lines(entry_of(entry)))


def _entry_object(entry: wire.RestrictionEntry) -> Mapping[str, object]:
    written = MessageToDict(entry, preserving_proto_field_name=True)
    written["state"] = str(entry_of(entry).state)
    return {"entry": written}


def _entry_lines(entry: Entry) -> Iterable[str]:
    told = f"for {', '.join(entry.portfolio_codes)}" if entry.portfolio_codes else ""
    yield "  ".join(filter(None, [entry.state, entry.code, entry.name, entry.record, told]))
    for one in entry.restrictions:
        binds = "binding" if one.binding else "advisory"
        yield f"  {one.area}: {binds}, {one.since or 'not listed'} to {one.until}, {one.authority} {one.document_number}"


def _put(client: Client, options: argparse.Namespace) -> int:
    numbered = _codes(options.file)
    result = client.put_portfolio(options.name, [code for _, code in numbered], change=options.change)
    refused = [(numbered[one.index][0], str(one)) for one in result.failures]
    if options.json:
        faults = [{"line": line, "message": message} for line, message in refused]
        print_json({**_portfolio_object(result.portfolio), "refused": faults})
    else:
        print_lines(f"line {line}: refused  {message}" for line, message in refused[:_SHOWN_FAULTS])
        if len(refused) > _SHOWN_FAULTS:
            print_lines([f"and {len(refused) - _SHOWN_FAULTS} more"])
        print_lines([_portfolio_line(result.portfolio)])
    return REFUSED if refused else 0


def _codes(file: Path) -> Sequence[tuple[int, str]]:
    """Return the codes with the numbers of their lines. Raises ClientError where there are none."""
    try:
        data = sys.stdin.buffer.read() if file == Path("-") else file.read_bytes()
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ClientError(f"{file} is not UTF-8") from None
    codes = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    if not codes:
        raise ClientError(f"{file} has no code: delete the portfolio where it shall hold none")
    return codes


def _list(client: Client, options: argparse.Namespace) -> int:
    found = client.portfolios()
    if options.json:
        print_json({"portfolios": [_portfolio_object(one) for one in found]})
    else:
        print_lines(map(_portfolio_line, found))
    return 0


def _show(client: Client, options: argparse.Namespace) -> int:
    codes = list(client.portfolio_codes(options.name))
    if options.json:
        print_json({"name": options.name, "codes": codes})
    else:
        print_lines(codes)
    return 0


def _delete(client: Client, options: argparse.Namespace) -> int:
    client.delete_portfolio(options.name)
    if options.json:
        print_json({"deleted": options.name})
    else:
        print_lines([f"{options.name}: deleted"])
    return 0


def _portfolio_line(one: Portfolio) -> str:
    return f"{one.name}  {one.size} codes, put {china_time(one.updated_at)}"


def _portfolio_object(one: Portfolio) -> Mapping[str, object]:
    return {"name": one.name, "size": one.size, "updated_at": one.updated_at}


def _revision_object(one: Revision) -> Mapping[str, int]:
    return {"epoch": one.epoch, "number": one.number}

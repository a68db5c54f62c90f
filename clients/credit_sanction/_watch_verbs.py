"""The command's verbs for readers who keep a copy: export, watch."""

from __future__ import annotations

import sys
from datetime import UTC
from typing import TYPE_CHECKING

from google.protobuf.json_format import MessageToDict

from credit_sanction._answer_lines import standing
from credit_sanction._answers import Revision
from credit_sanction._commands import print_json, print_lines
from credit_sanction._errors import ClientError, Unavailable
from credit_sanction._options import filled, revision, seconds
from credit_sanction._watch_values import entry_of
from credit_sanction._watching import HEARTBEAT, HEARTBEAT_MAX
from credit_sanction._words import china_time

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

    from credit_sanction._client import Client
    from credit_sanction._errors import ServiceError
    from credit_sanction._operating import Actions, Verb
    from credit_sanction._watch_values import Entry
    from credit_sanction._watching import Watch
    from credit_sanction.v1 import watch_service_pb2 as wire


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
        "--heartbeat",
        type=seconds(1, HEARTBEAT_MAX),
        default=HEARTBEAT,
        help=f"seconds between two words that it is all there is, 1 to {HEARTBEAT_MAX:g} (left out: {HEARTBEAT:g})",
    )


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


def _export(client: Client, options: argparse.Namespace) -> int:
    export = client.export(
        areas=options.area, districts=options.district, portfolio=options.portfolio, troubled=_Trouble().tell
    )
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


class _Trouble:
    """Says on standard error what keeps a stream from going on, each thing once until it went on."""

    def __init__(self) -> None:
        self._told = ""

    def tell(self, error: ServiceError) -> None:
        """Say it, unless it is what was said last."""
        if str(error) != self._told:
            self._told = str(error)
            sys.stderr.write(f"credit-sanction: {error}; trying again\n")
            sys.stderr.flush()

    def forget(self) -> None:
        """Say that it went on, where something was told before."""
        if self._told:
            self._told = ""
            sys.stderr.write("credit-sanction: it goes on\n")


def _watch(client: Client, options: argparse.Namespace) -> int:
    trouble = _Trouble()
    watch = client.watch(
        options.after,
        areas=options.area,
        districts=options.district,
        portfolio=options.portfolio,
        heartbeat=options.heartbeat,
        troubled=trouble.tell,
    )
    try:
        _tell_all(watch, options, trouble)
    except Unavailable as error:
        head = error.metadata.get("head")
        if head is None or error.reason != "REVISION_NOT_REACHED":
            raise
        raise ClientError(
            f"--after: {watch.revision} lies ahead of the service, which is at {head}: mistyped, or the store was restored to "
            "before it; take an export, and watch --after its revision"
        ) from None
    return 0


def _tell_all(watch: Watch, options: argparse.Namespace, trouble: _Trouble) -> None:
    for parts in watch.messages():
        trouble.forget()
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
        days = f"{one.since or 'not listed'} to {one.until}"
        yield f"  {one.area}: {standing(one, entry.state)}, {days}, {one.authority} {one.document_number}"


def _revision_object(one: Revision) -> Mapping[str, int]:
    return {"epoch": one.epoch, "number": one.number}

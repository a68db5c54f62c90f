"""
The command `credit-sanction`: look enterprises up, import record sheets, load and read rule tables, operate the pushes.

Exit codes of `import`: 0 everything was taken in, 1 a row was refused. Of `check`: 0 CLEAR, 3 RESTRICTED, 4 UNKNOWN, 5
ADVISORY, 1 the question was refused; of `screen` that of the worst, 1 where an item was refused. Of `search`: 0 somebody was
found, 1 nobody. Of `law`: 0 done, 1 the edition was refused, or is not there. Of `reconcile`: 0 nothing differs, or it is
being put right, 1 something differs, or the list could not be had, 6 it has not ended. Of `drain`: 0 nothing is in flight, 6
something is. Of `verify`: 0 the receipt is genuine, 1 it is not. Of `portfolio put`: 0 all codes were taken, 1 some were
refused. Of all: 1 it was refused, 2 wrong usage or settings, a token or a right that is missing included; 6 no answer; 141
nobody reads what is printed any more.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from credit_sanction._areas import Area, AreaGroup
from credit_sanction._client import DEFAULT_TIMEOUT, Client
from credit_sanction._commands import check, import_sheet, list_editions, load_edition, show_edition
from credit_sanction._errors import (
    ClientError,
    CreditSanctionError,
    DeadlineExceeded,
    Overloaded,
    PermissionDenied,
    ServiceError,
    Unauthenticated,
    Unavailable,
)
from credit_sanction._operating import add_verbs
from credit_sanction._portfolio_verbs import add_portfolio_verbs
from credit_sanction._receipt_verbs import add_receipt_verbs
from credit_sanction._screening_verbs import AREA_HELP, add_question, add_screening_verbs
from credit_sanction._search_verbs import add_search_verbs
from credit_sanction._watch_verbs import add_watch_verbs
from credit_sanction.v1.law_service_pb2 import EditionKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from credit_sanction._operating import Verb
    from credit_sanction._receipt_verbs import Offline

    Actions: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

DONE: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
NO_ANSWER: Final = 6
INTERRUPTED: Final = 130
UNREAD: Final = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Results go to standard output, faults to standard error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a console that knows no Chinese still gets its answer
    options = _parser().parse_args(arguments)
    try:
        if "offline" in options:
            offline: Offline = options.offline
            code = offline(options, lambda: _client(options))
        else:
            with _client(options) as client:
                code = _run(client, options)
        sys.stdout.flush()  # here, where it can still be said that nobody reads it
    except BrokenPipeError:
        return _stop_printing()
    except (CreditSanctionError, OSError) as error:
        return _fault(error, options)
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _stop_printing() -> int:
    """Lead what is still to be printed nowhere: Python would try again, and complain, at its end."""
    with suppress(OSError):  # a stream without a descriptor
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return UNREAD


def _run(client: Client, options: argparse.Namespace) -> int:
    if "verb" in options:
        verb: Verb = options.verb
        return verb(client, options)
    match options.command, getattr(options, "action", ""):
        case "check", _:
            return check(client, options)
        case "law", "load":
            return load_edition(client, options.file, validate_only=options.validate_only, as_json=options.json)
        case "law", "list":
            return list_editions(client, options.kind, as_json=options.json)
        case "law", _:
            return show_edition(client, options.kind, options.edition, as_json=options.json)
        case _:
            return import_sheet(
                client,
                options.file,
                validate_only=options.validate_only,
                as_json=options.json,
                report=options.report,
                request_id=options.request_id,
            )


def _client(options: argparse.Namespace) -> Client:
    address = options.address or os.environ.get("CREDIT_SANCTION_ADDRESS", "127.0.0.1:50051")
    token_file = _token_file(options)
    stored = _content("the token file", Path(token_file)).decode("utf-8", "replace") if token_file else None
    token = os.environ.get("CREDIT_SANCTION_TOKEN") if stored is None else stored
    roots = _content("the file of root certificates", options.root_certificates) if options.root_certificates else None
    return Client(address, token, root_certificates=roots, timeout=options.timeout)


def _content(what: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as fault:
        raise ClientError(f"{what} {file} cannot be read: {fault.strerror}") from None


def _token_file(options: argparse.Namespace) -> str | Path | None:
    return options.token_file or os.environ.get("CREDIT_SANCTION_TOKEN_FILE")


def _has_token(options: argparse.Namespace) -> bool:
    return bool(_token_file(options) or os.environ.get("CREDIT_SANCTION_TOKEN"))


def _fault(error: CreditSanctionError | OSError, options: argparse.Namespace) -> int:
    if isinstance(error, Unauthenticated) and not _has_token(options):
        # The service speaks of a header, which is nothing that this command takes.
        how = "name the file that holds yours with --token-file or CREDIT_SANCTION_TOKEN_FILE"
        sys.stderr.write(f"credit-sanction: the service wants a token: {how}\n")
        return USAGE
    sys.stderr.write(f"credit-sanction: {_sentence(error)}\n")
    if isinstance(error, ServiceError) and error.request_id and "request_id" in options:
        sys.stderr.write(f"credit-sanction: to go on without doing anything twice: --request-id {error.request_id}\n")
    match error:
        case ClientError() | Unauthenticated() | PermissionDenied() | OSError():
            return USAGE
        case Unavailable() | DeadlineExceeded() | Overloaded():
            return NO_ANSWER
        case _:
            return REFUSED


def _sentence(error: CreditSanctionError | OSError) -> str:
    return f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="credit-sanction",
        description="Look enterprises up in a Credit Sanction Service, import record sheets and rule tables into it, "
        "and operate its pushes.",
        epilog="Exit codes: 0 done or CLEAR, 1 something was refused or differs, 2 wrong usage, settings or rights, 3 RESTRICTED, "
        "4 UNKNOWN, 5 ADVISORY, 6 no answer, or not ended. The token itself may stand in the environment, as CREDIT_SANCTION_TOKEN.",
    )
    service = argparse.ArgumentParser(add_help=False)
    service.add_argument("--address", help="host:port (environment: CREDIT_SANCTION_ADDRESS; else 127.0.0.1:50051)")
    service.add_argument(
        "--token-file", type=Path, help="file with the token (environment: CREDIT_SANCTION_TOKEN_FILE)"
    )
    service.add_argument("--root-certificates", type=Path, help="PEM file of the authorities that certify the service")
    service.add_argument("--timeout", type=float, default=DEFAULT_TIMEOUT, help="seconds for a call with its retries")
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("check", parents=[service], help="look one enterprise up")
    one.add_argument("code", help="unified social credit code, or an old number")
    one.add_argument("--name", help="its name, to find a mix-up")
    one.add_argument("--area", action="append", default=[], metavar="AREA", help=AREA_HELP.format(areas=_areas()))
    add_question(one)
    one.add_argument("--receipt", type=Path, metavar="FILE", help="have question and answer signed, in a new file")
    one.add_argument(
        "--purpose", default="", metavar="TEXT", help="what it is asked for, as it shall stand in the receipt"
    )
    one.add_argument("--json", action="store_true", help="print one JSON object")
    many = commands.add_parser("import", parents=[service], help="submit the records of a CSV file")
    many.add_argument("file", type=Path, help="the record sheet, CSV")
    many.add_argument("--validate-only", action="store_true", help="check everything, store nothing")
    many.add_argument("--report", type=Path, help="write the sheet back with what became of each row")
    many.add_argument("--request-id", help="go on with an import that broke off")
    many.add_argument("--json", action="store_true", help="print one JSON object")
    law = commands.add_parser("law", help="load and read the rule tables that the service goes by")
    _add_law(law.add_subparsers(dest="action", required=True), service)
    add_screening_verbs(commands, service, _areas())
    add_search_verbs(commands, service)
    add_verbs(commands, service)
    add_watch_verbs(commands, service)
    add_portfolio_verbs(commands, service)
    add_receipt_verbs(commands, service)
    return parser


def _add_law(actions: Actions, service: argparse.ArgumentParser) -> None:
    load = actions.add_parser("load", parents=[service], help="load an edition; for administrators")
    load.add_argument("file", type=Path, help="the edition, TOML")
    load.add_argument("--validate-only", action="store_true", help="try it with the tables in use, store nothing")
    several = actions.add_parser("list", parents=[service], help="list the editions in the order of their loading")
    several.add_argument(
        "--kind", action="append", default=[], metavar="KIND", help=f"any of {_kinds()}; left out: all"
    )
    show = actions.add_parser("show", parents=[service], help="print an edition's text as it was loaded")
    show.add_argument("kind", metavar="KIND", help=f"one of {_kinds()}")
    show.add_argument("edition", metavar="EDITION", help="its name, such as 2026-1")
    for action in (load, several, show):
        action.add_argument("--json", action="store_true", help="print one JSON object")


def _kinds() -> str:
    return ", ".join(name.removeprefix("EDITION_KIND_") for name in EditionKind.keys()[1:])


def _areas() -> str:
    return ", ".join([*AreaGroup, *(area for area in Area if area is not Area.UNRECOGNISED)])


if __name__ == "__main__":
    sys.exit(main())

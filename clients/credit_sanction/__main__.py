"""
The command `credit-sanction`: look enterprises up, and import record sheets.

Exit codes of `import`: 0 everything was taken in, 1 a row was refused. Of `check`: 0 CLEAR, 3 RESTRICTED, 4 UNKNOWN, 5
ADVISORY, 1 the question was refused. Of both: 2 wrong usage or settings, a token or a right that is missing included;
6 no answer.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from credit_sanction._areas import Area, AreaGroup
from credit_sanction._client import DEFAULT_TIMEOUT, Client
from credit_sanction._commands import check, import_sheet
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

if TYPE_CHECKING:
    from collections.abc import Sequence

DONE: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
NO_ANSWER: Final = 6
INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Results go to standard output, faults to standard error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a console that knows no Chinese still gets its answer
    options = _parser().parse_args(arguments)
    try:
        with _client(options) as client:
            if options.command == "check":
                return check(
                    client,
                    options.code,
                    name=options.name,
                    areas=options.area,
                    as_of_date=options.as_of,
                    as_json=options.json,
                )
            return import_sheet(
                client,
                options.file,
                validate_only=options.validate_only,
                as_json=options.json,
                report=options.report,
                request_id=options.request_id,
            )
    except (CreditSanctionError, OSError) as error:
        return _fault(error, options)
    except KeyboardInterrupt:
        return INTERRUPTED


def _client(options: argparse.Namespace) -> Client:
    address = options.address or os.environ.get("CREDIT_SANCTION_ADDRESS", "127.0.0.1:50051")
    token_file = _token_file(options)
    token = Path(token_file).read_text("utf-8", "replace") if token_file else os.environ.get("CREDIT_SANCTION_TOKEN")
    roots = options.root_certificates.read_bytes() if options.root_certificates else None
    return Client(address, token, root_certificates=roots, timeout=options.timeout)


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
    sys.stderr.write(f"credit-sanction: {error}\n")
    if isinstance(error, ServiceError) and error.request_id:
        sys.stderr.write(f"credit-sanction: to go on without doing anything twice: --request-id {error.request_id}\n")
    match error:
        case ClientError() | Unauthenticated() | PermissionDenied() | OSError():
            return USAGE
        case Unavailable() | DeadlineExceeded() | Overloaded():
            return NO_ANSWER
        case _:
            return REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="credit-sanction",
        description="Look enterprises up in, and import record sheets into, a Credit Sanction Service.",
        epilog="Exit codes: 0 done or CLEAR, 1 something was refused, 2 wrong usage, settings or rights, 3 RESTRICTED, "
        "4 UNKNOWN, 5 ADVISORY, 6 no answer. The token itself may stand in the environment, as CREDIT_SANCTION_TOKEN.",
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
    one.add_argument(
        "--area", action="append", default=[], metavar="AREA", help=f"any of {_areas()}; left out: all nine"
    )
    one.add_argument("--as-of", metavar="YYYY-MM-DD", help="what was in force on that day, by today's knowledge")
    one.add_argument("--json", action="store_true", help="print one JSON object")
    many = commands.add_parser("import", parents=[service], help="submit the records of a CSV file")
    many.add_argument("file", type=Path, help="the record sheet, CSV")
    many.add_argument("--validate-only", action="store_true", help="check everything, store nothing")
    many.add_argument("--report", type=Path, help="write the sheet back with what became of each row")
    many.add_argument("--request-id", help="go on with an import that broke off")
    many.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _areas() -> str:
    return ", ".join([*AreaGroup, *(area for area in Area if area is not Area.UNRECOGNISED)])


if __name__ == "__main__":
    sys.exit(main())

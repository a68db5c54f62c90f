"""The command line: `credit-sanction-service run | api | worker | migrate | …`, see `--help`."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import structlog

from credit_sanction_service import log
from credit_sanction_service.config import PREFIX, BadSetting, Settings, read_settings
from credit_sanction_service.domain.access import Role
from credit_sanction_service.domain.faults import StoreUnavailable
from credit_sanction_service.domain.terms import Standard
from credit_sanction_service.host import lifeline
from credit_sanction_service.host.refusal import StartRefused

if TYPE_CHECKING:
    from collections.abc import Callable


def main(arguments: list[str] | None = None) -> int:
    """Run a command. 0: done, or stopped in order; 2: refused, with one sentence that says what to do."""
    options = _parser().parse_args(arguments)
    try:
        settings = _settings(options)
        log.configure(settings.log_level, process=options.command)
        _warn_if_exposed(settings, options.command)
        return _command(options)(settings)
    except (StartRefused, BadSetting, StoreUnavailable) as refusal:
        sys.stderr.write(f"{refusal}\n")
        return StartRefused.EXIT_CODE
    except KeyboardInterrupt:
        return 0


def _warn_if_exposed(settings: Settings, command: str) -> None:
    """Say it once where other machines can reach the port: its traffic, tokens included, is plain text."""
    if command in {"run", "api"} and settings.is_exposed and lifeline.LIFELINE not in os.environ:
        structlog.get_logger().warning(
            "server.exposed",
            listen=settings.listen,
            advice="calls and tokens travel in plain text: put what ends TLS in front, or listen on 127.0.0.1",
        )


def _command(options: argparse.Namespace) -> Callable[[Settings], int]:
    """Return what the command does. Each process loads only the rooms that it needs."""
    # ruff: noqa: PLC0415 - the worker needs no gRPC, the API no HTTP client: a process imports its own command only
    match options.command:
        case "run":
            from credit_sanction_service.app.everything import run_everything

            return run_everything
        case "api":
            from credit_sanction_service.app.api_process import run_api

            return run_api
        case "worker":
            from credit_sanction_service.app.worker_process import run_worker

            return run_worker
        case "stand-ins":
            from credit_sanction_service.app.stand_ins import run_stand_ins

            return run_stand_ins
        case "migrate":
            from credit_sanction_service.app.everything import run_migrate

            return run_migrate
        case "new-epoch":
            from credit_sanction_service.app.epochs import new_epoch

            return new_epoch
        case "receipt-key":
            from credit_sanction_service.app.receipt_keys import print_receipt_key

            return print_receipt_key
        case _:
            from credit_sanction_service.app import tokens

            return lambda settings: getattr(tokens, options.action)(settings, options)


def _settings(options: argparse.Namespace) -> Settings:
    settings = read_settings(os.environ)
    names = {entry.name for entry in fields(Settings)}
    return replace(settings, **{k: v for k, v in vars(options).items() if k in names and v is not None})


def _parser() -> argparse.ArgumentParser:
    text = "\n".join(
        f"  {PREFIX}{entry.name.upper():22} {entry.metadata['meaning']}"
        + (f" (default {entry.default})" if entry.default != "" else "")
        for entry in fields(Settings)
    )
    parser = argparse.ArgumentParser(
        prog="credit-sanction-service",
        description=__doc__,
        epilog=f"settings, from the environment:\n{text}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="everything on this machine, with an embedded database and stand-in targets")
    run.add_argument("--data-dir", help="where the data lies")
    run.add_argument("--listen", help="host:port of the gRPC service")
    run.add_argument("--targets", help="targets file (TOML)")
    run.add_argument("--stand-ins", help="host:port of the stand-in targets")
    run.add_argument("--metrics", help="host:port on which the worker shows its metrics; default: nowhere")
    commands.add_parser("api", help="one API process")
    worker = commands.add_parser("worker", help="the push worker")
    worker.add_argument("--metrics", help="host:port on which it shows its metrics; default: nowhere")
    commands.add_parser("stand-ins", help="the stand-in targets")
    commands.add_parser("migrate", help="bring the database's schema up to date, as its owner")
    epoch = commands.add_parser(
        "new-epoch", help="after a restore: have revisions count anew, so that readers take everything anew"
    )
    epoch.add_argument("--data-dir", help="where the running service's data lie, where that is not the usual place")
    commands.add_parser("receipt-key", help="print a new private key to sign receipts with")
    token = commands.add_parser("token", help="give a caller a token, or take it away")
    actions = token.add_subparsers(dest="action", required=True)
    place = argparse.ArgumentParser(add_help=False)
    place.add_argument("--data-dir", help="where the running service's data lie, where that is not the usual place")
    issue = actions.add_parser("issue", parents=[place], help="print a new token for a caller")
    issue.add_argument("name")
    issue.add_argument("--role", action="append", required=True, choices=[role.value for role in Role])
    issue.add_argument("--authority", action="append", help="code of an authority that it may act for; default: any")
    issue.add_argument("--standard", action="append", choices=[s.value for s in Standard], help="default: any")
    issue.add_argument("--district", action="append", help="division code that it may act for; default: any")
    withdraw = actions.add_parser("withdraw", parents=[place], help="withdraw every token of a caller")
    withdraw.add_argument("name")
    return parser


if __name__ == "__main__":
    sys.exit(main())

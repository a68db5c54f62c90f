"""The command's verbs for operators: targets, deliveries, pushing again, pausing, reconciling, proof."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from credit_sanction._commands import print_json, print_lines
from credit_sanction._errors import ClientError
from credit_sanction._operating_lines import (
    delivery_lines,
    delivery_object,
    reconciliation_lines,
    reconciliation_object,
    target_line,
    target_object,
)
from credit_sanction._options import ahead, filled, past
from credit_sanction.v1 import delivery_service_pb2 as wire

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from credit_sanction._client import Client

    Verb: TypeAlias = Callable[[Client, argparse.Namespace], int]
    Actions: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

DIFFERS: Final = 1
NOT_ENDED: Final = 6
_RETRYABLE: Final = ("PENDING", "RETRYING", "REJECTED", "GIVEN_UP")


def add_verbs(commands: Actions, service: argparse.ArgumentParser) -> None:
    """Add the verbs to the command's parser; each sets `verb`, what carries it out."""

    def add(name: str, verb: Verb, help_: str) -> argparse.ArgumentParser:
        parser = commands.add_parser(name, parents=[service], help=help_)
        parser.set_defaults(verb=verb)
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        return parser

    add("targets", _targets, "list the targets with what waits for them; for operators and the finance office")
    many = add("deliveries", _deliveries, "list deliveries; for operators and the finance office")
    many.add_argument("--target", type=filled, help="only this target's")
    many.add_argument("--record", type=filled, help="only this record's")
    many.add_argument("--enterprise", type=filled, metavar="CODE", help="only this enterprise's")
    _add_states(many, f"only these: any of {_every_state()}")
    many.add_argument("--past-due", action="store_true", help="only those past their legal due date")
    retry = add(
        "retry", _retry, "make deliveries due now, for operators, as all that follows; the current state goes out"
    )
    retry.add_argument("name", metavar="TARGET|DELIVERY", help="a target, or one delivery by its whole name")
    _add_states(retry, f"of a target: only these, any of {', '.join(_RETRYABLE)}; left out: all of these but PENDING")
    retry.add_argument("--enterprise", type=filled, metavar="CODE", help="of a target: only this enterprise's")
    retry.add_argument(
        "--error", type=filled, metavar="TEXT", help="of a target: only where the last error holds this, in any case"
    )
    retry.add_argument("--since", type=past, metavar="WHEN", help="of a target: only what changed since; see recover")
    retry.add_argument("--lost", action="store_true", help="of a delivery: the target has lost what it confirmed")
    recover = add("recover", _recover, "send again what a target confirmed since an instant and has lost")
    recover.add_argument("target")
    when = "an instant with its zone, such as 2026-11-20T08:00+08:00, or how long ago: 30m, 6h, 2d"
    recover.add_argument("--since", type=past, metavar="WHEN", required=True, help=when)
    pause = add("pause", _pause, "stop calling a target")
    pause.add_argument("--until", type=ahead, metavar="WHEN", help="an instant with its zone, or how long: 30m, 6h, 2d")
    drain = add("drain", _drain, "pause a target and wait until nothing is in flight to it")
    for parser in (pause, drain):
        parser.add_argument("target")
        parser.add_argument("--reason", required=True, help="why, for those who find it paused")
    add("resume", _resume, "call a paused target again").add_argument("target")
    reconcile = add("reconcile", _reconcile, "compare a target's own list with what it confirmed")
    reconcile.add_argument("target")
    reconcile.add_argument("--repair", action="store_true", help="put right what differs; left out: only tell")
    reconcile.add_argument("--wait", type=float, default=60.0, help="seconds to wait for its end; 0: only ask for it")
    proof = add("proof", _proof, "write the proof of delivery of a record into a file")
    proof.add_argument("record")
    proof.add_argument("--out", type=Path, required=True, metavar="FILE", help="the file to write; -: standard output")
    proof.add_argument("--target", type=filled, help="only this target")
    proof.add_argument("--without-bodies", action="store_true", help="leave out what was sent, keep its digests")


def _add_states(parser: argparse.ArgumentParser, help_: str) -> None:
    parser.add_argument("--state", action="append", default=[], metavar="STATE", help=help_)


def _every_state() -> str:
    return ", ".join(name.removeprefix("DELIVERY_STATE_") for name in wire.DeliveryState.keys()[1:])


def _targets(client: Client, options: argparse.Namespace) -> int:
    _print_targets(client.targets(), options)
    return 0


def _deliveries(client: Client, options: argparse.Namespace) -> int:
    found = client.deliveries(
        target=options.target,
        record=options.record,
        enterprise_code=options.enterprise,
        states=options.state,
        past_due=options.past_due,
        page_size=1000,
    )
    if options.json:
        print_json({"deliveries": [delivery_object(delivery) for delivery in found]})
    else:
        print_lines(line for delivery in found for line in delivery_lines(delivery))
    return 0


def _retry(client: Client, options: argparse.Namespace) -> int:
    if "/deliveries/" in options.name:
        if options.state or options.enterprise or options.error or options.since:
            raise ClientError("one delivery has no filters: they choose among those of a target")
        delivery = client.retry_delivery(options.name, lost_by_target=options.lost)
        if options.json:
            print_json(delivery_object(delivery))
        else:
            print_lines(delivery_lines(delivery))
        return 0
    if options.lost:
        raise ClientError("--lost is of one delivery: what a target lost since an instant is sent by `recover`")
    count = client.retry_deliveries(
        options.name,
        states=options.state,
        since=options.since,
        enterprise_code=options.enterprise,
        error_contains=options.error,
    )
    return _print_count(count, options)


def _recover(client: Client, options: argparse.Namespace) -> int:
    return _print_count(client.recover_deliveries(options.target, options.since), options)


def _pause(client: Client, options: argparse.Namespace) -> int:
    target = client.pause_target(options.target, options.reason, until=options.until)
    _print_targets([target], options)
    _tell_older_pause(target, options.reason, options.until)
    return 0


def _drain(client: Client, options: argparse.Namespace) -> int:
    target = client.drain_target(options.target, options.reason)
    _print_targets([target], options)
    _tell_older_pause(target, options.reason, None)
    if target.in_flight:
        sys.stderr.write(f"credit-sanction: {target.in_flight} of it in flight have not ended yet; the pause stays\n")
        return NOT_ENDED
    return 0


def _resume(client: Client, options: argparse.Namespace) -> int:
    _print_targets([client.resume_target(options.target)], options)
    return 0


def _reconcile(client: Client, options: argparse.Namespace) -> int:
    found = client.reconcile_target(options.target, repair=options.repair, wait=options.wait)
    if options.json:
        print_json(reconciliation_object(found))
    else:
        print_lines(reconciliation_lines(found))
    match found.state:
        case wire.RECONCILIATION_STATE_DONE:
            drifts = (found.missing, found.stale, found.extra, found.standing)
            return DIFFERS if not found.repair and any(drift.count for drift in drifts) else 0
        case wire.RECONCILIATION_STATE_FAILED:
            return DIFFERS
        case _:
            waited = "it has not ended yet: does a worker run that serves this target?"
            sys.stderr.write(
                f"credit-sanction: {waited if options.wait else 'asked for; its end was not waited for'}\n"
            )
            return NOT_ENDED


def _proof(client: Client, options: argparse.Namespace) -> int:
    proof = client.delivery_proof(
        options.record,
        target=options.target,
        without_bodies=options.without_bodies,
    )
    if options.out == Path("-"):
        sys.stdout.buffer.write(proof.document)
        return 0
    _keep(options.out, proof.document)
    if options.json:
        print_json({"file": str(options.out), "sha256": proof.sha256, "bytes": len(proof.document)})
    else:
        print_lines([f"{options.out}  {len(proof.document)} bytes  sha256 {proof.sha256}"])
    return 0


def _print_count(count: int, options: argparse.Namespace) -> int:
    if options.json:
        print_json({"count": count})
    else:
        print_lines([f"{count} made due"])
    return 0


def _print_targets(targets: Sequence[wire.Target], options: argparse.Namespace) -> None:
    if options.json:
        print_json({"targets": [target_object(target) for target in targets]})
    else:
        print_lines(map(target_line, targets))


def _keep(file: Path, document: bytes) -> None:
    """Write a file that only its owner can read. Raises ClientError where another document is there: proofs are not replaced."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(document)
    except FileExistsError:
        if not file.is_file() or file.read_bytes() != document:
            raise ClientError(f"{file} is there and holds something else: name another file") from None


def _tell_older_pause(target: wire.Target, reason: str, until: datetime | None) -> None:
    """Say on standard error where a target was paused already, for the older pause stands with its own reason and end."""
    end = target.paused_until.ToDatetime(UTC) if target.HasField("paused_until") else None
    if not target.inactive_reason.endswith(f": {reason.strip()}") or end != until:
        sys.stderr.write(
            "credit-sanction: it was paused already for at least as long: that pause stands; resume the target to replace it\n"
        )

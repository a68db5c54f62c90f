"""The command's verbs for receipts: the keys, and whether a receipt is genuine."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from credit_sanction._answer_lines import answer_lines, answer_object
from credit_sanction._commands import print_json, print_lines
from credit_sanction._receipts import Receipt, dump_keys, load_keys
from credit_sanction._verifying import verify

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable
    from typing import TypeAlias

    from credit_sanction._client import Client
    from credit_sanction._verifying import VerifiedReceipt

    Offline: TypeAlias = Callable[[argparse.Namespace, Callable[[], Client]], int]
    Actions: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name


def add_receipt_verbs(commands: Actions, service: argparse.ArgumentParser) -> None:
    """Add the verbs to the command's parser."""
    one = commands.add_parser("verify", parents=[service], help="find out whether a receipt is genuine")
    one.add_argument("file", type=Path, help="the receipt, as `check --receipt` saved it")
    one.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help="keys to verify by, of receipt-keys or PEM; left out: the service is asked",
    )
    one.add_argument("--json", action="store_true", help="print one JSON object")
    one.set_defaults(offline=verify_receipt)
    keys = commands.add_parser("receipt-keys", parents=[service], help="print the public keys that verify receipts")
    keys.add_argument("--pem", action="store_true", help="print them as PEM, one after another; left out: JSON")
    keys.set_defaults(verb=print_keys)


def verify_receipt(options: argparse.Namespace, connect: Callable[[], Client]) -> int:
    """Say that a receipt is genuine, and what it says. `connect` is called only where no file of keys is named."""
    receipt = Receipt.load(options.file)
    if options.key:
        keys = load_keys(options.key)
    else:
        with connect() as client:
            keys = client.receipt_keys()
    said = verify(receipt, keys)
    if options.json:
        print_json({**dataclasses.asdict(dataclasses.replace(said, answer=None)), "answer": answer_object(said.answer)})  # type: ignore[arg-type]
    else:
        print_lines(_lines(said))
    return 0


def print_keys(client: Client, options: argparse.Namespace) -> int:
    """Print the service's public keys, for a file to verify by."""
    keys = client.receipt_keys()
    sys.stdout.write("".join(key.pem for key in keys) if options.pem else dump_keys(keys) + "\n")
    return 0


def _lines(said: VerifiedReceipt) -> Iterable[str]:
    yield f"回执有效 GENUINE  receipt {said.receipt_id}, signed with key {said.key_id}"
    yield f"  查询人 asked by {said.caller}{f', 用途 for {said.purpose}' if said.purpose else ''}"
    question = said.question
    asked = question["enterprise"]
    areas = ", ".join(area.removeprefix("AREA_") for area in said.answer.areas)
    yield f"  查询对象 asked about {asked['code']} {asked.get('name', '')}".rstrip() + f", areas: {areas}"
    demanded = {key: value for key, value in question.get("consistency", {}).items() if value}
    if demanded:
        yield f"  一致性要求 asked with {json.dumps(demanded, ensure_ascii=False)}"
    yield from answer_lines(said.answer)

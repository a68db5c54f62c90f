"""The stand-in targets: their description, made once and kept, so that a second start finds yesterday's targets."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_connectors.standins.dialect import StandIn
from credit_sanction_connectors.standins.file_exchange import exchange_directories
from credit_sanction_connectors.standins.kinds import BY_FILE, DIALECTS, connector_table
from credit_sanction_connectors.standins.runner import run
from credit_sanction_service.config import parse_address
from credit_sanction_service.host import lifeline
from credit_sanction_service.host.ports import reserve
from credit_sanction_service.host.refusal import StartRefused

if TYPE_CHECKING:
    from credit_sanction_service.config import Settings
    from credit_sanction_service.host.ports import Reservation

log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One stand-in, and what the targets file says about it beyond its address."""

    name: str
    kind: str
    version_check: bool
    extra: str = ""


PLANS: Final = (
    Plan(name="stand-in-platform", kind="credit-platform", version_check=True),
    Plan(name="stand-in-website", kind="city-website", version_check=False),
    Plan(name="stand-in-bank-a", kind="lender-webhook", version_check=True),
    Plan(
        name="stand-in-bank-b",
        kind="lender-webhook",
        version_check=False,
        extra='filter.areas = ["FINANCING_CREDIT", "BOND_ISSUANCE"]\n',
    ),
    Plan(name="stand-in-bank-c", kind="lender-webhook", version_check=True, extra='holds = "enterprise"\n'),
    Plan(name="stand-in-exchange", kind="file-exchange", version_check=True, extra="timeout_s = 5\n"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Where the stand-ins listen, what they are, and the targets file that leads to them."""

    host: str
    port: int
    stand_ins: tuple[StandIn, ...]
    targets: Path


def reserve_stand_ins(settings: Settings, *, setting: str = "--stand-ins or CREDIT_SANCTION_STAND_INS") -> Reservation:
    """Hold the stand-ins' port, which has to be let go before they listen; port 0 takes a free one. See `reserve`."""
    host, port = parse_address("stand_ins", settings.stand_ins)
    return reserve(host, port, who="The stand-in targets", setting=setting)


def prepare(directory: Path, address: str) -> Prepared:
    """Write the targets file that leads to the stand-ins at `address`; their secrets are made once and kept."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    host, port = parse_address("stand_ins", address)
    blocks: list[str] = []
    stand_ins: list[StandIn] = []
    for plan in PLANS:
        if plan.kind in BY_FILE and sys.platform == "win32":
            continue
        stand_in = _stand_in(plan, directory.resolve())
        stand_ins.append(stand_in)
        table = connector_table(stand_in, f"http://{host}:{port}/{plan.name}")
        if plan.kind not in BY_FILE:
            table["secret_file"] = _secret_file(plan, directory).name
        keys = "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in table.items())
        blocks.append(f'[[target]]\nname = "{plan.name}"\nkind = "{plan.kind}"\n{keys}{plan.extra}horizon_s = 5\n')
    targets = directory / "targets.toml"
    write_private(targets, "# The stand-in targets. Written anew at each start.\n\n" + "\n".join(blocks))
    return Prepared(host=host, port=port, stand_ins=tuple(stand_ins), targets=targets)


def _stand_in(plan: Plan, directory: Path) -> StandIn:
    secret = _secret_file(plan, directory)
    if not secret.exists():
        write_private(secret, DIALECTS[plan.kind].new_secret())
    files = directory / plan.name if plan.kind in BY_FILE else None
    for path in exchange_directories(files) if files else ():
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = secret.read_text("utf-8").strip()
    return StandIn(name=plan.name, kind=plan.kind, secret=text, version_check=plan.version_check, directory=files)


def _secret_file(plan: Plan, directory: Path) -> Path:
    return directory / f"{plan.name}.secret"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    writing = path.with_name(path.name + ".new")
    writing.unlink(missing_ok=True)
    handle = os.open(writing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    writing.replace(path)


def run_stand_ins(settings: Settings) -> int:
    """Play the targets until SIGTERM or SIGINT. Raises `StartRefused` where they cannot listen."""
    if not settings.stand_ins_dir:
        raise StartRefused("CREDIT_SANCTION_STAND_INS_DIR is not set: name a directory for the stand-in targets' files")
    directory = Path(settings.stand_ins_dir)
    state = directory / "state"
    lifeline.watch(grace=settings.drain_s)
    with reserve_stand_ins(settings, setting="CREDIT_SANCTION_STAND_INS") as port:
        address = port.address
    try:
        prepared = prepare(directory, address)
        state.mkdir(mode=0o700, exist_ok=True)
        run(
            prepared.stand_ins,
            host=prepared.host,
            port=prepared.port,
            state_dir=state,
            on_ready=lambda running: _ready(running.address),
        )
    except (ValueError, OSError) as fault:
        raise StartRefused(
            f"The stand-in targets cannot be played on {address} with their files in {directory} ({fault}): "
            "put that right and start again."
        ) from None
    return 0


def _ready(address: str) -> None:
    lifeline.announce_ready({"address": address})
    log.info("stand_ins.started", address=address)

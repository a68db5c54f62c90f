"""The stand-in targets: their description, made once and kept, so that a second start finds yesterday's targets."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_connectors.standins.dialect import StandIn
from credit_sanction_connectors.standins.kinds import DIALECTS
from credit_sanction_connectors.standins.runner import run
from credit_sanction_service.config import parse_address
from credit_sanction_service.host import lifeline
from credit_sanction_service.host.refusal import StartRefused

if TYPE_CHECKING:
    from credit_sanction_service.config import Settings

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
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Where the stand-ins will listen, and the two files that describe them to both sides."""

    address: str
    description: Path
    targets: Path
    state: Path


def prepare(directory: Path, address: str) -> Prepared:
    """Write the stand-ins' description and the targets file that leads to them; secrets are made once and kept."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    host, port = parse_address("stand_ins", address)
    port = port or _free_port(host)
    blocks, descriptions = [], []
    for plan in PLANS:
        secret = directory / f"{plan.name}.secret"
        if not secret.exists():
            write_private(secret, DIALECTS[plan.kind].new_secret())
        stand_in = StandIn(name=plan.name, kind=plan.kind, secret=str(secret), version_check=plan.version_check)
        descriptions.append(asdict(stand_in))
        app_key = f'app_key = "{stand_in.app_key}"\n' if plan.kind == "credit-platform" else ""
        blocks.append(
            f'[[target]]\nname = "{plan.name}"\nkind = "{plan.kind}"\nurl = "http://{host}:{port}/{plan.name}"\n'
            f'secret_file = "{secret.name}"\n{app_key}{plan.extra}horizon_s = 5\n'
        )
    description, targets = directory / "stand-ins.json", directory / "targets.toml"
    description.write_text(json.dumps(descriptions, indent=2), "utf-8")
    targets.write_text(
        "# The stand-in targets of this machine. Written anew at each start.\n\n" + "\n".join(blocks), "utf-8"
    )
    return Prepared(address=f"{host}:{port}", description=description, targets=targets, state=directory / "state")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    writing = path.with_name(path.name + ".new")
    writing.unlink(missing_ok=True)
    handle = os.open(writing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    writing.replace(path)


def run_stand_ins(settings: Settings) -> int:
    """Play the targets until SIGTERM or SIGINT. Raises `StartRefused` for a bad description or a port in use."""
    if not settings.stand_ins_file:
        raise StartRefused("CREDIT_SANCTION_STAND_INS_FILE is not set: name the description of the stand-in targets")
    path = Path(settings.stand_ins_file)
    try:
        stand_ins = [
            StandIn(**entry | {"secret": _secret(path, entry)}) for entry in json.loads(path.read_text("utf-8"))
        ]
    except (OSError, ValueError, TypeError, KeyError) as fault:
        raise StartRefused(f"{path} does not describe stand-in targets: {fault}") from None
    host, port = parse_address("stand_ins", settings.stand_ins)
    state = path.parent / "state"
    state.mkdir(mode=0o700, exist_ok=True)
    lifeline.watch(grace=settings.drain_s)
    try:
        run(
            stand_ins,
            host=host,
            port=port,
            state_dir=state,
            on_ready=lambda running: lifeline.announce_ready({"address": running.address}),
        )
    except (ValueError, OSError) as fault:
        raise StartRefused(f"the stand-in targets cannot listen on {settings.stand_ins}: {fault}") from None
    return 0


def _secret(description: Path, entry: dict[str, str]) -> str:
    return (description.parent / Path(entry["secret"]).name).read_text("utf-8").strip()


def _free_port(host: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])

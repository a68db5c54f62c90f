"""Cerbos beside us: may a bank lend to an enterprise, by a policy that refuses the restricted."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import grpc

from bench.lookup.wire import field, flag, varint
from bench.push.processes import spawn, stop
from credit_sanction_service.host.ports import reserve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHECK: Final = "/cerbos.svc.v1.CerbosService/CheckResources"
MISSING: Final = "Cerbos is not installed (`npm ci` in tools/cerbos): its ratio is null"
_HOME: Final = Path(__file__).parents[2] / "tools" / "cerbos" / "node_modules"
_PATIENCE_S: Final = 30.0
_ALLOW: Final = b"\x10\x01"  # of a map's entry: the value is EFFECT_ALLOW
_DENY: Final = b"\x10\x02"
_ACTION: Final = b"grant_credit"
_POLICY: Final = {
    "apiVersion": "api.cerbos.dev/v1",
    "resourcePolicy": {
        "version": "default",
        "resource": "enterprise",
        "rules": [
            {
                "actions": [_ACTION.decode()],
                "effect": "EFFECT_ALLOW",
                "roles": ["bank"],
                "condition": {"match": {"expr": "R.attr.restricted == false"}},
            }
        ],
    },
}


def program() -> Path | None:
    """Return where its program is, None where it is not installed."""
    return next((path for path in _HOME.glob("@cerbos/cerbos-*/cerbos-*") if path.is_file()), None)


@contextmanager
def running(program: Path, directory: Path) -> Iterator[str]:
    """Run it with its own defaults; the value is its address."""
    with reserve("127.0.0.1", 0) as grpc_port, reserve("127.0.0.1", 0) as http_port:
        address, http = grpc_port.address, http_port.address
    policies = directory / "policies"
    policies.mkdir()
    (policies / "enterprise.json").write_text(json.dumps(_POLICY), "utf-8")
    settings = directory / "cerbos.json"
    settings.write_text(
        json.dumps(
            {
                "server": {"grpcListenAddr": address, "httpListenAddr": http},
                "storage": {"driver": "disk", "disk": {"directory": str(policies)}},
                "telemetry": {"disabled": True},
            }
        ),
        "utf-8",
    )
    with (directory / "cerbos.log").open("wb") as log:
        process = spawn([str(program), "server", "--config", str(settings)], stdout=log, stderr=log)
    try:
        with grpc.insecure_channel(address) as channel:
            grpc.channel_ready_future(channel).result(_PATIENCE_S)
        yield address
    finally:
        stop(process)


def one(code: str, *, restricted: bool) -> bytes:
    """Return a CheckResourcesRequest: one principal, one resource, one action."""
    principal = field(1, "虚构银行".encode()) + field(3, b"bank")
    attribute = field(1, b"restricted") + field(2, flag(4) if restricted else varint(4 << 3) + b"\0")
    resource = field(1, b"enterprise") + field(3, code.encode()) + field(4, attribute)
    return field(1, b"bench") + field(3, principal) + field(4, field(1, _ACTION), field(2, resource))


def check(address: str, held: str, other: str) -> None:
    """Raise `RuntimeError` unless it refuses the one and allows the other."""
    with grpc.insecure_channel(address) as channel:
        ask: Callable[..., bytes] = channel.unary_unary(CHECK)
        refused = ask(one(held, restricted=True), timeout=_PATIENCE_S)
        allowed = ask(one(other, restricted=False), timeout=_PATIENCE_S)
    if field(1, _ACTION) + _DENY not in refused or field(1, _ACTION) + _ALLOW not in allowed:
        raise RuntimeError(f"Cerbos answered {refused!r} and {allowed!r}")

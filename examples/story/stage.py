"""The stage: stand-in targets that behave as they are told, and a service of the demo's own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.request import ProxyHandler, Request, build_opener

from credit_sanction_connectors.standins.dialect import StandIn
from credit_sanction_connectors.standins.kinds import DIALECTS
from credit_sanction_connectors.standins.runner import Running, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PATIENCE_S: Final = 240.0
SHANGHAI: Final = timezone(timedelta(hours=8))
PLATFORM, WEBSITE, BANKS = "credit-platform", "city-website", ("bank-one", "bank-two", "bank-three")
KINDS: Final = {PLATFORM: "credit-platform", WEBSITE: "city-website", **dict.fromkeys(BANKS, "lender-webhook")}
PUBLIC: Final = {WEBSITE}
# A day's patience told in seconds: targets give up, and are asked again, so that the story fits into a minute.
BRISK: Final = (
    "timeout_s = 2\nlease_s = 6\nhorizon_s = 3\nretry = { schedule = [0.5, 1, 2, 4] }\nbreaker = { open_s = 1 }"
)
DIRECT: Final = build_opener(ProxyHandler({}))  # the stand-ins are on this machine, whatever the environment says


class Failed(Exception):
    """The demo did not show what it is to show."""


def say(text: str) -> None:
    """Tell the person what has just happened."""
    print(text, flush=True)


def demand(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Fail loudly unless it holds."""
    if not holds:
        raise Failed(otherwise)


def today() -> date:
    """Return the day, as the service counts days."""
    return datetime.now(SHANGHAI).date()


def describe_stand_ins() -> list[StandIn]:
    """Return five targets; the last one takes whatever comes last, as simple receivers do."""
    return [
        StandIn(name=name, kind=kind, secret=DIALECTS[kind].new_secret(), version_check=name != BANKS[-1])
        for name, kind in KINDS.items()
    ]


@contextlib.contextmanager
def stand_ins(described: Sequence[StandIn]) -> Iterator[Running]:
    """Serve them beside the demo, on a loop of their own, so that they outlive whatever is killed."""
    ready: Future[tuple[Running, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        stopped = asyncio.Event()
        async with serving(described) as running:
            ready.set_result((running, asyncio.get_running_loop(), stopped))
            await stopped.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="stand-ins", daemon=True)
    thread.start()
    running, loop, stopped = ready.result(timeout=30)
    try:
        yield running
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join()


@dataclass(frozen=True, slots=True)
class Controls:
    """The control addresses of the stand-ins."""

    running: Running

    def behave(self, name: str, *behaviours: Mapping[str, object]) -> None:
        """Tell a stand-in how to behave from now on; without behaviours: well."""
        self._call(name, "behaviour", json.dumps(behaviours).encode())

    def state(self, name: str, *, min_arrivals: int = 0) -> Any:  # noqa: ANN401 - JSON
        """Return what a stand-in holds, once so many pushes have arrived."""
        return self._call(name, f"state?min_arrivals={min_arrivals}&wait_s={PATIENCE_S if min_arrivals else 0}")

    def _call(self, name: str, what: str, body: bytes | None = None) -> Any:  # noqa: ANN401 - JSON
        request = Request(f"{self.running.url(name)}/_standin/{what}", data=body)  # noqa: S310 - our own http address
        with DIRECT.open(request, timeout=PATIENCE_S + 10) as answer:
            return json.loads(answer.read() or b"null")


def targets_file(described: Sequence[StandIn], running: Running, directory: Path) -> Path:
    """Write the targets file and the secrets that it refers to."""
    lines: list[str] = []
    for one in described:
        secret = directory / f"{one.name}.secret"
        secret.touch(mode=0o600)
        secret.write_text(one.secret, encoding="ascii")
        keys = {"name": one.name, "kind": one.kind, "secret_file": str(secret), **running.connector_table(one.name)}
        lines += ["[[target]]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items()), BRISK, ""]
    path = directory / "targets.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the demo's own: where it listens, its administrator's token, where its data lies."""

    address: str
    token: str
    data: Path

    def kill_push_worker(self) -> int:
        """Kill the push worker with SIGKILL and return its process id; the supervisor starts it again."""
        children = json.loads((self.data / "run" / "children.json").read_text(encoding="utf-8"))
        pid = int(children["worker"][0])
        os.kill(pid, signal.SIGKILL)
        return pid

    def issue_token(self, name: str, role: str) -> str:
        """Return a new token for a caller, as an administrator on the machine gets one."""
        command = [sys.executable, "-m", "credit_sanction_service", "token", "issue", name, "--role", role]
        done = subprocess.run(  # noqa: S603 - our own command
            [*command, "--data-dir", str(self.data)], env=_environment(), check=True, capture_output=True, text=True
        )
        return done.stdout.strip()


@contextlib.contextmanager
def service(directory: Path, targets: Path) -> Iterator[Service]:
    """Start the service with its data in `directory`, and stop it in order at the end."""
    data, log = directory / "data", directory / "service.log"
    command = [sys.executable, "-m", "credit_sanction_service", "run", "--data-dir", str(data)]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--listen", "127.0.0.1:0", "--targets", str(targets)],
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    told: Future[tuple[str, str]] = Future()
    reader = threading.Thread(target=_keep_log, args=(process, log, told), name="service-log")
    reader.start()
    try:
        address, token_file = told.result(timeout=PATIENCE_S)
        yield Service(address, Path(token_file).read_text(encoding="utf-8"), data)
    except BaseException:
        print(log.read_text(encoding="utf-8")[-8_000:], file=sys.stderr)
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE_S)
        reader.join()


def _keep_log(process: subprocess.Popen[str], log: Path, told: Future[tuple[str, str]]) -> None:
    """Keep what the service prints, and tell the address and the token's file once it is ready."""
    address = ""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    with log.open("w", encoding="utf-8", buffering=1) as file:
        for line in process.stdout:
            file.write(line)
            if ready := re.search(r"is ready: gRPC on (\S+)", line):
                address = ready[1]
            elif address and not told.done() and (token := re.match(r"\s*token\s+(\S.*)", line)):
                told.set_result((address, token[1].strip()))
    if not told.done():
        told.set_exception(Failed("the service ended before it was ready"))


def _environment() -> Mapping[str, str]:
    """Return the environment without what is set in this shell for another service."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CREDIT_SANCTION_")}

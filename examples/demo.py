"""
The story of the service, played from outside: a list comes in, is pushed to five targets of which three misbehave, the push
worker is killed half way, ten records are lifted while a target is down, and everybody is looked up at the end.

    make demo

It starts a service of its own, with stand-in targets, in a directory of its own, and stops everything again. It ends with
0 only if every target's own list equals what the store says and nobody who is listed was answered CLEAR. The last line is
one JSON object of figures.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.request import ProxyHandler, Request, build_opener

from credit_sanction import Answer, Area, Client, ItemFailure, Verdict, spreadsheet, types
from credit_sanction.spreadsheet import Fate, masked
from credit_sanction_connectors.standins.dialect import StandIn
from credit_sanction_connectors.standins.kinds import DIALECTS
from credit_sanction_connectors.standins.runner import Running, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SHEET: Final = Path(__file__).with_name("overdue-2026.csv")
PATIENCE_S: Final = 240.0
LIFTED: Final = 10
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


# ---- the stand-in targets --------------------------------------------------------------------------------------------


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


# ---- the service: how it is started, killed and stopped ---------------------------------------------------------------


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


@contextlib.contextmanager
def service(directory: Path, targets: Path) -> Iterator[Service]:
    """Start the service with its data in `directory`, and stop it in order at the end."""
    data, log = directory / "data", directory / "service.log"
    command = [sys.executable, "-m", "credit_sanction_service", "run", "--data-dir", str(data)]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--listen", "127.0.0.1:0", "--targets", str(targets)],
        # What is set for another service in this shell is not for this one.
        env={name: value for name, value in os.environ.items() if not name.startswith("CREDIT_SANCTION_")},
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


# ---- the story -------------------------------------------------------------------------------------------------------


def misbehave(controls: Controls) -> None:
    """Let one target fail twice, one hang, one ask for fewer requests."""
    controls.behave(PLATFORM, {"mode": "503", "times": 2})
    controls.behave(BANKS[0], {"mode": "hang", "times": 2})
    controls.behave(BANKS[1], {"mode": "429", "times": 5, "retry_after": 1})
    say("credit-platform will fail twice, bank-one will hang, bank-two will answer 429")


def import_list(client: Client) -> list[spreadsheet.Outcome]:
    """Import the list, print what was not simply accepted, and compare each row's fate with what is expected of it."""
    sheet = spreadsheet.load(SHEET)
    outcomes = spreadsheet.submit(client, sheet)
    say(f"{SHEET.name}: {len(outcomes)} rows")
    for fate in Fate:
        lines = [outcome for outcome in outcomes if outcome.fate is fate]
        print(f"  {fate:<12}{len(lines):>4}")
        for outcome in lines if fate is not Fate.ACCEPTED else ():
            print(f"    line {outcome.line:>3}  {masked(outcome.code):<20}  {masked('; '.join(outcome.reasons))[:140]}")
    wrong = [
        f"line {outcome.line} was {outcome.fate}, not {expected}: {masked('; '.join(outcome.reasons))}"
        for outcome, expected in zip(outcomes, sheet.column("expected"), strict=True)
        if outcome.fate != expected
    ]
    demand(not wrong, "\n".join(wrong))
    return outcomes


def lift_ten(client: Client, outcomes: Sequence[spreadsheet.Outcome]) -> list[types.SanctionRecord]:
    """Lift ten records, the first of them one of two records of one enterprise."""
    accepted = [outcome.record for outcome in outcomes if outcome.fate is Fate.ACCEPTED and outcome.record]
    records = Counter(record.enterprise.code for record in accepted)
    first = next(record for record in accepted if records[record.enterprise.code] == 2)  # noqa: PLR2004 - two records
    others = [record for record in accepted if records[record.enterprise.code] == 1][: LIFTED - 1]
    today = datetime.now(SHANGHAI).date()
    lifted = [
        client.lift(record, ground="EXIT_COMPLETED", document_number=f"长虚移出〔2026〕{number}号", date=today)
        for number, record in enumerate([first, *others], start=1)
    ]
    say(f"lifted {len(lifted)}, among them one of two records of {first.enterprise.name}")
    return lifted


def wait_for_convergence(client: Client) -> None:
    """Wait until no target has anything left to do."""
    until = time.monotonic() + PATIENCE_S
    while backlog := {target.name: target.backlog for target in client.targets() if target.backlog}:
        demand(time.monotonic() < until, f"not converged after {PATIENCE_S:g} s: {backlog}")
        time.sleep(0.2)


def compare_lists(client: Client, controls: Controls) -> None:
    """Compare every target's own list, and what it believes of each enterprise, with what the store says."""
    listed = list(client.list(states=["LISTED"], page_size=1_000))
    faults: list[str] = []
    for name in KINDS:
        state = controls.state(name)
        wanted = {record.name: record.enterprise.code for record in listed if name not in PUBLIC or is_public(record)}
        held = {subject for subject, line in state["subjects"].items() if line["present"]}
        faults += [f"{name} lacks {subject}" for subject in sorted(wanted.keys() - held)]
        faults += [f"{name} still shows {subject}" for subject in sorted(held - wanted.keys())]
        for code, standing in state["enterprises"].items():
            right = {subject for subject, enterprise in wanted.items() if enterprise == code}
            if set(standing["in_force"]) != right:
                faults.append(f"{name} believes {sorted(standing['in_force'])} of {code}, not {sorted(right)}")
        print(f"  {name:<16}{len(held):>4} listed, {state['arrivals']:>4} arrivals, {state['inversions']} inversions")
    demand(not faults, "\n".join(faults[:20]))


def is_public(record: types.SanctionRecord) -> bool:
    """Whether a public target shows the record."""
    return record.publication_class != types.PublicationClass.PUBLICATION_CLASS_MINOR


def look_up(client: Client, outcomes: Sequence[spreadsheet.Outcome], known: types.SanctionRecord) -> Mapping[str, int]:
    """Look every row's code up in all areas, at a revision that knows `known`, and compare with the records listed."""
    areas: dict[str, set[Area]] = {}
    for record in client.list(states=["LISTED"], page_size=1_000):
        areas.setdefault(record.enterprise.code, set()).update(Area.of(measure.area) for measure in record.measures)
    doubtful = {record.enterprise.code for record in client.list(states=["QUARANTINED"], page_size=1_000)}
    results = client.check_many(dict.fromkeys(outcome.code for outcome in outcomes), min_revision=known.revision)
    answers = {result.code: result for result in results if isinstance(result, Answer)}
    verdicts = Counter(answer.verdict for answer in answers.values())
    false_clears = [
        code
        for code, answer in answers.items()
        if any(answer.areas[area] is Verdict.CLEAR for area in areas.get(code, ()))
        or (code in doubtful and answer.verdict is Verdict.CLEAR)
    ]
    unfounded = [code for code, answer in answers.items() if answer.restricted and code not in areas]
    unanswered = sorted((areas.keys() | doubtful) - answers.keys())
    not_asked = {result.code for result in results if isinstance(result, ItemFailure)}
    say(
        f"looked {len(answers)} enterprises up: {', '.join(f'{count} {verdict}' for verdict, count in verdicts.items())}"
    )
    say(f"{len(not_asked)} codes were not asked: no enterprise can have them")
    demand(not false_clears, f"answered CLEAR although listed: {false_clears}")
    demand(not unfounded, f"answered RESTRICTED without a record: {unfounded}")
    demand(not unanswered, f"no answer for {unanswered}")
    return {
        "looked_up": len(answers),
        **{verdict.lower(): verdicts[verdict] for verdict in Verdict},
        "not_asked": len(not_asked),
        "false_clears": len(false_clears),
    }


def play(client: Client, controls: Controls, own: Service) -> Mapping[str, object]:
    """Play the story and return its figures."""
    begun = time.monotonic()
    misbehave(controls)
    outcomes = import_list(client)
    fates = Counter(outcome.fate for outcome in outcomes)
    controls.state(WEBSITE, min_arrivals=fates[Fate.ACCEPTED] // 2)
    say(f"half of it has reached the website: killed the push worker, process {own.kill_push_worker()}")
    controls.behave(WEBSITE, {"mode": "503"})
    lifted = lift_ten(client, outcomes)
    controls.behave(WEBSITE)
    say("the website is back")
    wait_for_convergence(client)
    compare_lists(client, controls)
    figures = look_up(client, outcomes, lifted[-1])
    deliveries = list(client.deliveries(page_size=1_000))
    return {
        "rows": len(outcomes),
        **{fate.value: fates[fate] for fate in Fate},
        "targets": len(KINDS),
        "attempts": sum(delivery.attempt_count for delivery in deliveries),
        "delivered": sum(delivery.confirmed_present for delivery in deliveries),
        "withdrawn": sum(not d.confirmed_present and d.attempt_count > 0 for d in deliveries),
        "targets_converged": True,
        "lifted": len(lifted),
        **figures,
        "seconds": round(time.monotonic() - begun, 1),
    }


def say(text: str) -> None:
    """Tell the person what has just happened."""
    print(text, flush=True)


def demand(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Fail loudly unless it holds."""
    if not holds:
        raise Failed(otherwise)


def main() -> int:
    """Play it; 0 if everything was as it is to be."""
    described = describe_stand_ins()
    with tempfile.TemporaryDirectory(prefix="credit-sanction-demo-") as name, stand_ins(described) as running:
        directory = Path(name)
        directory.chmod(0o711)  # started by root, the database runs under an account that has to pass through
        try:
            with (
                service(directory, targets_file(described, running, directory)) as own,
                Client(own.address, own.token) as client,
            ):
                figures = play(client, Controls(running), own)
        except Failed as failed:
            print(f"demo: FAILED: {failed}", file=sys.stderr)
            return 1
    print(json.dumps(figures, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())

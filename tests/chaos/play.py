"""One run of the chaos, from an empty store to the judgement."""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from tests.chaos import proof, verdicts
from tests.chaos.clerks import Clerk
from tests.chaos.operators import Operator
from tests.chaos.places import PLACES
from tests.chaos.reaper import Reaper
from tests.chaos.running import house
from tests.chaos.street import serving
from tests.chaos.verdicts import Findings

from credit_sanction import Client, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.actors import Actor
    from tests.chaos.running import Running
    from tests.chaos.street import Street

CALM_S: Final = 150.0
EXPLAINED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much of it: `kills` about every `kill_pace_s` seconds, `clerks` who write about every `write_pace_s` each."""

    seed: int
    kills: int
    clerks: int = 6
    workers: int = 2
    apis: int = 2
    kill_pace_s: float = 1.0
    write_pace_s: float = 0.2
    durable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run came to. `told` says in words what happened."""

    kills: int
    records: int
    findings: Findings
    told: Sequence[str]


def play(plan: Plan, say: Callable[[str], None] = lambda _: None) -> Outcome:
    """Run the service, write, fail, kill, stop; let it converge; judge. Everything is gone when this returns."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="credit-sanction-chaos-")))
        directory.chmod(0o711)  # started by root, the database runs under an account that has to pass through
        street = stack.enter_context(serving(PLACES, directory, plan.seed))
        targets = street.targets_file(directory)
        running = stack.enter_context(
            house(directory, targets, workers=plan.workers, apis=plan.apis, durable=plan.durable)
        )
        say(f"the house is ready on {running.address}")
        return _Run(plan, running, street, say).whole()


class _Run:
    def __init__(self, plan: Plan, running: Running, street: Street, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._running = running
        self._street = street
        self._told: list[str] = []
        self._say_on = say
        names = [stall.place.name for stall in street.stalls]
        self._clients = [self._client() for _ in range(plan.clerks + 2)]
        self._clerks = [
            Clerk(number, self._clients[number], self._dice(f"clerk {number}"), pace_s=plan.write_pace_s)
            for number in range(plan.clerks)
        ]
        self._operator = Operator(self._clients[-2], self._dice("operator"), names)
        self._reaper = Reaper(running, self._dice("reaper"), street.stirred, kills=plan.kills, pace_s=plan.kill_pace_s)
        self._actors: list[Actor] = [*self._clerks, self._operator, self._reaper]

    def whole(self) -> Outcome:
        began = time.monotonic()
        try:
            self._storm()
            self._say(f"the storm took {time.monotonic() - began:.0f} s")
            calm = time.monotonic()
            self._calm_down()
            self._say(f"it was quiet after another {time.monotonic() - calm:.1f} s")
            return self._judge()
        except BaseException:
            self._say(self._running.last_words())
            self._say("\n".join(f"{clerk.name}: {clerk.last_doubt}" for clerk in self._clerks))
            raise
        finally:
            for actor in self._actors:
                actor.stop()
            for client in self._clients:
                client.close()

    def _storm(self) -> None:
        self._street.misbehave()
        for actor in self._actors:
            actor.start()
        while self._reaper.is_alive():
            self._reaper.join(timeout=5)
            self._raise_faults()
            if self._running.process.poll() is not None:
                raise AssertionError(f"the house fell down: {self._running.last_words()}")
        for actor in self._actors:
            actor.stop()
        self._street.behave()
        for actor in self._actors:
            actor.join(timeout=CALM_S)
            if actor.is_alive():
                raise AssertionError(f"{actor.name} never heard what became of its last call")
        self._raise_faults()
        kills = ", ".join(f"{count} {sort}" for sort, count in sorted(self._reaper.killed.items()))
        self._say(f"killed {kills}; stopped a worker {self._reaper.stopped} times")
        faults = [fault for clerk in self._clerks for fault in clerk.faults]
        if faults:
            self._say(f"the service said {len(faults)} times that it is at fault: {faults[0]}")
            self._say(self._running.last_words())
        writes = sum(len(clerk.versions) for clerk in self._clerks)
        repeated = sum(clerk.repeated for clerk in self._clerks)
        self._say(
            f"{writes} writes acknowledged, {repeated} asked for again; {self._operator.acts} acts of the operator"
        )

    def _calm_down(self) -> None:
        """Wait until every target is told everything: no backlog by the service's own word, and nothing left in doubt."""
        client = self._clients[-1]
        until = time.monotonic() + CALM_S
        while time.monotonic() < until:
            try:
                for target in client.targets():
                    if not target.active:
                        client.resume_target(target.name)
                    if target.rejected:
                        client.retry_deliveries(target.name, states=["REJECTED"])
                if not any(target.backlog for target in client.targets()) and self._is_quiet():
                    return
            except (ServiceError, psycopg.OperationalError) as fault:
                self._say(f"not yet: {fault!r}"[:200])
            time.sleep(0.1)
        self._say(f"not quiet after {CALM_S:g} s: {[(t.name, t.backlog) for t in client.targets() if t.backlog]}")

    def _is_quiet(self) -> bool:
        with psycopg.connect(self._running.dsn) as connection:
            return self._street.owes_nothing() and not proof.left_to_do(connection)

    def _judge(self) -> Outcome:
        records = {record.name: record for record in self._clients[-1].list(page_size=1_000)}
        tries = proof.read_tries(self._running.dsn)
        versions = proof.read_versions(self._running.dsn)
        stalls = self._street.stalls
        found = Findings(
            lost=list(verdicts.lost_writes(self._clerks, records, versions)),
            inversions=[line for stall in stalls for line in verdicts.inversions(stall)],
            unconverged=[line for stall in stalls for line in verdicts.unconverged(stall, records.values())],
            unaccounted_attempts=list(verdicts.unaccounted(self._street, tries, self._operator.renewed)),
        )
        findings = Findings(
            **{
                kind.name: [
                    verdicts.explained(line, self._street, tries) if place < EXPLAINED else line
                    for place, line in enumerate(getattr(found, kind.name))
                ]
                for kind in fields(Findings)
            }
        )
        for stall in stalls:
            books = stall.books
            acts = ", ".join(f"{count} {act}" for act, count in sorted(books.acts.items()))
            self._say(f"  {stall.place.name:<15}{books.reached.total():>7} requests: {acts}")
        counts = Counter(one.outcome or "OPEN" for row in tries.values() for one in row)
        ended = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
        self._say(f"{counts.total()} attempts: {ended}")
        acknowledged = sum(len(clerk.acknowledged) for clerk in self._clerks)
        return Outcome(
            kills=self._reaper.killed.total(), records=acknowledged, findings=findings, told=tuple(self._told)
        )

    def _raise_faults(self) -> None:
        for actor in self._actors:
            if actor.fault is not None:
                raise actor.fault

    def _client(self) -> Client:
        return Client(self._running.address, token=self._running.token)

    def _dice(self, what: str) -> random.Random:
        return random.Random(f"{self._plan.seed} {what}")  # noqa: S311 - chaos

    def _say(self, line: str) -> None:
        self._told.append(line)
        self._say_on(line)

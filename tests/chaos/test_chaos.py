"""The chaos in its short form: a dozen kills; `make chaos` has the long one."""

from __future__ import annotations

import secrets
from dataclasses import asdict

from tests.chaos.play import Plan, play


def test_whatever_is_killed_every_target_converges_and_nothing_is_lost_overtaken_or_forgotten() -> None:
    plan = Plan(seed=secrets.randbelow(1_000_000), kills=12, apis=1, kill_pace_s=0.35, write_pace_s=0.1, durable=False)
    outcome = play(plan)
    said = "\n".join((f"{plan}", *outcome.told))
    assert not any(asdict(outcome.findings).values()), f"{said}\n{outcome.findings}"
    assert outcome.kills == plan.kills, said
    assert outcome.records > 0, said

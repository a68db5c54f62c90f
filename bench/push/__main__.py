"""
`python -m bench.push`: durable pushes a second of one worker process, beside its bare client and the queues.

All of it interleaved in one run: rounds in which each takes its turn, and the median of each one's rounds. `--quick` is
for a look, not for a figure. Of 16 and 64 in flight the last line has the lower. A ratio is null where the other is
not installed.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

import structlog

from bench.push.client import read_bodies
from bench.push.contestants import (
    BARE,
    BARE_HTTPX,
    BARE_TRANSPORT,
    CELERY,
    OURS,
    PROCRASTINATE,
    PROCRASTINATE_LOCK,
    Bare,
    Ours,
    queues_beside,
)
from bench.push.house import House, Store, house
from bench.push.processes import stop_all
from bench.push.trouble import dead_target, isolation, kills
from credit_sanction_service.host.signals import interruptible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.push.contestants import Contestant


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of everything: rounds, pushes in flight, pushes of each in a round, records of each of twenty targets."""

    rounds: int
    abreast: tuple[int, ...]
    ours: int
    bare: int
    others: Mapping[str, int]
    isolated: int
    trouble_rounds: int
    kills: int
    due: int


_FULL: Final = Size(
    rounds=3,
    abreast=(16, 64),
    ours=5_000,
    bare=10_000,
    others={PROCRASTINATE: 900, PROCRASTINATE_LOCK: 400, CELERY: 2_500},
    isolated=300,
    trouble_rounds=3,
    kills=3,
    due=100_000,
)
_QUICK: Final = Size(
    rounds=1,
    abreast=(16,),
    ours=2_000,
    bare=3_000,
    others={PROCRASTINATE: 300, PROCRASTINATE_LOCK: 100, CELERY: 500},
    isolated=100,
    trouble_rounds=1,
    kills=1,
    due=10_000,
)
Speeds = dict[tuple[str, int], float]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it. 0: done; 1: a worker that was killed sent more twice than was in flight; 130: interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.push", description=__doc__.splitlines()[1] if __doc__ else ""
    )
    parser.add_argument("--quick", action="store_true", help="a short look of half a minute")
    parser.add_argument("--only", choices=("speed", "trouble"), help="half of it; the other half's figures are null")
    options = parser.parse_args(arguments)
    size = _QUICK if options.quick else _FULL
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    began = time.monotonic()
    try:
        with interruptible(), house() as place:
            store = place.store("speed")
            store.describe([place.target("sink")])
            store.take_in(size.ours)
            figures: dict[str, float | None] = {"pushes_per_s": None}
            figures |= _speed(place, store, size) if options.only != "trouble" else {}
            isolation_ratio, is_clean = _trouble(place, store, size) if options.only != "speed" else (None, True)
    except KeyboardInterrupt:
        return 130
    finally:
        stop_all()
    _say(f"all of it took {time.monotonic() - began:.0f} s\n")
    keys = ("pushes_per_s", *(f"ratio_to_{name}" for name in _RATIOS))
    line = {key: figures.get(key) for key in keys} | {"isolation_ratio": isolation_ratio}
    _say(json.dumps(line, separators=(",", ":")))
    return 0 if is_clean else 1


_BARE: Final = {BARE: "own", BARE_TRANSPORT: "transport", BARE_HTTPX: "httpx"}
_RATIOS: Final = {
    "bare_client": BARE,
    "bare_transport": BARE_TRANSPORT,
    "bare_httpx": BARE_HTTPX,
    "procrastinate": PROCRASTINATE,
    "procrastinate_lock": PROCRASTINATE_LOCK,
    "celery": CELERY,
}


def _speed(place: House, store: Store, size: Size) -> dict[str, float | None]:
    bodies = place.directory / "bodies.json"
    ours = Ours(store=store, house=place, bodies=bodies)
    bare = [Bare(house=place, bodies=bodies, name=name, client=client) for name, client in _BARE.items()]
    beside = queues_beside(place, bodies, waiting=size.ours)
    try:
        medians = _rounds([ours, *bare, *beside.present], size)
    finally:
        beside.close()
    taken = [len(body) for body in read_bodies(str(bodies))]
    _say(f"pushes a second, bodies of {min(taken):,} to {max(taken):,} bytes, one target\n")
    _table(medians, size.abreast)
    for sentence in beside.missing:
        _say(sentence)
    return {"pushes_per_s": round(min(medians[ours.name, n] for n in size.abreast))} | {
        f"ratio_to_{key}": round(min(medians[ours.name, n] / medians[name, n] for n in size.abreast), 2)
        for key, name in _RATIOS.items()
        if (name, size.abreast[0]) in medians
    }


def _rounds(contestants: Sequence[Contestant], size: Size) -> Speeds:
    """Give each its turn in each round. Ours is the first, and the others push the bodies that it has pushed."""
    counts = {OURS: size.ours, **dict.fromkeys(_BARE, size.bare), **size.others}
    speeds: dict[tuple[str, int], list[float]] = {}
    for _ in range(size.rounds):
        for in_flight in size.abreast:
            for contestant in contestants:
                speed = contestant.run(counts[contestant.name], in_flight)
                speeds.setdefault((contestant.name, in_flight), []).append(speed)
    return {key: median(each) for key, each in speeds.items()}


def _table(speeds: Speeds, abreast: Sequence[int]) -> None:
    _say(f"{'in flight':<24}" + "".join(f"{n:>10}" for n in abreast) + "   ours ÷ it")
    for name in dict.fromkeys(name for name, _ in speeds):
        ratios = (f"{speeds[OURS, n] / speeds[name, n]:.2f}" for n in abreast)
        _say(f"{name:<24}" + "".join(f"{speeds[name, n]:>10,.0f}" for n in abreast) + "   " + " / ".join(ratios))
    _say("")


def _trouble(place: House, store: Store, size: Size) -> tuple[float, bool]:
    hanging = isolation(place, records=size.isolated, rounds=size.trouble_rounds)
    _say(
        f"one of 20 targets hangs: {hanging.beside:,.0f} pushes a second to the 19 others, {hanging.without:,.0f} to all 20"
        f" when none does: {hanging.ratio:.2f}"
    )
    dead = dead_target(place, like=store, records=size.ours, due=size.due, rounds=size.trouble_rounds)
    _say(
        f"{size.due:,} rows due at a dead target: {dead.beside:,.0f} pushes a second to another one, {dead.without:,.0f}"
        f" with none due: {dead.ratio:.2f}"
    )
    killed = kills(place, store, rows=size.ours, times=size.kills)
    is_clean = killed.duplicates <= killed.in_flight
    _say(
        f"a worker killed {size.kills} times within {killed.rows:,} pushes: {killed.duplicates} arrived twice,"
        f" {killed.in_flight} were in flight: {'no more than that' if is_clean else 'MORE THAN WAS IN FLIGHT'}"
    )
    return round(hanging.ratio, 2), is_clean


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

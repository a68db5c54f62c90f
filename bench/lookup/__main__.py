"""
`python -m bench.lookup`: look-ups a second of two processes with all guards on, beside a bare echo, Cerbos and etcd.

What is compared is interleaved in one run: rounds in which each takes its turn, alone, and the median of each one's rounds.
`--quick` is for a look, not for a figure. A ratio is null where the other is not installed, and so is what `--only` leaves out.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from bench.lookup import cerbos, etcd, fresh, h2load, size
from bench.lookup.contest import CERBOS, ECHO, ETCD, OURS, WORKERS, batches, rounds, unary
from bench.lookup.house import House, house
from bench.push.processes import stop_all
from credit_sanction_service.host.signals import interruptible

if TYPE_CHECKING:
    from collections.abc import Sequence

Figures = dict[str, float | None]
_Part = Callable[["House", "Size"], Figures]
_ROOT: Final = Path(__file__).parents[2]
KEYS: Final = (
    *("unary_per_s", "public_ratio_to_echo", "unary_ratio_to_cerbos", "unary_ratio_to_etcd"),
    *("batch_items_per_s", "batch_ratio_to_etcd", "p50_ratio_10m_to_10k", "bytes_per_enterprise"),
    *("fresh_p99_ms", "load_1m_s", "name_p50_ms"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of everything."""

    rounds: int
    seconds: int
    enterprises: int
    calls: int
    large: int
    small: int
    turns: int
    commits: int
    loaded: int
    names: int


_FULL: Final = Size(
    rounds=3,
    seconds=5,
    enterprises=100_000,
    calls=20_000,
    large=10_000_000,
    small=10_000,
    turns=10_000,
    commits=300,
    loaded=1_000_000,
    names=1_000_000,
)
_QUICK: Final = Size(
    rounds=1,
    seconds=2,
    enterprises=20_000,
    calls=5_000,
    large=200_000,
    small=10_000,
    turns=2_000,
    commits=50,
    loaded=50_000,
    names=50_000,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it. 0: done; 2: no load driver; 130: interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.lookup", description=__doc__.splitlines()[1] if __doc__ else ""
    )
    parser.add_argument("--quick", action="store_true", help="a short look of a minute")
    parser.add_argument(
        "--only", choices=list(_PARTS), action="append", help="a part of it; may be given more than once"
    )
    options = parser.parse_args(arguments)
    chosen = options.only or list(_PARTS)
    if not h2load.is_installed() and {"unary", "batch"} & set(chosen):
        sys.stderr.write(f"{h2load.MISSING}\n")
        return 2
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    began, figures = time.monotonic(), dict.fromkeys(KEYS, None) | {}
    try:
        with interruptible(), house() as place:
            for name in chosen:
                load = os.getloadavg()[0]
                figures |= _PARTS[name](place, _QUICK if options.quick else _FULL)
                _say(f"({name}: load of the machine {load:.1f} before, {os.getloadavg()[0]:.1f} after)\n")
    except KeyboardInterrupt:
        return 130
    finally:
        stop_all()
    _say(f"all of it took {time.monotonic() - began:.0f} s\n")
    _say(json.dumps(figures, separators=(",", ":")))
    return 0


def _unary(place: House, size: Size) -> Figures:
    store = place.store("unary", size.enterprises)
    with place.api(store, WORKERS) as api:
        with unary(place, store, api, enterprises=size.enterprises, seconds=size.seconds) as contestants:
            medians = rounds(contestants, size.rounds)
        _say(f"look-ups a second, {size.enterprises:,} restricted, one asked in ten, {WORKERS} processes")
        _table(medians)
        for in_flight in (1, 16, 64):
            rate, half, most = _called(api.address, store.token, size, in_flight)
            _say(
                f"  grpc.aio, {in_flight:>2} in flight, each code once: {rate:,.0f}/s, p50 {half:.2f} ms, p99 {most:.2f} ms"
            )
    for name, missing in ((CERBOS, cerbos.MISSING), (ETCD, etcd.MISSING)):
        if name not in medians:
            _say(missing)
    return {
        "unary_per_s": round(medians[OURS]),
        "public_ratio_to_echo": _ratio(medians, ECHO),
        "unary_ratio_to_cerbos": _ratio(medians, CERBOS),
        "unary_ratio_to_etcd": _ratio(medians, ETCD),
    }


def _called(address: str, token: str, size: Size, in_flight: int) -> tuple[float, float, float]:
    numbers = (size.enterprises, in_flight, size.calls)
    command = [sys.executable, "-m", "bench.lookup.caller", address, token, *map(str, numbers)]
    rate, half, most = json.loads(subprocess.check_output(command, text=True))  # noqa: S603 - the bench's own
    return rate, half, most


def _batch(place: House, size: Size) -> Figures:
    store = place.store("batch", size.enterprises)
    with (
        place.api(store, WORKERS) as api,
        batches(place, store, api, enterprises=size.enterprises, seconds=size.seconds) as contestants,
    ):
        medians = rounds(contestants, size.rounds)
    _say("items a second: ours 10,000 a call with verdict and details, etcd 100 a transaction")
    _table(medians)
    return {"batch_items_per_s": round(medians[OURS]), "batch_ratio_to_etcd": _ratio(medians, ETCD)}


def _size(place: House, wanted: Size) -> Figures:
    directory = place.directory / "sizes"
    directory.mkdir()
    found = size.compare(directory, large=wanted.large, small=wanted.small, calls=wanted.turns)
    _say(
        f"one call in flight: {found.large_us:.0f} µs out of {wanted.large:,}, {found.small_us:.0f} µs out of"
        f" {wanted.small:,}; an enterprise takes {found.shared_bytes:.0f} bytes that all processes share, and"
        f" {found.own_bytes:.1f} in each"
    )
    return {
        "p50_ratio_10m_to_10k": round(found.large_us / found.small_us, 2),
        "bytes_per_enterprise": round(found.own_bytes, 1),
    }


def _fresh(place: House, size: Size) -> Figures:
    store = place.store("fresh", size.enterprises)
    with place.api(store, WORKERS) as api:
        found = fresh.measure(store, api, size.commits)
    lines = {
        "a commit takes": found.committed,
        "from then until another process answers by it": found.answered,
        "until another process tells it on Watch": found.told,
    }
    for what, times in lines.items():
        _say(f"{what}: p50 {fresh.share(times, 0.5):.1f} ms, p99 {fresh.share(times, 0.99):.1f} ms")
    return {"fresh_p99_ms": round(max(fresh.share(found.answered, 0.99), fresh.share(found.told, 0.99)), 1)}


def _load(place: House, size: Size) -> Figures:
    store = place.store("load", size.loaded)
    seconds = []
    for _ in range(2):
        with place.api(store, 1) as api:
            seconds.append(float(str(api.events("index.loaded")[0]["seconds"])))
    _say(
        f"{size.loaded:,} enterprises loaded in {seconds[0]:.1f} s; by a process that finds the base, in {seconds[1]:.1f} s"
    )
    return {"load_1m_s": round(seconds[0], 1)}


def _names(place: House, size: Size) -> Figures:  # noqa: ARG001 - as all parts are called
    command = [sys.executable, "-m", "bench.names", "--names", str(size.names)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT, check=False)  # noqa: S603 - the project's own
    if done.returncode:
        _say("the bench of the search by name failed: its figure is null")
        return {"name_p50_ms": None}
    last = done.stdout.splitlines()[-1]
    _say(f"search by name: {last}")
    return {"name_p50_ms": json.loads(last)["p50_ms"]}


_PARTS: Final[Mapping[str, _Part]] = {
    "unary": _unary,
    "batch": _batch,
    "size": _size,
    "fresh": _fresh,
    "load": _load,
    "names": _names,
}


def _ratio(medians: dict[str, float], name: str) -> float | None:
    return round(medians[OURS] / medians[name], 2) if name in medians else None


def _table(medians: dict[str, float]) -> None:
    for name, figure in medians.items():
        _say(f"  {name:<18}{figure:>12,.0f}   ours ÷ it {medians[OURS] / figure:.2f}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

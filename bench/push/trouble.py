"""What trouble costs: a target that hangs, one that is dead with much to send, a worker that is killed."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Final

from bench.push.contestants import rate
from bench.push.house import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.push.house import House, Store

_NAMES: Final = [f"target-{number:02d}" for number in range(1, 21)]
# Short, so that a target that hangs is given up and tried again many times in a run.
_IMPATIENT: Final = {
    "timeout_s": 1,
    "lease_s": 3,
    "retry": {"schedule": [0.2]},
    "breaker": {"failures": 5, "open_s": 1},
}

_PILE_UP: Final = """
INSERT INTO delivery (target, subject, record_id, enterprise_code, desired_epoch, desired_number, desired_present,
    next_attempt_at, due_since)
SELECT 'dead', 'sanctionRecords/' || gen_random_uuid(), d.record_id, d.enterprise_code, d.desired_epoch,
    d.desired_number, true, d.changed_at, d.changed_at
FROM (SELECT * FROM delivery WHERE target = 'sink' ORDER BY subject LIMIT 1000) AS d, generate_series(1, %s / 1000)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Pushes a second without the trouble, and with it."""

    without: float
    beside: float

    @property
    def ratio(self) -> float:
        """What is left of it."""
        return self.beside / self.without


def isolation(house: House, *, records: int, rounds: int) -> Pair:
    """
    Twenty targets, and one of them hangs: pushes a second to the nineteen others, beside those to all twenty when all are
    well.
    """
    store = house.store("isolation")
    store.describe([house.target(name, **_IMPATIENT) for name in _NAMES])
    store.take_in(records)
    well: list[float] = []
    ill: list[float] = []
    for _ in range(rounds):
        for rates, hanging in ((well, ""), (ill, _NAMES[-1])):
            store.arm(_NAMES, records)
            rates.append(_through(house, store, [name for name in _NAMES if name != hanging], records, hanging))
    return Pair(without=median(well), beside=median(ill))


def dead_target(house: House, *, like: Store, records: int, due: int, rounds: int) -> Pair:
    """Pushes a second to one target, beside another that is dead: with nothing due to that, and with `due` rows."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # held and never listening: whoever calls is refused
        dead = house.target("dead") | {
            "url": f"http://127.0.0.1:{nobody.getsockname()[1]}",
            "filter": {"districts": ["659001"]},  # nobody's: its rows are piled up below
        }
        quiet, piled = house.store("quiet", like=like.name), house.store("piled", like=like.name)
        for store in (quiet, piled):
            store.describe([house.target("sink", concurrency=16), dead])
        with piled.owner() as owner:
            owner.execute(_PILE_UP, (due,))
        without: list[float] = []
        beside: list[float] = []
        for _ in range(rounds):
            for rates, store in ((without, quiet), (beside, piled)):
                store.arm(["sink"], records)
                rates.append(_through(house, store, ["sink"], records))
    return Pair(without=median(without), beside=median(beside))


def _through(house: House, store: Store, targets: Sequence[str], count: int, hanging: str = "") -> float:
    """Let a worker push `count` armed rows of each of `targets`; return pushes a second."""
    house.sink.reset()
    if hanging:
        house.sink.hang(hanging)
    worker = store.worker()
    try:
        house.sink.wait_for(targets, count * len(targets), sender=worker.process, patience_s=PATIENCE_S)
    finally:
        worker.stop()
    return rate(house.sink.times(targets))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kills:
    """What came of kills: rows armed, pushes that arrived, and how many attempts were open at the kills together."""

    rows: int
    arrived: int
    in_flight: int

    @property
    def duplicates(self) -> int:
        """Pushes beyond one for each row."""
        return self.arrived - self.rows


def kills(house: House, store: Store, *, rows: int, times: int) -> Kills:
    """Kill a worker in the middle, `times` over, and let the next one finish."""
    target = house.target("sink", concurrency=64, **(_IMPATIENT | {"timeout_s": 0.5, "lease_s": 1.5}))
    store.describe([target])
    store.arm(["sink"], rows)
    house.sink.reset()
    in_flight: set[object] = set()
    for number in range(1, times + 1):
        worker = store.worker()
        house.sink.wait_for(["sink"], rows * number // (times + 1), sender=worker.process, patience_s=PATIENCE_S)
        worker.kill()
        store.await_alone()
        in_flight |= store.open_attempts()
    worker = store.worker()
    try:
        store.await_settled(["sink"])
    finally:
        worker.stop()
    return Kills(rows=rows, arrived=house.sink.counts()["sink"], in_flight=len(in_flight))

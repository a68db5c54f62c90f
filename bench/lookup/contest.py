"""Who is measured beside whom: each contestant answers the same questions, and rests while another one answers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Final

from bench.lookup import cerbos, etcd
from bench.lookup.h2load import Load
from bench.lookup.house import House, Service, Store, pinned
from bench.lookup.questions import BATCH, BATCH_SIZE, UNARY, answered, batch, check_batch, framed, mixed_codes, question
from bench.push.processes import spawn, stop
from credit_sanction_service.host.ports import reserve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OURS: Final = "the service"
ECHO: Final = "bare echo"
CERBOS: Final = "Cerbos"
ETCD: Final = "etcd"
ETCD_LINEARIZABLE: Final = "etcd, its default"  # linearizable
WORKERS: Final = 2
_CONNECTIONS: Final = 10
_IN_FLIGHT: Final = 6
_BATCH_CONNECTIONS: Final = 4
_ETCD_CONNECTIONS: Final = 8
_ETCD_BATCHES: Final = 2_000
_VALUE_BYTES: Final = 700  # of a restricted one's reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """What answers, and the processes that rest while others do: those that would use the machine without being asked."""

    name: str
    measure: Callable[[], float]
    idlers: Sequence[subprocess.Popen[bytes]] = ()


def rounds(contestants: Sequence[Contestant], count: int) -> dict[str, float]:
    """Give each its turn in each round, alone; return the median of each."""
    figures: dict[str, list[float]] = {one.name: [] for one in contestants}
    for _ in range(count):
        for one in contestants:
            with _resting([idler for other in contestants if other is not one for idler in other.idlers]):
                figures[one.name].append(one.measure())
    return {name: median(each) for name, each in figures.items()}


@contextmanager
def unary(house: House, store: Store, api: Service, *, enterprises: int, seconds: int) -> Iterator[list[Contestant]]:
    """Yield who answers one question a call: ours, the echo of our replies, and what is installed beside."""
    codes = mixed_codes(_CONNECTIONS, of=enterprises, seed=1)
    held = next(code for code in codes if code[8] == "F")
    replies = dict(zip(codes, answered(api, store.token, codes), strict=True))
    bodies = [framed(question(code).SerializeToString()) for code in codes]

    def load(address: str, path: str, sent: Sequence[bytes], headers: Mapping[str, str]) -> float:
        return Load(
            address=address, path=path, bodies=sent, in_flight=_IN_FLIGHT, seconds=seconds, headers=headers
        ).run()

    bearer = {"authorization": f"Bearer {store.token}"}
    with ExitStack() as stack:
        echo = stack.enter_context(_echo(house, [reply.SerializeToString() for reply in replies.values()]))
        contestants = [
            Contestant(
                name=OURS, measure=lambda: load(api.address, UNARY, bodies, bearer), idlers=tuple(api.processes)
            ),
            Contestant(name=ECHO, measure=lambda: load(echo.address, UNARY, bodies, bearer)),
        ]
        if program := cerbos.program():
            cerbos_at = stack.enter_context(cerbos.running(program, house.directory))
            cerbos.check(cerbos_at, codes[0], codes[1])
            asked = [framed(cerbos.one(code, restricted=code == held)) for code in codes]
            contestants.append(Contestant(name=CERBOS, measure=lambda: load(cerbos_at, cerbos.CHECK, asked, {})))
        if etcd_program := etcd.program():
            value = bytes(replies[held].ByteSize())
            etcd_at = stack.enter_context(
                etcd.running(etcd_program, house.directory, enterprises=enterprises, value=value)
            )
            etcd.check(etcd_at, held, next(code for code in codes if code != held))
            ranges = [framed(etcd.one(code)) for code in codes]
            contestants.append(Contestant(name=ETCD, measure=lambda: load(etcd_at, etcd.RANGE, ranges, {})))
        yield contestants


@contextmanager
def batches(house: House, store: Store, api: Service, *, enterprises: int, seconds: int) -> Iterator[list[Contestant]]:
    """Yield who answers many a call, in items a second: ours by ten thousand, etcd by its hundred."""
    lists = [mixed_codes(BATCH_SIZE, of=enterprises, seed=seed) for seed in range(_BATCH_CONNECTIONS)]
    for codes in lists:
        check_batch(api, store.token, codes)
    ours = Load(
        address=api.address,
        path=BATCH,
        bodies=[framed(batch(codes).SerializeToString()) for codes in lists],
        in_flight=2,
        seconds=seconds,
        headers={"authorization": f"Bearer {store.token}"},
    )
    with ExitStack() as stack:
        contestants = [
            Contestant(name=OURS, measure=lambda: ours.run() * BATCH_SIZE, idlers=tuple(api.processes)),
        ]
        if program := etcd.program():
            at = stack.enter_context(
                etcd.running(program, house.directory / "batches", enterprises=enterprises, value=bytes(_VALUE_BYTES))
            )
            hundreds = [mixed_codes(etcd.AT_ONCE, of=enterprises, seed=seed) for seed in range(_ETCD_CONNECTIONS)]
            contestants += [
                Contestant(name=name, measure=partial(_txns, at, hundreds, seconds, serializable=serializable))
                for name, serializable in ((ETCD, True), (ETCD_LINEARIZABLE, False))
            ]
        yield contestants


def _txns(address: str, hundreds: Sequence[Sequence[str]], seconds: int, *, serializable: bool) -> float:
    bodies = [framed(etcd.many(codes, serializable=serializable)) for codes in hundreds]
    load = Load(
        address=address,
        path=etcd.TXN,
        bodies=bodies,
        in_flight=_IN_FLIGHT,
        seconds=seconds,
        headers={},
        calls=_ETCD_BATCHES,
    )
    return load.run() * etcd.AT_ONCE


@contextmanager
def _echo(house: House, replies: Sequence[bytes]) -> Iterator[Service]:
    files = [house.directory / f"reply-{number}" for number in range(len(replies))]
    for file, reply in zip(files, replies, strict=True):
        file.write_bytes(reply)
    with reserve("127.0.0.1", 0) as port:
        command = [sys.executable, "-m", "bench.lookup.echo", port.address, *map(str, files)]
        processes = [pinned(spawn(command), number) for number in range(WORKERS)]
        try:
            service = Service(address=port.address, processes=processes)
            yield service
        finally:
            for process in processes:
                stop(process)


@contextmanager
def _resting(processes: Sequence[subprocess.Popen[bytes]]) -> Iterator[None]:
    """Stop processes where they are until the block ends: they poll the store, which would be charged to somebody else."""
    for process in processes:
        os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process.pid, signal.SIGCONT)

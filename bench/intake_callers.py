"""Who writes in the intake bench: processes of callers, each caller with a connection of its own, on either side."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import grpc
import psycopg

from bench.intake_raw import Copies, Made, Row, Rows
from bench.intake_samples import record
from credit_sanction.v1 import sanction_record_service_pb2 as service_pb
from credit_sanction.v1.sanction_record_service_pb2_grpc import SanctionRecordServiceStub
from credit_sanction_service.calls import new_id

if TYPE_CHECKING:
    from multiprocessing.connection import Connection as Pipe


_FREE: Final = 100  # revisions that the store itself may have drawn


Write = Callable[[float], int]


class Side(Protocol):
    """One way of writing records, as one caller does it."""

    def prepare(self, first: int, count: int) -> Write:
        """
        Make everything for `count` records from number `first` on. What is returned writes them until all are acknowledged,
        or until that instant of the monotonic clock has come, and says how many were.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Through the API: CreateSanctionRecord, or BatchCreateSanctionRecords where `at_once` is more than 1."""

    address: str
    token: str
    at_once: int

    def prepare(self, first: int, count: int) -> Write:
        """Make the requests, and a channel that is connected."""
        channel = grpc.insecure_channel(self.address, options=[("grpc.use_local_subchannel_pool", 1)])
        grpc.channel_ready_future(channel).result(timeout=20)
        stub = SanctionRecordServiceStub(channel)
        metadata = (("authorization", f"Bearer {self.token}"),)
        requests = [self._request(start) for start in range(first, first + count, self.at_once)]

        def write(until: float) -> int:
            with channel:
                for done, request in enumerate(requests):
                    if time.monotonic() > until:
                        return done * self.at_once
                    if isinstance(request, service_pb.CreateSanctionRecordRequest):
                        stub.CreateSanctionRecord(request, metadata=metadata, timeout=60)
                    else:
                        reply = stub.BatchCreateSanctionRecords(request, metadata=metadata, timeout=60)
                        _require_taken_in(reply)
            return count

        return write

    def _request(
        self, start: int
    ) -> service_pb.CreateSanctionRecordRequest | service_pb.BatchCreateSanctionRecordsRequest:
        if self.at_once == 1:
            return service_pb.CreateSanctionRecordRequest(record=record(start), request_id=new_id())
        records = [record(number) for number in range(start, start + self.at_once)]
        return service_pb.BatchCreateSanctionRecordsRequest(records=records, request_id=new_id())


def _require_taken_in(reply: service_pb.BatchCreateSanctionRecordsResponse) -> None:
    for result in reply.results:
        if not result.HasField("record"):
            raise RuntimeError(f"refused: {result.error.message}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """Through psycopg, by `write`: what was recorded of a call, for others. Single records find their revisions there."""

    dsn: str
    rows: Sequence[Rows]
    at_once: int
    write: Callable[[psycopg.Connection[Row], Copies, Made], None]

    def prepare(self, first: int, count: int) -> Write:
        """Make the rows, and a connection."""
        connection = psycopg.connect(self.dsn, autocommit=True)
        copies = Copies(self.rows, with_revision=self.at_once > 1)
        starts = range(first, first + count, self.at_once)
        made = [copies.make(range(start, start + self.at_once), revision=start + _FREE) for start in starts]
        if self.at_once == 1:
            connection.execute(
                "INSERT INTO revision (epoch, number, known_at) SELECT 1, n, now() FROM generate_series(%s::bigint, %s) AS n",
                (starts[0] + _FREE, starts[-1] + _FREE),
            )

        def write(until: float) -> int:
            with connection:
                for done, tables in enumerate(made):
                    if time.monotonic() > until:
                        return done * self.at_once
                    self.write(connection, copies, tables)
            return count

        return write


class Callers:
    """Load processes, started once. Each holds its share of a measure's callers on threads of its own."""

    def __init__(self, processes: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Pipe] = []
        self._processes = []
        for _ in range(processes):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs,), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)

    def measure(self, side: Side, *, callers: int, first: int, count: int, seconds: float) -> float:
        """Return records a second: `count` of them, or what `callers` at once write of them in `seconds`."""
        share = count // callers
        firsts = [first + share * caller for caller in range(callers)]
        pipes = self._pipes[: min(callers, len(self._pipes))]
        for number, pipe in enumerate(pipes):
            pipe.send((side, firsts[number :: len(pipes)], share))
        for pipe in pipes:
            _received(pipe)  # it is ready
        for pipe in pipes:
            pipe.send(seconds)
        spans: list[tuple[float, float, int]] = [_received(pipe) for pipe in pipes]
        written = sum(done for _, _, done in spans)
        return written / (max(end for _, end, _ in spans) - min(start for start, _, _ in spans))

    def close(self) -> None:
        """End the processes."""
        for pipe in self._pipes:
            pipe.send(None)
        for process in self._processes:
            process.join(timeout=10)


def _received(pipe: Pipe) -> Any:  # noqa: ANN401 - as the other end says
    answer = pipe.recv()
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _serve(pipe: Pipe) -> None:
    while (task := pipe.recv()) is not None:
        side, firsts, share = task
        try:
            writes = [side.prepare(first, share) for first in firsts]
            pipe.send("ready")
            pipe.send(_together(writes, seconds=pipe.recv()))
        except Exception as fault:  # noqa: BLE001 - told to who measures
            pipe.send(RuntimeError(f"{type(fault).__name__}: {fault}"))


def _together(writes: Sequence[Write], *, seconds: float) -> tuple[float, float, int]:
    """Do all at once; return when it began and ended, and how many records were written."""
    start = time.monotonic()
    with ThreadPoolExecutor(len(writes)) as threads:
        done = sum(threads.map(lambda write: write(start + seconds), writes))
    return start, time.monotonic(), done

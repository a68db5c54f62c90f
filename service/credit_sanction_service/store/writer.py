"""
The one way to write: calls share a transaction, a savepoint each, and one revision together.

What queued while the last transaction was flushed goes into the next. A call that fails, fails alone. The revision is drawn
under the lock of `store_head`'s row as the transaction's last act, so numbers have no gaps and stand in commit order.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import psycopg
import structlog
from psycopg.errors import DeadlockDetected, SerializationFailure

from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.domain.faults import Overloaded, StoreUnavailable
from credit_sanction_service.store.commit import RULES_LOCK, commit_changes
from credit_sanction_service.store.connect import Connection, connect, translated
from credit_sanction_service.store.law import KnownLaw
from credit_sanction_service.store.targets import load_targets
from credit_sanction_service.store.transaction import Transaction
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.store.values import Target

T = TypeVar("T")
log: Final = structlog.get_logger()

_MOST_TOGETHER: Final = 64
_RERUNS: Final = 3
_COLLISIONS: Final = (DeadlockDetected, SerializationFailure)  # of the driver's OperationalError, but nothing is away


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed(Generic[T]):
    """What a piece of work returned, durable by now. `revision` is None where the transaction changed nothing."""

    value: T
    revision: Revision | None


@dataclass(slots=True)
class _Call:
    work: Callable[[Transaction], Any]
    future: Future[Committed[Any]]
    dry: bool
    outcome: Any = None
    failure: BaseException | None = None


class _Undo(Exception):
    """Rolls a savepoint back whose work was only a check."""


class Writer:
    """
    Runs pieces of work in transactions, one after the other, on a thread and a connection of its own.

    `clock` says what instant, and so which Shanghai day, the work speaks of; `most_waiting` bounds the queue.
    """

    def __init__(self, dsn: str, *, clock: Callable[[], datetime], most_waiting: int = 1_000) -> None:
        self._dsn = dsn
        self._clock = clock
        self._queue: queue.Queue[_Call | None] = queue.Queue(most_waiting)
        self._connection: Connection | None = None
        self._targets: Sequence[Target] = ()
        self._targets_version = -1
        self._known_law = KnownLaw()
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Transaction], T], *, dry: bool = False) -> Future[Committed[T]]:
        """
        Queue a piece of work; the future holds its result once it is durable, or what it raised.

        `work` may run more than once (after a deadlock), so it touches nothing but the transaction. `dry` work is rolled
        back. Raises `Overloaded` when too much is waiting, `StoreUnavailable` once closed.
        """
        call = _Call(work=work, future=Future(), dry=dry)
        with self._gate:  # nothing is queued behind the word to stop
            if self._closed:
                raise StoreUnavailable("the service is stopping")
            try:
                self._queue.put_nowait(call)
            except queue.Full:
                raise Overloaded("too many writes are waiting") from None
        return call.future

    def run(self, work: Callable[[Transaction], T], *, dry: bool = False, timeout: float | None = None) -> Committed[T]:
        """Do `work` and wait for it. After `timeout` seconds: `StoreUnavailable`; the work may still be done."""
        future = self.submit(work, dry=dry)
        try:
            return future.result(timeout)
        except TimeoutError:
            raise StoreUnavailable("the write was not finished in time; retry it with the same request id") from None

    def close(self) -> None:
        """Finish what is queued, then stop."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        stopping = False
        while not stopping:
            calls = [self._queue.get()]
            with suppress(queue.Empty):
                while len(calls) < _MOST_TOGETHER:
                    calls.append(self._queue.get_nowait())
            stopping = None in calls
            self._do([call for call in calls if call is not None])
        if self._connection is not None:
            self._connection.close()

    def _do(self, calls: list[_Call]) -> None:
        """Run the calls together; after a deadlock each alone, so that one cannot keep failing the others."""
        try:
            self._transact(calls)
        except _COLLISIONS as fault:
            for call in calls:
                self._do_alone(call, fault)
        except BaseException as fault:  # noqa: BLE001 - whatever it was belongs to whoever waits
            self._fail(calls, fault)

    def _do_alone(self, call: _Call, fault: BaseException) -> None:
        for _ in range(_RERUNS):
            try:
                self._transact([call])
            except _COLLISIONS as again:
                fault = again
            except BaseException as other:  # noqa: BLE001 - whatever it was belongs to whoever waits
                self._fail([call], other)
                return
            else:
                return
        self._fail([call], StoreUnavailable("the write kept colliding with others; retry it"), cause=fault)

    def _fail(self, calls: list[_Call], fault: BaseException, *, cause: BaseException | None = None) -> None:
        log.warning("writes.failed", calls=len(calls), fault=repr(cause or fault))
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        for call in calls:
            if not call.future.done():
                call.future.set_exception(fault)

    def _transact(self, calls: list[_Call]) -> None:
        if not calls:
            return
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._dsn)
        try:
            revision = self._transact_on(self._connection, calls)
        except _COLLISIONS:
            raise
        except psycopg.Error:
            with translated():
                raise
        for call in calls:
            if call.failure is not None:
                call.future.set_exception(call.failure)
            else:
                call.future.set_result(Committed(value=call.outcome, revision=None if call.dry else revision))

    def _transact_on(self, connection: Connection, calls: list[_Call]) -> Revision | None:
        now = self._clock()
        with connection.transaction():
            law = self._refresh_rules(connection)
            transaction = Transaction(connection, now=now, targets=self._targets, law=law)
            for call in calls:
                self._try(transaction, call)
            return commit_changes(connection, transaction.changes, targets=self._targets, day=day_of(now))

    def _refresh_rules(self, connection: Connection) -> Law:
        """Hold targets and law as they are until this transaction ends, and know them."""
        with connection.pipeline():
            # Two statements: the snapshot of one that waits for the lock is older than what it waited for.
            connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", (RULES_LOCK,))
            row = connection.execute("SELECT targets_version, law_version FROM store_head").fetchone()
        if row is None:
            raise RuntimeError("the store has no head")
        if row[0] != self._targets_version:
            self._targets = load_targets(connection)
            self._targets_version = row[0]
        return self._known_law.at(connection, row[1])

    @staticmethod
    def _try(transaction: Transaction, call: _Call) -> None:
        mark = len(transaction.changes)
        call.failure = None
        try:
            with transaction.connection.transaction():
                call.outcome = call.work(transaction)
                if call.dry:
                    raise _Undo  # noqa: TRY301 - handled just here
        except _Undo:
            del transaction.changes[mark:]
        except (psycopg.OperationalError, psycopg.InterfaceError):  # collisions too
            raise
        except Exception as fault:  # noqa: BLE001 - whatever it was belongs to whoever waits
            del transaction.changes[mark:]
            call.failure = fault

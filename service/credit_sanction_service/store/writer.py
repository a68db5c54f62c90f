"""
The one way to write: calls share a transaction, a savepoint each, and one revision together.

What queued while the last transaction was flushed goes into the next. A call that fails, fails alone. The revision is drawn
under the lock of `store_head`'s row as the transaction's last act, so numbers have no gaps and stand in commit order.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import psycopg
import structlog
from psycopg.errors import DeadlockDetected, SerializationFailure

from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.domain.faults import Overloaded, SanctionError, StoreUnavailable
from credit_sanction_service.store.commit import RULES_LOCK, Drawn, commit_changes
from credit_sanction_service.store.connect import Connection, connect, translated
from credit_sanction_service.store.law import KnownLaw
from credit_sanction_service.store.targets import load_targets
from credit_sanction_service.store.transaction import Transaction

if TYPE_CHECKING:
    from datetime import datetime

    from credit_sanction_service.domain.law import Law
    from credit_sanction_service.store.values import Revision, Target

Item = TypeVar("Item")
T = TypeVar("T")
log: Final = structlog.get_logger()

_MOST_TOGETHER: Final = 64
_RERUNS: Final = 3
# Not the driver's own savepoints: a rollback to one of them makes it forget every statement that it has prepared.
_SAVE, _KEEP = "SAVEPOINT one_call", "RELEASE one_call"
_UNDO: Final = "ROLLBACK TO one_call; RELEASE one_call"
_COLLISIONS: Final = (DeadlockDetected, SerializationFailure)  # of the driver's OperationalError, but nothing is away


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed(Generic[T]):
    """What a piece of work returned, durable by now. `drawn` is None where the transaction changed nothing."""

    value: T
    drawn: Drawn | None

    @property
    def revision(self) -> Revision | None:
        """The revision that the work's changes have."""
        return self.drawn.revision if self.drawn else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint(Generic[Item, T]):
    """
    How one caller's work is done together with that of others who wait: `do` takes the items of all whose `do` is the same,
    and returns for each what its own work would have returned, or the error that it would have raised. Where it raises, what
    it did is undone, and the work of each is done by itself.
    """

    item: Item
    do: Callable[[Transaction, Sequence[Item]], Sequence[T | SanctionError]]


@dataclass(slots=True)
class _Call:
    work: Callable[[Transaction], Any]
    future: Future[Committed[Any]]
    dry: bool
    joint: Joint[Any, Any] | None = None
    outcome: Any = None
    failure: BaseException | None = None


def _open(dsn: str) -> Connection:
    """
    Open a connection whose statements are planned once each, for few rows found by key: on its own PostgreSQL would plan most
    of them again at each use, which takes longer than to run them, or read whole tables that were small when it planned.
    """
    connection = connect(dsn)
    connection.execute(
        "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off", prepare=False
    )
    return connection


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

    def submit(
        self, work: Callable[[Transaction], T], *, dry: bool = False, joint: Joint[Any, T] | None = None
    ) -> Future[Committed[T]]:
        """
        Queue a piece of work; the future holds its result once it is durable, or what it raised.

        `work` may run more than once (after a deadlock), so it touches nothing but the transaction. `dry` work is rolled
        back. `joint` does the same for several callers in fewer statements. Raises `Overloaded` when too much is waiting,
        `StoreUnavailable` once closed.
        """
        call = _Call(work=work, future=Future(), dry=dry, joint=joint)
        with self._gate:  # nothing is queued behind the word to stop
            if self._closed:
                raise StoreUnavailable("the service is stopping")
            try:
                self._queue.put_nowait(call)
            except queue.Full:
                raise Overloaded("too many writes are waiting") from None
        return call.future

    def run(
        self,
        work: Callable[[Transaction], T],
        *,
        dry: bool = False,
        joint: Joint[Any, T] | None = None,
        timeout: float | None = None,
    ) -> Committed[T]:
        """Do `work` and wait for it. After `timeout` seconds: `StoreUnavailable`; the work may still be done."""
        future = self.submit(work, dry=dry, joint=joint)
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
            self._connection = _open(self._dsn)
        try:
            drawn = self._transact_on(self._connection, calls)
        except _COLLISIONS:
            raise
        except psycopg.Error:
            with translated():
                raise
        for call in calls:
            if call.failure is not None:
                call.future.set_exception(call.failure)
            else:
                call.future.set_result(Committed(value=call.outcome, drawn=None if call.dry else drawn))

    def _transact_on(self, connection: Connection, calls: list[_Call]) -> Drawn | None:
        now = self._clock()
        try:
            law = self._begin(connection)
            transaction = Transaction(connection, now=now, targets=self._targets, law=law)
            for part in _parted(calls):
                self._try(transaction, part)
            return commit_changes(connection, transaction.changes, targets=self._targets, day=day_of(now))
        except BaseException:
            with suppress(psycopg.Error):  # what came first says more
                connection.rollback()
            raise

    def _begin(self, connection: Connection) -> Law:
        """Open a transaction, hold targets and law as they are until it ends, and know them."""
        with connection.pipeline():
            connection.execute("BEGIN")
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
    def _try(transaction: Transaction, calls: list[_Call]) -> None:
        """Do calls of one `Joint.do` together; where that does not go, and where there is but one, each by itself."""
        joint = calls[0].joint
        if joint and len(calls) > 1:
            items = [call.joint.item for call in calls if call.joint]
            try:
                outcomes = _saved(transaction, lambda tx: joint.do(tx, items))
            except (psycopg.OperationalError, psycopg.InterfaceError):  # collisions too
                raise
            except Exception as fault:  # noqa: BLE001 - each is told its own below
                log.info("writes.parted", calls=len(calls), fault=repr(fault))
            else:
                for call, outcome in zip(calls, outcomes, strict=True):
                    call.outcome, call.failure = outcome, outcome if isinstance(outcome, SanctionError) else None
                return
        for call in calls:
            call.failure = None
            try:
                call.outcome = _saved(transaction, call.work, keeps=not call.dry)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                raise
            except Exception as fault:  # noqa: BLE001 - whatever it was belongs to whoever waits
                call.failure = fault


def _saved(transaction: Transaction, work: Callable[[Transaction], T], *, keeps: bool = True) -> T:
    """Do work under a savepoint of its own; what it did is undone where it raises, and unless it `keeps`."""
    mark = len(transaction.changes)
    transaction.connection.execute(_SAVE)
    try:
        outcome = work(transaction)
    except (psycopg.OperationalError, psycopg.InterfaceError):  # the whole transaction is lost
        raise
    except Exception:
        _undo(transaction, mark)
        raise
    if keeps:
        transaction.connection.execute(_KEEP)
    else:
        _undo(transaction, mark)
    return outcome


def _undo(transaction: Transaction, mark: int) -> None:
    del transaction.changes[mark:]
    transaction.connection.execute(_UNDO, prepare=False)  # two commands: they cannot be prepared


def _parted(calls: Sequence[_Call]) -> list[list[_Call]]:
    """Return the calls, those with the same `Joint.do` in one list, each other one alone."""
    parts: dict[object, list[_Call]] = {}
    for call in calls:
        parts.setdefault(call.joint.do if call.joint and not call.dry else id(call), []).append(call)
    return list(parts.values())

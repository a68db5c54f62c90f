"""The writer: shared transactions, numbers without gaps, and what happens when pieces of work collide."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import psycopg
import pytest
from psycopg import sql
from tests.samples import noon
from tests.samples import record as sample

from credit_sanction_service.domain.faults import Duplicate, NotFound, Overloaded, StoreUnavailable
from credit_sanction_service.store.values import Revision
from credit_sanction_service.store.writer import Committed, Joint, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from tests.database import Database
    from tests.store.conftest import OpenWriter

    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.transaction import Transaction

T = TypeVar("T")
WAIT = 20
LAW = Revision(epoch=1, number=1)  # what a new store begins with
FIRST, SECOND, THIRD = (Revision(epoch=1, number=number) for number in (2, 3, 4))


def insert(*records: SanctionRecord) -> Callable[[Transaction], None]:
    """Return work that inserts records, or raises what stands in the way."""

    def work(tx: Transaction) -> None:
        for refusal in tx.insert(records, action="CREATE", principal="测试"):
            if refusal:
                raise refusal

    return work


def count_up(record_id: str) -> Callable[[Transaction], int]:
    """Return work that writes a record's next version."""

    def work(tx: Transaction) -> int:
        record = tx.lock_record(record_id)
        fresh = replace(record, version=record.version + 1)
        tx.update(fresh, action="AMEND", principal="测试")
        return fresh.version

    return work


def log_of(connection: Connection) -> list[tuple[int, int, str, int]]:
    """Return the change log of records in its order: revision, ordinal, record, version."""
    return [
        (row[0], row[1], str(row[2]), row[3])
        for row in connection.execute(
            "SELECT revision, ordinal, subject_id, version FROM change_log WHERE kind = 'record'"
            " ORDER BY epoch, revision, ordinal"
        ).fetchall()
    ]


def behind_a_gate(writer: Writer, submit: Callable[[], list[Future[Committed[T]]]]) -> list[Future[Committed[T]]]:
    """Submit while the writer is busy, so that all of it goes into the next transaction."""
    busy, go_on = threading.Event(), threading.Event()

    def gate(_: Transaction) -> None:
        busy.set()
        assert go_on.wait(WAIT)

    writer.submit(gate)
    assert busy.wait(WAIT)
    futures = submit()
    go_on.set()
    return futures


def test_what_queued_meanwhile_shares_one_revision(writer: Writer, connection: Connection) -> None:
    given = [sample(number) for number in range(1, 31)]
    futures = behind_a_gate(writer, lambda: [writer.submit(insert(record)) for record in given])
    assert {future.result(WAIT).revision for future in futures} == {FIRST}
    assert log_of(connection) == [(FIRST.number, place, record.id, 1) for place, record in enumerate(given, 1)]


def test_a_call_that_fails_fails_alone(writer: Writer, connection: Connection) -> None:
    first, twin, last = sample(1), sample(1), sample(2)

    def half_done(tx: Transaction) -> None:
        insert(sample(3))(tx)
        raise ValueError("the caller's own")

    futures = behind_a_gate(
        writer, lambda: [writer.submit(w) for w in (insert(first), insert(twin), half_done, insert(last))]
    )
    assert futures[0].result(WAIT).revision == futures[3].result(WAIT).revision
    with pytest.raises(Duplicate) as caught:
        futures[1].result(WAIT)
    assert caught.value.existing == first.name
    with pytest.raises(ValueError, match="the caller's own"):
        futures[2].result(WAIT)
    assert [entry[2] for entry in log_of(connection)] == [first.id, last.id]
    assert connection.execute("SELECT count(*) FROM sanction_record").fetchone() == (2,)


def test_sql_that_fails_fails_alone_too(writer: Writer, connection: Connection) -> None:
    def wrong(tx: Transaction) -> None:
        tx.connection.execute("SELECT 1 / 0")

    futures = behind_a_gate(writer, lambda: [writer.submit(wrong), writer.submit(insert(sample(1)))])
    with pytest.raises(psycopg.errors.DivisionByZero):
        futures[0].result(WAIT)
    futures[1].result(WAIT)
    assert len(log_of(connection)) == 1


def test_joint_work_is_done_once_for_all_who_wait(writer: Writer, connection: Connection) -> None:
    def do(tx: Transaction, items: Sequence[SanctionRecord | None]) -> list[int | NotFound]:
        tx.insert([item for item in items if item], action="CREATE", principal="测试")
        return [len(items) if item else NotFound("record", "") for item in items]

    def alone(_: Transaction) -> int:
        raise AssertionError("not alone")

    futures = behind_a_gate(
        writer, lambda: [writer.submit(alone, joint=Joint(item=item, do=do)) for item in (sample(1), None, sample(2))]
    )
    assert [futures[place].result(WAIT).value for place in (0, 2)] == [3, 3]
    with pytest.raises(NotFound):
        futures[1].result(WAIT)
    assert len(log_of(connection)) == 2


def test_joint_work_that_raises_is_undone_and_done_by_each_alone(writer: Writer, connection: Connection) -> None:
    def do(tx: Transaction, items: Sequence[SanctionRecord]) -> list[None]:
        tx.insert(items, action="CREATE", principal="测试")
        tx.connection.execute("SELECT 1 / 0")
        return [None for _ in items]

    given = [sample(1), sample(1), sample(2)]
    futures = behind_a_gate(
        writer, lambda: [writer.submit(insert(record), joint=Joint(item=record, do=do)) for record in given]
    )
    with pytest.raises(Duplicate):
        futures[1].result(WAIT)
    assert futures[0].result(WAIT).revision == futures[2].result(WAIT).revision
    assert [entry[2] for entry in log_of(connection)] == [given[0].id, given[2].id]


def test_dry_work_leaves_nothing_and_draws_no_revision(writer: Writer, connection: Connection) -> None:
    committed = writer.run(insert(sample(1)), dry=True, timeout=WAIT)
    assert committed.revision is None
    futures = behind_a_gate(
        writer, lambda: [writer.submit(insert(sample(1)), dry=True), writer.submit(insert(sample(2)))]
    )
    assert [future.result(WAIT).revision for future in futures] == [None, FIRST]
    assert len(log_of(connection)) == 1
    assert connection.execute("SELECT count(*) FROM sanction_record").fetchone() == (1,)


def test_work_that_changes_nothing_draws_no_revision(writer: Writer, connection: Connection) -> None:
    assert writer.run(lambda tx: tx.today, timeout=WAIT).revision is None
    assert connection.execute("SELECT number FROM store_head").fetchone() == (LAW.number,)


def test_two_writers_leave_no_gap_and_commit_in_the_order_of_their_numbers(
    open_writer: OpenWriter, connection: Connection
) -> None:
    writers = [open_writer(), open_writer()]
    seen: list[int] = []
    done = threading.Event()

    def watch(dsn: str) -> None:
        """See what a reader sees who asks all the time: a head of n means that 1 to n are all there."""
        with psycopg.connect(dsn, autocommit=True) as reading:
            while not done.is_set():
                row = reading.execute(
                    "SELECT h.number, (SELECT count(*) FROM revision), (SELECT count(DISTINCT revision) FROM change_log)"
                    " FROM store_head h"
                ).fetchone()
                assert row is not None
                assert row[0] == row[1] == row[2]
                seen.append(row[0])

    with ThreadPoolExecutor(9) as pool:
        watching = pool.submit(watch, connection.info.dsn)
        futures = [pool.submit(writers[n % 2].run, insert(sample(n)), timeout=WAIT) for n in range(1, 201)]
        revisions = sorted(future.result(WAIT).revision for future in futures)  # type: ignore[type-var]
        done.set()
        watching.result(WAIT)
    head = connection.execute("SELECT number FROM store_head").fetchone()
    numbers = [row[0] for row in connection.execute("SELECT number FROM revision ORDER BY known_at, number").fetchall()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert head == (len(numbers),)
    assert revisions[-1] == Revision(epoch=1, number=len(numbers))
    assert seen == sorted(seen)
    assert len(log_of(connection)) == 200


def test_writers_that_block_each_other_both_get_through(open_writer: OpenWriter, connection: Connection) -> None:
    one, other = open_writer(), open_writer()
    first, second = sample(1), sample(2)
    one.run(insert(first, second), timeout=WAIT)
    both_hold = threading.Barrier(2)

    def crossing(mine: str, theirs: str) -> Callable[[Transaction], None]:
        met = threading.Event()

        def work(tx: Transaction) -> None:
            count_up(mine)(tx)
            if not met.is_set():  # the second time, after the deadlock, nobody waits
                met.set()
                both_hold.wait(WAIT)
            count_up(theirs)(tx)

        return work

    futures = [one.submit(crossing(first.id, second.id)), other.submit(crossing(second.id, first.id))]
    assert {future.result(WAIT).revision for future in futures} == {
        *(SECOND, THIRD),
    }
    assert sorted(entry[3] for entry in log_of(connection)) == [1, 1, 2, 2, 3, 3]


def test_a_collision_fails_nobody_who_shared_the_transaction(open_writer: OpenWriter, connection: Connection) -> None:
    one, other = open_writer(), open_writer()
    first, second, bystander = sample(1), sample(2), sample(3)
    one.run(insert(first, second), timeout=WAIT)
    both_hold = threading.Barrier(2)

    def crossing(mine: str, theirs: str) -> Callable[[Transaction], None]:
        met = threading.Event()

        def work(tx: Transaction) -> None:
            tx.lock_record(mine)
            if not met.is_set():
                met.set()
                both_hold.wait(WAIT)
            tx.lock_record(theirs)

        return work

    futures = behind_a_gate(one, lambda: [one.submit(insert(bystander)), one.submit(crossing(first.id, second.id))])
    futures.append(other.submit(crossing(second.id, first.id)))
    for future in futures:
        future.result(WAIT)
    assert [entry[2] for entry in log_of(connection)].count(bystander.id) == 1


def test_amending_one_record_from_two_writers_counts_every_version(
    open_writer: OpenWriter, connection: Connection
) -> None:
    writers = [open_writer(), open_writer()]
    record = sample(1)
    writers[0].run(insert(record), timeout=WAIT)
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(writers[n % 2].run, count_up(record.id), timeout=WAIT) for n in range(40)]
        versions = sorted(future.result(WAIT).value for future in futures)
    assert versions == list(range(2, 42))
    assert [entry[3] for entry in log_of(connection)] == list(range(1, 42))


def test_a_key_taken_by_an_uncommitted_record_is_a_duplicate_by_its_name(
    open_writer: OpenWriter, connection: Connection
) -> None:
    one, other = open_writer(), open_writer()
    holder, comer = sample(1, item="1号窑"), sample(1, item="2号窑")
    one.run(insert(comer), timeout=WAIT)
    taken, waits = threading.Event(), threading.Event()

    def slow(tx: Transaction) -> None:
        insert(holder)(tx)
        taken.set()
        assert waits.wait(WAIT)

    def move(tx: Transaction) -> None:
        record = tx.lock_record(comer.id)
        obligation = replace(record.obligation, item="1号窑")
        waits.set()
        tx.update(replace(record, version=2, obligation=obligation), action="AMEND", principal="测试")

    first = one.submit(slow)
    assert taken.wait(WAIT)
    second = other.submit(move)
    first.result(WAIT)
    with pytest.raises(Duplicate) as caught:
        second.result(WAIT)
    assert caught.value.existing == holder.name
    assert len(log_of(connection)) == 2


def test_another_spelling_of_document_and_item_is_a_duplicate(writer: Writer, connection: Connection) -> None:
    first = sample(1, document="虚攻〔2026〕101号", item="1号线")
    spelt = sample(1, document="虚攻[2026]１０１号", item="１ 号线")
    other = sample(1, document="虚攻〔2026〕101号", item="2号线")
    results = writer.run(
        lambda tx: tx.insert([first, spelt, other], action="CREATE", principal="测试"), timeout=WAIT
    ).value
    assert [result and result.existing for result in results] == [None, first.name, None]
    with pytest.raises(Duplicate) as caught:
        writer.run(insert(spelt), timeout=WAIT)
    assert caught.value.existing == first.name
    moved = replace(other, version=2, obligation=replace(other.obligation, item="1\u3000号线"))
    with pytest.raises(Duplicate) as caught:
        writer.run(lambda tx: tx.update(moved, action="AMEND", principal="测试"), timeout=WAIT)
    assert caught.value.existing == first.name
    body = connection.execute("SELECT body ->> 'decision' FROM sanction_record WHERE id = %s", (first.id,)).fetchone()
    assert body is not None
    assert "虚攻〔2026〕101号" in body[0], "what was typed is kept"


def test_a_record_that_is_not_there_is_not_found(writer: Writer) -> None:
    for name in (sample(1).id, "nonsense", ""):
        with pytest.raises(NotFound):
            writer.run(count_up(name), timeout=WAIT)


def test_a_lost_connection_fails_once_and_is_opened_anew(writer: Writer, connection: Connection) -> None:
    writer.run(insert(sample(1)), timeout=WAIT)

    def die(tx: Transaction) -> None:
        row = tx.connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        connection.execute(sql.SQL("SELECT pg_terminate_backend({})").format(row[0]))
        tx.connection.execute("SELECT 1")

    with pytest.raises(StoreUnavailable):
        writer.run(die, timeout=WAIT)
    writer.run(insert(sample(2)), timeout=WAIT)
    assert len(log_of(connection)) == 2


def test_a_closed_writer_finishes_what_was_queued_and_takes_no_more(
    open_writer: OpenWriter, connection: Connection
) -> None:
    writer = open_writer()
    futures = behind_a_gate(writer, lambda: [writer.submit(insert(sample(number))) for number in range(1, 100)])
    writer.close()
    assert all(future.done() for future in futures)
    assert len(log_of(connection)) == 99
    with pytest.raises(StoreUnavailable, match="stopping"):
        writer.submit(insert(sample(100)))


def test_a_full_queue_says_so_at_once(store: Database) -> None:
    writer = Writer(store.service_dsn, clock=noon, most_waiting=2)
    try:
        behind_a_gate(writer, lambda: [_until_full(writer)])
    finally:
        writer.close()


def _until_full(writer: Writer) -> Future[Committed[None]]:
    futures = [writer.submit(lambda _: None) for _ in range(2)]
    with pytest.raises(Overloaded):
        writer.submit(lambda _: None)
    return futures[0]


def test_a_store_that_is_away_is_said_to_be(store: Database) -> None:
    writer = Writer(f"{store.service_dsn} dbname=nowhere", clock=noon)
    try:
        with pytest.raises(StoreUnavailable):
            writer.run(insert(sample(1)), timeout=WAIT)
    finally:
        writer.close()

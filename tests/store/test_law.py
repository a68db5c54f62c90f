"""Law in the store: each edition once and whole, one load a revision, nobody under two laws, and what follows from a load."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from tests.law_texts import LATER_FORMAT, again, catalogue, year
from tests.samples import LAW, TODAY, call, draft, lift_draft, noon, revocation, target, with_enterprise
from tests.samples import record as sample

from credit_sanction_service.domain.editions import read_header
from credit_sanction_service.domain.faults import EditionRefused, NotFound
from credit_sanction_service.domain.law import shipped_editions
from credit_sanction_service.domain.terms import DutyKind, EditionKind
from credit_sanction_service.records import Records
from credit_sanction_service.store.connect import Connection, Reader, connect
from credit_sanction_service.store.feed import read_head
from credit_sanction_service.store.law import KnownLaw, LawUnreadable, get_edition, list_editions, load_law
from credit_sanction_service.store.law_loading import check_edition, install_editions
from credit_sanction_service.store.reading import RecordQuery
from credit_sanction_service.store.targets import install_targets
from credit_sanction_service.store.transaction import ChangeKind
from credit_sanction_service.store.values import Revision
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from tests.database import Database
    from tests.store.conftest import OpenWriter

    from credit_sanction_service.domain.editions import Edition
    from credit_sanction_service.store.transaction import Transaction

WAIT = 20
STATE_COUNCIL = "国发〔2010〕7号"
SLOW_LOADER = str(Path(__file__).with_name("slow_loader.py"))


def load(connection: Connection, *editions: Edition, on: date = TODAY) -> list[Edition]:
    return install_editions(connection, editions, now=noon(on), loaded_by="管理员")


def waits_for(connection: Connection, record_id: str) -> tuple[date | None, int]:
    """Return the day that a record waits for, and its version."""
    row = connection.execute(
        "SELECT next_change_on, version FROM sanction_record WHERE id = %s", (record_id,)
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def test_what_ships_is_there_at_the_first_revision(connection: Connection) -> None:
    stored = list_editions(connection)
    assert [(edition.kind, edition.name, edition.digest) for edition in stored] == [
        (edition.kind, edition.name, edition.digest) for edition in shipped_editions()
    ]
    assert {(edition.revision, edition.loaded_by, edition.text) for edition in stored} == {
        (Revision(epoch=1, number=1), "", "")
    }
    log = connection.execute("SELECT kind, version, enterprise_code, action, principal FROM change_log").fetchall()
    assert log == [("edition", 1, "", "LOAD", "release")] * len(stored)
    assert load_law(connection) == LAW
    assert install_editions(connection, shipped_editions(), now=noon()) == []


def test_a_load_is_a_revision_and_the_same_again_is_nothing(connection: Connection) -> None:
    before, edition = read_head(connection), year(2027)
    assert load(connection, edition) == [edition]
    after = read_head(connection)
    assert (after.revision.number, after.law_version) == (before.revision.number + 1, before.law_version + 1)
    assert load(connection, edition) == []
    assert read_head(connection).revision == after.revision
    stored = get_edition(connection, EditionKind.CALENDAR, "2027")
    assert (stored.text, stored.digest, stored.loaded_by) == (edition.text, edition.digest, "管理员")
    assert stored.revision == after.revision
    row = connection.execute("SELECT principal, body FROM change_log ORDER BY revision DESC LIMIT 1").fetchone()
    assert row == ("管理员", {"kind": "CALENDAR", "edition": "2027", "digest": edition.digest})
    assert [kept.name for kept in list_editions(connection, [EditionKind.CALENDAR])] == ["2004-2026", "2027"]


def test_an_edition_never_changes(connection: Connection) -> None:
    load(connection, year(2027))
    before = read_head(connection)
    other = replace(year(2027), text=year(2027).text + "# corrected\n")
    for attempt in (load, lambda opened, edition: check_edition(opened, edition, now=noon())):
        with pytest.raises(EditionRefused, match="CALENDAR 2027 is loaded with another text"):
            attempt(connection, other)
    assert read_head(connection).revision == before.revision


def test_what_would_leave_the_law_without_sense_is_refused_whole(connection: Connection) -> None:
    before = read_head(connection)
    stranger = catalogue("2026-9", repeals={"虚构发〔1999〕1号": TODAY})
    broken = read_header(year(2028).text + "nonsense = 1\n")
    for edition, said in ((stranger, "虚构发〔1999〕1号 is no basis"), (broken, "CALENDAR 2028: year 1: nonsense")):
        with pytest.raises(EditionRefused, match=said):
            load(connection, year(2027), edition)
        with pytest.raises(EditionRefused, match=said):
            check_edition(connection, edition, now=noon())
    assert read_head(connection).revision == before.revision
    with pytest.raises(NotFound):
        get_edition(connection, EditionKind.CALENDAR, "2027")


def test_a_check_stores_nothing(connection: Connection) -> None:
    before = read_head(connection)
    checked = check_edition(connection, year(2027), now=noon())
    assert (checked.name, checked.revision) == ("2027", Revision(epoch=0, number=0))
    assert read_head(connection).revision == before.revision
    shipped = shipped_editions()[0]
    assert check_edition(connection, shipped, now=noon()).revision == Revision(epoch=1, number=1)


def test_two_loaders_at_once_load_once(store: Database, connection: Connection) -> None:
    before = read_head(connection)
    together = threading.Barrier(2)

    def loader(editions: list[Edition]) -> int:
        with connect(store.service_dsn) as own:
            together.wait(WAIT)
            return len(load(own, *editions))

    with ThreadPoolExecutor(2) as pool:
        loaded = list(pool.map(loader, [[year(2027), year(2028)], [year(2028), year(2027)]]))
    assert sorted(loaded) == [0, 2]
    after = read_head(connection)
    assert (after.revision.number, after.law_version) == (before.revision.number + 1, before.law_version + 1)


def test_no_record_is_decided_under_another_law_than_that_of_its_revision(
    store: Database, open_writer: OpenWriter, connection: Connection, reader: Reader
) -> None:
    houses = [Records(open_writer(), reader) for _ in range(2)]
    editions = [catalogue(f"2026-1{number}") for number in range(6)]
    go_on, written = threading.Event(), threading.Semaphore(0)

    def write(house: Records, numbers: range) -> int:
        for number in numbers:
            house.create(draft(number), call())
            written.release()
            if go_on.is_set():
                return number
        raise AssertionError("more records than that were not expected")

    with ThreadPoolExecutor(2) as pool, connect(store.service_dsn) as own:
        writing = [
            pool.submit(write, house, range(start, start + 5_000))
            for house, start in zip(houses, (1, 5_001), strict=True)
        ]
        for edition in editions:
            for _ in range(6):
                assert written.acquire(timeout=WAIT)
            load(own, edition)
        go_on.set()
        for future in writing:
            future.result(WAIT)
    rows = connection.execute(
        "SELECT revision, body ->> 'catalogue_edition' FROM change_log WHERE kind = 'record' ORDER BY revision"
    ).fetchall()
    for revision, name in rows:
        law = load_law(connection, until=Revision(epoch=1, number=revision))
        assert name == law.catalogue_on(TODAY).edition
    assert len({name for _, name in rows}) > 3


def test_a_killed_loader_leaves_nothing_behind(store: Database, connection: Connection, records: Records) -> None:
    record = records.create(draft(1), call()).record
    edition = catalogue("2026-9", repeals={STATE_COUNCIL: TODAY + timedelta(days=3)})
    before, waited_for = read_head(connection), waits_for(connection, record.id)
    process = subprocess.Popen(
        [sys.executable, SLOW_LOADER, store.service_dsn, edition.text],
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        assert process.stdout.readline() == b"loaded, not committed\n"
        process.kill()
        process.wait(WAIT)
    # Its transaction ends with its connection: the next loader and the next writer wait for that.
    later = records.create(draft(2), call())
    assert later.revision.number == before.revision.number + 1
    assert read_head(connection).law_version == before.law_version
    assert waits_for(connection, record.id) == waited_for
    assert load(connection, edition) == [edition]
    assert waits_for(connection, record.id) == (TODAY + timedelta(days=4), 1)


def test_a_repeal_to_come_moves_the_day_that_records_wait_for_and_no_version(
    records: Records, connection: Connection
) -> None:
    listed, lifted = records.create(draft(1), call()).record, records.create(draft(2), call()).record
    ended = records.revoke(lifted.id, 1, revocation(), None, call())[0].record
    load(connection, catalogue("2026-9", repeals={STATE_COUNCIL: date(2027, 3, 31)}))
    assert waits_for(connection, listed.id) == (date(2027, 4, 1), 1)
    assert waits_for(connection, ended.id) == (None, 2)


def test_an_edition_that_changes_nothing_for_a_record_leaves_it_alone(records: Records, connection: Connection) -> None:
    for number in range(1, 5):
        records.create(draft(number, item=f"{number}号窑"), call())
    [listed, lifted, revoked, repaired] = [stored.record for stored in records.page(RecordQuery())]
    records.create(with_enterprise(draft(9), code="220101000012345"), call())
    records.lift(lifted.id, 1, lift_draft(), call())
    records.lift(repaired.id, 1, lift_draft((TODAY + timedelta(days=9)).isoformat()), call())
    records.revoke(revoked.id, 1, revocation(), None, call())
    waiting = "SELECT id, version, next_change_on FROM sanction_record ORDER BY id"
    before = connection.execute(waiting).fetchall()
    assert {row[2] is None for row in before} == {True, False}
    load(connection, *(again(kind, "2026-9") for kind in EditionKind if kind is not EditionKind.CALENDAR), year(2040))
    assert connection.execute(waiting).fetchall() == before
    assert records.pass_days() == 0
    assert records.get(listed.id, call().principal).record == listed


def test_a_repeal_of_the_past_is_told_at_once_and_raises_a_duty(records: Records, connection: Connection) -> None:
    install_targets(connection, [target()], day=TODAY)
    record = records.create(draft(1), call()).record
    load(connection, catalogue("2026-9", repeals={STATE_COUNCIL: TODAY - timedelta(days=10)}))
    assert waits_for(connection, record.id) == (TODAY, 1)
    # Another load in between does not make it wait longer.
    load(connection, year(2027))
    assert waits_for(connection, record.id) == (TODAY, 1)
    assert records.pass_days() == 1
    fresh = records.get(record.id, call().principal)
    assert (fresh.record.version, fresh.record.catalogue_edition) == (2, record.catalogue_edition)
    assert {due.kind for due in fresh.record.due_days} == {DutyKind.REPORT_DECISION, DutyKind.REVIEW_BASIS}
    row = connection.execute("SELECT desired_number FROM delivery WHERE subject = %s", (record.name,)).fetchone()
    assert row == (fresh.revision.number,)
    assert records.pass_days() == 0


def test_a_day_that_waited_for_the_calendar_is_filled_in_once_it_is_loaded(
    store: Database, connection: Connection, reader: Reader
) -> None:
    day = date(2026, 12, 28)
    writer = Writer(store.service_dsn, clock=lambda: noon(day))
    try:
        records = Records(writer, reader)
        record = records.create(draft(1, decided_on=day), call()).record
        assert _duties(connection) == [(record.id, "REPORT_DECISION", day, None, "")]
        load(connection, year(2027), on=day)
        assert waits_for(connection, record.id)[0] == day
        assert records.pass_days() == 1
    finally:
        writer.close()
    assert _duties(connection) == [(record.id, "REPORT_DECISION", day, date(2027, 1, 6), "2004-2026+2027")]


def test_the_duties_of_the_store_are_those_of_the_records_current_versions(
    writer: Writer, connection: Connection
) -> None:
    given = [sample(number) for number in range(1, 4)]
    taken = replace(given[0], id=str(uuid4()))
    results = writer.run(lambda tx: tx.insert([*given, taken], action="CREATE", principal="测试"), timeout=WAIT).value
    assert [bool(result) for result in results] == [False, False, False, True]
    assert {row[0] for row in _duties(connection)} == {record.id for record in given}
    fresh = replace(given[0], version=2, due_days=())
    writer.run(lambda tx: tx.update(fresh, action="AMEND", principal="测试"), timeout=WAIT)
    assert {row[0] for row in _duties(connection)} == {record.id for record in given[1:]}
    again = replace(given[0], version=3)
    writer.run(lambda tx: tx.update(again, action="AMEND", principal="测试"), timeout=WAIT)
    assert len(_duties(connection)) == 3
    row = connection.execute("SELECT DISTINCT authority_code, district_code FROM duty").fetchall()
    assert row == [(given[0].authority.code, given[0].district.code)]


def test_what_else_follows_from_a_load_follows_in_its_revision(connection: Connection) -> None:
    subject, edition = uuid4(), year(2027)

    def follow(tx: Transaction) -> None:
        assert tx.law.names()[EditionKind.CALENDAR] == "2027"
        tx.log(ChangeKind.OBLIGATION, subject, version=1, body="{}", action="RECKON", principal="测试")

    install_editions(connection, [edition], now=noon(), on_loaded=[follow])
    rows = connection.execute(
        "SELECT ordinal, kind FROM change_log WHERE revision = %s ORDER BY ordinal",
        (read_head(connection).revision.number,),
    ).fetchall()
    assert rows == [(1, "edition"), (2, "obligation")]


def test_an_edition_of_a_later_release_is_never_guessed_at(
    store: Database, connection: Connection, records: Records
) -> None:
    records.create(draft(1), call())
    put_later_edition(connection)
    with pytest.raises(LawUnreadable, match="CALENDAR 2099: header: format: this code reads format 1 alone"):
        load_law(connection)
    with pytest.raises(LawUnreadable, match="CALENDAR 2099"):
        records.create(draft(2), call())
    with pytest.raises(LawUnreadable, match="CALENDAR 2099"):
        records.pass_days()
    with connect(store.service_dsn) as own, pytest.raises(LawUnreadable, match="CALENDAR 2099"):
        load(own, year(2027))
    assert connection.execute("SELECT count(*) FROM sanction_record").fetchone() == (1,)


def test_a_store_without_law_is_told_what_to_do(store: Database) -> None:
    with connect(store.owner_dsn) as owner:
        owner.execute("DELETE FROM law_edition")
        with pytest.raises(LawUnreadable, match="migrate"):
            load_law(owner)


def test_the_law_is_read_anew_when_it_moved_and_on_another_connection(store: Database, connection: Connection) -> None:
    known = KnownLaw()
    first = known.current(connection)
    assert known.current(connection) is first
    load(connection, year(2027))
    assert known.current(connection).names()[EditionKind.CALENDAR] == "2027"
    with connect(store.owner_dsn) as owner:
        # As after a restore: the version counts on, over another law.
        owner.execute("DELETE FROM law_edition WHERE edition = '2027'")
    assert known.current(connection).names()[EditionKind.CALENDAR] == "2027"
    with connect(store.service_dsn) as own:
        assert known.current(own) == first


def put_later_edition(connection: Connection) -> None:
    """Do what a later release does that loads an edition of a format which this one does not read."""
    connection.execute(
        "INSERT INTO law_edition SELECT 'CALENDAR', '2099', %s, 'x', '', now(), epoch, number, 99 FROM store_head",
        (LATER_FORMAT,),
    )
    connection.execute("UPDATE store_head SET law_version = law_version + 1")


def _duties(connection: Connection) -> list[tuple[str, str, date, date | None, str]]:
    rows = connection.execute(
        "SELECT record_id::text, kind, since, due_on, calendar_edition FROM duty ORDER BY record_id"
    ).fetchall()
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]

"""Targets: what each should show follows the records and the targets file, and nothing is left behind unnoticed."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from psycopg.errors import LockNotAvailable
from tests.samples import TODAY, call, draft, draft_of, lift_draft, target, with_enterprise
from tests.samples import record as sample

from credit_sanction_service.domain.drafts import MeasureDraft
from credit_sanction_service.domain.effect import Filter
from credit_sanction_service.domain.faults import StateConflict
from credit_sanction_service.domain.terms import Area, PublicationClass, Sector, Standard
from credit_sanction_service.store.attempts import close_lapsed, close_retired
from credit_sanction_service.store.claims import pause_target
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.targets import install_targets, load_targets

if TYPE_CHECKING:
    from tests.database import Database

    from credit_sanction_service.records import Records
    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.transaction import Transaction
    from credit_sanction_service.store.values import Target
    from credit_sanction_service.store.writer import Writer

LAND = Filter(areas=frozenset({Area.LAND_SUPPLY}))


def install(connection: Connection, *wanted: Target) -> list[str]:
    return install_targets(connection, wanted, day=TODAY)


def shown(connection: Connection, name: str = "平台") -> set[str]:
    """Return the subjects that a target should show."""
    return {
        row[0]
        for row in connection.execute(
            "SELECT subject FROM delivery WHERE target = %s AND desired_present", (name,)
        ).fetchall()
    }


def desired(connection: Connection, subject: str, name: str = "平台") -> int:
    """Return the revision that a row is to be brought to."""
    row = connection.execute(
        "SELECT desired_number FROM delivery WHERE target = %s AND subject = %s", (name, subject)
    ).fetchone()
    assert row is not None
    return int(row[0])


def pushed(connection: Connection, name: str = "平台") -> None:
    """Make everything a target should show confirmed, as a worker would have."""
    connection.execute(
        "UPDATE delivery SET claimed_epoch = desired_epoch, claimed_number = desired_number, due_since = NULL,"
        " confirmed_epoch = desired_epoch, confirmed_number = desired_number, confirmed_present = desired_present,"
        " next_attempt_at = NULL WHERE target = %s",
        (name,),
    )


def test_a_new_target_gets_every_record_in_force(records: Records, connection: Connection) -> None:
    listed = records.create(draft(1), call()).record
    lifted = records.create(draft(2), call()).record
    records.lift(lifted.id, 1, lift_draft(), call())
    records.create(with_enterprise(draft(3), code="220101000012345"), call())
    assert install(connection, target()) == ["平台"]
    assert shown(connection) == {listed.name}
    assert load_targets(connection) == [target()]


def test_records_reach_and_leave_targets_as_they_are_written(records: Records, connection: Connection) -> None:
    install(connection, target(), target("网站", takes=Filter(public=True)), target("国土", takes=LAND))
    every = records.create(draft(1), call()).record
    loans = records.create(draft(2, areas=(Area.FINANCING_CREDIT,)), call()).record
    minor = records.create(draft(3, publication_class=PublicationClass.MINOR), call()).record
    assert shown(connection) == {every.name, loans.name, minor.name}
    assert shown(connection, "网站") == {every.name, loans.name}
    assert shown(connection, "国土") == {every.name, minor.name}
    records.lift(every.id, 1, lift_draft(), call())
    assert shown(connection) == {loans.name, minor.name}
    assert shown(connection, "国土") == {minor.name}


def test_an_amendment_that_leaves_the_filter_is_a_withdrawal(records: Records, connection: Connection) -> None:
    install(connection, target(takes=LAND))
    record = records.create(draft(1), call()).record
    loans = (MeasureDraft(area=Area.FINANCING_CREDIT),)
    records.amend(record.id, 1, frozenset({"measures"}), lambda r: replace(draft_of(r), measures=loans), call())
    assert shown(connection) == set()


def test_the_same_file_again_moves_nothing(records: Records, connection: Connection) -> None:
    install(connection, target())
    record = records.create(draft(1), call()).record
    before = desired(connection, record.name)
    assert install(connection, target()) == []
    assert install(connection, replace(target(), digest="another address")) == []
    assert desired(connection, record.name) == before


def test_a_changed_filter_moves_only_what_enters_or_leaves(records: Records, connection: Connection) -> None:
    install(connection, target())
    both = records.create(draft(1), call()).record
    loans = records.create(draft(2, areas=(Area.FINANCING_CREDIT,)), call()).record
    before = desired(connection, both.name)
    cement = Filter(sectors=frozenset({Sector.CEMENT}), standards=frozenset({Standard.ENERGY}))
    assert install(connection, target(takes=cement)) == ["平台"]
    assert desired(connection, both.name) == before
    elsewhere = Filter(districts=frozenset({"220183"}))
    install(connection, target(takes=elsewhere))
    assert shown(connection) == set()
    assert desired(connection, loans.name) == desired(connection, both.name) > before
    install(connection, target())
    assert shown(connection) == {both.name, loans.name}


def test_a_back_fill_that_was_broken_off_goes_on_with_the_next_start(
    records: Records, connection: Connection, store: Database
) -> None:
    given = [records.create(draft(number), call()).record for number in range(1, 6)]
    given.sort(key=lambda record: record.id)
    with connect(store.owner_dsn) as other, other.transaction():
        other.execute("SELECT FROM sanction_record WHERE id = %s FOR UPDATE", (given[3].id,))
        connection.execute("SET lock_timeout = '50ms'")
        with pytest.raises(LockNotAvailable):
            install_targets(connection, [target()], day=TODAY, at_once=2)
    assert shown(connection) == {record.name for record in given[:2]}
    before = desired(connection, given[0].name)
    # What is written meanwhile goes by the changed file.
    given.append(records.create(draft(6), call()).record)
    assert shown(connection) == {given[0].name, given[1].name, given[-1].name}
    assert install_targets(connection, [target()], day=TODAY, at_once=2) == ["平台"]
    assert shown(connection) == {record.name for record in given}
    assert desired(connection, given[0].name) == before
    assert install(connection, target()) == []


def test_other_areas_move_everything_that_stays(records: Records, connection: Connection) -> None:
    install(connection, target(), target("网站", takes=LAND))
    both = records.create(draft(1), call()).record
    loans = records.create(draft(2, areas=(Area.FINANCING_CREDIT,)), call()).record
    gone = records.create(draft(3), call()).record
    records.lift(gone.id, 1, lift_draft(), call())
    before = desired(connection, both.name, "网站")
    left = desired(connection, gone.name)
    assert install(connection, target(takes=LAND), target("网站", takes=LAND)) == ["平台"]
    assert shown(connection) == {both.name}
    assert desired(connection, both.name) == desired(connection, loans.name) > left
    assert desired(connection, gone.name) == left
    assert desired(connection, both.name, "网站") == before


def test_other_areas_move_an_enterprise_that_stays(records: Records, connection: Connection) -> None:
    install(connection, target(holds="enterprise"))
    record = records.create(draft(1), call()).record
    before = desired(connection, record.enterprise.code)
    install(connection, target(holds="enterprise", takes=LAND))
    assert shown(connection) == {record.enterprise.code}
    assert desired(connection, record.enterprise.code) > before


def test_a_record_that_enters_moves_the_enterprise_s_others_for_their_standing(
    records: Records, connection: Connection
) -> None:
    install(connection, target("国土", takes=LAND), target("银行", takes=LAND))
    stays = records.create(draft(1, item="1号窑", areas=(Area.LAND_SUPPLY,)), call()).record
    enters = records.create(draft(1, item="2号窑", areas=(Area.FINANCING_CREDIT,)), call()).record
    before = desired(connection, stays.name, "国土")
    # One enters where the other stays, and the other leaves elsewhere at the same moment.
    loans = Filter(areas=frozenset({Area.FINANCING_CREDIT}))
    install(connection, target("国土"), target("银行", takes=loans))
    assert shown(connection, "国土") == {stays.name, enters.name}
    assert shown(connection, "银行") == {enters.name}
    assert desired(connection, stays.name, "国土") > before


def test_a_second_record_moves_the_first_ones_row(records: Records, connection: Connection) -> None:
    install(connection, target())
    first = records.create(draft(1, item="1号窑"), call()).record
    stranger = records.create(draft(2), call()).record
    second = records.create(draft(1, item="2号窑"), call()).record
    assert desired(connection, first.name) == desired(connection, second.name) == 4
    assert desired(connection, stranger.name) == 3
    records.lift(second.id, 1, lift_draft(), call())
    assert desired(connection, first.name) == 5
    assert shown(connection) == {first.name, stranger.name}


def test_a_target_that_holds_enterprises_shows_one_until_no_record_is_left(
    records: Records, connection: Connection
) -> None:
    install(connection, target(holds="enterprise"))
    first = records.create(draft(1, item="1号窑"), call()).record
    second = records.create(draft(1, item="2号窑"), call()).record
    code = first.enterprise.code
    assert shown(connection) == {code}
    records.lift(first.id, 1, lift_draft(), call())
    assert shown(connection) == {code}
    records.lift(second.id, 1, lift_draft(), call())
    assert shown(connection) == set()


def test_a_target_with_listings_does_not_leave_the_file_without_a_word(
    records: Records, connection: Connection
) -> None:
    install(connection, target())
    records.create(draft(1), call())
    pushed(connection)
    with pytest.raises(StateConflict, match=r'retired = "withdraw" .* or "abandon"'):
        install(connection)
    assert [kept.name for kept in load_targets(connection)] == ["平台"]


def test_a_target_that_never_got_anything_leaves_quietly(records: Records, connection: Connection) -> None:
    install(connection, target())
    records.create(draft(1), call())
    assert install(connection) == []
    assert load_targets(connection) == []


def test_a_target_retired_to_withdraw_shows_nothing_and_then_leaves(records: Records, connection: Connection) -> None:
    install(connection, target())
    records.create(draft(1), call())
    pushed(connection)
    install(connection, target(retired="withdraw"))
    assert shown(connection) == set()
    records.create(draft(2), call())
    assert shown(connection) == set()
    with pytest.raises(StateConflict):
        install(connection)
    pushed(connection)
    install(connection)
    assert load_targets(connection) == []


def test_an_abandoned_target_keeps_what_it_shows_and_then_leaves(records: Records, connection: Connection) -> None:
    install(connection, target())
    kept = records.create(draft(1), call()).record
    pushed(connection)
    install(connection, target(retired="abandon"))
    records.create(draft(2), call())
    assert shown(connection) == {kept.name}
    install(connection)
    assert load_targets(connection) == []


def test_an_abandoned_target_that_comes_back_catches_up_with_everything(
    records: Records, connection: Connection
) -> None:
    install(connection, target())
    changed = records.create(draft(1), call()).record
    lifted = records.create(draft(2), call()).record
    pushed(connection)
    install(connection, target(retired="abandon"))
    land = (MeasureDraft(area=Area.LAND_SUPPLY),)
    amended = records.amend(
        changed.id, 1, frozenset({"measures"}), lambda r: replace(draft_of(r), measures=land), call()
    )
    records.lift(lifted.id, 1, lift_draft(), call())
    fresh = records.create(draft(3), call()).record
    install(connection, target())
    assert shown(connection) == {changed.name, fresh.name}
    assert desired(connection, changed.name) > amended.revision.number


def test_a_target_does_not_change_what_it_keeps_its_entries_by(connection: Connection) -> None:
    install(connection, target())
    for other in (target(holds="enterprise"), target(kind="website")):
        with pytest.raises(StateConflict, match="give it a new name"):
            install(connection, other)
    assert load_targets(connection) == [target()]


def test_a_write_that_waited_for_the_file_knows_its_targets(
    store: Database, connection: Connection, writer: Writer
) -> None:
    writer.run(lambda tx: tx.targets, timeout=20)
    record = sample(1)

    def insert(tx: Transaction) -> None:
        tx.insert([record], action="CREATE", principal="测试")

    with connect(store.service_dsn) as starting:
        with starting.transaction():
            install(starting, target())
            future = writer.submit(insert)
            deadline = time.monotonic() + 20
            while connection.execute(_SOMEBODY_WAITS).fetchone() != (True,):
                assert time.monotonic() < deadline
        future.result(20)
    assert shown(connection) == {record.name}


_SOMEBODY_WAITS = """
SELECT EXISTS (SELECT FROM pg_locks JOIN pg_database d ON d.oid = database
    WHERE locktype = 'advisory' AND NOT granted AND d.datname = current_database())
"""


@pytest.mark.parametrize(
    "doubt", ["unknown_epoch = 1, unknown_number = 2, unknown_until = now()", "lease_until = now() + '1 hour'"]
)
def test_a_target_does_not_leave_while_a_listing_may_still_arrive(
    records: Records, connection: Connection, doubt: str
) -> None:
    install(connection, target())
    records.lift(records.create(draft(1), call()).record.id, 1, lift_draft(), call())
    pushed(connection)
    connection.execute(f"UPDATE delivery SET {doubt}")  # noqa: S608 - a constant
    with pytest.raises(StateConflict, match="shows 1 listings, or may"):
        install(connection)


@pytest.mark.parametrize("dropped", [True, False])
def test_an_attempt_that_was_open_when_its_target_was_abandoned_has_an_end(
    records: Records, connection: Connection, *, dropped: bool
) -> None:
    install(connection, target())
    records.create(draft(1), call())
    opened = connection.execute(
        "INSERT INTO attempt_opened SELECT target, subject, 1, 1, 2, true, 'key', 'worker', now() FROM delivery"
        " RETURNING target, subject, number"
    ).fetchall()
    connection.execute("UPDATE delivery SET attempt = 1, lease_until = clock_timestamp() + '1 hour'")
    install(connection, target(retired="abandon"))
    assert close_retired(connection) == 0
    if dropped:
        install(connection)
    else:
        connection.execute("UPDATE delivery SET lease_until = now() - interval '1 second'")
        assert (close_retired(connection), close_retired(connection)) == (1, 0)
    ended = connection.execute("SELECT outcome, detail FROM attempt_closed").fetchall()
    assert ended == [("UNKNOWN", "its target was retired")]
    # Whoever calls the target again is told of it, for it may have arrived.
    assert [attempt.number for attempt in close_lapsed(connection, [tuple(opened[0])])] == [1]


def test_a_changed_file_ends_no_pause(connection: Connection) -> None:
    install(connection, target())
    pause_target(connection, "平台", "法院裁定")
    install(connection, replace(target(), digest="more at once"))
    assert [kept.paused_reason for kept in load_targets(connection)] == ["法院裁定"]

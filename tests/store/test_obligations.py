"""Exit obligations in the store: every change a revision, what is asked of them, and what a loaded calendar moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exit_samples import (
    DUE,
    INDUSTRY,
    LAW,
    NEXT_YEAR,
    active_exit,
    completion,
    energy,
    extension,
    interim,
    obligation,
    registered,
    registration,
    withdrawal,
)
from tests.samples import TODAY, code, draft, noon, revocation
from tests.samples import call as made_by
from tests.samples import record as sanction

from credit_sanction_service.domain.calendar import start_of
from credit_sanction_service.domain.drafts import ObligationDraft
from credit_sanction_service.domain.enterprises import OtherIdentifier
from credit_sanction_service.domain.exits import (
    RegisteredObligation,
    declare_active_exit,
    extend,
    report_completion,
    report_interim,
    withdraw,
)
from credit_sanction_service.domain.faults import (
    Invalid,
    NotFound,
    NotPermitted,
    RequestIdReused,
    StateConflict,
    VersionConflict,
)
from credit_sanction_service.domain.identifiers import judge
from credit_sanction_service.domain.terms import Area, IdentifierKind, ObligationState, Sector, Standard, State
from credit_sanction_service.obligations import Obligations
from credit_sanction_service.restrictions.index import Index
from credit_sanction_service.store import obligations as kept
from credit_sanction_service.store.feed import changes_between, read_head
from credit_sanction_service.store.law_loading import install_editions
from credit_sanction_service.store.obligations import (
    ObligationQuery,
    get_obligation,
    get_obligation_versions,
    insert_obligation,
    list_obligations,
    load_active_exits,
    lock_obligation,
    reckon_waiting,
    update_obligation,
)
from credit_sanction_service.store.outcomes import Refused
from credit_sanction_service.store.statistics import Period, count_cases
from credit_sanction_service.store.values import StoredRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from credit_sanction_service.calls import Call
    from credit_sanction_service.records import Records
    from credit_sanction_service.store.connect import Connection, Reader
    from credit_sanction_service.store.transaction import Transaction
    from credit_sanction_service.store.writer import Writer

DAY = timedelta(days=1)
WAIT = 20


def insert(*items: RegisteredObligation) -> Callable[[Transaction], None]:
    def work(tx: Transaction) -> None:
        for item in items:
            insert_obligation(tx, item, action="REGISTER", principal="测试")

    return work


def update(item: RegisteredObligation) -> Callable[[Transaction], None]:
    def work(tx: Transaction) -> None:
        assert lock_obligation(tx.connection, item.id).version == item.version - 1
        update_obligation(tx, item, action="STEP", principal="测试")

    return work


def names(connection: Connection, **query: object) -> list[str]:
    found = list_obligations(connection, ObligationQuery(**query))  # type: ignore[arg-type]
    return [item.registered.name for item in found]


SEALED = report_interim(registered(), interim(), today=TODAY, law=LAW)
FULL = declare_active_exit(SEALED, active_exit(), today=TODAY, law=LAW)
GONE = withdraw(FULL, withdrawal(), today=TODAY, law=LAW)


@pytest.mark.parametrize(
    "item",
    [
        registered(),
        registered(obligation(due_on="2027-02-15")),
        extend(registered(energy()), extension(), today=TODAY, law=LAW),
        SEALED,
        report_completion(FULL, completion(), today=TODAY, law=LAW),
        GONE,
    ],
    ids=["open", "waiting", "extended", "sealed", "completed", "withdrawn"],
)
def test_what_is_written_is_what_is_read(item: RegisteredObligation, writer: Writer, connection: Connection) -> None:
    writer.run(insert(replace(item, version=1)), timeout=WAIT)
    stored = get_obligation(connection, item.id)
    assert stored.registered == replace(item, version=1)
    assert (stored.created_at, stored.sanction_records) == (noon(), ())


def test_every_change_is_a_revision_of_the_log(writer: Writer, connection: Connection) -> None:
    before = read_head(connection).revision
    item = registered()
    versions = [item]
    writer.run(insert(item), timeout=WAIT)
    versions.append(report_interim(item, interim(), today=TODAY, law=LAW))
    versions.append(report_completion(versions[-1], completion(), today=TODAY, law=LAW))
    for version in versions[1:]:
        writer.run(update(version), timeout=WAIT)
    head = read_head(connection).revision
    assert head.number == before.number + len(versions)
    assert changes_between(connection, before, head).obligations == versions
    first = changes_between(connection, before, head, limit=1)
    assert (first.revision.number, first.obligations) == (before.number + 1, versions[:1])
    rows = connection.execute(
        "SELECT kind, action, principal, enterprise_code, version FROM change_log WHERE subject_id = %s ORDER BY revision",
        (item.id,),
    ).fetchall()
    assert rows == [
        ("obligation", "REGISTER", "测试", item.enterprise.code, 1),
        ("obligation", "STEP", "测试", item.enterprise.code, 2),
        ("obligation", "STEP", "测试", item.enterprise.code, 3),
    ]
    recalled = get_obligation_versions(connection, [(item.id, 1), (item.id, 3), (item.id, 9)])
    assert {key[1]: stored.registered for key, stored in recalled.items()} == {1: versions[0], 3: versions[2]}
    assert recalled[item.id, 3].revision == head


def test_a_change_of_an_obligation_moves_no_delivery(writer: Writer, connection: Connection) -> None:
    writer.run(insert(registered()), timeout=WAIT)
    row = connection.execute("SELECT (SELECT count(*) FROM delivery), (SELECT count(*) FROM in_force_at)").fetchone()
    assert row == (0, 0)


@pytest.mark.parametrize(
    "wrong", ["", "1", "x" * 10_000, "0198A7B0-0000-7000-8000-00000000000A", "01a2093d-08f5-7f3f-8db8-3e1e926c0068"]
)
def test_what_is_not_there_is_not_found(wrong: str, connection: Connection) -> None:
    with pytest.raises(NotFound, match="there is no obligation"):
        get_obligation(connection, wrong)
    with pytest.raises(NotFound):
        lock_obligation(connection, wrong)


def test_filters_are_joined_by_and(writer: Writer, connection: Connection) -> None:
    line = registered(number=1)
    old = OtherIdentifier(kind=IdentifierKind.REGISTRATION_NUMBER, value="220101000012345")
    other = registered(obligation(sector=Sector.CEMENT, standard=Standard.SAFETY), number=2)
    other = replace(
        other,
        enterprise=replace(other.enterprise, other_identifiers=(old,)),
        district=replace(other.district, code="220102"),
    )
    led = replace(registered(energy(), number=3), authority=replace(line.authority, code=code(9, prefix="11220100")))
    sealed = replace(SEALED, version=1)
    writer.run(insert(line, other, led, sealed), timeout=WAIT)
    every = [SEALED.name, line.name, other.name, led.name]
    assert sorted(every) == names(connection)
    by_age = sorted(every)
    assert [*names(connection, limit=1), *names(connection, after=by_age[0].partition("/")[2])] == by_age
    assert names(connection, number=code(2)) == names(connection, number=old.value) == [other.name]
    assert names(connection, number=code(2)[8:17]) == [other.name]
    assert names(connection, states=(ObligationState.INTERIM_SEALED,)) == [SEALED.name]
    assert names(connection, standards=(Standard.ENERGY, Standard.SAFETY)) == [other.name, led.name]
    assert names(connection, sectors=(Sector.CEMENT,)) == [other.name]
    assert names(connection, districts=("220102",), sectors=(Sector.CEMENT,)) == [other.name]
    assert names(connection, districts=("220102",), sectors=(Sector.STEEL,)) == []
    assert names(connection, only_authorities=(INDUSTRY.code,)) == sorted([SEALED.name, line.name, other.name])
    assert names(connection, only_authorities=()) == []


def test_overdue_in_the_store_is_overdue_in_the_domain(writer: Writer, connection: Connection) -> None:
    late = report_completion(registered(), completion(DUE + 3 * DAY), today=DUE + 3 * DAY, law=LAW)
    items = [
        registered(),
        registered(obligation(due_on=TODAY.isoformat())),
        registered(obligation(due_on="2027-02-15")),
        replace(SEALED, version=1),
        replace(late, version=1),
        replace(report_completion(registered(), completion(), today=TODAY, law=LAW), version=1),
        replace(GONE, id=registered().id, version=1),
    ]
    writer.run(insert(*items), timeout=WAIT)

    @given(day=st.integers(-3, 120).map(lambda n: TODAY + n * DAY))
    def agrees(day: date) -> None:
        assert set(names(connection, overdue_on=day)) == {item.name for item in items if item.is_overdue(day)}

    agrees()


def test_records_that_name_an_obligation_are_told_oldest_first(writer: Writer, connection: Connection) -> None:
    item, other = registered(), registered(number=2)
    records = [replace(sanction(number), obligation_name=item.name) for number in (1, 2)]

    def work(tx: Transaction) -> None:
        insert(item, other)(tx)
        assert tx.insert([*records, sanction(3)], action="CREATE", principal="测试") == [None] * 3

    writer.run(work, timeout=WAIT)
    assert get_obligation(connection, item.id).sanction_records == tuple(record.name for record in records)
    assert get_obligation(connection, other.id).sanction_records == ()


def test_active_exits_are_loaded_for_the_look_up(writer: Writer, connection: Connection) -> None:
    declared = declare_active_exit(registered(), active_exit(), today=TODAY, law=LAW)
    writer.run(insert(registered(number=2), replace(declared, version=1)), timeout=WAIT)
    assert load_active_exits(connection) == [replace(declared, version=1)]


def test_a_withdrawn_active_exit_is_not_loaded_and_leaves_the_index(writer: Writer, connection: Connection) -> None:
    kept_on = replace(declare_active_exit(registered(number=2), active_exit(), today=TODAY, law=LAW), version=1)
    declared = replace(declare_active_exit(registered(), active_exit(), today=TODAY, law=LAW), version=1)
    gone = withdraw(declared, withdrawal(), today=TODAY, law=LAW)
    writer.run(insert(kept_on, declared), timeout=WAIT)
    loaded = read_head(connection).revision
    index = Index.of(loaded, [], load_active_exits(connection))
    writer.run(update(gone), timeout=WAIT)
    head = read_head(connection).revision
    for _ in range(2):  # what is told twice changes nothing
        index.apply(head, [], changes_between(connection, loaded, head).obligations)
        with index.hold() as view:
            assert view.find(judge(code(1)), "").exits == ()
            assert view.find(judge(code(2)), "").exits == (kept_on,)
    assert load_active_exits(connection) == [kept_on]


def test_a_loaded_calendar_moves_nothing_that_was_withdrawn(writer: Writer, connection: Connection) -> None:
    waiting = registered(obligation(due_on="2027-02-15"))
    gone = replace(withdraw(waiting, withdrawal(), today=TODAY, law=LAW), version=1)
    writer.run(insert(gone), timeout=WAIT)
    install_editions(connection, [NEXT_YEAR], now=noon(), loaded_by="管理员", on_loaded=[reckon_waiting])
    assert get_obligation(connection, gone.id).registered == gone


def test_what_was_withdrawn_counts_nowhere(writer: Writer, connection: Connection) -> None:
    standing = registered(obligation(due_on=(TODAY - 5 * DAY).isoformat()))
    withdrawn = withdraw(replace(standing, id=registered().id), withdrawal(), today=TODAY, law=LAW)
    elsewhere = replace(withdrawn, id=registered().id, district=replace(withdrawn.district, code="220102"))
    writer.run(insert(standing, replace(withdrawn, version=1), replace(elsewhere, version=1)), timeout=WAIT)
    opens, closes = start_of(TODAY), start_of(TODAY + DAY)
    period = Period(since=TODAY, until=TODAY, last=TODAY, opens=opens, closes=closes, today=TODAY)
    (counts,) = count_cases(connection, period, ())
    assert (counts.district, counts.obligations, counts.obligations_overdue) == (standing.district.code, 1, 1)


def test_a_loaded_calendar_tells_the_last_days_that_waited_for_it(writer: Writer, connection: Connection) -> None:
    waiting = registered(obligation(due_on="2027-02-15"))
    later = registered(obligation(due_on="2028-02-15"))
    told = registered()
    writer.run(insert(waiting, later, told), timeout=WAIT)
    install_editions(connection, [NEXT_YEAR], now=noon(), loaded_by="管理员", on_loaded=[reckon_waiting])
    now = get_obligation(connection, waiting.id)
    assert (now.registered.last_day, now.registered.version) == (date(2027, 2, 16), 2)
    assert now.registered.obligation.calendar_edition == "made-up-2027"
    assert now.revision == read_head(connection).revision  # that of the load itself
    assert get_obligation(connection, later.id).registered == later
    assert get_obligation(connection, told.id).registered == told
    action = connection.execute("SELECT action FROM change_log WHERE subject_id = %s AND version = 2", (waiting.id,))
    assert action.fetchall() == [(kept.CALENDAR_LOADED,)]
    assert names(connection, overdue_on=date(2027, 2, 17)) == sorted([waiting.name, told.name])


@pytest.fixture
def room(writer: Writer, reader: Reader) -> Obligations:
    return Obligations(writer, reader)


def test_a_retry_is_answered_with_the_version_that_the_first_call_wrote(room: Obligations) -> None:
    first = room.register(registration(), made_by("r1"))
    sealed = room.report_interim(first.registered.id, 1, interim(), made_by("r2"))
    assert room.register(registration(), made_by("r1")) == first
    assert room.report_interim(first.registered.id, 1, interim(), made_by("r2")) == sealed
    with pytest.raises(RequestIdReused):
        room.register(registration(number=2), made_by("r1", digest=b"2"))
    with pytest.raises(VersionConflict):
        room.report_interim(first.registered.id, 1, interim(), made_by("r3"))


def test_a_dry_run_checks_and_stores_nothing(room: Obligations, connection: Connection) -> None:
    before = read_head(connection).revision
    checked = room.register(registration(), made_by("dry", validate_only=True))
    assert checked.revision.number == 0
    assert (read_head(connection).revision, names(connection)) == (before, [])


def test_an_item_that_is_registered_twice_is_a_warning(room: Obligations) -> None:
    first = room.register(registration(), made_by())
    assert first.registered.warnings == ()
    again = registration(obligation(item="１号 高炉"))
    (warning,) = room.register(again, made_by()).registered.warnings
    assert first.registered.name in warning
    assert room.register(registration(obligation(item="2号高炉")), made_by()).registered.warnings == ()


def test_an_item_that_was_withdrawn_is_registered_anew_without_warning(room: Obligations) -> None:
    first = room.register(registration(), made_by()).registered
    gone = room.withdraw(first.id, 1, withdrawal(), made_by())
    assert gone.registered.state is ObligationState.WITHDRAWN
    assert room.register(registration(), made_by()).registered.warnings == ()


def overdue_of_enterprise_1(room: Obligations) -> RegisteredObligation:
    """Register what a record of enterprise 1 can be about on `TODAY`."""
    line = draft(1, item="1号窑").obligation
    return room.register(registration(line), made_by()).registered


def test_two_of_one_call_are_not_about_one_obligation(room: Obligations, records: Records) -> None:
    item = overdue_of_enterprise_1(room)
    given = replace(draft(1, areas=(Area.LAND_SUPPLY,)), obligation=ObligationDraft(), obligation_name=item.name)
    other = replace(given, decision=replace(given.decision, document_number="长虚构罚字〔2026〕99号"))
    taken, refused = records.create_many([given, other], made_by())
    assert isinstance(taken, StoredRecord)
    assert isinstance(refused, Refused)
    (violation,) = refused.violations
    assert (violation.field, violation.rule) == (
        "records[1].obligation_name",
        "长工信联字[2017]9号 §二: 一项退出任务，一条记录",
    )


def test_what_a_record_rests_on_is_withdrawn_once_that_is_revoked(room: Obligations, records: Records) -> None:
    item = overdue_of_enterprise_1(room)
    given = replace(draft(1, areas=(Area.LAND_SUPPLY,)), obligation=ObligationDraft(), obligation_name=item.name)
    record = records.create(given, made_by()).record
    assert record.obligation_name == item.name
    with pytest.raises(StateConflict, match=rf"named by {record.name}: .*revoked first.*§二"):
        room.withdraw(item.id, 1, withdrawal(), made_by())
    records.revoke(record.id, 1, revocation(), None, made_by())
    assert room.withdraw(item.id, 1, withdrawal(), made_by()).sanction_records == (record.name,)


@pytest.mark.parametrize("state", [state for state in State if state is not State.REVOKED])
def test_a_record_in_any_state_but_revoked_stands_on_its_obligation(
    state: State, writer: Writer, connection: Connection
) -> None:
    item, record = registered(), replace(sanction(1), obligation_name="")

    def work(tx: Transaction) -> list[str]:
        insert(item)(tx)
        tx.insert([replace(record, obligation_name=item.name)], action="CREATE", principal="测试")
        tx.connection.execute("UPDATE sanction_record SET state = %s WHERE id = %s", (state.value, record.id))
        return kept.standing_on(tx.connection, item.name)

    assert writer.run(work, timeout=WAIT).value == [record.name]
    assert kept.standing_on(connection, registered().name) == []


def test_no_record_names_what_was_withdrawn(room: Obligations, records: Records) -> None:
    item = overdue_of_enterprise_1(room)
    room.withdraw(item.id, 1, withdrawal(), made_by())
    given = replace(draft(1, areas=(Area.LAND_SUPPLY,)), obligation=ObligationDraft(), obligation_name=item.name)
    with pytest.raises(Invalid) as raised:
        records.create(given, made_by())
    (violation,) = raised.value.violations
    assert (violation.field, violation.rule) == ("record.obligation_name", "长工信联字[2017]9号 §二")
    assert "was withdrawn" in violation.description


def test_a_code_that_records_know_under_another_name_is_a_warning(room: Obligations, writer: Writer) -> None:
    writer.run(lambda tx: tx.insert([sanction(1)], action="CREATE", principal="测试"), timeout=WAIT)
    (warning,) = room.register(registration(number=1), made_by()).registered.warnings
    assert warning.startswith("企业名称与其他记录不一致")


def scoped(**scopes: object) -> Call:
    call = made_by()
    return replace(call, principal=replace(call.principal, **scopes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "scopes",
    [
        {"authorities": frozenset({code(9, prefix="11220100")})},
        {"standards": frozenset({Standard.ENERGY})},
        {"districts": frozenset({"220102"})},
    ],
    ids=["authority", "standard", "district"],
)
def test_an_authority_writes_only_its_own(scopes: dict[str, object], room: Obligations) -> None:
    with pytest.raises(NotPermitted):
        room.register(registration(), scoped(**scopes))
    stored = room.register(registration(), made_by())
    with pytest.raises(NotPermitted):
        room.report_completion(stored.registered.id, 1, completion(), scoped(**scopes))
    with pytest.raises(NotPermitted):
        room.withdraw(stored.registered.id, 1, withdrawal(), scoped(**scopes))

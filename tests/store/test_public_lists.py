"""Public lists in the store: written once, withdrawn once, read by page, and without any effect."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.errors import InsufficientPrivilege
from tests.domain.test_public_lists import entry_draft, withdrawal
from tests.samples import AUTHORITY_NAME, TODAY, authority_code, call, code, draft, noon, target

from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.domain.answers import Question
from credit_sanction_service.domain.drafts import EnterpriseDraft
from credit_sanction_service.domain.effect import Filter
from credit_sanction_service.domain.faults import Duplicate, Invalid, NotFound, NotPermitted, VersionConflict
from credit_sanction_service.domain.identifiers import judge
from credit_sanction_service.domain.public_lists import EntryExists
from credit_sanction_service.domain.terms import ALL_AREAS, IdentifierKind, ListClass, Verdict
from credit_sanction_service.public_lists import PublicLists
from credit_sanction_service.restrictions.demands import Demand
from credit_sanction_service.restrictions.feed import IndexFollower
from credit_sanction_service.restrictions.index import Index
from credit_sanction_service.restrictions.law_follower import LawFollower
from credit_sanction_service.restrictions.look_up import LookUp
from credit_sanction_service.store.feed import read_head
from credit_sanction_service.store.public_lists import EntryQuery
from credit_sanction_service.store.targets import install_targets

if TYPE_CHECKING:
    from credit_sanction_service.domain.answers import Answer
    from credit_sanction_service.domain.public_lists import EntryDraft
    from credit_sanction_service.records import Records
    from credit_sanction_service.store.connect import Connection, Reader
    from credit_sanction_service.store.public_lists import StoredEntry
    from credit_sanction_service.store.writer import Writer


@pytest.fixture
def lists(writer: Writer, reader: Reader) -> PublicLists:
    return PublicLists(writer, reader)


def keeper(list_class: ListClass) -> dict[str, str]:
    """Return code and name of an authority of the shipped register that keeps a list."""
    if list_class in {ListClass.YELLOW_CARD, ListClass.RED_CARD}:
        return {"authority_code": authority_code(), "authority_name": AUTHORITY_NAME}
    return {"authority_code": "11220100FAKEA0026H", "authority_name": "长春市虚构生态环境局"}


def card(list_class: ListClass, number: int = 1, **changes: object) -> EntryDraft:
    return entry_draft(number, **{"list_class": list_class, **keeper(list_class), **changes})


def logged(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT revision, version, action, principal, enterprise_code FROM change_log WHERE kind = 'list_entry'"
        " ORDER BY revision, ordinal"
    ).fetchall()


def test_what_was_published_is_what_is_read_and_each_version_is_of_a_revision(
    lists: PublicLists, connection: Connection
) -> None:
    before = read_head(connection).revision.number
    first = lists.publish(entry_draft(), call())
    assert lists.get(first.entry.id) == first
    gone = lists.withdraw(first.entry.id, 1, withdrawal(), call())
    assert lists.get(first.entry.id) == gone
    assert (gone.entry.version, gone.entry.withdrawn, gone.created_at) == (2, True, first.created_at)
    assert [first.revision.number, gone.revision.number] == [before + 1, before + 2]
    assert logged(connection) == [
        (before + 1, 1, "PUBLISH", "管理员", code(1)),
        (before + 2, 2, "WITHDRAW", "管理员", code(1)),
    ]


def test_the_same_entry_twice_names_the_first_until_that_is_withdrawn(lists: PublicLists) -> None:
    first = lists.publish(entry_draft(item="2号高炉（东）"), call())
    with pytest.raises(EntryExists) as raised:
        lists.publish(entry_draft(item="2号高炉(东)", reason="另一理由"), call())
    assert raised.value.existing == first.entry.name
    assert first.entry.name in str(raised.value)
    assert isinstance(raised.value, Duplicate)
    for other in (
        card(ListClass.RED_CARD, item="2号高炉（东）"),
        entry_draft(2, item="2号高炉（东）"),
        entry_draft(item="3号高炉"),
        entry_draft(item="2号高炉（东）", document_number="虚构黄牌字2号"),
    ):
        lists.publish(other, call())
    lists.withdraw(first.entry.id, 1, withdrawal(), call())
    assert lists.publish(entry_draft(item="2号高炉（东）"), call()).entry.name != first.entry.name


def test_many_at_once_publish_one_entry(lists: PublicLists) -> None:
    def publish(_: int) -> StoredEntry | None:
        try:
            return lists.publish(entry_draft(), call())
        except Duplicate:
            return None

    with ThreadPoolExecutor(8) as pool:
        assert len([stored for stored in pool.map(publish, range(16)) if stored]) == 1
    assert len(lists.page(EntryQuery())) == 1


def test_a_retry_is_answered_with_what_the_first_call_wrote(lists: PublicLists) -> None:
    first = lists.publish(entry_draft(), call("r"))
    gone = lists.withdraw(first.entry.id, 1, withdrawal(), call("s"))
    assert lists.publish(entry_draft(), call("r")) == first
    assert lists.withdraw(first.entry.id, 1, withdrawal(), call("s")) == gone


def test_a_check_stores_nothing(lists: PublicLists, connection: Connection) -> None:
    head = read_head(connection).revision
    checked = lists.publish(entry_draft(), call("r", validate_only=True))
    assert (checked.revision.number, checked.entry.version) == (0, 1)
    with pytest.raises(NotFound):
        lists.get(checked.entry.id)
    first = lists.publish(entry_draft(), call())
    assert lists.withdraw(first.entry.id, 1, withdrawal(), call(validate_only=True)).entry.withdrawn
    assert lists.get(first.entry.id) == first
    assert read_head(connection).revision.number == head.number + 1


def test_an_entry_is_withdrawn_by_who_has_read_it_and_may_act_for_its_authority(lists: PublicLists) -> None:
    first = lists.publish(entry_draft(), call())
    with pytest.raises(VersionConflict):
        lists.withdraw(first.entry.id, 2, withdrawal(), call())
    other = Principal(name="乙", roles=frozenset({Role.AUTHORITY}), authorities=frozenset({code(9)}))
    with pytest.raises(NotPermitted):
        lists.withdraw(first.entry.id, 1, withdrawal(), replace(call(), principal=other))
    elsewhere = Principal(name="丙", roles=frozenset({Role.AUTHORITY}), districts=frozenset({"220102"}))
    with pytest.raises(NotPermitted):
        lists.publish(entry_draft(2), replace(call(), principal=elsewhere))
    with pytest.raises(NotFound):
        lists.withdraw("0", 1, withdrawal(), call())


def test_faults_are_named_under_the_entry(lists: PublicLists) -> None:
    with pytest.raises(Invalid) as raised:
        lists.publish(entry_draft(reason=""), call())
    assert [violation.field for violation in raised.value.violations] == ["entry.reason"]


def test_filters_are_joined_by_and_and_pages_follow_one_another(lists: PublicLists) -> None:
    others = ((IdentifierKind.REGISTRATION_NUMBER, "220101000012345"),)
    enterprise = EnterpriseDraft(code=code(3), name="长春虚构3号水泥有限公司", other_identifiers=others)
    drafts = [card(each) for each in ListClass] + [entry_draft(3, enterprise=enterprise)]
    names = [lists.publish(each, call()).entry for each in drafts]
    lists.withdraw(names[0].id, 1, withdrawal(), call())
    for query, places in (
        (EntryQuery(), [1, 2, 3, 4]),
        (EntryQuery(withdrawn=True), [0, 1, 2, 3, 4]),
        (EntryQuery(list_classes=(ListClass.RED_CARD, ListClass.YELLOW_CARD)), [1, 4]),
        (EntryQuery(number=code(1), withdrawn=True), [0, 1, 2, 3]),
        (EntryQuery(number="220101000012345"), [4]),
        (EntryQuery(districts=("220113",), number=code(3)), [4]),
        (EntryQuery(districts=("220183",)), []),
        (EntryQuery(limit=2), [1, 2]),
        (EntryQuery(after=names[2].id), [3, 4]),
    ):
        assert [stored.entry.id for stored in lists.page(query)] == [names[place].id for place in places], query


def test_the_service_role_cannot_delete_an_entry(lists: PublicLists, connection: Connection) -> None:
    lists.publish(entry_draft(), call())
    for statement in ("DELETE FROM public_list_entry", "TRUNCATE public_list_entry", "DROP TABLE public_list_entry"):
        with pytest.raises(InsufficientPrivilege):
            connection.execute(statement.encode())


PUSHES = (
    "SELECT * FROM delivery ORDER BY target, subject",
    "SELECT * FROM in_force_at ORDER BY target, record_id",
    "SELECT * FROM attempt_opened",
    "SELECT * FROM sanction_record",
    "SELECT * FROM duty ORDER BY record_id, kind, since, note",
)


def moved(connection: Connection) -> list[list[tuple[Any, ...]]]:
    """Return everything that pushes go by, to the last column."""
    return [connection.execute(statement.encode()).fetchall() for statement in PUSHES]


def test_no_list_moves_a_look_up_or_a_push(records: Records, lists: PublicLists, connection: Connection) -> None:
    """Enterprise 1 has a record, 2 has none: neither answer nor any delivery knows of the lists that both are put on."""
    install_targets(
        connection,
        [target("平台"), target("企业平台", holds="enterprise"), target("网站", takes=Filter(public=True))],
        day=TODAY,
    )
    records.create(draft(1), call())
    index, law = Index(), LawFollower()
    follower = IndexFollower(index, law, clock=noon, most_skew=float("inf"))
    look_up = LookUp(index, law.current, clock=noon)

    def answered() -> list[Answer]:
        asked_at = time.monotonic()
        follower.catch_up(connection, read_head(connection), asked_at=asked_at)
        questions = [Question(code=judge(code(number)), name="", areas=ALL_AREAS) for number in (1, 2)]
        answers, basis = look_up.check(questions, Demand())
        assert basis.revision == read_head(connection).revision
        return answers

    answers, before = answered(), moved(connection)
    assert len(before[0]) == 3
    assert [answer.verdict for answer in answers] == [Verdict.RESTRICTED, Verdict.CLEAR]
    published = [lists.publish(card(each, number), call()) for each in ListClass for number in (1, 2)]
    assert answered() == answers
    assert moved(connection) == before
    for stored in published:
        lists.withdraw(stored.entry.id, 1, withdrawal(), call())
    assert answered() == answers
    assert moved(connection) == before

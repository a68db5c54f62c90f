"""The past: what was known at a revision or an instant is answered ever after as the index answered it then."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.exit_samples import active_exit, registration, withdrawal
from tests.law_texts import catalogue, year
from tests.samples import (
    TODAY,
    call,
    code,
    confirmation,
    doubtful_code,
    draft,
    draft_of,
    lift_draft,
    noon,
    objection,
    revocation,
    with_enterprise,
)

from credit_sanction_service.domain.answers import Question
from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.domain.faults import EpochChanged, Invalid, RevisionNotReached, StoreUnavailable
from credit_sanction_service.domain.identifiers import judge
from credit_sanction_service.domain.terms import ALL_AREAS, EditionKind, IdentifierKind, Verdict
from credit_sanction_service.obligations import Obligations
from credit_sanction_service.records import Proceedings, Records
from credit_sanction_service.restrictions.demands import Demand
from credit_sanction_service.restrictions.feed import IndexFollower
from credit_sanction_service.restrictions.index import Index
from credit_sanction_service.restrictions.law_follower import LawFollower
from credit_sanction_service.restrictions.long_list import CLEAR, COLD, CallerGoneError, Order
from credit_sanction_service.restrictions.look_up import LookUp
from credit_sanction_service.restrictions.past import Past
from credit_sanction_service.restrictions.prepared import Terms
from credit_sanction_service.restrictions.screening import Screening
from credit_sanction_service.store.commit import DRAW
from credit_sanction_service.store.connect import Reader, connect
from credit_sanction_service.store.feed import read_head
from credit_sanction_service.store.history import revision_at, settle
from credit_sanction_service.store.law_loading import install_editions
from credit_sanction_service.store.values import Revision
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.database import Database

    from credit_sanction_service.domain.answers import Answer, Known
    from credit_sanction_service.restrictions.demands import Basis

WAIT = 20
NAMES = ("长春虚构1号水泥有限公司", "长春虚构更名水泥有限公司")
OLD_NUMBER = "220101000012345"
NAMED = frozenset({"enterprise.name", "enterprise.other_identifiers"})
NUMBERS = (code(1), code(2), code(9), doubtful_code(1), doubtful_code(9), code(1)[8:17], OLD_NUMBER)
QUESTIONS = [
    Question(code=judge(number), name=name, areas=ALL_AREAS)
    for number in NUMBERS
    for name in ("", *NAMES, "虚构无名厂")
]


class House:
    """One store with an index that is brought up to date when it is told to, and a past."""

    def __init__(self, store: Database, stack: ExitStack) -> None:
        writer = stack.enter_context(closing(Writer(store.service_dsn, clock=noon)))
        reader = stack.enter_context(closing(Reader(store.service_dsn)))
        self.connection = stack.enter_context(closing(connect(store.service_dsn)))
        self.other = stack.enter_context(closing(connect(store.service_dsn)))
        self.owner = stack.enter_context(closing(psycopg.connect(store.owner_dsn, autocommit=True)))
        self.records, self.proceedings = Records(writer, reader), Proceedings(writer, reader)
        self.obligations = Obligations(writer, reader)
        self.index, self.law, self.past = Index(), LawFollower(), Past(reader)
        self._follower = IndexFollower(self.index, self.law, clock=lambda: datetime.now(UTC))
        self.look_up = LookUp(
            self.index, self.law.current, clock=noon, past=self.past, longest_wait=0.05, max_staleness=1e9
        )

    def follow(self) -> Revision:
        """Bring the index to the head."""
        head = read_head(self.connection)
        self._follower.catch_up(self.connection, head, asked_at=0)
        return head.revision

    def at_present(self) -> tuple[list[Known], dict[EditionKind, str]]:
        """Return what the index knows about every question now."""
        with self.index.hold() as view:
            known = [view.find(question.code, question.name) for question in QUESTIONS]
        return known, dict(self.law.current().names())

    def in_the_past(self, revision: Revision) -> tuple[list[Known], dict[EditionKind, str]]:
        """Return what the past tells about the same."""
        then = self.past.known(QUESTIONS, revision)
        assert then.known_at == self.known_at(revision)
        return list(then.known), dict(then.law.names())

    def check(self, demand: Demand) -> tuple[Answer, Basis]:
        """Look enterprise 1 up."""
        answers, basis = self.look_up.check([QUESTIONS[0]], demand)
        return answers[0], basis

    def now(self) -> datetime:
        """Return the store's clock."""
        row = self.connection.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        return row[0]  # type: ignore[no-any-return]

    def known_at(self, revision: Revision) -> datetime:
        """Return since when a revision is known."""
        row = self.connection.execute(
            "SELECT known_at FROM revision WHERE (epoch, number) = (%s, %s)", (revision.epoch, revision.number)
        ).fetchone()
        assert row is not None
        return row[0]  # type: ignore[no-any-return]


@pytest.fixture
def house(store: Database) -> Iterator[House]:
    with ExitStack() as stack:
        yield House(store, stack)


def live_through(house: House) -> Iterator[None]:
    """Do, one by one, what may happen to records, exits and law; wait after each."""
    records, obligations = house.records, house.obligations
    first = records.create(draft(1), call()).record
    yield
    doubt = records.create(with_enterprise(draft(9), code=doubtful_code(9), name=NAMES[1]), call()).record
    yield
    declared = obligations.register(registration(number=2), call()).registered
    yield
    declared = obligations.declare_active_exit(declared.id, declared.version, active_exit(), call()).registered
    yield
    # Names and numbers that a record has no more lead to it in its past alone.
    numbered = with_enterprise(
        draft_of(doubt), name=NAMES[0], other_identifiers=((IdentifierKind.REGISTRATION_NUMBER, OLD_NUMBER),)
    )
    doubt = records.amend(doubt.id, doubt.version, NAMED, lambda _: numbered, call()).record
    yield
    install_editions(house.connection, [catalogue("2026-8"), year(2027)], now=noon())
    yield
    doubt = records.confirm(doubt.id, doubt.version, code(2), confirmation(), draft_of, call()).record
    yield
    obligations.withdraw(declared.id, declared.version, withdrawal(), call())
    yield
    first = house.proceedings.raise_objection(first.id, first.version, objection(), call()).record
    yield
    records.revoke(first.id, first.version, revocation(), draft(1, item="1号窑"), call())
    yield
    records.lift(doubt.id, doubt.version, lift_draft(), call())
    yield


def test_every_revision_is_told_as_the_index_told_it_when_it_was_the_head(house: House) -> None:
    told = {house.follow(): house.at_present()}
    for _ in live_through(house):
        revision = house.follow()
        told[revision] = house.at_present()
    assert len(told) == 12
    assert len({repr(one) for one in told.values()}) == 11  # registering an obligation says nothing
    for revision, then in told.items():
        assert house.in_the_past(revision) == then, revision
    assert house.in_the_past(house.follow()) == house.at_present()


def test_a_revision_is_known_from_its_very_instant_on(house: House) -> None:
    revisions = [house.follow()]
    revisions += [house.follow() for _ in live_through(house)]
    known_at = {revision: house.known_at(revision) for revision in revisions}
    before, microsecond = None, timedelta(microseconds=1)
    for revision, instant in known_at.items():
        assert house.past.revision_at(instant) == revision
        if before:
            assert house.past.revision_at(instant - microsecond) == before
        before = revision
    for _ in range(10):  # as often as the driver takes to prepare a statement, and once more
        assert house.past.revision_at(house.now()) == revisions[-1]
    with pytest.raises(Invalid, match=r"as_known_at: .* lies in the future: the store's clock says"):
        house.past.revision_at(house.now() + timedelta(minutes=1))
    with pytest.raises(Invalid, match=r"before this store's first revision: it is known since"):
        house.past.revision_at(known_at[revisions[0]] - microsecond)


def test_what_was_revoked_reads_no_effect_today_and_restricted_as_it_was_known_before(house: House) -> None:
    record = house.records.create(draft(1), call())
    house.follow()
    # The instant is the machine's, so the record is decided on a day before it.
    listed, basis = house.check(Demand(known_at=house.known_at(record.revision), day=TODAY))
    assert (listed.verdict, basis.revision) == (Verdict.RESTRICTED, record.revision)
    house.records.revoke(record.record.id, record.record.version, revocation(), None, call())
    head = house.follow()
    for demand, verdict, revision in (
        (Demand(), Verdict.CLEAR, head),
        (Demand(day=TODAY), Verdict.CLEAR, head),
        (Demand(at_revision=head), Verdict.CLEAR, head),
        (Demand(at_revision=record.revision), Verdict.RESTRICTED, record.revision),
        (Demand(known_at=house.known_at(record.revision), day=TODAY), Verdict.RESTRICTED, record.revision),
        (Demand(at_revision=record.revision, day=TODAY - timedelta(days=31)), Verdict.CLEAR, record.revision),
    ):
        answer, basis = house.check(demand)
        assert (answer.verdict, basis.revision, basis.stale) == (verdict, revision, False), demand


def test_the_day_is_that_of_the_instant_unless_another_is_named(house: House) -> None:
    revision = house.follow()
    instant = house.known_at(revision)
    assert house.check(Demand(known_at=instant))[1].day == day_of(instant)
    assert house.check(Demand(known_at=instant, day=TODAY))[1].day == TODAY
    assert house.check(Demand(at_revision=revision))[1].day == TODAY


def test_a_past_is_not_stale_and_the_present_is(house: House) -> None:
    first = house.records.create(draft(1), call())
    house.follow()
    house.records.create(draft(2), call())
    house.follow()
    house.look_up = LookUp(house.index, house.law.current, clock=noon, past=house.past, max_staleness=1e-9)
    assert house.check(Demand())[1].stale
    assert not house.check(Demand(at_revision=first.revision))[1].stale
    assert not house.check(Demand(known_at=house.known_at(first.revision)))[1].stale


def test_a_revision_to_come_is_waited_for_and_one_of_another_epoch_refused(house: House) -> None:
    head = house.follow()
    with pytest.raises(RevisionNotReached):
        house.check(Demand(at_revision=replace(head, number=head.number + 1)))
    with pytest.raises(EpochChanged):
        house.check(Demand(at_revision=replace(head, epoch=head.epoch - 1)))
    ahead = replace(head, number=head.number + 1)
    patient = LookUp(house.index, house.law.current, clock=noon, past=house.past, longest_wait=WAIT)
    with ThreadPoolExecutor(1) as asking:
        asked = asking.submit(patient.check, [QUESTIONS[0]], Demand(at_revision=ahead))
        assert house.records.create(draft(1), call()).revision == ahead
        house.follow()
        answers, basis = asked.result(WAIT)
    assert (answers[0].verdict, basis.revision) == (Verdict.RESTRICTED, ahead)
    without = LookUp(house.index, house.law.current, clock=noon)
    with pytest.raises(StoreUnavailable):
        without.check([QUESTIONS[0]], Demand(at_revision=head))


def test_a_long_list_of_a_past_is_worked_off_in_slices_and_stays_of_one_revision(house: House) -> None:
    first = house.records.create(draft(1), call())
    house.follow()
    screening: Screening[Answer] = Screening(house.look_up, lambda given: given, lambda _: 0)
    codes = [code(1 + number % 40) for number in range(1_100)]
    asked: list[int] = []

    def ask(place: int) -> Question:
        asked.append(place)
        return Question(code=judge(codes[place]), name="", areas=ALL_AREAS)

    def screened(demand: Demand, is_active: Callable[[], bool]) -> bytes:
        asked.clear()
        order = Order(codes=codes, terms=Terms(areas=ALL_AREAS), demand=demand, ask=ask, is_active=is_active)
        given = screening.many(order)
        assert (given.basis.revision, len(asked)) == (first.revision, len(codes))
        return given.verdicts

    def learn() -> bool:
        note()
        if len(turns) == 2:
            house.records.create(draft(2), call())  # not known at the first revision
            house.follow()
        return True

    def note() -> bool:
        turns.append(len(asked))
        return True

    turns: list[int] = []
    at_first = Demand(at_revision=first.revision)
    verdicts = screened(at_first, learn)  # by the index, until that moves on
    assert max(after - before for before, after in pairwise([0, *turns])) <= 500
    assert turns[1] == 2 * COLD
    assert {place % 40 for place, verdict in enumerate(verdicts) if verdict != CLEAR} == {0}
    turns.clear()
    for demand in (at_first, Demand(known_at=house.known_at(first.revision), day=TODAY)):
        assert screened(demand, note) == verdicts
    assert turns == [500, 1_000, 1_100] * 2
    with pytest.raises(CallerGoneError):
        screened(at_first, lambda: not asked)
    assert len(asked) == 500


def test_what_was_known_before_a_restore_is_told_under_its_own_epoch(house: House) -> None:
    before = house.records.create(draft(1), call())
    house.owner.execute("UPDATE store_head SET epoch = 2, number = 0")
    after = house.records.create(draft(2), call())
    assert after.revision == Revision(epoch=2, number=1)
    house.follow()
    assert house.check(Demand(known_at=house.known_at(before.revision), day=TODAY))[1].revision == before.revision
    assert house.check(Demand(at_revision=after.revision))[0].verdict is Verdict.RESTRICTED
    with pytest.raises(EpochChanged):
        house.past.known(QUESTIONS, Revision(epoch=2, number=7))


@pytest.mark.parametrize("begins_with", ["number = 0", "number = number"])
def test_the_revision_with_which_an_epoch_begins_is_answered_ever_after(house: House, begins_with: str) -> None:
    before = house.records.create(draft(1), call())
    house.owner.execute(f"UPDATE store_head SET epoch = 2, {begins_with}")  # noqa: S608 - ours
    begun = house.follow()
    assert house.check(Demand(at_revision=begun))[1].ground.known_at is None  # it is the present one
    for number in (2, 3):
        then = house.past.known(QUESTIONS, begun)
        assert (then.known_at, len(then.known[0].records)) == (house.known_at(before.revision), 1)
        house.records.create(draft(number), call())
    house.follow()
    basis = house.check(Demand(at_revision=begun))[1]
    assert (basis.revision, basis.ground.known_at) == (begun, house.known_at(before.revision))
    for never in (-1, 7):
        with pytest.raises(EpochChanged):
            house.past.known(QUESTIONS, replace(begun, number=begun.number + never))


def test_a_revision_older_than_the_rule_tables_is_refused_in_words(house: House) -> None:
    house.owner.execute("INSERT INTO revision VALUES (1, 0, '2020-01-01T00:00:00Z')")
    with pytest.raises(Invalid, match=r"no rule tables at revision 1:0: the first came with revision 1:1"):
        house.past.known(QUESTIONS, Revision(epoch=1, number=0))


def test_a_commit_under_way_is_waited_for_where_it_may_be_known_by_then(house: House) -> None:
    drawn = threading.Event()

    def ask() -> tuple[datetime, Revision]:
        assert drawn.wait(WAIT)
        instant = house.now()
        return instant, house.past.revision_at(instant)

    with ThreadPoolExecutor(1) as asking:
        asked = asking.submit(ask)
        with house.other.transaction():
            row = house.other.execute(DRAW).fetchone()
            with pytest.raises(RevisionNotReached, match=r"^consistency\.as_known_at: .* not settled yet"):
                house.past.revision_at(house.now(), within_s=0.01)  # by somebody who waits no longer
            drawn.set()
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE store_head%'"
            while house.connection.execute(waiting).fetchone() == (0,):
                assert not asked.done()
        instant, revision = asked.result(WAIT)
    assert row is not None
    assert (revision.epoch, revision.number) == row[:2]
    assert house.past.revision_at(row[2]) == revision
    assert house.past.revision_at(instant) == revision


def test_nothing_committed_later_is_known_at_an_instant_that_was_answered(house: House) -> None:
    done = threading.Event()

    def draw() -> None:
        while not done.is_set():
            house.other.execute(DRAW)

    with ThreadPoolExecutor(1) as drawing:
        running = drawing.submit(draw)
        answered = []
        for _ in range(300):
            instant = house.now()
            assert settle(house.connection, instant) >= instant
            answered.append((instant, revision_at(house.connection, instant)))
        done.set()
        running.result(WAIT)
    assert len({revision for _, revision in answered}) > 1
    for instant, revision in answered:
        assert revision_at(house.connection, instant) == revision

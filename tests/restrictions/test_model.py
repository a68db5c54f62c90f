"""The whole of it against a plain model: whatever happens to records in whatever order, every look-up says what it should."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from tests.law_texts import year
from tests.restrictions.plain_model import CREDIT, LAND, NINE, Book, Fact, longest
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
    penalty,
    revocation,
    target,
    with_decision,
    with_enterprise,
)
from typing_extensions import override

from credit_sanction_service.domain.answers import Question
from credit_sanction_service.domain.drafts import MeasureDraft, RecordDraft
from credit_sanction_service.domain.effect import Filter
from credit_sanction_service.domain.faults import Duplicate, SanctionError
from credit_sanction_service.domain.identifiers import judge
from credit_sanction_service.domain.terms import GROUPS, Area, IdentifierKind, PublicationClass
from credit_sanction_service.records import Records
from credit_sanction_service.restrictions.demands import Demand
from credit_sanction_service.restrictions.feed import Feed, IndexFollower
from credit_sanction_service.restrictions.index import Index
from credit_sanction_service.restrictions.law_follower import LawFollower
from credit_sanction_service.restrictions.look_up import LookUp
from credit_sanction_service.store.connect import Reader, connect
from credit_sanction_service.store.feed import read_head
from credit_sanction_service.store.law_loading import install_editions
from credit_sanction_service.store.targets import install_targets
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.database import Database

    from credit_sanction_service.domain.records import SanctionRecord

ENTERPRISES = (1, 2, 3)
REGISTRATION_NUMBERS = ("220101000012345", "220101000067890")
PLATFORM_AREAS = {LAND, CREDIT}
TARGETS = (
    target("平台", takes=Filter(areas=frozenset(map(Area, PLATFORM_AREAS)))),
    target("网站", takes=Filter(public=True)),
)
ASKED = [
    *((code(number), "right") for number in (*ENTERPRISES, 9)),
    (code(1, prefix="91220183"), "right"),
    *((doubtful_code(number), "doubtful") for number in ENTERPRISES),
    *((code(number)[8:17], "organisation") for number in ENTERPRISES),
    *((number, "registration") for number in REGISTRATION_NUMBERS),
]
ASKED_TOGETHER = (*GROUPS.values(), (Area.LAND_SUPPLY, Area.TAX_ADMINISTRATION))
EMPTY = """
TRUNCATE sanction_record, change_log, request, target CASCADE;
UPDATE store_head SET number = 0, epoch = epoch + 1, targets_version = targets_version + 1
"""


class House:
    """Everything a look-up needs, on one store: use cases, the real feed, an index, and a calendar that we turn."""

    def __init__(self, store: Database, stack: ExitStack) -> None:
        self.today = TODAY
        self._store = store
        writer = stack.enter_context(closing(Writer(store.service_dsn, clock=self.clock)))
        reader = stack.enter_context(closing(Reader(store.service_dsn)))
        self.connection = stack.enter_context(closing(connect(store.service_dsn)))
        self.owner = stack.enter_context(closing(psycopg.connect(store.owner_dsn, autocommit=True)))
        self.records = Records(writer, reader)
        # The stories go on for years whose working days are not published yet.
        install_editions(self.connection, [year(number) for number in range(TODAY.year + 1, 2051)], now=noon())
        index, law = Index(), LawFollower()
        # The skew is that of this machine and its database; the calendar is only what the rules are told.
        follower = IndexFollower(index, law, clock=lambda: datetime.now(UTC))
        feed = Feed(store.service_dsn, [follower], interval=0.002)
        feed.start()
        stack.callback(feed.close)
        assert feed.wait_until_ready(20)
        self.look_up = LookUp(index, law.current, clock=self.clock, max_staleness=60, longest_wait=20)

    def clock(self) -> datetime:
        return noon(self.today)

    def empty(self) -> None:
        """Begin anew, in an epoch of its own."""
        self.today = TODAY
        self.owner.execute(EMPTY)
        install_targets(self.connection, TARGETS, day=TODAY)

    def shown(self, name: str) -> set[str]:
        rows = self.connection.execute(
            "SELECT subject FROM delivery WHERE target = %s AND desired_present", (name,)
        ).fetchall()
        return {row[0] for row in rows}


offsets = st.sampled_from([0, 1, 30, 200, 700])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a clerk wants to submit; ends are days from today, None for those that follow from the class."""

    number: int
    item: str
    days_ago: int
    publication_class: PublicationClass
    published_for: int | None
    areas: dict[str, int | None]
    penalty_days_ago: int | None
    old_number: str | None


wishes = st.builds(
    Wish,
    number=st.sampled_from(ENTERPRISES),
    item=st.sampled_from(["", "1号窑"]),
    days_ago=st.sampled_from([0, 1, 60]),
    published_for=st.none() | offsets,
    areas=st.dictionaries(st.sampled_from(NINE), st.none() | offsets, min_size=1, max_size=4),
    penalty_days_ago=st.none() | st.sampled_from([0, 800, 1090, 1200]),
    old_number=st.none() | st.sampled_from(REGISTRATION_NUMBERS),
)


class Story(RuleBasedStateMachine):
    """Clerks submit, amend, lift, revoke and confirm while days pass; sometimes the scheduler runs, often not."""

    house: House
    facts = Bundle("facts")

    def __init__(self) -> None:
        super().__init__()
        self.house.empty()
        self.book = Book()

    @property
    def today(self) -> date:
        return self.house.today

    @initialize(target=facts, wish=wishes)
    def begin(self, wish: Wish) -> object:
        return self.submit(wish)

    @rule(target=facts, wish=wishes)
    def submit_good(self, wish: Wish) -> object:
        return self.submit(wish)

    @rule(target=facts, wish=wishes, old=st.none() | st.sampled_from(REGISTRATION_NUMBERS))
    def submit_in_doubt(self, wish: Wish, old: str | None) -> object:
        return self.submit(replace(wish, old_number=None), typed=old or doubtful_code(wish.number))

    def submit(self, wish: Wish, *, typed: str = "") -> object:
        given, fact = self.plan(wish, typed=typed)
        return self.expect(fact, None, lambda: [self.house.records.create(given, call()).record])

    @rule(fact=facts, wish=wishes)
    def amend(self, fact: Fact, wish: Wish) -> None:
        given, wanted = self.plan(wish, decided=fact.decided)
        over = not self.can_be_amended(fact)
        changed = None
        if not over and wanted.last >= self.today:
            changed = replace(fact_copy(fact), ends=wanted.ends, published_to=wanted.published_to)
        paths = frozenset({"measures", "publication_class", "publication_end_date"})

        def laid_over(record: SanctionRecord) -> RecordDraft:
            return replace(
                draft_of(record),
                measures=given.measures,
                publication_class=given.publication_class,
                publication_end_date=given.publication_end_date,
            )

        self.change(fact, changed, lambda v: self.house.records.amend(identifier(fact), v, paths, laid_over, call()))

    def is_lifted_ahead(self, fact: Fact) -> bool:
        """Whether it was lifted for a day that has not come."""
        from_ = fact.without_effect_from
        return bool(fact.state == "lifted" and from_ and self.today < from_ and self.today <= fact.last)

    def can_be_amended(self, fact: Fact) -> bool:
        running = fact.state == "listed" and self.today <= fact.last
        return running or fact.state == "quarantined" or self.is_lifted_ahead(fact)

    @rule(fact=facts, publication_class=st.sampled_from(PublicationClass))
    def reclassify(self, fact: Fact, publication_class: PublicationClass) -> None:
        """Amend the class alone: the publication gets the class's longest, and what was said of the measures stays."""
        over = not self.can_be_amended(fact)
        limit = longest(publication_class.value, fact.decided)
        minor = publication_class is PublicationClass.MINOR
        fits = all(end <= limit if end else not minor for end in fact.ends.values())
        wanted = replace(fact_copy(fact), published_to=None if minor else limit)
        changed = wanted if fits and not over and wanted.last >= self.today else None
        paths = frozenset({"publication_class"})

        def laid_over(record: SanctionRecord) -> RecordDraft:
            return replace(draft_of(record), publication_class=publication_class, publication_end_date="")

        self.change(fact, changed, lambda v: self.house.records.amend(identifier(fact), v, paths, laid_over, call()))

    @rule(fact=facts, offset=st.sampled_from([-400, -30, -1, 0, 1, 30, 400]))
    def lift(self, fact: Fact, offset: int) -> None:
        effective = self.today + timedelta(days=offset)
        ahead = self.is_lifted_ahead(fact)
        changed = None
        if (ahead or fact.state == "listed") and self.today <= fact.last and fact.decided <= effective <= fact.last:
            changed = replace(fact_copy(fact), state="lifted", without_effect_from=effective)
        how = lift_draft(effective.isoformat(), decided_on=self.today)
        self.change(fact, changed, lambda v: self.house.records.lift(identifier(fact), v, how, call()))

    @rule(fact=facts)
    def revoke(self, fact: Fact) -> None:
        changed = None if fact.state == "revoked" else replace(fact_copy(fact), state="revoked")
        how = revocation(decided_on=self.today)
        self.change(fact, changed, lambda v: self.house.records.revoke(identifier(fact), v, how, None, call())[0])

    @rule(target=facts, fact=facts, wish=wishes)
    def revoke_with_replacement(self, fact: Fact, wish: Wish) -> object:
        given, fresh = self.plan(wish)
        how, version = revocation(decided_on=self.today), self.version(fact)
        if fact.state == "revoked":
            with pytest.raises(SanctionError):
                self.house.records.revoke(identifier(fact), version, how, given, call())
            return multiple()
        return self.expect(
            fresh,
            fact,
            lambda: [
                stored.record for stored in self.house.records.revoke(identifier(fact), version, how, given, call())
            ][::-1],
        )

    @rule(fact=facts, number=st.sampled_from(ENTERPRISES), as_it_is=st.booleans())
    def confirm(self, fact: Fact, number: int, as_it_is: bool) -> None:  # noqa: FBT001 - drawn
        typed = doubtful_code(number) if as_it_is else code(number)
        changed = None
        if not (
            fact.state != "quarantined" or self.today > fact.last or self.book.taken(typed, fact.item, but=fact.name)
        ):
            # The code's own organisation code goes with it; a registration number it was known by stays.
            kept = (fact.numbers - {fact.code[8:17]}) | ({fact.code} & set(REGISTRATION_NUMBERS))
            changed = replace(fact, code=typed, numbers={*kept, typed[8:17]}, state="listed", was_listed=True)
        how = confirmation(on=self.today)
        self.change(
            fact, changed, lambda v: self.house.records.confirm(identifier(fact), v, typed, how, draft_of, call())
        )

    @rule(days=st.integers(1, 400))
    def let_days_pass(self, days: int) -> None:
        self.house.today += timedelta(days=days)

    @rule()
    def run_the_scheduler(self) -> None:
        while self.house.records.pass_days():
            pass
        assert self.house.shown("平台") == self.book.on_platform(self.today, PLATFORM_AREAS)
        assert self.house.shown("网站") == self.book.on_website(self.today)

    @override
    def teardown(self) -> None:
        self.run_the_scheduler()
        self.every_look_up_says_what_it_should()

    @invariant()
    def every_look_up_says_what_it_should(self) -> None:
        part = ASKED_TOGETHER[self.today.toordinal() % len(ASKED_TOGETHER)]
        head = read_head(self.house.connection).revision
        for day in (None, self.today - timedelta(days=100), self.today + timedelta(days=100)):
            asked = [(typed, kind, name) for typed, kind in ASKED for name in ("", draft(1).enterprise.name)]
            questions = [
                Question(code=judge(typed), name=name, areas=areas)
                for areas in (tuple(Area), part)
                for typed, _, name in asked
            ]
            answers, basis = self.house.look_up.check(questions, Demand(min_revision=head, day=day))
            assert (basis.revision >= head, basis.stale, basis.day) == (True, False, day or self.today)
            for (typed, kind, name), whole, less in zip(
                asked, answers[: len(asked)], answers[len(asked) :], strict=True
            ):
                said = {area.value: verdict.value for area, verdict in whole.areas.items()}
                assert said == self.book.verdicts(typed, kind, name, basis.day), (typed, kind, name, basis.day)
                assert less.areas == {area: whole.areas[area] for area in part}, (typed, kind, name, basis.day, part)

    def plan(self, wish: Wish, *, typed: str = "", decided: date | None = None) -> tuple[RecordDraft, Fact]:
        """Return a draft and the fact it should become."""
        decided = decided or self.today - timedelta(days=wish.days_ago)
        limit = longest(wish.publication_class.value, decided)
        minor = wish.publication_class is PublicationClass.MINOR
        published_to = None if minor else limit
        if published_to and wish.published_for is not None:
            published_to = min(published_to, self.today + timedelta(days=wish.published_for))
        ends = {
            area: None if offset is None and not minor else min(limit, self.today + timedelta(days=offset or 0))
            for area, offset in wish.areas.items()
        }
        given = replace(
            draft(wish.number, item=wish.item, decided_on=decided),
            publication_class=wish.publication_class,
            publication_end_date=published_to.isoformat() if published_to else "",
            measures=tuple(
                MeasureDraft(area=Area(area), end_date=end.isoformat() if end else "") for area, end in ends.items()
            ),
        )
        others = ((IdentifierKind.REGISTRATION_NUMBER, wish.old_number),) if wish.old_number else ()
        given = with_enterprise(given, code=typed or code(wish.number), other_identifiers=others)
        closed = None if wish.penalty_days_ago is None else self.today - timedelta(days=wish.penalty_days_ago)
        if closed:
            given = with_decision(given, penalty=penalty(closed))
        inside = set() if typed in REGISTRATION_NUMBERS else {code(wish.number)[8:17]}
        return given, Fact(
            name="",
            code=typed or code(wish.number),
            item=wish.item,
            enterprise_name=given.enterprise.name,
            numbers=inside | ({wish.old_number} if wish.old_number else set()),
            state="quarantined" if typed else "listed",
            decided=decided,
            ends=ends,
            published_to=published_to,
            penalty=closed,
            was_listed=not typed,
        )

    def expect(self, fresh: Fact, replaced: Fact | None, act: Callable[[], list[SanctionRecord]]) -> object:
        """Do what brings a new record; refused only where its place is taken, and then nothing has changed."""
        but = replaced.name if replaced else ""
        if self.book.taken(fresh.code, fresh.item, but=but):
            with pytest.raises(Duplicate):
                act()
            return multiple()
        fresh.name = act()[0].name
        if replaced:
            replaced.state = "revoked"
        self.book.facts[fresh.name] = fresh
        return fresh

    def change(self, fact: Fact, changed: Fact | None, act: Callable[[int], object]) -> None:
        """Do what changes a record; None: it must be refused, and nothing changes."""
        version = self.version(fact)
        if changed is None:
            with pytest.raises(SanctionError):
                act(version)
            return
        act(version)
        for name in changed.__dataclass_fields__:
            setattr(fact, name, getattr(changed, name))

    def version(self, fact: Fact) -> int:
        return self.house.records.get(identifier(fact), call().principal).record.version


def identifier(fact: Fact) -> str:
    return fact.name.removeprefix("sanctionRecords/")


def fact_copy(fact: Fact) -> Fact:
    return replace(fact, numbers=set(fact.numbers))


def test_every_look_up_agrees_with_the_plain_model(store: Database) -> None:
    with ExitStack() as stack:
        house = House(store, stack)
        machine = type("StoryHere", (Story,), {"house": house})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=25,
                stateful_step_count=20,
                deadline=None,
                print_blob=True,
                suppress_health_check=list(HealthCheck),
            ),
        )

"""Everybody who writes: what they want is drawn, whether it is allowed is the service's to say."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from tests import exit_samples, law_texts, samples
from tests.restrictions.plain_model import NINE, longest
from tests.samples import (
    call,
    code,
    confirmation,
    decide_draft,
    doubtful_code,
    draft,
    lift_draft,
    notice_draft,
    objection,
    objection_decision,
    penalty,
    repair_draft,
    revocation,
    statement,
    suspension,
    with_decision,
    with_enterprise,
)

from credit_sanction_service.domain.drafts import MeasureDraft, RecordDraft
from credit_sanction_service.domain.faults import SanctionError
from credit_sanction_service.domain.terms import Area, IdentifierKind, ObjectionOutcome, PublicationClass
from credit_sanction_service.obligations import Obligations
from credit_sanction_service.records import Proceedings, Records
from credit_sanction_service.store.connect import Reader, connect
from credit_sanction_service.store.law_loading import install_editions
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from random import Random

    from credit_sanction_service.domain.records import SanctionRecord

_PATIENCE_S: Final = 20
ENTERPRISES: Final = (1, 2, 3)
REGISTRATION_NUMBERS: Final = ("220101000012345", "220101000067890")
FORMER_NAMES: Final = ("长春虚构旧名水泥厂", "长春虚构9号水泥有限公司")
RECORDS: Final = """
SELECT id::text FROM sanction_record
WHERE cardinality(%(states)s::text[]) = 0 OR state = ANY (%(states)s::text[])
    OR ('DISPUTED' = ANY (%(states)s::text[]) AND body ? 'objection' AND NOT body -> 'objection' ? 'outcome')
ORDER BY created_at, id
"""
OFTEN: Final = ("create", "create", "create", "create two", "lift", "replace", "confirm", "amend", "suspend", "object")
DOCUMENTS: Final = ("国发〔2010〕7号", "政府采购法", "长工信联字[2017]9号")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a clerk wants in a record; ends are days from today, None for those that follow from the class."""

    number: int
    item: str
    days_ago: int
    publication_class: PublicationClass
    published_for: int | None
    areas: dict[str, int | None]
    penalty_days_ago: int | None
    old_number: str | None
    former_name: str | None
    in_doubt: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One thing done: what, to which of the records or obligations there are, as wished, so many days from today."""

    kind: str
    which: int
    wish: Wish
    days: int


class Clerk:
    """Writes through a writer of its own. `today` is the calendar's; what was refused is counted, and no fault."""

    def __init__(self, dsn: str, *, clock: Callable[[], datetime], today: Callable[[], date]) -> None:
        self._writer = Writer(dsn, clock=clock)
        self._reader = Reader(dsn)
        self._dsn = dsn
        self._clock = clock
        self._today = today
        self._records = Records(self._writer, self._reader)
        self._proceedings = Proceedings(self._writer, self._reader)
        self._obligations = Obligations(self._writer, self._reader)
        self._deeds: dict[str, Callable[[Deed], None]] = {
            "create": self._create,
            "create two": self._create_two,
            "serve notice": self._serve_notice,
            "decide": self._decide,
            "amend": self._amend,
            "rename": self._rename,
            "object": self._object,
            "settle": self._settle,
            "suspend": self._suspend,
            "resume": self._resume,
            "repair": self._repair,
            "lift": self._lift,
            "revoke": self._revoke,
            "replace": self._replace,
            "confirm": self._confirm,
            "pass days": self._pass_days,
            "exit": self._exit,
            "withdraw": self._withdraw,
            "edition": self._edition,
        }
        self.done: dict[str, int] = dict.fromkeys(self._deeds, 0)

    def drawn(self, rng: Random) -> Deed:
        """Draw something to do; what brings records, or ends them, is drawn more often."""
        kind = rng.choice([*OFTEN, *self._deeds])
        return Deed(
            kind=kind, which=rng.randrange(12), wish=_drawn_wish(rng), days=rng.choice((-30, -1, 0, 0, 1, 30, 400))
        )

    def do(self, deed: Deed) -> bool:
        """Try it; whether it was allowed."""
        try:
            self._deeds[deed.kind](deed)
        except SanctionError:
            return False
        self.done[deed.kind] += 1
        return True

    def reconnect(self) -> None:
        """Have connections again after all were lost."""
        for reach in (self._read, self._write):
            while not reach():
                pass

    def _read(self) -> bool:
        with suppress(SanctionError), self._reader.connection() as connection:
            return connection.execute("SELECT true").fetchone() is not None
        return False

    def _write(self) -> bool:
        with suppress(SanctionError):
            self._writer.run(lambda _: None, timeout=_PATIENCE_S)
            return True
        return False

    def close(self) -> None:
        """Stop."""
        self._writer.close()
        self._reader.close()

    def _one(self, deed: Deed, *fitting: str) -> SanctionRecord:
        """Return one of the records in a state that fits, where there is one; in any state for every fourth deed."""
        states = [] if deed.which % 4 == 0 else list(fitting)
        with self._reader.connection() as connection:
            rows = connection.execute(RECORDS, {"states": states}).fetchall()
        if not rows:
            raise SanctionError("there is no record")
        return self._records.get(rows[deed.which % len(rows)][0], call().principal).record

    def _create(self, deed: Deed) -> None:
        self._records.create(self._planned(deed.wish), call())

    def _create_two(self, deed: Deed) -> None:
        other = replace(deed.wish, number=deed.wish.number % len(ENTERPRISES) + 1)
        self._records.create_many([self._planned(deed.wish), self._planned(other)], call())

    def _serve_notice(self, deed: Deed) -> None:
        day = self._today() - timedelta(days=20)
        given = notice_draft(deed.wish.number, served_on=day, item=deed.wish.item, decided_on=self._today())
        stored = self._proceedings.serve_notice(given, call()).record
        waived = statement(on=self._today() - timedelta(days=1))
        self._proceedings.record_statement(stored.id, stored.version, waived, call())

    def _decide(self, deed: Deed) -> None:
        record = self._one(deed, "NOTICE_SERVED", "DECIDED")
        stored = self._proceedings.decide(record.id, record.version, decide_draft(on=self._today()), call()).record
        listed_on = (self._today() + timedelta(days=max(deed.days, 0))).isoformat()
        self._proceedings.list_record(stored.id, stored.version, listed_on, call())

    def _amend(self, deed: Deed) -> None:
        record = self._one(deed, "LISTED", "QUARANTINED")
        given = self._planned(
            replace(deed.wish, number=1), decided=record.decision.decided_on if record.decision else None
        )
        paths = frozenset({"measures", "publication_class", "publication_end_date"})

        def laid_over(present: SanctionRecord) -> RecordDraft:
            return replace(
                _draft_of(present),
                measures=given.measures,
                publication_class=given.publication_class,
                publication_end_date=given.publication_end_date,
            )

        self._records.amend(record.id, record.version, paths, laid_over, call())

    def _rename(self, deed: Deed) -> None:
        record = self._one(deed, "LISTED", "QUARANTINED")
        name = deed.wish.former_name or draft(deed.wish.number).enterprise.name

        def laid_over(present: SanctionRecord) -> RecordDraft:
            return with_enterprise(_draft_of(present), name=name)

        paths = frozenset({"enterprise.name"})
        self._records.amend(record.id, record.version, paths, laid_over, call())

    def _object(self, deed: Deed) -> None:
        record = self._one(deed, "LISTED")
        self._proceedings.raise_objection(record.id, record.version, objection(on=self._today()), call())

    def _settle(self, deed: Deed) -> None:
        record = self._one(deed, "DISPUTED")
        outcomes = tuple(ObjectionOutcome)
        decided = objection_decision(outcomes[deed.which % len(outcomes)], on=self._today())
        self._proceedings.decide_objection(record.id, record.version, decided, frozenset(), _draft_of, call())

    def _suspend(self, deed: Deed) -> None:
        record, effective = self._one(deed, "LISTED"), self._today() - timedelta(days=abs(deed.days) % 30)
        given = suspension(on=self._today(), effective_on=effective)
        self._proceedings.suspend(record.id, record.version, given, call())

    def _resume(self, deed: Deed) -> None:
        record, effective = self._one(deed, "SUSPENDED"), self._today() - timedelta(days=abs(deed.days) % 30)
        self._proceedings.resume(
            record.id, record.version, suspension(on=self._today(), effective_on=effective), call()
        )

    def _repair(self, deed: Deed) -> None:
        record = self._one(deed, "LISTED")
        self._proceedings.repair(record.id, record.version, repair_draft(on=self._today()), call())

    def _lift(self, deed: Deed) -> None:
        record, effective = self._one(deed, "LISTED", "SUSPENDED"), self._today() + timedelta(days=deed.days)
        how = lift_draft(effective.isoformat(), decided_on=self._today())
        self._records.lift(record.id, record.version, how, call())

    def _revoke(self, deed: Deed) -> None:
        record = self._one(deed)
        self._records.revoke(record.id, record.version, revocation(decided_on=self._today()), None, call())

    def _replace(self, deed: Deed) -> None:
        record = self._one(deed)
        how, fresh = revocation(decided_on=self._today()), self._planned(deed.wish)
        self._records.revoke(record.id, record.version, how, fresh, call())

    def _confirm(self, deed: Deed) -> None:
        record = self._one(deed, "QUARANTINED")
        typed = doubtful_code(deed.wish.number) if deed.wish.in_doubt else code(deed.wish.number)
        how = confirmation(on=self._today())
        self._records.confirm(record.id, record.version, typed, how, _draft_of, call())

    def _pass_days(self, deed: Deed) -> None:  # noqa: ARG002 - as every deed
        while self._records.pass_days():
            pass

    def _exit(self, deed: Deed) -> None:
        number, today = deed.wish.number, self._today()
        given = exit_samples.obligation(
            item=f"{deed.which}号高炉",
            ordered_on=exit_samples.ORDERED.isoformat(),
            due_on=(exit_samples.DUE + timedelta(days=max(deed.days, 0))).isoformat(),
        )
        stored = self._obligations.register(exit_samples.registration(given, number=number), call()).registered
        self._obligations.declare_active_exit(stored.id, stored.version, exit_samples.active_exit(today), call())

    def _withdraw(self, deed: Deed) -> None:
        with self._reader.connection() as connection:
            rows = connection.execute("SELECT id::text FROM exit_obligation ORDER BY id").fetchall()
        if not rows:
            raise SanctionError("there is no obligation")
        stored = self._obligations.get(rows[deed.which % len(rows)][0], call().principal).registered
        self._obligations.withdraw(stored.id, stored.version, exit_samples.withdrawal(self._today()), call())

    def _edition(self, deed: Deed) -> None:
        document = DOCUMENTS[deed.which % len(DOCUMENTS)]
        repeals = {document: self._today() + timedelta(days=deed.days)}
        since = (self._today() - timedelta(days=deed.wish.days_ago)).isoformat()
        edition = law_texts.catalogue(f"made-up-{deed.which}", decisions_from=since, repeals=repeals)
        with connect(self._dsn) as connection:
            install_editions(connection, [edition], now=self._clock())

    def _planned(self, wish: Wish, *, decided: date | None = None) -> RecordDraft:
        today = self._today()
        decided = decided or today - timedelta(days=wish.days_ago)
        limit = longest(wish.publication_class.value, decided)
        minor = wish.publication_class is PublicationClass.MINOR
        published_to = None if minor else limit
        if published_to and wish.published_for is not None:
            published_to = min(published_to, today + timedelta(days=wish.published_for))
        ends = {
            area: None if offset is None and not minor else min(limit, today + timedelta(days=offset or 0))
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
        typed = code(wish.number)
        if wish.in_doubt:
            typed, others = (wish.old_number or doubtful_code(wish.number)), ()
        given = with_enterprise(
            given, code=typed, other_identifiers=others, former_names=(wish.former_name,) if wish.former_name else ()
        )
        if wish.penalty_days_ago is None:
            return given
        return with_decision(given, penalty=penalty(today - timedelta(days=wish.penalty_days_ago)))


def _drawn_wish(rng: Random) -> Wish:
    ends = (None, 0, 1, 30, 200, 700)
    return Wish(
        number=rng.choice(ENTERPRISES),
        item=rng.choice(("", "1号窑", "2号窑", "3号窑")),
        days_ago=rng.choice((0, 1, 60)),
        publication_class=rng.choice(list(PublicationClass)),
        published_for=rng.choice(ends),
        areas={area: rng.choice(ends) for area in rng.sample(NINE, rng.randint(1, 6))},
        penalty_days_ago=rng.choice((None, None, 0, 800, 1090, 1200)),
        old_number=rng.choice((None, None, *REGISTRATION_NUMBERS)),
        former_name=rng.choice((None, None, *FORMER_NAMES)),
        in_doubt=rng.random() < 0.2,
    )


def _draft_of(record: SanctionRecord) -> RecordDraft:
    if record.decision is None:
        raise SanctionError("it is not decided")
    return samples.draft_of(record)

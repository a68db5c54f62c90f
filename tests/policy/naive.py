"""
The policy once more, day by day: given what happened, what each area says on a day.

It knows nothing of records, versions and states of the service. It takes the plain list of what happened, lays every dated
word on its day, and walks through the days with a few flags: listed, resting, over.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.terms import Area, PublicationClass, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.policy.plain_law import PlainLaw

ONE_DAY: Final = timedelta(days=1)
_WORST_FIRST: Final = (Verdict.RESTRICTED, Verdict.UNKNOWN, Verdict.ADVISORY, Verdict.CLEAR)


class What(StrEnum):
    """What can happen to a record."""

    PAPER = "PAPER"
    NOTICE = "NOTICE"
    STATEMENT = "STATEMENT"
    DECIDE = "DECIDE"
    LIST = "LIST"
    CONFIRM = "CONFIRM"
    OBJECT = "OBJECT"
    SETTLE = "SETTLE"
    SUSPEND = "SUSPEND"
    RESUME = "RESUME"
    LIFT = "LIFT"
    REPAIR = "REPAIR"
    REVOKE = "REVOKE"
    AMEND = "AMEND"
    PASS = "PASS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """The overdue exit: what it was ordered under, when, until when, and how many months it was extended by."""

    standard: str
    ordered: date
    due: date | None
    extension: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a notice intends or a decision says. `published_to` and a measure's end are None where nobody wrote one."""

    decided: date | None
    served: date
    publication_class: PublicationClass
    published_to: date | None
    ends: tuple[tuple[Area, date | None], ...]
    penalty: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """
    One thing that happened on `today`. `dated` is the day that its document bears, `effective` the day that it names for its
    effect. `word` is the kind of a statement, the ground of a lift or the outcome of an objection; `code` is right, doubtful
    or old; `said` are the statements that came with a decision on paper.
    """

    what: What
    today: date
    dated: date | None = None
    effective: date | None = None
    applied: date | None = None
    terms: Terms | None = None
    word: str = ""
    code: str = ""
    exit: Exit | None = None
    said: tuple[tuple[str, date], ...] = ()
    needs_others: bool = False
    completed: bool | None = None

    def told(self) -> str:
        """Return it in a line, without what nobody said."""
        fields = ((field.name, getattr(self, field.name), field.default) for field in dataclasses.fields(self)[2:])
        rest = " ".join(f"{name}={value}" for name, value, default in fields if value != default)
        return f"{self.today} {self.what} {rest}".replace("datetime.date", "")


class Flag(StrEnum):
    """What a day can switch."""

    LISTED = "LISTED"
    RESTING = "RESTING"
    AWAKE = "AWAKE"
    OVER = "OVER"


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """What today's reader of the file knows: what it says in the end, and on which day what was switched."""

    terms: Terms | None
    edition: str
    awaits_confirmation: bool
    switches: dict[date, list[Flag]]

    def last(self, area: Area, law: PlainLaw) -> date | None:
        """Return the last day of an area's measure; None where there is none."""
        if self.terms is None or self.terms.decided is None:
            return None
        for which, end in self.terms.ends:
            if which is area:
                return end or self.published_to(law)
        return None

    def published_to(self, law: PlainLaw) -> date | None:
        terms = self.terms
        if terms is None or terms.decided is None or terms.publication_class is PublicationClass.MINOR:
            return None
        return terms.published_to or law.period("max_months", terms.publication_class, terms.decided)


_NOTHING: Final = File(terms=None, edition="", awaits_confirmation=False, switches={})


def read(events: Sequence[Event], law: PlainLaw) -> File:
    """Return what the file says to who reads all of it."""
    begun = [event for event in events if event.what in {What.PAPER, What.LIST}]
    terms = next((event.terms for event in reversed(events) if event.terms), None)
    if any(event.what is What.REVOKE or event.word == "REVOKED" for event in events) or not begun:
        return _NOTHING
    decided = next(e.terms.decided for e in events if e.terms and e.what in {What.PAPER, What.DECIDE})
    assert decided
    assert terms
    assert terms.decided
    paper = begun[0].what is What.PAPER
    flags = [(terms.decided if paper else begun[0].effective or begun[0].today, Flag.LISTED)]
    rests = {What.SUSPEND: Flag.RESTING, What.RESUME: Flag.AWAKE}
    flags += [(event.effective or event.today, rests[event.what]) for event in events if event.what in rests]
    ends = [event.effective or event.today for event in events if event.what in {What.LIFT, What.REPAIR}]
    flags += [(day, Flag.OVER) for day in ends[-1:]]
    switches: dict[date, list[Flag]] = {}
    for day, flag in flags:
        switches.setdefault(day, []).append(flag)
    return File(
        terms=terms,
        edition=law.edition_for(decided),
        awaits_confirmation=begun[0].code != "right" and all(event.what is not What.CONFIRM for event in events),
        switches=switches,
    )


def walk(file: File, days: Sequence[date]) -> Iterator[tuple[date, bool]]:
    """Go through the days one by one up to the last of `days`, which are in order; yield for each whether it has effect."""
    if not file.switches:
        yield from ((day, False) for day in days)
        return
    asked = set(days)
    listed = resting = over = False
    day = min([*file.switches, *days])
    last, switches = days[-1], file.switches
    while day <= last:
        for flag in switches.get(day, ()):
            listed = listed or flag is Flag.LISTED
            over = over or flag is Flag.OVER
            resting = flag is Flag.RESTING or (resting and flag is not Flag.AWAKE)
        if day in asked:
            yield day, listed and not resting and not over
        day += ONE_DAY


def interpret(events: Sequence[Event], days: Sequence[date], law: PlainLaw) -> dict[date, dict[Area, Verdict]]:
    """Return what one record alone says of every area on each day, by today's knowledge. `days` are in order."""
    file = read(events, law)
    ends = {area: file.last(area, law) for area in Area}
    said: dict[date, dict[Area, Verdict]] = {}
    for day, effect in walk(file, days):
        said[day] = {area: _verdict(file, area, ends[area], day, effect=effect, law=law) for area in Area}
    return said


def _verdict(file: File, area: Area, end: date | None, day: date, *, effect: bool, law: PlainLaw) -> Verdict:
    if not effect or end is None or day > end or file.terms is None:
        return Verdict.CLEAR
    if file.awaits_confirmation:
        return Verdict.UNKNOWN
    for basis in law.catalogues[file.edition][area]:
        if basis.holds(day, file.terms.penalty):
            return Verdict.RESTRICTED if basis.binding else Verdict.ADVISORY
    return Verdict.ADVISORY  # what it stood on has lapsed: it stands, and binds nobody


def worst(said: Sequence[Mapping[Area, Verdict]]) -> Mapping[Area, Verdict]:
    """Return what several records of one enterprise say together."""
    if len(said) == 1:
        return said[0]
    return {area: min((one[area] for one in said), key=_WORST_FIRST.index) for area in Area}


def shown(events: Sequence[Event], days: Sequence[date], law: PlainLaw) -> dict[date, tuple[frozenset[Area], bool]]:
    """Return for each day the areas in which a platform shows the record, and whether a website does."""
    file = read(events, law)
    published_to = file.published_to(law)
    shown: dict[date, tuple[frozenset[Area], bool]] = {}
    for day, effect in walk(file, days):
        on = effect and not file.awaits_confirmation
        ends = {area: file.last(area, law) for area in Area} if on else {}
        areas = frozenset(area for area, end in ends.items() if end and day <= end)
        shown[day] = (areas, bool(on and published_to and day <= published_to))
    return shown

"""
What every answer should say, a second time: the change log read with plain SQL, and plain rules over what it says, slow and
obvious. It knows nothing of an index, of facts or of anything that is prepared.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import psycopg
from tests.policy.plain_law import PlainLaw
from tests.restrictions.plain_model import CREDIT, LAND, NINE

if TYPE_CHECKING:
    from collections.abc import Iterable


SHANGHAI: Final = timezone(timedelta(hours=8))
PLAIN_DOUBT: Final = {"CLEAR", "ADVISORY"}
UNTOLD: Final = {"NOTICE_SERVED", "DECIDED", "REVOKED"}


class Rev(NamedTuple):
    """A revision: epochs come before numbers."""

    epoch: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    A question. `kind` says of the code: right or doubtful (a full code), organisation, or registration. Land may be asked
    about for the exit's own disposal of it.
    """

    code: str
    kind: str
    name: str = ""
    disposal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """A record as one row of the change log says it."""

    name: str
    code: str
    names: frozenset[str]
    numbers: frozenset[str]
    state: str
    since: date
    ends: dict[str, date]
    last: date
    ended_on: date | None
    rests: tuple[tuple[date, date | None], ...]
    penalty: date | None
    edition: str
    was_listed: bool
    disputed: bool

    def rests_on(self, day: date) -> bool:
        return any(first <= day and (resumed is None or day < resumed) for first, resumed in self.rests)

    def runs(self, day: date) -> bool:
        """Whether it restricts on a day, in the areas whose end has not come."""
        match self.state:
            case "LISTED" | "SUSPENDED":
                holds = self.since <= day <= self.last
            case "LIFTED" | "EXPIRED":
                holds = self.ended_on is not None and self.since <= day < self.ended_on
            case _:
                holds = False
        return holds and not self.rests_on(day)

    def awaits(self, day: date) -> bool:
        return self.state == "QUARANTINED" and self.since <= day <= self.last

    def state_in(self, area: str, day: date) -> str:
        """Return what has become of it in an area, empty where it never restricted before a day or on it."""
        first_without = min(self.ended_on or date.max, self.ends[area] + timedelta(days=1))
        if self.state not in {"LISTED", "SUSPENDED", "LIFTED", "EXPIRED"} or not self.since < first_without:
            return ""
        if day < self.since:
            return ""
        if day >= first_without:
            return "ENDED"
        if self.rests_on(day):
            return "SUSPENDED"
        return "DISPUTED" if self.disputed else "LISTED"

    def stands_in(self, area: str, day: date) -> bool:
        """Whether it says something about an area on a day, or would if its code were confirmed."""
        return area in self.ends and day <= self.ends[area] and (self.runs(day) or self.awaits(day))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that was known at one revision."""

    revision: Rev
    records: tuple[Then, ...]
    supported: dict[str, list[dict[str, Any]]]
    law: PlainLaw

    def says(self, record: Then, area: str, day: date) -> str:
        """Return what one record alone says about an area."""
        if not record.runs(day) or area not in record.ends or day > record.ends[area]:
            return "CLEAR"
        bases = self.law.catalogues[record.edition][area]
        return "RESTRICTED" if next((b.binding for b in bases if b.holds(day, record.penalty)), False) else "ADVISORY"

    def verdicts(self, asked: Asked, day: date, *, stale: bool = False) -> dict[str, str]:
        """Return the verdict of each of the nine areas."""
        led_to = self._led_to(asked.code)
        own = [r for r in self.records if r.code in led_to and r.state not in UNTOLD]
        inside = {"right": asked.code[8:17], "doubtful": asked.code[8:17], "organisation": asked.code}.get(
            asked.kind, "-"
        )
        kin_of = self._led_to(inside) - led_to
        kin = [r for r in self.records if r.code in kin_of]
        called_so = {r.code for r in self.records if asked.name in r.names} - {*led_to, asked.code}
        namesakes = [r for r in self.records if asked.name and r.code in called_so]
        firm = {r.code for r in own if r.was_listed}
        leads_nowhere = asked.kind != "right" and not (len(firm) == 1 and {r.code for r in own} == firm)
        another_name = bool(asked.name and own) and not any(asked.name in r.names for r in own)
        answers = {}
        for area in NINE:
            free = asked.disposal and area == LAND
            said = set() if free else {self.says(r, area, day) for r in own}
            waiting = [r for r in own if r.state == "QUARANTINED"]
            grave = stale or leads_nowhere or (not free and any(r.stands_in(area, day) for r in [*waiting, *kin]))
            slight = another_name or (not free and any(r.stands_in(area, day) for r in namesakes))
            worst = next((word for word in ("RESTRICTED", "ADVISORY") if word in said), "CLEAR")
            if worst in PLAIN_DOUBT and (grave or (slight and worst == "CLEAR")):
                worst = "UNKNOWN"
            answers[area] = worst
        return answers

    def shown(self, asked: Asked, day: date, *, ended: bool = False) -> set[tuple[str, str, str]]:
        """Return record, area and state of every measure in force, and where it is wished of what rests or has ended."""
        led_to = self._led_to(asked.code)
        return {
            (record.name, area, state)
            for record in self.records
            if record.code in led_to
            for area in record.ends
            if not (asked.disposal and area == LAND)
            and (state := record.state_in(area, day))
            and (ended or state in {"LISTED", "DISPUTED"})
        }

    def standing(self, day: date, numbers: Iterable[str] | None = None) -> set[tuple[str, str]]:
        """
        Return record and area of every measure in force: whosever it is or, with `numbers`, of whom a look-up of one of these
        would speak, kin included.
        """
        standing = {"LISTED", "DISPUTED"}
        of_whom: set[str] | None = None
        if numbers is not None:
            asked = set(numbers)
            of_whom = {code for number in asked | _inside(asked) for code in self._led_to(number)}
        return {
            (r.name, area)
            for r in self.records
            if of_whom is None or r.code in of_whom
            for area in r.ends
            if r.state_in(area, day) in standing
        }

    def is_supported(self, asked: Asked, day: date) -> bool:
        """Whether lenders are told to support it: where FINANCING_CREDIT is CLEAR."""
        codes = {asked.code, *self._led_to(asked.code)}
        return self.verdicts(asked, day)[CREDIT] == "CLEAR" and any(
            _is_supported(body, day) for code in codes for body in self.supported.get(code, ())
        )

    def _led_to(self, number: str) -> set[str]:
        return {r.code for r in self.records if number and (number == r.code or number in r.numbers)}


class Truth:
    """
    Reads what is new whenever it is asked for a revision that it does not have. A store that was restored has another, which
    `begins` with a head that no commit has drawn.
    """

    def __init__(self, dsn: str, *, begins: Rev | None = None) -> None:
        self._connection = psycopg.connect(dsn, autocommit=True)
        self._begins = begins
        self.revisions: dict[Rev, datetime] = {}
        self._changes: list[tuple[Rev, str, str, dict[str, Any]]] = []
        self._texts: list[tuple[Rev, str]] = []
        self._pages: dict[Rev, Page] = {}
        self._laws: dict[tuple[str, ...], PlainLaw] = {}

    def close(self) -> None:
        """Read no more; what was read stays."""
        self._connection.close()

    def at(self, revision: Rev) -> Page:
        """Return what was known at a revision that was committed."""
        if revision not in self._pages:
            assert self.has(revision), f"revision {revision} was never committed"
            self._pages[revision] = self._page(revision)
        return self._pages[revision]

    def has(self, revision: Rev) -> bool:
        """Whether the store was ever at this revision."""
        if not self.had(revision):
            self.read()
        return self.had(revision)

    def had(self, revision: Rev) -> bool:
        """Whether it was, by what was read so far."""
        return revision in self.revisions or revision == self._begins

    def at_instant(self, instant: datetime) -> Rev | None:
        """Return the highest revision that was known at an instant, None before the first."""
        return max((rev for rev, known_at in self.revisions.items() if known_at <= instant), default=None)

    def read(self) -> None:
        """Read what was committed since the last time."""
        last = max(self.revisions, default=Rev(0, 0))
        with self._connection.transaction():
            self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            drawn = self._connection.execute(
                "SELECT epoch, number, known_at FROM revision WHERE (epoch, number) > (%s, %s)", last
            ).fetchall()
            changes = self._connection.execute(
                "SELECT epoch, revision, kind, subject_id::text, body FROM change_log"
                " WHERE (epoch, revision) > (%s, %s) AND kind IN ('record', 'obligation') ORDER BY epoch, revision, ordinal",
                last,
            ).fetchall()
            texts = self._connection.execute(
                "SELECT epoch, revision, text FROM law_edition WHERE (epoch, revision) > (%s, %s) ORDER BY ordinal",
                last,
            ).fetchall()
        self.revisions |= {Rev(epoch, number): known_at for epoch, number, known_at in drawn}
        self._changes += [(Rev(epoch, number), kind, subject, body) for epoch, number, kind, subject, body in changes]
        self._texts += [(Rev(epoch, number), text) for epoch, number, text in texts]

    def _page(self, revision: Rev) -> Page:
        latest = {(kind, subject): body for rev, kind, subject, body in self._changes if rev <= revision}
        supported: dict[str, list[dict[str, Any]]] = {}
        for (kind, _), body in latest.items():
            if kind == "obligation" and "active_exit" in body:
                supported.setdefault(body["enterprise"]["code"], []).append(body)
        texts = tuple(text for rev, text in self._texts if rev <= revision)
        if texts not in self._laws:
            self._laws[texts] = PlainLaw(texts)
        records = tuple(_then(body) for (kind, _), body in latest.items() if kind == "record")
        return Page(revision=revision, records=records, supported=supported, law=self._laws[texts])


def _then(body: dict[str, Any]) -> Then:
    enterprise, decision = body["enterprise"], body.get("decision")
    published = _day(body.get("publication_end"))
    ends = {one["area"]: _day(one.get("end")) or published for one in body["measures"]}
    whole = {area: end for area, end in ends.items() if end and decision}
    assert len(whole) == len(ends) or not decision, body
    code = enterprise["code"]
    others = [one["value"] for one in enterprise.get("other_identifiers", [])]
    return Then(
        name=f"sanctionRecords/{body['id']}",
        code=code,
        names=frozenset([enterprise["name"], *enterprise.get("former_names", [])]),
        numbers=frozenset([*others, *_inside([code, *others])]) - {code},
        state=body["state"],
        since=_some_day(body.get("listed_on") or decision["decided_on"]) if decision else date.max,
        ends=whole,
        last=max([*whole.values(), *([published] if published else [])], default=date.max),
        ended_on=_day((body.get("ending") or {}).get("effective_on")),
        rests=tuple(
            (_some_day(one["effective_on"]), _day(one.get("resumed_on"))) for one in body.get("suspensions", ())
        ),
        penalty=_day(((decision or {}).get("penalty") or {}).get("decided_on")),
        edition=body["catalogue_edition"],
        was_listed=body["ever_listed"],
        disputed="objection" in body and "outcome" not in body["objection"],
    )


def _is_supported(body: dict[str, Any], day: date) -> bool:
    if body.get("withdrawal") or day < _some_day(body["active_exit"]["declared_on"]):
        return False
    obligation = body["obligation"]
    last = _some_day(obligation.get("moved_to") or obligation["due_on"])
    completed = _day((body.get("completion") or {}).get("completed_on"))
    return day <= last or (completed is not None and completed <= last)


def _inside(codes: Iterable[str]) -> set[str]:
    """Return the organisation codes inside full codes."""
    return {code[8:17] for code in codes if len(code) == 18}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _some_day(text: str) -> date:
    return date.fromisoformat(text)


def shanghai_day(instant: datetime) -> date:
    return instant.astimezone(SHANGHAI).date()

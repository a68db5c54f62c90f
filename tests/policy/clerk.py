"""
Which step may follow, written down a second time: a clerk with the policy beside him, who says yes or no to what is asked.

He keeps what he needs for that of one record, and nothing of it comes from the service.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from tests.policy.naive import Event, Exit, Terms, What

from credit_sanction_service.domain.terms import ALL_AREAS, PublicationClass

if TYPE_CHECKING:
    from tests.policy.plain_law import PlainLaw

EFFECTIVE: Final = frozenset({"LISTED", "SUSPENDED"})
OPEN_TO_OBJECTION: Final = frozenset({"DECIDED", "LISTED", "SUSPENDED", "QUARANTINED"})
AMENDABLE: Final = frozenset({"LISTED", "SUSPENDED", "QUARANTINED"})
HEARD: Final = frozenset({"HEARING_HELD", "WAIVED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """
    What the clerk's card of a record says. `over_from` is the first day without effect of a lift, `rest_ordered` the date of
    the last order to suspend, `objected` the day of an open objection,
    `settled` that on which the last one was decided.
    """

    state: str
    exit: Exit
    terms: Terms
    edition: str
    code: str
    said: tuple[tuple[str, date], ...] = ()
    listed_on: date | None = None
    rests: tuple[tuple[date, date | None], ...] = ()
    rest_ordered: date | None = None
    objected: date | None = None
    last_objected: date | None = None
    settled: date | None = None
    repaired: bool = False
    over_from: date | None = None
    was_listed: bool = False

    @property
    def since(self) -> date:
        assert self.terms.decided
        return self.listed_on or self.terms.decided

    def last(self) -> date:
        ends = [end or self.terms.published_to for _, end in self.terms.ends]
        return max(day for day in [*ends, self.terms.published_to] if day)

    def ahead(self, today: date) -> bool:
        """Whether it was lifted for a day that has not come."""
        return bool(self.state == "LIFTED" and self.over_from and self.over_from > today and today <= self.last())

    def rests_now(self) -> bool:
        """Whether an order to suspend is not undone."""
        return bool(self.rests and self.rests[-1][1] is None)

    def ended(self, today: date) -> bool:
        """Whether its dates have passed, while nothing else has ended it."""
        return self.state in EFFECTIVE and today > self.last()


class Clerk:
    """Says of every step what becomes of the card, None where it must be refused."""

    def __init__(self, law: PlainLaw) -> None:
        self._law = law

        self._steps = {
            What.STATEMENT: self._statement,
            What.DECIDE: self._decide,
            What.LIST: self._list,
            What.CONFIRM: self._confirm,
            What.OBJECT: self._object,
            What.SETTLE: self._settle,
            What.SUSPEND: self._suspend,
            What.RESUME: self._resume,
            What.LIFT: self._end,
            What.REPAIR: self._end,
            What.REVOKE: self._revoke,
            What.AMEND: self._amend,
            What.PASS: self._pass,
        }

    def after(self, life: Life | None, event: Event) -> Life | None:
        """Return the card after a step, None where the step must be refused."""
        if life is None:
            return self._paper(event) if event.what is What.PAPER else self._notice(event)
        return self._steps[event.what](life, event)

    def _paper(self, event: Event) -> Life | None:
        exit_, terms = event.exit, event.terms
        assert exit_
        assert terms
        edition = self._law.edition_for(terms.decided or event.today)
        full = self._full(terms, edition, exit_, event.said, event.today)
        if full is None:
            return None
        sure = event.code == "right"
        state = "LISTED" if sure else "QUARANTINED"
        life = Life(
            state=state, exit=exit_, terms=full, edition=edition, code=event.code, said=event.said, was_listed=sure
        )
        return life if life.last() >= event.today else None

    def _notice(self, event: Event) -> Life | None:
        exit_, terms = event.exit, event.terms
        assert exit_
        assert terms
        over = self._overdue_since(exit_, event.today)
        if over is None or not over < terms.served <= event.today:
            return None
        edition = self._law.edition_for(terms.served)
        if not self._areas_known(terms, edition):
            return None
        return Life(state="NOTICE_SERVED", exit=exit_, terms=terms, edition=edition, code=event.code)

    def _statement(self, life: Life, event: Event) -> Life | None:
        day = event.dated
        if life.state != "NOTICE_SERVED" or day is None or not life.terms.served <= day <= event.today:
            return None
        step = (event.word, day)
        return replace(life, said=(*life.said, step)) if self._may_say(step, life.terms.served, life.said) else None

    def _may_say(self, step: tuple[str, date], served: date, said: tuple[tuple[str, date], ...]) -> bool:
        """Whether a hearing was asked for in time, and is held only when it was asked for."""
        kind, day = step
        if kind == "HEARING_HELD":
            return any(other == "HEARING_REQUESTED" and on <= day for other, on in said)
        window = self._window(served)
        return kind != "HEARING_REQUESTED" or window is None or day <= window

    def _decide(self, life: Life, event: Event) -> Life | None:
        terms = event.terms
        if life.state != "NOTICE_SERVED" or terms is None or terms.decided is None:
            return None
        edition = self._law.edition_for(terms.decided)
        full = self._full(terms, edition, life.exit, life.said, event.today)
        return replace(life, state="DECIDED", terms=full, edition=edition) if full else None

    def _list(self, life: Life, event: Event) -> Life | None:
        if life.state != "DECIDED" or event.today > life.last():
            return None
        day = event.effective or event.today
        if not life.since <= day <= event.today:
            return None
        sure = life.code == "right"
        return replace(life, state="LISTED" if sure else "QUARANTINED", listed_on=day, was_listed=sure)

    def _confirm(self, life: Life, event: Event) -> Life | None:
        if life.state != "QUARANTINED" or event.code == "old" or event.today > life.last():
            return None
        return replace(life, state="LISTED", was_listed=True, code=event.code)

    def _object(self, life: Life, event: Event) -> Life | None:
        if not (life.state in OPEN_TO_OBJECTION or life.ahead(event.today)) or life.objected or life.ended(event.today):
            return None
        day = event.dated or event.today
        assert life.terms.decided
        first = max(life.terms.decided, life.settled or life.terms.decided)
        return replace(life, objected=day, last_objected=day) if first <= day <= event.today else None

    def _settle(self, life: Life, event: Event) -> Life | None:
        day = event.dated
        if not life.objected or day is None or not life.objected <= day <= event.today:
            return None
        settled = replace(life, objected=None, settled=day)
        if event.word == "REVOKED":
            return self._revoke(settled, event)
        return self._amend(settled, event) if event.word == "CORRECTED" else settled

    def _suspend(self, life: Life, event: Event) -> Life | None:
        ahead = life.ahead(event.today)
        if not (life.state == "LISTED" or (ahead and not life.rests_now())) or not self._may_rest(life, event):
            return None
        day = event.effective or event.today
        if day < max([life.since, *(end for _, end in life.rests if end)]):
            return None
        state = "LIFTED" if ahead else "SUSPENDED"
        return replace(life, state=state, rests=(*life.rests, (day, None)), rest_ordered=event.dated)

    def _resume(self, life: Life, event: Event) -> Life | None:
        ahead = life.ahead(event.today)
        if not (life.state == "SUSPENDED" or (ahead and life.rests_now())) or not self._may_rest(life, event):
            return None
        day, began = event.effective or event.today, life.rests[-1][0]
        if day < began or not (event.dated and life.rest_ordered and life.rest_ordered <= event.dated):
            return None
        return replace(life, state="LIFTED" if ahead else "LISTED", rests=(*life.rests[:-1], (began, day)))

    def _may_rest(self, life: Life, event: Event) -> bool:
        """Whether a record that has not ended may rest, or wake, by a document of that date from that day on."""
        day, dated = event.effective or event.today, event.dated
        assert life.terms.decided
        return not life.ended(event.today) and bool(dated and life.terms.decided <= dated <= event.today >= day)

    def _revoke(self, life: Life, event: Event) -> Life | None:
        begun = life.terms.decided if life.terms.decided and life.state != "NOTICE_SERVED" else life.terms.served
        legal = life.state != "REVOKED" and event.dated is not None and begun <= event.dated <= event.today
        return replace(life, state="REVOKED", objected=None) if legal else None

    def _pass(self, life: Life, event: Event) -> Life:
        return replace(life, state="EXPIRED") if life.ended(event.today) else life

    def _end(self, life: Life, event: Event) -> Life | None:
        if not (life.state in EFFECTIVE or life.ahead(event.today)) or life.ended(event.today):
            return None
        day, dated, decided = event.effective or event.today, event.dated, life.terms.decided
        assert decided
        if dated is None or not decided <= dated <= event.today or not life.since <= day <= life.last():
            return None
        if life.repaired and life.over_from and day > life.over_from:
            return None
        if event.what is What.REPAIR:
            applied = event.applied or dated
            if event.completed is False or applied > dated or min(applied, day) < self.repair_from(life.terms):
                return None
        elif event.word == "REPAIR" or (event.word == "EXIT_COMPLETED" and event.completed is False):
            return None
        return replace(life, state="LIFTED", over_from=day, repaired=event.what is What.REPAIR)

    def repair_from(self, terms: Terms) -> date:
        """Return the first day of repair: the day after the least period, the document's own where there is none."""
        assert terms.decided
        least = self._law.period("min_months", terms.publication_class, terms.decided)
        return least + timedelta(days=1) if least > terms.decided else least

    def _amend(self, life: Life, event: Event) -> Life | None:
        terms = event.terms
        if (
            not (life.state in AMENDABLE or life.ahead(event.today))
            or life.ended(event.today)
            or terms is None
            or terms.decided is None
        ):
            return None
        full = self._full(terms, life.edition, life.exit, life.said, event.today)
        later = [life.listed_on, life.last_objected, life.rests[0][0] if life.rests else None]
        if full is None or any(day < terms.decided for day in later if day):
            return None
        amended = replace(life, terms=full)
        return amended if amended.last() >= event.today else None

    def _full(
        self, terms: Terms, edition: str, exit_: Exit, said: tuple[tuple[str, date], ...], today: date
    ) -> Terms | None:
        """Return what a decision says with its publication's last day filled in; None where it must not be taken."""
        decided, over = terms.decided, self._overdue_since(exit_, today)
        if decided is None or over is None or not over < decided <= today or not terms.served <= decided:
            return None
        if terms.served <= over or (terms.penalty and terms.penalty > today):
            return None
        if not self._was_heard(terms.served, decided, said) or not self._areas_known(terms, edition):
            return None
        longest = self._law.period("max_months", terms.publication_class, decided)
        minor = terms.publication_class is PublicationClass.MINOR
        if terms.published_to and (minor or not decided <= terms.published_to <= longest):
            return None
        if any((end is None and minor) or (end and not decided <= end <= longest) for _, end in terms.ends):
            return None
        return replace(terms, published_to=None if minor else terms.published_to or longest)

    def _areas_known(self, terms: Terms, edition: str) -> bool:
        areas = [area for area, _ in terms.ends]
        rows = self._law.catalogues[edition]
        return 1 <= len(areas) <= len(ALL_AREAS) and len(set(areas)) == len(areas) and all(a in rows for a in areas)

    def _was_heard(self, served: date, decided: date, said: tuple[tuple[str, date], ...]) -> bool:
        if any(not served <= step[1] <= decided or not self._may_say(step, served, said) for step in said):
            return False
        asked = [day for kind, day in said if kind == "HEARING_REQUESTED"]
        answered = [(kind, day) for kind, day in said if kind in HEARD]
        # A hearing on the day of the request answers it; a waiver of that day may have come before it.
        if asked and not any(
            day > max(asked) or (kind == "HEARING_HELD" and day == max(asked)) for kind, day in answered
        ):
            return False
        window = self._window(served)
        return bool(answered) or (window is not None and decided > window)

    def _window(self, served: date) -> date | None:
        return self._law.working_day(served, self._law.limits["hearing_request"]["days"])

    def _overdue_since(self, exit_: Exit, today: date) -> date | None:
        """Return an exit's last day once it has passed; None where it has not, cannot be told, or the order is no good."""
        rule = self._law.deadlines[exit_.standard]
        if exit_.ordered > today or not 0 <= exit_.extension <= rule["extension_months"]:
            return None
        last = self._law.last_day(exit_.standard, exit_.ordered, exit_.due, exit_.extension)
        return last if last and last < today else None

"""Holds every answer against the truth of the revision that it names, and that revision against what was demanded."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final

from tests.restrictions.plain_model import CREDIT, NINE
from tests.restrictions.soak.truth import Rev, shanghai_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.restrictions.soak.asking import Reply, Said
    from tests.restrictions.soak.truth import Page, Truth

WORST: Final = ("RESTRICTED", "UNKNOWN", "ADVISORY", "CLEAR")
# What a place may say when it cannot answer, and then it has said nothing false.
CANNOT: Final = ("UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "CANCELLED")


@dataclass(slots=True)
class Tally:
    """What was compared so far, with what was said, and how often no answer came; and what differed the last time."""

    comparisons: int = 0
    copies: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    unanswered: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the asker knows: the revision that the store had so long ago that only a stale answer may be older; and the day."""

    newest_then: Rev
    day: date


def differences(reply: Reply, expected: Expected, truth: Truth, former: Sequence[Truth], tally: Tally) -> list[str]:
    """Return what is wrong with a reply, each in a sentence."""
    wanted = reply.wanted
    tally.asked[wanted.form] += 1
    tally.places[reply.where] += 1
    if reply.fault:
        status = reply.fault.partition(":")[0]
        tally.unanswered[status] += 1
        too_early = wanted.known_at is not None and truth.at_instant(wanted.known_at) is None
        allowed = (
            status in CANNOT
            or (status == "FAILED_PRECONDITION" and "epoch" in reply.fault)
            or (status == "INVALID_ARGUMENT" and too_early)
        )
        return [] if allowed else [f"{reply.where}: {wanted}: {reply.fault}"]
    wrong = []
    page = _page(reply.revision, truth, former)
    if page is None:
        return [f"{reply.where}: {wanted}: revision {reply.revision} was never committed"]
    day = shanghai_day(wanted.known_at) if wanted.known_at and not wanted.day else expected.day
    if reply.day != day:
        wrong.append(f"{wanted}: speaks of {reply.day}, not of {day}")
    wrong += _misplaced(reply, expected, truth)
    put = f"{reply.where} at {reply.revision} on {day}: {wanted}"
    for said in reply.answers:
        wrong += [f"{put}: {said.asked}: {what}" for what in _unlike(said, page, reply, tally)]
    return wrong


def _page(revision: Rev, truth: Truth, former: Sequence[Truth]) -> Page | None:
    """Return the page of a revision; one that a restore has undone may still be spoken of for a moment."""
    if truth.has(revision):
        return truth.at(revision)
    return next((book.at(revision) for book in former if book.had(revision)), None)


def _misplaced(reply: Reply, expected: Expected, truth: Truth) -> list[str]:
    """Return what is wrong with the revision itself."""
    wanted, got = reply.wanted, reply.revision
    if wanted.exactly and (got != wanted.exactly or reply.stale):
        return [f"{wanted}: answered at {got}, stale {reply.stale}"]
    if wanted.known_at and got != (then := truth.at_instant(wanted.known_at)):
        return [f"{wanted}: answered at {got}, known was {then}"]
    if wanted.least and got < wanted.least:
        return [f"{wanted}: answered at {got}"]
    of_now = not (wanted.exactly or wanted.known_at)
    if of_now and not reply.stale and got < expected.newest_then:
        return [f"{wanted}: answered at {got} and not said to be stale; long since known was {expected.newest_then}"]
    return []


def _unlike(said: Said, page: Page, reply: Reply, tally: Tally) -> list[str]:
    areas = reply.wanted.areas or NINE
    wanted = {
        area: verdict
        for area, verdict in page.verdicts(said.asked, reply.day, stale=reply.stale).items()
        if area in areas
    }
    tally.comparisons += len(wanted)
    tally.verdicts.update(said.areas.values())
    wrong = []
    if said.areas != wanted:
        unlike = {
            area: f"{said.areas.get(area)}, not {verdict}"
            for area, verdict in wanted.items()
            if said.areas.get(area) != verdict
        }
        wrong.append(f"{unlike or said.areas}")
    worst = next(word for word in WORST if word in wanted.values())
    if said.overall != worst:
        wrong.append(f"{said.overall} in all, not {worst}")
    shown = {one for one in page.shown(said.asked, reply.day, ended=reply.wanted.ended) if one[1] in areas}
    if said.shown is not None and said.shown != shown:
        wrong.append(f"shown {sorted(said.shown - shown)} too much, {sorted(shown - said.shown)} not")
    if said.directions is not None:
        wrong += _misdirected(said, page, reply, wanted[CREDIT])
    return wrong


def _misdirected(said: Said, page: Page, reply: Reply, verdict: str) -> list[str]:
    if verdict == "CLEAR":
        told: tuple[str, ...] = ("SUPPORT",) if page.is_supported(said.asked, reply.day) else ("NEUTRAL",)
    elif verdict in {"UNKNOWN", "ADVISORY"}:
        told = ("ADVISORY",) if verdict == "ADVISORY" else ()
    else:
        return [] if set(said.directions or ()) >= {"REFUSE_NEW_CREDIT"} else [f"a lender is told {said.directions}"]
    return [] if said.directions == told else [f"a lender is told {said.directions}, not {told}"]

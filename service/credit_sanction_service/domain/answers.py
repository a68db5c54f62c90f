"""
The answer of a look-up: a pure function of what is known and the day it speaks of.

Verdicts by area: RESTRICTED > UNKNOWN > ADVISORY > CLEAR; the answer's own is its worst over the areas asked. CLEAR means: a
well-formed code, and no measure in force. Whatever cannot be decided is UNKNOWN, with its reason; never silence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.effect import (
    UNTOLD,
    InForce,
    MeasureOfThePast,
    areas_running,
    in_force,
    may_have_effect,
    of_the_past,
)
from credit_sanction_service.domain.exits import RegisteredObligation
from credit_sanction_service.domain.facts import RecordFacts
from credit_sanction_service.domain.identifiers import Code, Judgement
from credit_sanction_service.domain.privacy import shown
from credit_sanction_service.domain.terms import (
    ALL_AREAS,
    SEVERITY,
    Action,
    Area,
    CreditDirection,
    LandPurpose,
    UnknownReason,
    Verdict,
)
from credit_sanction_service.domain.text import name_key

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from credit_sanction_service.domain.measures import Catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """
    Whom, in which areas. `code` is accepted or quarantined: a refused one is an error before it is a question. Land may be
    asked about for the exit's own disposal of it, which no measure blocks (长工信联字[2017]9号 §四(六)). `callers_areas` are those
    that the asker may ask about.
    """

    code: Code
    name: str
    areas: tuple[Area, ...]
    land_purpose: LandPurpose = LandPurpose.NEW_SUPPLY
    callers_areas: frozenset[Area] = frozenset(ALL_AREAS)

    @property
    def areas_barred(self) -> frozenset[Area]:
        """The areas asked in which a measure can bar what is asked about."""
        free = {Area.LAND_SUPPLY} if self.land_purpose is LandPurpose.EXIT_DISPOSAL else frozenset[Area]()
        return frozenset(self.areas) - free


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """
    What the index knows about a question. `records` are those of the enterprise that the code leads to, by itself or as an
    old number; `same_organisation` those under another code with the same organisation code; `same_name` those of
    enterprises under another code whose present or former name is the one given. `exits` are the enterprise's obligations
    with a declared active exit.
    """

    records: tuple[RecordFacts, ...] = ()
    same_organisation: tuple[RecordFacts, ...] = ()
    same_name: tuple[RecordFacts, ...] = ()
    exits: tuple[RegisteredObligation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An enterprise behind an UNKNOWN. Never a verdict."""

    code: str
    name: str
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    The answer for one enterprise: verdicts in the order of the areas asked, and what they rest on. `past` is what rests or has
    ended, where it was asked for: no verdict rests on it.
    """

    code: str
    name: str
    verdict: Verdict
    areas: Mapping[Area, Verdict]
    restrictions: tuple[InForce, ...] = ()
    unknown_reasons: tuple[UnknownReason, ...] = ()
    explanations: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = field(default=())
    credit_directions: tuple[CreditDirection, ...] = ()
    supports: tuple[RegisteredObligation, ...] = ()
    past: tuple[MeasureOfThePast, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doubt:
    """
    A reason for UNKNOWN in `areas`, None for all. It covers CLEAR, and ADVISORY or even RESTRICTED too where it is that
    grave.
    """

    reason: UnknownReason
    text: str
    covers: Verdict
    areas: Collection[Area] | None = None
    candidates: tuple[Candidate, ...] = ()


_EXIT_DISPOSAL: Final = (
    "the exit's own disposal of land is not blocked 退出产能自身用地的处置不受限 (长工信联字[2017]9号 §四(六))"
)
_DIRECTIONS: Final = {
    CreditDirection.REFUSE_NEW_CREDIT: Action.REFUSE_NEW_CREDIT,
    CreditDirection.REDUCE_EXISTING_LOANS: Action.REDUCE_EXISTING_LOANS,
}


def answer(
    question: Question,
    known: Known,
    *,
    day: date,
    catalogues: Mapping[str, Catalogue],
    stale: bool = False,
    clock_in_doubt: bool = False,
    include_ended: bool = False,
) -> Answer:
    """
    Return the answer for `day`. `stale`: what is known is older than allowed; `clock_in_doubt`: so is the day itself.
    `include_ended`: show what rests and what has ended too.

    What is said of an area does not depend on which others are asked, and nothing is said of a record of others only. Nothing at
    all is said of notices 事先告知, decisions that list nobody yet, and what was revoked: the answer is as if there were none.
    """
    if not UNTOLD.isdisjoint(record.state for record in known.records):
        known = replace(known, records=tuple(record for record in known.records if record.state not in UNTOLD))
    wanted = question.areas_barred
    restrictions = tuple(
        measure
        for record in known.records
        for measure in in_force(record, day, wanted, catalogues[record.catalogue_edition])
    )
    doubts = list(_doubts(question, known, day))
    if stale:
        doubts.append(
            _Doubt(
                reason=UnknownReason.STALE,
                text="what is known is older than allowed",
                covers=Verdict.ADVISORY,
            )
        )
    if clock_in_doubt:
        text = "the clock of this service disagrees with that of its store"
        doubts.append(_Doubt(reason=UnknownReason.CLOCK_IN_DOUBT, text=text, covers=Verdict.RESTRICTED))
    by_area = {area: _settle(area, _plain_verdict(area, restrictions), doubts) for area in question.areas}
    supports = _supports(known, day) if Area.FINANCING_CREDIT in by_area else ()
    told = [_EXIT_DISPOSAL] if wanted != frozenset(question.areas) else []
    # A doubt that no area's verdict gives way to (every area is restricted anyway) is still worth saying.
    # Several enterprises behind an old number: none of them is the one asked about.
    enterprises = {record.code: record for record in known.records}
    found = enterprises.popitem()[1] if len(enterprises) == 1 and _concerning(known, question.areas) else None
    return Answer(
        code=found.code if found else question.code.value,
        name=found.enterprise_name if found else "",
        verdict=max(by_area.values(), key=SEVERITY.__getitem__),
        areas=by_area,
        restrictions=restrictions,
        unknown_reasons=tuple(doubt.reason for doubt in doubts),
        explanations=(*told, *(doubt.text for doubt in doubts)),
        candidates=tuple(dict.fromkeys(candidate for doubt in doubts for candidate in doubt.candidates)),
        credit_directions=_credit_directions(by_area.get(Area.FINANCING_CREDIT), restrictions, supports),
        supports=supports,
        past=tuple(
            measure
            for record in known.records
            for measure in of_the_past(record, day, wanted, catalogues[record.catalogue_edition])
        )
        if include_ended
        else (),
    )


def _supports(known: Known, day: date) -> tuple[RegisteredObligation, ...]:
    """Return the active exits that earn a lender's support on `day` (长工信联字[2017]9号 §四(四))."""
    return tuple(one for one in known.exits if one.is_supported(day))


def _credit_directions(
    verdict: Verdict | None, restrictions: tuple[InForce, ...], supports: tuple[RegisteredObligation, ...]
) -> tuple[CreditDirection, ...]:
    """
    Return what a lender is told, from the mildest to the gravest; nothing where financing credit is UNKNOWN or not asked.
    Which of it binds, and on which text, the demands of the restriction say.
    """
    match verdict:
        case Verdict.CLEAR:
            return (CreditDirection.SUPPORT,) if supports else (CreditDirection.NEUTRAL,)
        case Verdict.ADVISORY:
            return (CreditDirection.ADVISORY,)
        case Verdict.RESTRICTED:
            found = (one for one in restrictions if one.measure.area is Area.FINANCING_CREDIT)
            actions = {demand.action for one in found for demand in one.demands}
            return tuple(direction for direction, action in _DIRECTIONS.items() if action in actions)
        case _:
            return ()


def _concerning(known: Known, areas: Collection[Area]) -> list[RecordFacts]:
    """Return the records that have, or had, a measure in one of the areas: of the others the asker learns nothing."""
    return [record for record in known.records if any(measure.area in areas for measure in record.measures)]


def _plain_verdict(area: Area, restrictions: tuple[InForce, ...]) -> Verdict:
    bindings = [restriction.binding for restriction in restrictions if restriction.measure.area is area]
    if any(bindings):
        return Verdict.RESTRICTED
    return Verdict.ADVISORY if bindings else Verdict.CLEAR


def _settle(area: Area, verdict: Verdict, doubts: list[_Doubt]) -> Verdict:
    here = (doubt for doubt in doubts if doubt.areas is None or area in doubt.areas)
    covered = any(SEVERITY[verdict] <= SEVERITY[doubt.covers] for doubt in here)
    return Verdict.UNKNOWN if covered else verdict


def _doubts(question: Question, known: Known, day: date) -> list[_Doubt]:
    doubts: list[_Doubt] = []
    if question.code.judgement is Judgement.QUARANTINED and not _resolves(known):
        likely = tuple(
            Candidate(code=code, name="", explanation="a code that may have been meant")
            for code in question.code.likely
        )
        text = f"{shown(question.code.value)}: {question.code.reason}"
        doubts.append(_Doubt(reason=UnknownReason.CODE_IN_DOUBT, text=text, covers=Verdict.ADVISORY, candidates=likely))
    awaiting = [record for record in known.records if may_have_effect(record, day)]
    quarantined, areas = _in_areas_asked(awaiting, question, day)
    if quarantined:
        names = ", ".join(record.name for record in quarantined)
        doubts.append(
            _Doubt(
                reason=UnknownReason.RECORD_QUARANTINED,
                text=f"{names} under this code awaits confirmation of its identifier",
                covers=Verdict.ADVISORY,
                areas=areas,
                candidates=_candidates(quarantined, "a record awaiting confirmation"),
            )
        )
    same_organisation, areas = _in_areas_asked(known.same_organisation, question, day)
    if same_organisation:
        doubts.append(
            _Doubt(
                reason=UnknownReason.ORGANISATION_OF_ANOTHER,
                text="an enterprise with the same organisation code is restricted, or awaits confirmation, under another code",
                covers=Verdict.ADVISORY,
                areas=areas,
                candidates=_candidates(same_organisation, "same organisation code"),
            )
        )
    return doubts + _name_doubts(question, known, day)


def _name_doubts(question: Question, known: Known, day: date) -> list[_Doubt]:
    """Return what the name given adds: it only ever turns CLEAR into UNKNOWN."""
    if not question.name:
        return []
    doubts: list[_Doubt] = []
    others, areas = _in_areas_asked(known.same_name, question, day)
    if others:
        doubts.append(
            _Doubt(
                reason=UnknownReason.NAME_OF_ANOTHER,
                text="the name given is that of a restricted enterprise under another code",
                covers=Verdict.CLEAR,
                areas=areas,
                candidates=_candidates(others, "same name, present or former"),
            )
        )
    names = {name_key(name) for record in _concerning(known, question.callers_areas) for name in record.names}
    if names and name_key(question.name) not in names:
        # Code and name of the question disagree, whatever is asked; whose code it is, is said only where it concerns.
        told = "".join(f", {record.enterprise_name}" for record in _concerning(known, question.areas)[:1])
        text = f"the name given is not that of the enterprise with this code{told}"
        doubts.append(_Doubt(reason=UnknownReason.NAME_MISMATCH, text=text, covers=Verdict.CLEAR))
    return doubts


def _resolves(known: Known) -> bool:
    """Whether a code in doubt leads to exactly one enterprise with a confirmed code."""
    codes = {record.code for record in known.records if record.ever_listed}
    return len(codes) == 1 and all(record.code in codes for record in known.records)


def _in_areas_asked(
    records: Iterable[RecordFacts], question: Question, day: date
) -> tuple[list[RecordFacts], frozenset[Area]]:
    """Return the records with a measure in an area asked that runs on `day`, or would if confirmed, and those areas."""
    running = [(record, areas_running(record, day) & question.areas_barred) for record in records]
    found = [(record, areas) for record, areas in running if areas]
    return [record for record, _ in found], frozenset().union(*(areas for _, areas in found))


def _candidates(records: list[RecordFacts], explanation: str) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(code=record.code, name=record.enterprise_name, explanation=explanation) for record in records
    )

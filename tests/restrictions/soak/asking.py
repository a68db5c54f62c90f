"""Asking a place in every form that it has, with every demand that goes with it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import grpc
from tests.restrictions.plain_model import CREDIT, NINE
from tests.restrictions.soak.clerks import ENTERPRISES, FORMER_NAMES, REGISTRATION_NUMBERS
from tests.restrictions.soak.truth import Asked, Rev
from tests.samples import code, doubtful_code, draft

from credit_sanction.v1 import restriction_service_pb2 as pb
from credit_sanction.v1.measure_pb2 import Area

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from random import Random

    from tests.restrictions.soak.places import Place

    from credit_sanction.v1.restriction_service_pb2_grpc import RestrictionServiceStub

CODES: Final = (
    *((code(number), "right") for number in (*ENTERPRISES, 9)),
    (code(1, prefix="91220183"), "right"),
    *((doubtful_code(number), "doubtful") for number in ENTERPRISES),
    *((code(number)[8:17], "organisation") for number in ENTERPRISES),
    *((number, "registration") for number in REGISTRATION_NUMBERS),
)
NAMES: Final = (draft(1).enterprise.name, draft(2).enterprise.name, *FORMER_NAMES)
FORMS: Final = ("one", "many", "codes", "screen", "screen with names")
# An item twice in one batch: each place has its own answer.
_TWICE: Final = 2
_PATIENCE_S: Final = 30
NOWHERE: Final = Rev(0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    How a question is put. `tolerated` in seconds, None for the place's own; of `least`, `exactly` and `known_at` at most one is
    set.
    """

    form: str
    areas: tuple[str, ...] = ()
    day: date | None = None
    least: Rev | None = None
    exactly: Rev | None = None
    known_at: datetime | None = None
    tolerated: float | None = None
    disposal: bool = False
    ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """
    One answer. `areas` are the verdicts by area; of a short form's plain CLEAR every area is CLEAR. `shown`, record, area and
    state, is None where details were left off; `directions` where financing credit was not asked about.
    """

    asked: Asked
    overall: str
    areas: dict[str, str]
    shown: set[tuple[str, str, str]] | None
    directions: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back on one call: `fault` is the status where it was refused. `asked_at` is monotonic, before it was sent."""

    where: str
    wanted: Wanted
    asked_at: float
    answers: tuple[Said, ...] = ()
    revision: Rev = NOWHERE
    day: date = date.min
    stale: bool = False
    fault: str = ""


def questions(rng: Random, wanted: Wanted) -> list[Asked]:
    """Draw what is asked: all codes for the long forms, some of them twice, with names where the form has them."""
    names = ("", *NAMES) if wanted.form in {"one", "many", "screen with names"} else ("",)
    picked = rng.choices(CODES, k=1) if wanted.form == "one" else [*CODES, *rng.choices(CODES, k=_TWICE)]
    rng.shuffle(picked)
    return [Asked(code=typed, kind=kind, name=rng.choice(names), disposal=wanted.disposal) for typed, kind in picked]


def ask(place: Place, stub: RestrictionServiceStub, token: str, wanted: Wanted, asked: list[Asked]) -> Reply:
    """Ask, and return what was said, whatever it was."""
    asked_at = time.monotonic()
    metadata = (("authorization", f"Bearer {token}"),)
    try:
        answers, basis = _FORMS[wanted.form](stub, wanted, asked, metadata)
    except grpc.RpcError as failed:
        return Reply(
            where=place.name, wanted=wanted, asked_at=asked_at, fault=f"{failed.code().name}: {failed.details()}"
        )
    return Reply(
        where=place.name,
        wanted=wanted,
        asked_at=asked_at,
        answers=tuple(answers),
        revision=Rev(basis.revision.epoch, basis.revision.number),
        day=date.fromisoformat(basis.as_of_date),
        stale=basis.stale,
    )


_Metadata = tuple[tuple[str, str], ...]
_Answered = tuple[list[Said], pb.AnswerBasis]


def _one(stub: RestrictionServiceStub, wanted: Wanted, asked: list[Asked], metadata: _Metadata) -> _Answered:
    request = pb.CheckRestrictionsRequest(
        enterprise=_query(asked[0]),
        areas=_areas(wanted),
        consistency=_consistency(wanted),
        land_purpose=_purpose(wanted),
        include_ended=wanted.ended,
    )
    reply = stub.CheckRestrictions(request, metadata=metadata, timeout=_PATIENCE_S)
    return [_said(asked[0], reply.answer)], reply.basis


def _many(stub: RestrictionServiceStub, wanted: Wanted, asked: list[Asked], metadata: _Metadata) -> _Answered:
    request = pb.BatchCheckRestrictionsRequest(
        enterprises=map(_query, asked),
        areas=_areas(wanted),
        consistency=_consistency(wanted),
        land_purpose=_purpose(wanted),
        include_ended=wanted.ended,
    )
    reply = stub.BatchCheckRestrictions(request, metadata=metadata, timeout=_PATIENCE_S)
    assert all(result.HasField("answer") for result in reply.results), reply
    return [_said(one, result.answer) for one, result in zip(asked, reply.results, strict=True)], reply.basis


def _codes(stub: RestrictionServiceStub, wanted: Wanted, asked: list[Asked], metadata: _Metadata) -> _Answered:
    request = pb.BatchCheckRestrictionsRequest(
        codes=[one.code for one in asked],
        areas=_areas(wanted),
        consistency=_consistency(wanted),
        land_purpose=_purpose(wanted),
        include_ended=wanted.ended,
    )
    reply = stub.BatchCheckRestrictions(request, metadata=metadata, timeout=_PATIENCE_S)
    return list(_short(wanted, asked, reply.verdicts, reply.details)), reply.basis


def _screen(stub: RestrictionServiceStub, wanted: Wanted, asked: list[Asked], metadata: _Metadata) -> _Answered:
    request = pb.ScreenRestrictionsRequest(
        terms=pb.ScreenTerms(
            areas=_areas(wanted),
            consistency=_consistency(wanted),
            land_purpose=_purpose(wanted),
            include_ended=wanted.ended,
        ),
        sequence=7,
        codes=[one.code for one in asked],
        names=[one.name for one in asked] if any(one.name for one in asked) else [],
    )
    replies = list(stub.ScreenRestrictions(iter([request]), metadata=metadata, timeout=_PATIENCE_S))
    assert [reply.sequence for reply in replies] == [7]
    return list(_short(wanted, asked, replies[0].verdicts, replies[0].details)), replies[0].basis


_FORMS: Final = {"one": _one, "many": _many, "codes": _codes, "screen": _screen, "screen with names": _screen}


def _short(
    wanted: Wanted, asked: list[Asked], verdicts: Iterable[int], details: Iterable[pb.ItemDetail]
) -> Iterator[Said]:
    told = {detail.index: detail.answer for detail in details if detail.HasField("answer")}
    for number, (one, verdict) in enumerate(zip(asked, verdicts, strict=True)):
        overall = pb.Verdict.Name(verdict).removeprefix("VERDICT_")  # type: ignore[arg-type]  # a number of the enum
        if number in told:
            said = _said(one, told[number])
            assert said.overall == overall, (one, overall, said)
            yield said
            continue
        # What is not told of is plainly CLEAR.
        clear = dict.fromkeys(wanted.areas or NINE, overall)
        directions = ("NEUTRAL",) if CREDIT in clear else None
        yield Said(asked=one, overall=overall, areas=clear, shown=set(), directions=directions)


def _said(asked: Asked, answer: pb.RestrictionAnswer) -> Said:
    areas = {
        Area.Name(one.area).removeprefix("AREA_"): pb.Verdict.Name(one.verdict).removeprefix("VERDICT_")
        for one in answer.areas
    }
    return Said(
        asked=asked,
        overall=pb.Verdict.Name(answer.verdict).removeprefix("VERDICT_"),
        areas=areas,
        shown=None
        if answer.details_omitted
        else {
            (
                one.record,
                Area.Name(one.area).removeprefix("AREA_"),
                pb.RestrictionState.Name(one.state).removeprefix("RESTRICTION_STATE_"),
            )
            for one in answer.restrictions
        },
        directions=tuple(
            pb.CreditDirection.Name(one).removeprefix("CREDIT_DIRECTION_") for one in answer.credit_directions
        )
        if CREDIT in areas
        else None,
    )


def _query(asked: Asked) -> pb.EnterpriseQuery:
    return pb.EnterpriseQuery(code=asked.code, name=asked.name)


def _areas(wanted: Wanted) -> list[Area.ValueType]:
    return [Area.Value(f"AREA_{area}") for area in wanted.areas]


def _purpose(wanted: Wanted) -> pb.LandPurpose.ValueType:
    return pb.LAND_PURPOSE_EXIT_DISPOSAL if wanted.disposal else pb.LAND_PURPOSE_UNSPECIFIED


def _consistency(wanted: Wanted) -> pb.Consistency:
    message = pb.Consistency(as_of_date=wanted.day.isoformat() if wanted.day else "")
    if wanted.least:
        message.min_revision.epoch, message.min_revision.number = wanted.least
    if wanted.exactly:
        message.at_revision.epoch, message.at_revision.number = wanted.exactly
    if wanted.known_at:
        message.as_known_at.FromDatetime(wanted.known_at)
    if wanted.tolerated is not None:
        message.max_staleness.FromTimedelta(timedelta(seconds=wanted.tolerated))
    return message

"""RestrictionService: questions in, answers out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from typing_extensions import override

from credit_sanction.v1 import enterprise_pb2 as enterprise_pb
from credit_sanction.v1 import restriction_service_pb2 as pb
from credit_sanction.v1 import restriction_service_pb2_grpc as service_grpc
from credit_sanction_service.api import words
from credit_sanction_service.api.errors import item_error
from credit_sanction_service.api.guard import caller
from credit_sanction_service.api.messages import basis_message, iso, revision_message
from credit_sanction_service.api.record_servicer import require_count
from credit_sanction_service.domain.answers import Question
from credit_sanction_service.domain.calendar import parse_day
from credit_sanction_service.domain.faults import IdentifierRefused, Invalid, Violation
from credit_sanction_service.domain.identifiers import Judgement, describe, judge
from credit_sanction_service.domain.terms import ALL_AREAS, GROUPS, Area
from credit_sanction_service.domain.text import NAME_LIMIT, has_control_characters
from credit_sanction_service.restrictions.look_up import Demand
from credit_sanction_service.store.outcomes import Refused
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Iterable

    import grpc

    from credit_sanction_service.domain.answers import Answer
    from credit_sanction_service.domain.effect import MeasureInForce
    from credit_sanction_service.restrictions.look_up import Basis, LookUp

MOST_IN_BATCH: Final = 10_000


class RestrictionServicer(service_grpc.RestrictionServiceServicer):
    """Answers look-ups. Which areas a caller may ask about is its role's; asking for more is refused, not trimmed."""

    def __init__(self, look_up: LookUp) -> None:
        self._look_up = look_up

    @override
    def CheckRestrictions(
        self, request: pb.CheckRestrictionsRequest, context: grpc.ServicerContext
    ) -> pb.CheckRestrictionsResponse:
        areas = read_areas(request.areas, request.groups)
        caller().require_areas(areas)
        question = read_question(request.enterprise, areas)
        answers, basis = self._look_up.check([question], _demand(request.consistency))
        return pb.CheckRestrictionsResponse(answer=_answer(answers[0]), basis=_basis(basis))

    @override
    def BatchCheckRestrictions(
        self, request: pb.BatchCheckRestrictionsRequest, context: grpc.ServicerContext
    ) -> pb.BatchCheckRestrictionsResponse:
        require_count("enterprises", len(request.enterprises), MOST_IN_BATCH)
        areas = read_areas(request.areas, request.groups)
        caller().require_areas(areas)
        items = [_try_question(query, areas, number) for number, query in enumerate(request.enterprises)]
        questions = [item for item in items if isinstance(item, Question)]
        answers, basis = self._look_up.check(questions, _demand(request.consistency))
        answered = iter(answers)
        return pb.BatchCheckRestrictionsResponse(
            results=[
                pb.CheckResult(error=item_error(item))
                if isinstance(item, Refused)
                else pb.CheckResult(answer=_answer(next(answered)))
                for item in items
            ],
            basis=_basis(basis),
        )


def read_areas(areas: Iterable[int], groups: Iterable[int]) -> tuple[Area, ...]:
    """Return the areas asked, in the areas' order; all nine where none is named. Raises `Invalid` for an unknown one."""
    chosen: set[Area] = set()
    for number, value in enumerate(areas):
        area = words.AREA.read(value)
        if area is None:
            raise Invalid([Violation(field=f"areas[{number}]", description=f"{value} is not a known area")])
        chosen.add(area)
    for number, value in enumerate(groups):
        group = words.AREA_GROUP.read(value)
        if group is None:
            raise Invalid([Violation(field=f"groups[{number}]", description=f"{value} is not a known group")])
        chosen.update(GROUPS[group])
    return tuple(area for area in ALL_AREAS if area in chosen) or ALL_AREAS


def read_question(query: pb.EnterpriseQuery, areas: tuple[Area, ...], *, path: str = "enterprise") -> Question:
    """Return the question. Raises `IdentifierRefused` for a code that no enterprise can have, `Invalid` for a bad name."""
    code = judge(query.code)
    if code.judgement is Judgement.REFUSED:
        violation = Violation(field=f"{path}.code", description=describe(query.code, code), rule=code.rule)
        raise IdentifierRefused([violation], likely_codes=code.likely)
    if len(query.name) > NAME_LIMIT or has_control_characters(query.name):
        text = f"at most {NAME_LIMIT} characters are taken, and no control characters"
        raise Invalid([Violation(field=f"{path}.name", description=text)])
    return Question(code=code, name=query.name, areas=areas)


def _try_question(query: pb.EnterpriseQuery, areas: tuple[Area, ...], number: int) -> Question | Refused:
    try:
        return read_question(query, areas, path=f"enterprises[{number}]")
    except Invalid as fault:
        return Refused(
            fault=type(fault).__name__,
            message=str(fault),
            violations=fault.violations,
            likely_codes=fault.likely_codes,
        )


def _demand(message: pb.Consistency) -> Demand:
    day = None
    if message.as_of_date:
        try:
            day = parse_day(message.as_of_date)
        except ValueError as fault:
            raise Invalid([Violation(field="consistency.as_of_date", description=str(fault))]) from None
    staleness = None
    if message.HasField("max_staleness"):
        staleness = message.max_staleness.seconds + message.max_staleness.nanos / 1e9
        if staleness <= 0:
            raise Invalid([Violation(field="consistency.max_staleness", description="it must be above 0")])
    revision = None
    if message.HasField("min_revision"):
        revision = Revision(epoch=message.min_revision.epoch, number=message.min_revision.number)
    return Demand(min_revision=revision, max_staleness=staleness, day=day)


def _answer(answer: Answer) -> pb.RestrictionAnswer:
    return pb.RestrictionAnswer(
        code=answer.code,
        name=answer.name,
        verdict=words.VERDICT.write(answer.verdict),
        areas=[
            pb.AreaVerdict(area=words.AREA.write(area), verdict=words.VERDICT.write(verdict))
            for area, verdict in answer.areas.items()
        ],
        restrictions=[_restriction(measure) for measure in answer.restrictions],
        unknown_reasons=[words.UNKNOWN_REASON.write(reason) for reason in answer.unknown_reasons],
        explanations=answer.explanations,
        candidates=[
            pb.Candidate(code=candidate.code, name=candidate.name, explanation=candidate.explanation)
            for candidate in answer.candidates
        ],
    )


def _restriction(found: MeasureInForce) -> pb.Restriction:
    record = found.record
    authority = record.decision.authority
    return pb.Restriction(
        area=words.AREA.write(found.measure.area),
        binding=found.binding,
        directive_zh=found.row.directive_zh,
        directive_en=found.row.directive_en,
        record=record.name,
        authority=enterprise_pb.Authority(code=authority.code, name=authority.name),
        document_number=record.decision.document_number,
        legal_basis=basis_message(found.basis),
        since=iso(record.decision.decided_on),
        until=iso(found.measure.end),
        disputed=record.disputed,
        catalogue_edition=record.catalogue_edition,
    )


def _basis(basis: Basis) -> pb.AnswerBasis:
    message = pb.AnswerBasis(
        revision=revision_message(basis.revision),
        stale=basis.stale,
        as_of_date=iso(basis.day),
        catalogue_edition=basis.catalogue_edition,
    )
    message.answered_at.FromDatetime(basis.answered_at)
    return message

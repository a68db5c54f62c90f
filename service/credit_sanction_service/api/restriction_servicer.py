"""RestrictionService: questions in, answers out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from typing_extensions import override

from credit_sanction.v1 import restriction_service_pb2 as pb
from credit_sanction.v1 import restriction_service_pb2_grpc as service_grpc
from credit_sanction_service.api import words
from credit_sanction_service.api.errors import item_error
from credit_sanction_service.api.guard import caller
from credit_sanction_service.api.parts import authority_message, basis_message, iso, revision_message
from credit_sanction_service.api.requests import invalid, plain, require_count
from credit_sanction_service.domain.answers import Question
from credit_sanction_service.domain.calendar import parse_day
from credit_sanction_service.domain.faults import IdentifierRefused, Invalid, Violation
from credit_sanction_service.domain.identifiers import Judgement, describe, judge
from credit_sanction_service.domain.terms import ALL_AREAS, GROUPS, Area, LandPurpose
from credit_sanction_service.domain.text import NAME_LIMIT
from credit_sanction_service.restrictions.look_up import Demand
from credit_sanction_service.store.outcomes import Refused
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import grpc

    from credit_sanction_service.domain.answers import Answer
    from credit_sanction_service.domain.effect import MeasureInForce
    from credit_sanction_service.domain.exits import RegisteredObligation
    from credit_sanction_service.restrictions.look_up import Basis, LookUp

MOST_IN_BATCH: Final = 10_000
MOST_NAME_BYTES: Final = 3_000_000
MOST_DETAIL_BYTES: Final = 2_000_000  # clients refuse 4 MiB by default, and verdicts alone of 10,000 take up to 1.3 MB


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
        purpose = read_purpose(request.land_purpose)
        question = read_question(request.enterprise, areas, purpose=purpose)
        answers, basis = self._look_up.check([question], _demand(request.consistency))
        return pb.CheckRestrictionsResponse(answer=_answer(answers[0]), basis=_basis(basis, areas, purpose))

    @override
    def BatchCheckRestrictions(
        self, request: pb.BatchCheckRestrictionsRequest, context: grpc.ServicerContext
    ) -> pb.BatchCheckRestrictionsResponse:
        require_count("enterprises", len(request.enterprises), MOST_IN_BATCH)
        areas = read_areas(request.areas, request.groups)
        caller().require_areas(areas)
        purpose = read_purpose(request.land_purpose)
        items = [_try_question(query, areas, number, purpose) for number, query in enumerate(request.enterprises)]
        questions = [item for item in items if isinstance(item, Question)]
        answers, basis = self._look_up.check(questions, _demand(request.consistency))
        return pb.BatchCheckRestrictionsResponse(results=_results(items, answers), basis=_basis(basis, areas, purpose))


def _results(items: Sequence[Question | Refused], answers: Iterable[Answer]) -> Iterator[pb.CheckResult]:
    """Yield a result for each item. Once the reply grows too large for clients, details are left off, verdicts never."""
    answered, size = iter(answers), 0
    for item in items:
        if isinstance(item, Refused):
            result = pb.CheckResult(error=item_error(item))
        else:
            result = pb.CheckResult(answer=_answer(next(answered)))
            if size + result.ByteSize() > MOST_DETAIL_BYTES:
                _omit_details(result.answer)
            if size > MOST_NAME_BYTES:
                result.answer.ClearField("name")
        size += result.ByteSize()
        yield result


def _omit_details(answer: pb.RestrictionAnswer) -> None:
    for field in ("restrictions", "explanations", "candidates", "supports"):
        answer.ClearField(field)
    answer.details_omitted = True


def read_areas(areas: Iterable[int], groups: Iterable[int]) -> tuple[Area, ...]:
    """Return the areas asked, in the areas' order; all nine where none is named. Raises `Invalid` for an unknown one."""
    chosen: set[Area] = set()
    for number, value in enumerate(areas):
        area = words.AREA.read(value)
        if area is None:
            raise invalid(f"areas[{number}]", f"{value} is not a known area")
        chosen.add(area)
    for number, value in enumerate(groups):
        group = words.AREA_GROUP.read(value)
        if group is None:
            raise invalid(f"groups[{number}]", f"{value} is not a known group")
        chosen.update(GROUPS[group])
    return tuple(area for area in ALL_AREAS if area in chosen) or ALL_AREAS


def read_purpose(value: int) -> LandPurpose:
    """Return what land is asked about for; unsaid, a new supply. Raises `Invalid` for an unknown one."""
    purpose = words.LAND_PURPOSE.read(value)
    if purpose is None and value:
        raise invalid("land_purpose", f"{value} is not a known purpose")
    return purpose or LandPurpose.NEW_SUPPLY


def read_question(
    query: pb.EnterpriseQuery,
    areas: tuple[Area, ...],
    *,
    path: str = "enterprise",
    purpose: LandPurpose = LandPurpose.NEW_SUPPLY,
) -> Question:
    """Return the question. Raises `IdentifierRefused` for a code that no enterprise can have, `Invalid` for a bad name."""
    code = judge(query.code)
    if code.judgement is Judgement.REFUSED:
        violation = Violation(field=f"{path}.code", description=describe(query.code, code), rule=code.rule)
        raise IdentifierRefused([violation], likely_codes=code.likely)
    name = plain(f"{path}.name", query.name, limit=NAME_LIMIT)
    return Question(code=code, name=name, areas=areas, land_purpose=purpose)


def _try_question(
    query: pb.EnterpriseQuery, areas: tuple[Area, ...], number: int, purpose: LandPurpose
) -> Question | Refused:
    try:
        return read_question(query, areas, path=f"enterprises[{number}]", purpose=purpose)
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
            raise invalid("consistency.as_of_date", str(fault)) from None
    staleness = None
    if message.HasField("max_staleness"):
        staleness = message.max_staleness.seconds + message.max_staleness.nanos / 1e9
        if staleness <= 0:
            raise invalid("consistency.max_staleness", "it must be above 0")
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
        credit_directions=[words.CREDIT_DIRECTION.write(direction) for direction in answer.credit_directions],
        supports=[_support(obligation) for obligation in answer.supports],
    )


def _support(obligation: RegisteredObligation) -> pb.Support:
    declared = obligation.active_exit
    return pb.Support(
        obligation=obligation.name,
        item=obligation.obligation.item,
        declared_on=iso(declared.declared_on) if declared else "",
        document_number=declared.document_number if declared else "",
    )


def _restriction(found: MeasureInForce) -> pb.Restriction:
    record = found.record
    return pb.Restriction(
        area=words.AREA.write(found.measure.area),
        binding=found.binding,
        directive_zh=found.row.directive_zh,
        directive_en=found.row.directive_en,
        record=record.name,
        authority=authority_message(record.authority),
        document_number=record.ruling.document_number,
        legal_basis=basis_message(found.basis),
        since=iso(record.since),
        until=iso(found.until),
        disputed=record.disputed,
        catalogue_edition=record.catalogue_edition,
        actions=[words.ACTION.write(action) for action in found.row.actions],
        executing_department="、".join(found.row.departments),
        demands=[
            pb.Demand(
                action=words.ACTION.write(demand.action),
                binding=demand.binding,
                legal_basis=basis_message(demand.basis),
            )
            for demand in found.demands
        ],
    )


def _basis(basis: Basis, areas: tuple[Area, ...], purpose: LandPurpose) -> pb.AnswerBasis:
    message = pb.AnswerBasis(
        revision=revision_message(basis.revision),
        stale=basis.stale,
        as_of_date=iso(basis.day),
        catalogue_edition=basis.catalogue_edition,
        law=[pb.EditionInUse(kind=words.EDITION_KIND.write(kind), edition=name) for kind, name in basis.law.items()],
    )
    message.answered_at.FromDatetime(basis.answered_at)
    if Area.LAND_SUPPLY in areas:
        message.land_purpose = words.LAND_PURPOSE.write(purpose)
    return message

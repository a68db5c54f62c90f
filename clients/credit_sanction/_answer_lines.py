"""An answer as the command tells it: in lines for people, as an object for JSON."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from credit_sanction._privacy import shown_code
from credit_sanction._states import RestrictionState
from credit_sanction._words import china_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from credit_sanction._answers import Answer, Demand, Restriction

_DIRECTIONS: Final[Mapping[str, str]] = {
    "SUPPORT": "予以支持",
    "NEUTRAL": "中性",
    "ADVISORY": "从严审慎授信",
    "REFUSE_NEW_CREDIT": "不得新增授信",
    "REDUCE_EXISTING_LOANS": "压缩退出存量贷款",
}


def answer_object(answer: Answer) -> Mapping[str, object]:
    """Return an answer for JSON, its receipt apart, which is a file of its own."""
    plain = dataclasses.asdict(
        dataclasses.replace(
            answer,
            asked=shown_code(answer.asked),
            code=shown_code(answer.code),
            areas=dict(answer.areas),
            law=dict(answer.law),
            receipt=None,
        )
    )
    del plain["receipt"]
    return plain


def answer_lines(answer: Answer, *, with_areas: bool = True) -> Iterable[str]:
    """Yield an answer, line by line, the verdict first. `with_areas`: also which areas were asked."""
    yield f"{answer.verdict}  {answer.code}  {answer.name}".rstrip()
    if answer.as_known is not None:
        yield f"  {answer.of_the_past}"
    day = f", on {answer.as_of_date}" if answer.as_of_date else ""
    when = china_time(answer.answered_at)
    yield f"  revision {answer.revision}{day}, answered {when}{', STALE' if answer.stale else ''}"
    if answer.clear:
        yield f"  {answer.statement}"
    elif answer.areas and with_areas:
        yield f"  领域 areas asked: {', '.join(answer.areas)}"
    if answer.details_omitted:
        yield "  细节已省略 details left off, for the reply grew too large: ask again in fewer areas"
    for item in (*answer.restrictions, *answer.past):
        yield from _restriction_lines(item)
    if answer.credit_directions:
        told = (f"{direction} {_DIRECTIONS.get(direction, '')}".strip() for direction in answer.credit_directions)
        yield f"  信贷方向 credit: {', '.join(told)}"
    for support in answer.supports:
        what = support.item or "整个企业"
        yield f"  积极退出 active exit: {what}, {support.obligation}, {support.declared_on}, {support.document_number}"
    yield from (f"  {explanation}" for explanation in answer.explanations)
    for other in answer.candidates:
        yield f"  candidate {other.code} {other.name}: {other.explanation}"


def standing(one: Restriction | Demand, state: RestrictionState) -> str:
    """Return whether a measure, or a demand of one, binds in this state of the measure; of what rests or is over, whether it did."""
    match state:
        case RestrictionState.SUSPENDED:
            return "中止前有约束力 suspended, else binding" if one.bound else "中止前为提示性 suspended, else advisory"
        case RestrictionState.ENDED:
            return "原有约束力 ended, was binding" if one.bound else "原为提示性 ended, was advisory"
        case _:
            return "有约束力 binding" if one.binding else "提示性 advisory"


def _restriction_lines(item: Restriction) -> Iterable[str]:
    basis = item.legal_basis
    yield (
        f"  {item.area}: {standing(item, item.state)}{', disputed' if item.disputed else ''}, "
        f"{item.since} to {item.until}, {item.authority} {item.document_number}, "
        f"{basis.document} {basis.article}"
    )
    yield f"    {item.directive_zh} {item.directive_en}"
    for demand in item.demands:
        on = f"{demand.legal_basis.document} {demand.legal_basis.article}"
        yield f"    措施 action: {demand.action}, {standing(demand, item.state)}, {on}"
    if item.executing_department:
        yield f"    执行部门 carried out by: {item.executing_department}"

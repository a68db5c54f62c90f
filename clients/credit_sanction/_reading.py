"""Answers out of messages. What this client does not know yet never reads as CLEAR."""

from __future__ import annotations

import re
from datetime import UTC
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from credit_sanction._answers import (
    Answer,
    Candidate,
    Demand,
    ItemFailure,
    LegalBasis,
    Restriction,
    Revision,
    Support,
    UnknownReason,
    Verdict,
)
from credit_sanction._areas import Area
from credit_sanction._errors import Violation
from credit_sanction._words import day, word
from credit_sanction.v1 import error_reason_pb2, law_service_pb2, measure_pb2, restriction_service_pb2

if TYPE_CHECKING:
    from credit_sanction.v1.error_reason_pb2 import ItemError
    from credit_sanction.v1.restriction_service_pb2 import AnswerBasis, RestrictionAnswer

_ITEM: Final = re.compile(r"^(?:records|enterprises)\[\d+\]\.")
_RANK: Final = {verdict: rank for rank, verdict in enumerate(Verdict)}


def answer_of(asked: str, wire: RestrictionAnswer, basis: AnswerBasis) -> Answer:
    """Return the answer. Its verdict is the worst of what the message says anywhere, UNKNOWN where it says nothing."""
    areas = {Area.of(item.area): _verdict(item.verdict) for item in wire.areas}
    verdict = max([_verdict(wire.verdict), *areas.values()], key=_RANK.__getitem__)
    reasons = tuple(_reason(reason) for reason in wire.unknown_reasons)
    return Answer(
        asked=asked,
        code=wire.code,
        name=wire.name,
        verdict=verdict,
        areas=MappingProxyType(areas),
        restrictions=tuple(_restriction(item) for item in wire.restrictions),
        unknown_reasons=reasons or ((UnknownReason.UNRECOGNISED,) if verdict is Verdict.UNKNOWN else ()),
        explanations=tuple(wire.explanations),
        candidates=tuple(
            Candidate(code=item.code, name=item.name, explanation=item.explanation) for item in wire.candidates
        ),
        revision=Revision(epoch=basis.revision.epoch, number=basis.revision.number),
        answered_at=basis.answered_at.ToDatetime(UTC),
        stale=basis.stale,
        as_of_date=day(basis.as_of_date),
        catalogue_edition=basis.catalogue_edition,
        details_omitted=wire.details_omitted,
        credit_directions=tuple(
            word(restriction_service_pb2.CreditDirection, "CREDIT_DIRECTION_", direction)
            for direction in wire.credit_directions
        ),
        supports=tuple(_support(item) for item in wire.supports),
        law=MappingProxyType(
            {word(law_service_pb2.EditionKind, "EDITION_KIND_", item.kind): item.edition for item in basis.law}
        ),
    )


def failure_of(index: int, code: str, wire: ItemError) -> ItemFailure:
    """Return the failure of the item at `index`. Its paths begin at the item: where it stood in a request is no news."""
    return ItemFailure(
        index=index,
        code=code,
        reason=word(error_reason_pb2.ErrorReason, "ERROR_REASON_", wire.reason),
        message=wire.message,
        violations=tuple(
            Violation(field=_ITEM.sub("", item.field), description=item.description, rule=item.rule)
            for item in wire.violations
        ),
        existing_record=wire.existing_record,
        likely_codes=tuple(wire.likely_codes),
    )


def _verdict(value: restriction_service_pb2.Verdict.ValueType) -> Verdict:
    name = word(restriction_service_pb2.Verdict, "VERDICT_", value)
    return Verdict.__members__.get(name, Verdict.UNKNOWN)


def _reason(value: restriction_service_pb2.UnknownReason.ValueType) -> UnknownReason:
    name = word(restriction_service_pb2.UnknownReason, "UNKNOWN_REASON_", value)
    return UnknownReason.__members__.get(name, UnknownReason.UNRECOGNISED)


def _restriction(wire: restriction_service_pb2.Restriction) -> Restriction:
    return Restriction(
        area=Area.of(wire.area),
        binding=wire.binding,
        directive_zh=wire.directive_zh,
        directive_en=wire.directive_en,
        record=wire.record,
        authority=wire.authority.name,
        authority_code=wire.authority.code,
        document_number=wire.document_number,
        legal_basis=_basis(wire.legal_basis),
        since=day(wire.since),
        until=day(wire.until),
        disputed=wire.disputed,
        catalogue_edition=wire.catalogue_edition,
        actions=tuple(word(measure_pb2.Action, "ACTION_", action) for action in wire.actions),
        executing_department=wire.executing_department,
        demands=tuple(
            Demand(
                action=word(measure_pb2.Action, "ACTION_", demand.action),
                binding=demand.binding,
                legal_basis=_basis(demand.legal_basis),
            )
            for demand in wire.demands
        ),
    )


def _basis(basis: measure_pb2.LegalBasis) -> LegalBasis:
    return LegalBasis(
        document=basis.document,
        article=basis.article,
        issuer_level=word(measure_pb2.IssuerLevel, "ISSUER_LEVEL_", basis.issuer_level),
        in_force_from=day(basis.in_force_from),
        in_force_to=day(basis.in_force_to),
    )


def _support(wire: restriction_service_pb2.Support) -> Support:
    return Support(
        obligation=wire.obligation,
        declared_on=day(wire.declared_on),
        document_number=wire.document_number,
        item=wire.item,
    )

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
from credit_sanction._errors import Facts, InternalFault, Violation
from credit_sanction._receipts import Receipt
from credit_sanction._states import RestrictionState
from credit_sanction._words import day, word
from credit_sanction.v1 import error_reason_pb2, law_service_pb2, measure_pb2, restriction_service_pb2
from credit_sanction.v1.restriction_service_pb2 import RestrictionAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from credit_sanction._answers import AsKnown
    from credit_sanction.v1.error_reason_pb2 import ItemError
    from credit_sanction.v1.restriction_service_pb2 import AnswerBasis, ItemDetail, SignedReceipt

_ITEM: Final = re.compile(r"^(?:records|enterprises)\[\d+\]\.|^(code|name)s\[\d+\]$")
_PAST: Final = frozenset({RestrictionState.SUSPENDED, RestrictionState.ENDED})
_RANK: Final = {verdict: rank for rank, verdict in enumerate(Verdict)}


def answer_of(asked: str, wire: RestrictionAnswer, basis: AnswerBasis, *, as_known: AsKnown | None) -> Answer:
    """Return the answer. Its verdict is the worst of what the message says anywhere, UNKNOWN where it says nothing."""
    areas = {Area.of(item.area): _verdict(item.verdict) for item in wire.areas}
    verdict = max([_verdict(wire.verdict), *areas.values()], key=_RANK.__getitem__)
    reasons = tuple(_reason(reason) for reason in wire.unknown_reasons)
    shown = [_restriction(item) for item in wire.restrictions]
    return Answer(
        asked=asked,
        code=wire.code,
        name=wire.name,
        verdict=verdict,
        areas=MappingProxyType(areas),
        restrictions=tuple(one for one in shown if one.state not in _PAST),
        past=tuple(one for one in shown if one.state in _PAST),
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
        law=_law(basis),
        as_known=as_known,
        known_at=_known_at(basis),
    )


class ShortForm:
    """Reads the items of a short-form reply: a verdict each, and details where there is more to say than CLEAR."""

    def __init__(self, basis: AnswerBasis, areas: tuple[Area, ...], as_known: AsKnown | None) -> None:
        self._basis = basis
        self._as_known = as_known
        self._clear = MappingProxyType(dict.fromkeys(areas, Verdict.CLEAR))
        self._directions = ("NEUTRAL",) if Area.FINANCING_CREDIT in areas else ()
        self._revision = Revision(epoch=basis.revision.epoch, number=basis.revision.number)
        self._answered_at = basis.answered_at.ToDatetime(UTC)
        self._day = day(basis.as_of_date)
        self._law = _law(basis)
        self._known_at = _known_at(basis)

    def read(
        self, index: int, asked: str, verdict: restriction_service_pb2.Verdict.ValueType, detail: ItemDetail | None
    ) -> Answer | ItemFailure:
        """Return what became of the item at `index`. Its verdict is the worst of what is said of it anywhere."""
        if detail is not None and detail.HasField("error"):
            return failure_of(index, asked, detail.error)
        if verdict == restriction_service_pb2.VERDICT_CLEAR and detail is None:
            return self._plain(asked)
        wire = RestrictionAnswer(code=asked, verdict=verdict)
        if detail is not None:
            wire = detail.answer
            if _RANK[_verdict(verdict)] > _RANK[_verdict(wire.verdict)]:
                wire.verdict = verdict
        return answer_of(asked, wire, self._basis, as_known=self._as_known)

    def _plain(self, asked: str) -> Answer:
        return Answer(
            asked=asked,
            code=asked,
            name="",
            verdict=Verdict.CLEAR,
            areas=self._clear,
            restrictions=(),
            unknown_reasons=(),
            explanations=(),
            candidates=(),
            revision=self._revision,
            answered_at=self._answered_at,
            stale=self._basis.stale,
            as_of_date=self._day,
            catalogue_edition=self._basis.catalogue_edition,
            credit_directions=self._directions,
            law=self._law,
            as_known=self._as_known,
            known_at=self._known_at,
        )


def _law(basis: AnswerBasis) -> Mapping[str, str]:
    return MappingProxyType(
        {word(law_service_pb2.EditionKind, "EDITION_KIND_", item.kind): item.edition for item in basis.law}
    )


def _known_at(basis: AnswerBasis) -> datetime | None:
    return basis.known_at.ToDatetime(UTC) if basis.HasField("known_at") else None


def failure_of(index: int, code: str, wire: ItemError) -> ItemFailure:
    """Return the failure of the item at `index`. Its paths begin at the item: where it stood in a request is no news."""
    return ItemFailure(
        index=index,
        code=code,
        reason=word(error_reason_pb2.ErrorReason, "ERROR_REASON_", wire.reason),
        message=wire.message,
        violations=tuple(
            Violation(field=_ITEM.sub(r"\1", item.field), description=item.description, rule=item.rule)
            for item in wire.violations
        ),
        existing_record=wire.existing_record,
        likely_codes=tuple(wire.likely_codes),
    )


def receipt_of(wire: SignedReceipt) -> Receipt:
    """Return the receipt. Raises InternalFault where the service sent none: it was asked for."""
    if not wire.signature:
        raise InternalFault(Facts(message="the service sent no receipt", code="INTERNAL", metadata={}))
    return Receipt(payload=wire.payload, signature=wire.signature, key_id=wire.key_id)


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
                bound=demand.bound,
            )
            for demand in wire.demands
        ),
        state=RestrictionState.of(wire.state) if wire.state else RestrictionState.LISTED,
        bound=wire.bound,
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

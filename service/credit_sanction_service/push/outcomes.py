"""What a connector's answer means for the attempt, and for the target's lane."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from credit_sanction_connectors.port import Receipt, Rejected, Unavailable
from credit_sanction_service.domain.privacy import masked
from credit_sanction_service.store.attempts import Outcome
from credit_sanction_service.store.deliveries import Correction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_sanction_connectors.port import FieldFault
    from credit_sanction_service.push.policy import Policy

DETAIL_MAX: Final = 500
CORRECTIONS_MAX: Final = 50
STATUS_MAX: Final = 999
_READ_MAX: Final = 4 * DETAIL_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    How one push ended. `wish_s` is the target's Retry-After; `gone` pauses the target; `fault` marks a bug of ours.

    `answered` is what the breaker is told: the target answered, was unavailable, or (None) was not called. `counts` is
    False where the row does not climb its schedule: the target named the time itself, or was not at fault. `may_arrive`
    says of a refusal that something between us and the target may still deliver what was refused.
    """

    outcome: Outcome
    answered: bool | None
    status: int = 0
    receipt: str = ""
    detail: str = ""
    corrections: tuple[Correction, ...] = ()
    wish_s: float | None = None
    counts: bool = True
    gone: bool = False
    may_arrive: bool = False
    fault: bool = False


TOO_LATE: Final = Verdict(
    outcome=Outcome.NOT_SENT, answered=None, detail="too little of the lease was left to send it", counts=False
)
NOT_BEGUN: Final = Verdict(
    outcome=Outcome.NOT_SENT, answered=None, detail="its turn had not come when sending stopped", counts=False
)
STOPPED: Final = Verdict(
    outcome=Outcome.UNKNOWN, answered=None, detail="the worker stopped before the target answered", counts=False
)


def verdict_of(answer: Receipt | BaseException, policy: Policy) -> Verdict:
    """Return what a connector's answer means. Whatever it should not have raised counts as possibly sent."""
    match answer:
        case Receipt():
            return Verdict(
                outcome=Outcome.CONFIRMED,
                answered=True,
                status=_status(answer),
                receipt=storable(answer.number),
                detail=storable(answer.excerpt),
            )
        case Rejected() if policy.is_transient(answer.status, answer.code):
            return Verdict(
                outcome=Outcome.UNAVAILABLE,
                answered=False,
                status=_status(answer),
                detail=_detail(answer),
                wish_s=answer.retry_after,
                counts=answer.retry_after is None,
            )
        case Rejected():
            return _refused(answer, faults=answer.faults)
        case Unavailable() if policy.is_permanent(answer.status, answer.code):
            return _refused(answer, may_arrive=_unavailable(answer) is Outcome.UNKNOWN)
        case Unavailable():
            outcome = _unavailable(answer)
            return Verdict(
                outcome=outcome,
                # A 2xx without a usable receipt, or with a page that lags behind, comes from a target that is there.
                answered=answer.status is not None and HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES,
                status=_status(answer),
                detail=_detail(answer),
                wish_s=answer.retry_after,
                counts=outcome is not Outcome.UNAVAILABLE or answer.retry_after is None,
                gone=answer.gone and not policy.is_transient(answer.status, answer.code),
            )
        case TimeoutError():
            return Verdict(outcome=Outcome.UNKNOWN, answered=False, detail="no answer within the time allowed")
        case _:
            return Verdict(outcome=Outcome.UNKNOWN, answered=None, detail=storable(repr(answer)), fault=True)


def not_written(fault: Exception) -> Verdict:
    """Return what it means that a body could not be composed: refused data, or a bug of ours; no byte was sent."""
    if isinstance(fault, Rejected):
        return _refused(fault, faults=fault.faults, answered=None)
    return Verdict(outcome=Outcome.NOT_SENT, answered=None, detail=storable(f"it cannot be written down: {fault!r}"))


def _refused(
    answer: Rejected | Unavailable,
    *,
    faults: Iterable[FieldFault] = (),
    may_arrive: bool = False,
    answered: bool | None = True,
) -> Verdict:
    corrections = [
        Correction(target_field=storable(fault.field), field=storable(fault.path), words=storable(fault.words))
        for fault in faults
    ]
    return Verdict(
        outcome=Outcome.REJECTED,
        answered=answered,
        status=_status(answer),
        detail=_detail(answer),
        corrections=tuple(corrections[:CORRECTIONS_MAX]),
        may_arrive=may_arrive,
    )


def _unavailable(answer: Unavailable) -> Outcome:
    """
    Tell apart: never sent, answered no, or nobody knows.

    A 3xx, 4xx or 503 says that nothing was taken, as a target may in its own words. A 2xx that is no receipt may have been;
    500, 502 and 504 may come from something between us and a target that took it.
    """
    if not answer.sent:
        return Outcome.NOT_SENT
    status = answer.status or 0
    refused = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    told = answer.refused or refused or status == HTTPStatus.SERVICE_UNAVAILABLE
    return Outcome.UNAVAILABLE if told else Outcome.UNKNOWN


def _status(answer: Receipt | Rejected | Unavailable) -> int:
    """Return the status of an answer, 0 for what is none: a connector may have it from the target's own words."""
    status = answer.status or 0
    return status if 0 <= status <= STATUS_MAX else 0


def _detail(answer: Rejected | Unavailable) -> str:
    """Return code, reason, and the start of what was answered where the reason does not quote it."""
    text = f"{answer.code}: {answer.reason}" if answer.code else answer.reason
    return storable(text if answer.reason in answer.excerpt else f"{text} | {answer.excerpt}".removesuffix(" | "))


def storable(text: str) -> str:
    """Return what the store may hold of a target's words: no citizen's number, no NUL, no lone surrogates, bounded."""
    return masked(text[:_READ_MAX])[:DETAIL_MAX].replace("\x00", "").encode("utf-8", "replace").decode()

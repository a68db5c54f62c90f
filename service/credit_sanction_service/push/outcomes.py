"""What a connector's answer means for the attempt, and for the target's lane."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from credit_sanction_connectors.port import Receipt, Rejected, Unavailable
from credit_sanction_service.store.attempts import Outcome

DETAIL_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    How one push ended. `wish_s` is the target's Retry-After; `gone` pauses the target; `fault` marks a bug of ours.

    `answered` is what the breaker is told: the target answered, was unavailable, or (None) was not called.
    """

    outcome: Outcome
    answered: bool | None
    status: int = 0
    receipt: str = ""
    detail: str = ""
    wish_s: float | None = None
    counts: bool = True
    gone: bool = False
    fault: bool = False


TOO_LATE: Final = Verdict(
    outcome=Outcome.NOT_SENT, answered=None, detail="too little of the lease was left to send it", counts=False
)
STOPPED: Final = Verdict(
    outcome=Outcome.UNKNOWN, answered=None, detail="the worker stopped before the target answered", counts=False
)


def verdict_of(answer: Receipt | BaseException) -> Verdict:
    """Return what a connector's answer means. Whatever it should not have raised counts as possibly sent."""
    match answer:
        case Receipt():
            return Verdict(
                outcome=Outcome.CONFIRMED,
                answered=True,
                status=answer.status,
                receipt=answer.number,
                detail=_stored(answer.excerpt),
            )
        case Rejected():
            code = f"{answer.code}: " if answer.code else ""
            return Verdict(
                outcome=Outcome.REJECTED,
                answered=True,
                status=answer.status or 0,
                detail=_stored(code + answer.reason),
            )
        case Unavailable():
            return Verdict(
                outcome=_unavailable(answer),
                answered=False,
                status=answer.status or 0,
                detail=_stored(answer.reason),
                wish_s=answer.retry_after,
                gone=answer.gone,
            )
        case TimeoutError():
            return Verdict(outcome=Outcome.UNKNOWN, answered=False, detail="no answer within the time allowed")
        case _:
            return Verdict(outcome=Outcome.UNKNOWN, answered=None, detail=_stored(repr(answer)), fault=True)


def _unavailable(answer: Unavailable) -> Outcome:
    """
    Tell apart: never sent, answered no, or nobody knows.

    A 3xx, 4xx or 503 says that nothing was taken. A 2xx that is no receipt may have been; 500, 502 and 504 may come from
    something between us and a target that took it.
    """
    if not answer.sent:
        return Outcome.NOT_SENT
    status = answer.status or 0
    refused = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return Outcome.UNAVAILABLE if refused or status == HTTPStatus.SERVICE_UNAVAILABLE else Outcome.UNKNOWN


def _stored(text: str) -> str:
    return text.replace("\x00", "")[:DETAIL_MAX]

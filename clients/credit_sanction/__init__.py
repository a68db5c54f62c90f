"""
Client for the Credit Sanction Service: joint-punishment look-ups 联合惩戒查询 and sanction records 惩戒记录.

    with Client("127.0.0.1:50051", token=token) as client:
        answer = client.check("91220101FAKE000130", areas=[AreaGroup.LOANS])
        print(answer.verdict, answer.revision)

Every error raised here is a `CreditSanctionError`. Records are the contract's own messages: `credit_sanction.types`.
"""

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
from credit_sanction._areas import Area, AreaGroup
from credit_sanction._client import Client
from credit_sanction._enforcement import look_up_reference
from credit_sanction._errors import (
    AlreadyExists,
    ClientError,
    Conflict,
    CreditSanctionError,
    DeadlineExceeded,
    InternalFault,
    InvalidRequest,
    NotFound,
    Overloaded,
    PermissionDenied,
    ServiceError,
    Unauthenticated,
    Unavailable,
    Violation,
)
from credit_sanction._records_effect import Revoked

__all__ = [
    "AlreadyExists",
    "Answer",
    "Area",
    "AreaGroup",
    "Candidate",
    "Client",
    "ClientError",
    "Conflict",
    "CreditSanctionError",
    "DeadlineExceeded",
    "Demand",
    "InternalFault",
    "InvalidRequest",
    "ItemFailure",
    "LegalBasis",
    "NotFound",
    "Overloaded",
    "PermissionDenied",
    "Restriction",
    "Revision",
    "Revoked",
    "ServiceError",
    "Support",
    "Unauthenticated",
    "Unavailable",
    "UnknownReason",
    "Verdict",
    "Violation",
    "look_up_reference",
]

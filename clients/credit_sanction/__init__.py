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
    NotCovered,
    NotFound,
    NotFresh,
    Overloaded,
    PermissionDenied,
    ReceiptRefused,
    ServiceError,
    Unauthenticated,
    Unavailable,
    Violation,
    WrongKind,
    WrongValue,
)
from credit_sanction._receipts import Receipt, ReceiptKey, dump_keys, load_keys
from credit_sanction._records_effect import Revoked
from credit_sanction._replica import Replica
from credit_sanction._searching import Found, FoundEnterprise
from credit_sanction._states import RestrictionState
from credit_sanction._verifying import VerifiedReceipt, verify
from credit_sanction._watch_values import Changes, Entry, Portfolio, PortfolioResult
from credit_sanction._watching import Export, Watch

__all__ = [
    "AlreadyExists",
    "Answer",
    "Area",
    "AreaGroup",
    "Candidate",
    "Changes",
    "Client",
    "ClientError",
    "Conflict",
    "CreditSanctionError",
    "DeadlineExceeded",
    "Demand",
    "Entry",
    "Export",
    "Found",
    "FoundEnterprise",
    "InternalFault",
    "InvalidRequest",
    "ItemFailure",
    "LegalBasis",
    "NotCovered",
    "NotFound",
    "NotFresh",
    "Overloaded",
    "PermissionDenied",
    "Portfolio",
    "PortfolioResult",
    "Receipt",
    "ReceiptKey",
    "ReceiptRefused",
    "Replica",
    "Restriction",
    "RestrictionState",
    "Revision",
    "Revoked",
    "ServiceError",
    "Support",
    "Unauthenticated",
    "Unavailable",
    "UnknownReason",
    "Verdict",
    "VerifiedReceipt",
    "Violation",
    "Watch",
    "WrongKind",
    "WrongValue",
    "dump_keys",
    "load_keys",
    "look_up_reference",
    "verify",
]

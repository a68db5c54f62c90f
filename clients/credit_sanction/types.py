"""
The contract's messages in one place: records, obligations, public lists, enforcement, oversight, law and deliveries.

    record = types.SanctionRecord(
        enterprise=types.Enterprise(code="91220101FAKE000130", name="长春市虚构一号钢铁有限公司"),
        measures=[types.Measure(area=Area.LAND_SUPPLY.wire)],
        publication_class=types.PublicationClass.PUBLICATION_CLASS_SERIOUS,
        …
    )

Days are text, `YYYY-MM-DD`. The comments of the `.proto` files say what every field means.
"""

from credit_sanction.v1.delivery_service_pb2 import (
    Attempt,
    AttemptOutcome,
    Correction,
    Delivery,
    DeliveryState,
    Drift,
    Reconciliation,
    ReconciliationState,
    Target,
)
from credit_sanction.v1.enforcement_service_pb2 import (
    EnforcementOutcome,
    EnforcementRate,
    EnforcementReport,
    LookUpReference,
)
from credit_sanction.v1.enterprise_pb2 import (
    Authority,
    Enterprise,
    IdentifierKind,
    OtherIdentifier,
    ResponsibleDistrict,
)
from credit_sanction.v1.exit_obligation_service_pb2 import (
    ActiveExit,
    Completion,
    InterimEvidence,
    InterimEvidenceKind,
    ObligationState,
    ObligationWithdrawal,
    RegisteredObligation,
)
from credit_sanction.v1.law_service_pb2 import (
    EditionKind,
    LawEdition,
)
from credit_sanction.v1.measure_pb2 import (
    Action,
    IssuerLevel,
    LegalBasis,
    Measure,
)
from credit_sanction.v1.obligation_pb2 import (
    Approval,
    Capacity,
    CapacityUnit,
    ExitObligation,
    Extension,
    Licence,
    ObligationScope,
    Sector,
    Standard,
)
from credit_sanction.v1.oversight_service_pb2 import (
    CaseStatistics,
    Duty,
    LookUpStatistics,
    PushStatistics,
    Statistics,
    TimelinessStatistics,
)
from credit_sanction.v1.public_list_service_pb2 import (
    ListClass,
    PublicListEntry,
    Withdrawal,
)
from credit_sanction.v1.restriction_service_pb2 import (
    CreditDirection,
    LandPurpose,
)
from credit_sanction.v1.sanction_record_pb2 import (
    Decision,
    DueDay,
    DutyKind,
    Ending,
    IdentifierConfirmation,
    LiftGround,
    Notice,
    Objection,
    ObjectionOutcome,
    Penalty,
    PenaltyKind,
    PublicationClass,
    Quarantine,
    RecordState,
    SanctionRecord,
    Statement,
    StatementKind,
    Suspension,
    SuspensionGround,
)

__all__ = [
    "Action",
    "ActiveExit",
    "Approval",
    "Attempt",
    "AttemptOutcome",
    "Authority",
    "Capacity",
    "CapacityUnit",
    "CaseStatistics",
    "Completion",
    "Correction",
    "CreditDirection",
    "Decision",
    "Delivery",
    "DeliveryState",
    "Drift",
    "DueDay",
    "Duty",
    "DutyKind",
    "EditionKind",
    "Ending",
    "EnforcementOutcome",
    "EnforcementRate",
    "EnforcementReport",
    "Enterprise",
    "ExitObligation",
    "Extension",
    "IdentifierConfirmation",
    "IdentifierKind",
    "InterimEvidence",
    "InterimEvidenceKind",
    "IssuerLevel",
    "LandPurpose",
    "LawEdition",
    "LegalBasis",
    "Licence",
    "LiftGround",
    "ListClass",
    "LookUpReference",
    "LookUpStatistics",
    "Measure",
    "Notice",
    "Objection",
    "ObjectionOutcome",
    "ObligationScope",
    "ObligationState",
    "ObligationWithdrawal",
    "OtherIdentifier",
    "Penalty",
    "PenaltyKind",
    "PublicListEntry",
    "PublicationClass",
    "PushStatistics",
    "Quarantine",
    "Reconciliation",
    "ReconciliationState",
    "RecordState",
    "RegisteredObligation",
    "ResponsibleDistrict",
    "SanctionRecord",
    "Sector",
    "Standard",
    "Statement",
    "StatementKind",
    "Statistics",
    "Suspension",
    "SuspensionGround",
    "Target",
    "TimelinessStatistics",
    "Withdrawal",
]

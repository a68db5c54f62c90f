"""
The contract's messages for records and deliveries, in one place.

    record = types.SanctionRecord(
        enterprise=types.Enterprise(code="91220101FAKE000130", name="长春市虚构一号钢铁有限公司"),
        measures=[types.Measure(area=Area.LAND_SUPPLY.wire)],
        publication_class=types.PublicationClass.PUBLICATION_CLASS_SERIOUS,
        …
    )

Days are text, `YYYY-MM-DD`. The comments of the `.proto` files say what every field means.
"""

from credit_sanction.v1.delivery_service_pb2 import Attempt, AttemptOutcome, Delivery, DeliveryState, Target
from credit_sanction.v1.enterprise_pb2 import (
    Authority,
    Enterprise,
    IdentifierKind,
    OtherIdentifier,
    ResponsibleDistrict,
)
from credit_sanction.v1.measure_pb2 import IssuerLevel, LegalBasis, Measure
from credit_sanction.v1.obligation_pb2 import (
    Capacity,
    CapacityUnit,
    ExitObligation,
    Extension,
    ObligationScope,
    Sector,
    Standard,
)
from credit_sanction.v1.sanction_record_pb2 import (
    Decision,
    Ending,
    IdentifierConfirmation,
    LiftGround,
    Penalty,
    PenaltyKind,
    PublicationClass,
    Quarantine,
    RecordState,
    SanctionRecord,
)

__all__ = [
    "Attempt",
    "AttemptOutcome",
    "Authority",
    "Capacity",
    "CapacityUnit",
    "Decision",
    "Delivery",
    "DeliveryState",
    "Ending",
    "Enterprise",
    "ExitObligation",
    "Extension",
    "IdentifierConfirmation",
    "IdentifierKind",
    "IssuerLevel",
    "LegalBasis",
    "LiftGround",
    "Measure",
    "ObligationScope",
    "OtherIdentifier",
    "Penalty",
    "PenaltyKind",
    "PublicationClass",
    "Quarantine",
    "RecordState",
    "ResponsibleDistrict",
    "SanctionRecord",
    "Sector",
    "Standard",
    "Target",
]

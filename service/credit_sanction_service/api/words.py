"""The closed sets of the contract and those of the domain, name by name. Both say the same words; the prefix differs."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from credit_sanction.v1 import delivery_service_pb2 as delivery_pb
from credit_sanction.v1 import enforcement_service_pb2 as enforcement_pb
from credit_sanction.v1 import enterprise_pb2 as enterprise_pb
from credit_sanction.v1 import exit_obligation_service_pb2 as exit_pb
from credit_sanction.v1 import law_service_pb2 as law_pb
from credit_sanction.v1 import measure_pb2 as measure_pb
from credit_sanction.v1 import obligation_pb2 as obligation_pb
from credit_sanction.v1 import public_list_service_pb2 as list_pb
from credit_sanction.v1 import restriction_service_pb2 as restriction_pb
from credit_sanction.v1 import sanction_record_pb2 as record_pb
from credit_sanction_service.domain import terms
from credit_sanction_service.store.attempts import Outcome
from credit_sanction_service.store.deliveries import DeliveryState
from credit_sanction_service.store.reconciliations import ReconciliationState

S = TypeVar("S", bound=StrEnum)


class Words(Generic[S]):
    """One closed set, both ways. 0, and numbers that a newer contract may bring, read as None."""

    def __init__(self, contract: Any, domain: type[S], prefix: str) -> None:  # noqa: ANN401 - generated enums share no type
        self._members = {contract.Value(f"{prefix}_{member.name}"): member for member in domain}
        self._numbers = {member: number for number, member in self._members.items()}
        if len(self._members) + 1 != len(contract.keys()):
            raise TypeError(f"{prefix}: contract and domain do not name the same words")

    def read(self, number: int) -> S | None:
        """Return the domain's word for the contract's number."""
        return self._members.get(number)

    def write(self, member: S | None) -> Any:  # noqa: ANN401 - the generated enum's own int type
        """Return the contract's number; 0 for None."""
        return 0 if member is None else self._numbers[member]


AREA: Final = Words(measure_pb.Area, terms.Area, "AREA")
AREA_GROUP: Final = Words(measure_pb.AreaGroup, terms.AreaGroup, "AREA_GROUP")
ACTION: Final = Words(measure_pb.Action, terms.Action, "ACTION")
ISSUER_LEVEL: Final = Words(measure_pb.IssuerLevel, terms.IssuerLevel, "ISSUER_LEVEL")
IDENTIFIER_KIND: Final = Words(enterprise_pb.IdentifierKind, terms.IdentifierKind, "IDENTIFIER_KIND")
SCOPE: Final = Words(obligation_pb.ObligationScope, terms.Scope, "OBLIGATION_SCOPE")
SECTOR: Final = Words(obligation_pb.Sector, terms.Sector, "SECTOR")
STANDARD: Final = Words(obligation_pb.Standard, terms.Standard, "STANDARD")
CAPACITY_UNIT: Final = Words(obligation_pb.CapacityUnit, terms.CapacityUnit, "CAPACITY_UNIT")
OBLIGATION_STATE: Final = Words(exit_pb.ObligationState, terms.ObligationState, "OBLIGATION_STATE")
INTERIM_EVIDENCE_KIND: Final = Words(exit_pb.InterimEvidenceKind, terms.InterimEvidenceKind, "INTERIM_EVIDENCE_KIND")
STATE: Final = Words(record_pb.RecordState, terms.State, "RECORD_STATE")
PUBLICATION_CLASS: Final = Words(record_pb.PublicationClass, terms.PublicationClass, "PUBLICATION_CLASS")
PENALTY_KIND: Final = Words(record_pb.PenaltyKind, terms.PenaltyKind, "PENALTY_KIND")
LIFT_GROUND: Final = Words(record_pb.LiftGround, terms.LiftGround, "LIFT_GROUND")
SUSPENSION_GROUND: Final = Words(record_pb.SuspensionGround, terms.SuspensionGround, "SUSPENSION_GROUND")
STATEMENT_KIND: Final = Words(record_pb.StatementKind, terms.StatementKind, "STATEMENT_KIND")
OBJECTION_OUTCOME: Final = Words(record_pb.ObjectionOutcome, terms.ObjectionOutcome, "OBJECTION_OUTCOME")
DUTY_KIND: Final = Words(record_pb.DutyKind, terms.DutyKind, "DUTY_KIND")
LIST_CLASS: Final = Words(list_pb.ListClass, terms.ListClass, "LIST_CLASS")
ENFORCEMENT_OUTCOME: Final = Words(enforcement_pb.EnforcementOutcome, terms.EnforcementOutcome, "ENFORCEMENT_OUTCOME")
EDITION_KIND: Final = Words(law_pb.EditionKind, terms.EditionKind, "EDITION_KIND")
VERDICT: Final = Words(restriction_pb.Verdict, terms.Verdict, "VERDICT")
RESTRICTION_STATE: Final = Words(restriction_pb.RestrictionState, terms.RestrictionState, "RESTRICTION_STATE")
UNKNOWN_REASON: Final = Words(restriction_pb.UnknownReason, terms.UnknownReason, "UNKNOWN_REASON")
CREDIT_DIRECTION: Final = Words(restriction_pb.CreditDirection, terms.CreditDirection, "CREDIT_DIRECTION")
LAND_PURPOSE: Final = Words(restriction_pb.LandPurpose, terms.LandPurpose, "LAND_PURPOSE")
DELIVERY_STATE: Final = Words(delivery_pb.DeliveryState, DeliveryState, "DELIVERY_STATE")
RECONCILIATION_STATE: Final = Words(delivery_pb.ReconciliationState, ReconciliationState, "RECONCILIATION_STATE")
ATTEMPT_OUTCOME: Final = Words(delivery_pb.AttemptOutcome, Outcome, "ATTEMPT_OUTCOME")

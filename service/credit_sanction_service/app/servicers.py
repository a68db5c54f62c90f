"""All servicers over one writer, one reader, one index and one law."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from credit_sanction_service.api.delivery_servicer import DeliveryServicer
from credit_sanction_service.api.enforcement_servicer import EnforcementServicer
from credit_sanction_service.api.law_servicer import LawServicer
from credit_sanction_service.api.obligation_servicer import ExitObligationServicer
from credit_sanction_service.api.oversight_servicer import OversightServicer
from credit_sanction_service.api.public_list_servicer import PublicListServicer
from credit_sanction_service.api.receipts import Receipts
from credit_sanction_service.api.record_servicer import SanctionRecordServicer
from credit_sanction_service.api.restriction_servicer import RestrictionServicer
from credit_sanction_service.api.search import EnterpriseSearch
from credit_sanction_service.api.server import Servicers
from credit_sanction_service.api.watch_servicer import WatchServicer
from credit_sanction_service.app.law import ON_LOADED
from credit_sanction_service.editions import Editions
from credit_sanction_service.enforcement import Enforcement
from credit_sanction_service.obligations import Obligations
from credit_sanction_service.oversight import Oversight
from credit_sanction_service.public_lists import PublicLists
from credit_sanction_service.records import Proceedings, Records
from credit_sanction_service.restrictions.law_follower import LawFollower
from credit_sanction_service.restrictions.look_up import LookUp
from credit_sanction_service.restrictions.portfolios import Portfolios
from credit_sanction_service.restrictions.screening import MOST_BYTES
from credit_sanction_service.restrictions.tail import Tail
from credit_sanction_service.store.connect import Reader
from credit_sanction_service.store.writer import Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the servicers of one process share."""

    writer: Writer
    reader: Reader
    law: LawFollower
    look_up: LookUp
    tail: Tail
    clock: Callable[[], datetime]
    receipts: Receipts = field(default_factory=lambda: Receipts(None))
    search: EnterpriseSearch | None = None
    prepared_bytes: int = MOST_BYTES


def build(parts: Parts) -> Servicers:
    """Return a servicer for each service of the contract."""
    writer, reader, clock = parts.writer, parts.reader, parts.clock
    records, proceedings = Records(writer, reader), Proceedings(writer, reader)
    return Servicers(
        records=SanctionRecordServicer(records, proceedings, law=parts.law.of_catalogues, clock=clock),
        obligations=ExitObligationServicer(Obligations(writer, reader), clock=clock),
        restrictions=RestrictionServicer(
            parts.look_up, receipts=parts.receipts, search=parts.search, prepared_bytes=parts.prepared_bytes
        ),
        deliveries=DeliveryServicer(reader, clock=clock),
        public_lists=PublicListServicer(PublicLists(writer, reader)),
        enforcement=EnforcementServicer(Enforcement(writer, reader), clock=clock),
        oversight=OversightServicer(Oversight(reader, clock=clock)),
        law=LawServicer(Editions(reader, clock=clock, on_loaded=ON_LOADED)),
        watch=WatchServicer(parts.tail, Portfolios(reader, clock=clock), law=parts.law.of_catalogues, clock=clock),
    )

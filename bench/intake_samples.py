"""Made-up enterprises and their records, as an authority would submit them: every code generated, every document invented."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Final

from credit_sanction.v1 import enterprise_pb2 as enterprise_pb
from credit_sanction.v1 import measure_pb2 as measure_pb
from credit_sanction.v1 import obligation_pb2 as obligation_pb
from credit_sanction.v1 import sanction_record_pb2 as record_pb
from credit_sanction_service.domain.identifiers import organisation_check_character, uscc_check_character
from credit_sanction_service.domain.law import shipped_law

_SHANGHAI: Final = timezone(timedelta(hours=8))
_AUTHORITY_NAME: Final = "长春市虚构工业和信息化局"
_AREAS: Final = sorted(set(measure_pb.Area.values()) - {measure_pb.AREA_UNSPECIFIED})
_SECTORS: Final = (obligation_pb.SECTOR_CEMENT, obligation_pb.SECTOR_STEEL, obligation_pb.SECTOR_FLAT_GLASS)


def code(number: int) -> str:
    """Return the unified social credit code number `number`, below a million, of a made-up series."""
    body = f"MA{number:06d}"
    first17 = f"91220101{body}{organisation_check_character(body)}"
    return first17 + uscc_check_character(first17)


def record(number: int) -> record_pb.SanctionRecord:
    """
    Return a record that intake accepts today, of enterprise `number`: a third of them about one line, a third with a penalty
    decision; all nine areas; about 2 KB as it is stored.
    """
    today = datetime.now(_SHANGHAI).date()
    decided_on = today - timedelta(days=30 + number % 60)
    authority = enterprise_pb.Authority(code=_authority_code(today), name=_AUTHORITY_NAME)
    message = record_pb.SanctionRecord(
        enterprise=enterprise_pb.Enterprise(code=code(number), name=f"长春虚构{number}号建材有限公司"),
        obligation=obligation_pb.ExitObligation(
            scope=obligation_pb.OBLIGATION_SCOPE_ENTERPRISE,
            capacity=obligation_pb.Capacity(
                amount=f"{number % 900 + 10}.5", unit=obligation_pb.CAPACITY_UNIT_TEN_THOUSAND_TONNES
            ),
            sector=_SECTORS[number % len(_SECTORS)],
            standard=obligation_pb.STANDARD_ENERGY,
            ordered_on=str(decided_on - timedelta(days=300)),
            plan=obligation_pb.Approval(
                document_number=f"虚构退出方案{number}号",
                approver="虚构市人民政府",
                date=str(decided_on - timedelta(days=320)),
            ),
        ),
        decision=record_pb.Decision(
            authority=authority,
            document_number=f"虚构认字〔{decided_on.year}〕{number}号",
            date=str(decided_on),
            notice_served_on=str(decided_on - timedelta(days=20)),
            cause="未在批准的退出方案所定期限内退出落后产能，经现场核查主体设备仍在运行",
            removal_conditions="完成退出并经验收合格后，向认定部门提出移出申请",
            remedies="可自收到决定书之日起六十日内申请行政复议，或者六个月内提起行政诉讼",
        ),
        responsible_district=enterprise_pb.ResponsibleDistrict(code="220113", name="九台区"),
        measures=[measure_pb.Measure(area=area) for area in _AREAS],
        publication_class=record_pb.PUBLICATION_CLASS_SERIOUS,
    )
    if number % 3 == 0:
        message.obligation.scope = obligation_pb.OBLIGATION_SCOPE_LINE
        message.obligation.item = f"{number % 7 + 1}号生产线"
        message.obligation.equipment = "直径2.5米虚构机械化立窑"
        message.obligation.quantity = 1
    if number % 3 == 1:
        message.decision.penalty.kind = record_pb.PENALTY_KIND_CLOSURE_ORDER
        message.decision.penalty.document_number = f"虚构停产字{number}号"
        message.decision.penalty.date = str(decided_on)
    return message


def _authority_code(day: date) -> str:
    entries = shipped_law().authorities.entries.values()
    return next(entry.code for entry in entries if entry.bore(_AUTHORITY_NAME, day))

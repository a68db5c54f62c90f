"""The columns of a record sheet, in Chinese and English, and the words that their cells may hold."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from credit_sanction import types
from credit_sanction._areas import Area


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """
    One column: its English name, its Chinese name, and whether a sheet without it can hold no record. What is
    `of_obligation` a registered obligation says already: a sheet that names those, in `obligation`, can do without.
    """

    name: str
    chinese: str
    required: bool = False
    of_obligation: bool = False
    also: tuple[str, ...] = ()


COLUMNS: Final = (
    Column(name="code", chinese="统一社会信用代码", required=True, also=("uscc", "信用代码")),
    Column(name="name", chinese="企业名称", required=True, also=("enterprise",)),
    Column(name="former_names", chinese="曾用名"),
    Column(name="organisation_code", chinese="组织机构代码"),
    Column(name="registration_number", chinese="工商注册号"),
    Column(name="tax_number", chinese="税务登记号"),
    Column(name="obligation", chinese="退出任务编号"),
    Column(name="scope", chinese="退出方式", required=True, of_obligation=True),
    Column(name="item", chinese="任务项", of_obligation=True),
    Column(name="equipment", chinese="主体设备", of_obligation=True),
    Column(name="quantity", chinese="数量", of_obligation=True, also=("台套数",)),
    Column(name="capacity", chinese="产能", required=True, of_obligation=True),
    Column(name="capacity_unit", chinese="产能单位", required=True, of_obligation=True),
    Column(name="sector", chinese="行业", required=True, of_obligation=True),
    Column(name="standard", chinese="综合标准", required=True, of_obligation=True),
    Column(name="induction_furnace", chinese="地条钢", of_obligation=True),
    Column(name="plan_document", chinese="方案批准文号", required=True, of_obligation=True),
    Column(name="plan_approver", chinese="方案批准机关", required=True, of_obligation=True),
    Column(name="plan_date", chinese="方案批准日期", required=True, of_obligation=True),
    Column(name="closure_document", chinese="关停批准文号", of_obligation=True),
    Column(name="closure_approver", chinese="关停批准机关", of_obligation=True),
    Column(name="closure_date", chinese="关停批准日期", of_obligation=True),
    Column(name="ordered_on", chinese="责令日期", required=True, of_obligation=True),
    Column(name="due_on", chinese="期限", of_obligation=True, also=("期限届满日",)),
    Column(name="extension_months", chinese="延期月数", of_obligation=True),
    Column(name="extension_document", chinese="延期文号", of_obligation=True),
    Column(name="extension_applied_on", chinese="延期申请日期", of_obligation=True),
    Column(name="licences", chinese="证照", of_obligation=True),
    Column(name="authority_code", chinese="认定部门代码", required=True),
    Column(name="authority", chinese="认定部门", required=True),
    Column(name="document_number", chinese="文号", required=True),
    Column(name="decided_on", chinese="决定日期", required=True),
    Column(name="notice_served_on", chinese="告知日期", required=True),
    Column(name="statement", chinese="陈述申辩"),
    Column(name="statement_date", chinese="陈述日期"),
    Column(name="penalty_kind", chinese="处罚种类"),
    Column(name="penalty_document", chinese="处罚文号"),
    Column(name="penalty_date", chinese="处罚日期"),
    Column(name="penalty_violation", chinese="违法行为类型"),
    Column(name="penalty_facts", chinese="违法事实"),
    Column(name="penalty_basis", chinese="处罚依据"),
    Column(name="penalty_content", chinese="处罚内容"),
    Column(name="penalty_fine", chinese="罚款金额"),
    Column(
        name="penalty_confiscated",
        chinese="没收金额",
        also=("没收违法所得、没收非法财物的金额", "没收违法所得、没收非法财物金额"),
    ),
    Column(name="penalty_licence", chinese="暂扣或吊销证照", also=("暂扣或吊销证照名称及编号",)),
    Column(name="penalty_valid_until", chinese="处罚有效期"),
    Column(name="penalty_authority_code", chinese="处罚机关代码", also=("处罚机关统一社会信用代码",)),
    Column(name="penalty_authority", chinese="处罚机关"),
    Column(name="district_code", chinese="区县代码", required=True),
    Column(name="district", chinese="责任区县", required=True),
    Column(name="district_since", chinese="区县起始日"),
    Column(name="areas", chinese="惩戒领域", required=True),
    Column(name="measure_end", chinese="措施截止日"),
    Column(name="publication_class", chinese="失信程度", required=True),
    Column(name="publication_end", chinese="公示截止日"),
)

SCOPES: Final = {
    "整个企业": types.ObligationScope.OBLIGATION_SCOPE_ENTERPRISE,
    "生产线": types.ObligationScope.OBLIGATION_SCOPE_LINE,
    "主体设备": types.ObligationScope.OBLIGATION_SCOPE_LINE,
}
SECTORS: Final = {
    "钢铁": types.Sector.SECTOR_STEEL,
    "煤炭": types.Sector.SECTOR_COAL,
    "水泥": types.Sector.SECTOR_CEMENT,
    "电解铝": types.Sector.SECTOR_ELECTROLYTIC_ALUMINIUM,
    "平板玻璃": types.Sector.SECTOR_FLAT_GLASS,
    "其他": types.Sector.SECTOR_OTHER,
    "电力": types.Sector.SECTOR_POWER,
}
STANDARDS: Final = {
    "能耗": types.Standard.STANDARD_ENERGY,
    "环保": types.Standard.STANDARD_ENVIRONMENT,
    "质量": types.Standard.STANDARD_QUALITY,
    "安全": types.Standard.STANDARD_SAFETY,
    "技术": types.Standard.STANDARD_TECHNOLOGY,
}
UNITS: Final = {
    "吨": types.CapacityUnit.CAPACITY_UNIT_TONNES,
    "万吨": types.CapacityUnit.CAPACITY_UNIT_TEN_THOUSAND_TONNES,
    "万重量箱": types.CapacityUnit.CAPACITY_UNIT_TEN_THOUSAND_WEIGHT_CASES,
    "件": types.CapacityUnit.CAPACITY_UNIT_PIECES,
}
STATEMENTS: Final = {
    "陈述": types.StatementKind.STATEMENT_KIND_STATEMENT,
    "陈述申辩": types.StatementKind.STATEMENT_KIND_STATEMENT,
    "要求听证": types.StatementKind.STATEMENT_KIND_HEARING_REQUESTED,
    "听证": types.StatementKind.STATEMENT_KIND_HEARING_HELD,
    "放弃": types.StatementKind.STATEMENT_KIND_WAIVED,
}
YES_OR_NO: Final = {"是": True, "否": False, "YES": True, "NO": False}
PENALTIES: Final = {
    "责令停产停业": types.PenaltyKind.PENALTY_KIND_CLOSURE_ORDER,
    "吊销许可证": types.PenaltyKind.PENALTY_KIND_LICENCE_REVOKED,
    "吊销执照": types.PenaltyKind.PENALTY_KIND_LICENCE_REVOKED,
    "吊销许可证/执照": types.PenaltyKind.PENALTY_KIND_LICENCE_REVOKED,
}
CLASSES: Final = {
    "轻微": types.PublicationClass.PUBLICATION_CLASS_MINOR,
    "一般": types.PublicationClass.PUBLICATION_CLASS_GENERAL,
    "严重": types.PublicationClass.PUBLICATION_CLASS_SERIOUS,
}
AREAS: Final = {
    "土地供应": Area.LAND_SUPPLY,
    "融资授信": Area.FINANCING_CREDIT,
    "债券发行": Area.BOND_ISSUANCE,
    "政府采购": Area.GOVERNMENT_PROCUREMENT,
    "公共工程建设项目投标": Area.PUBLIC_WORKS_BIDDING,
    "生产许可": Area.PRODUCTION_LICENCE,
    "安全许可": Area.SAFETY_LICENCE,
    "资金支持": Area.FUNDING_SUPPORT,
    "税收管理": Area.TAX_ADMINISTRATION,
}
ALL_AREAS: Final = frozenset({"全部", "ALL"})


def heading_key(text: str) -> str:
    """Return what two spellings of a heading share: `统一社会信用代码（必填）*` and `统一社会信用代码` are one."""
    return re.sub(r"\(.*?\)|[\s*_-]", "", unicodedata.normalize("NFKC", text).casefold())


BY_HEADING: Final = {
    heading_key(heading): column for column in COLUMNS for heading in (column.name, column.chinese, *column.also)
}

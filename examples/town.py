"""A town full of made-up enterprises that missed their exit: rows of a record sheet that are right in everything."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Final

from examples.made_up import authority_code, numeral, uscc

from credit_sanction.spreadsheet import COLUMNS

SEED: Final = 20260101  # under it the enterprise that the README asks about is among those accepted

# The responsible district, and the division codes that its firms carry: those of the authority that registered them,
# at the time. 220113 is 九台 to the standard and 汽开 in the register; 公主岭 was 220381 until it came to Changchun.
DISTRICTS: Final = (
    ("220102", "南关区", ("220101", "220102")),
    ("220103", "宽城区", ("220101", "220103")),
    ("220104", "朝阳区", ("220101", "220104")),
    ("220105", "二道区", ("220101", "220105")),
    ("220106", "绿园区", ("220101", "220106")),
    ("220112", "双阳区", ("220101", "220112")),
    ("220113", "九台区", ("220181", "220113")),
    ("220122", "农安县", ("220122",)),
    ("220182", "榆树市", ("220182",)),
    ("220183", "德惠市", ("220183",)),
    ("220184", "公主岭市", ("220381", "220184")),
    ("220171", "长春经济技术开发区", ("220108", "220101")),
    ("220172", "长春净月高新技术产业开发区", ("220109", "220137")),
    ("220173", "长春高新技术产业开发区", ("220107", "220101")),
    ("220174", "长春汽车经济技术开发区", ("220113", "220101")),
)
# Sector: business, item, equipment, unit.
SECTORS: Final = {
    "钢铁": ("钢铁", "号高炉", "450立方米高炉", "万吨"),
    "煤炭": ("煤业", "号井", "综采工作面", "万吨"),
    "水泥": ("水泥", "号窑", "直径3.2米回转窑", "万吨"),
    "电解铝": ("铝业", "号系列", "160千安预焙槽", "万吨"),
    "平板玻璃": ("玻璃", "号线", "日熔化量400吨浮法线", "万重量箱"),
    "电力": ("热电", "号炉", "35蒸吨燃煤锅炉", "吨"),
    "其他": ("铸造", "号电炉", "5吨电弧炉", "吨"),
}
# Standard: number and name of an authority that leads it (长工信联字[2017]9号 §五(二)), and how its documents are numbered.
AUTHORITIES: Final = {
    "能耗": (1, "长春市虚构工业和信息化局", "长虚工信惩"),
    "环保": (2, "长春市虚构生态环境局", "长虚环惩"),
    "质量": (3, "长春市虚构市场监督管理局", "长虚市监惩"),
    "安全": (4, "长春市虚构应急管理局", "长虚应急惩"),
    "技术": (5, "长春市虚构发展和改革委员会", "长虚发改惩"),
}
GOVERNMENT: Final = "长春市虚构人民政府"
SOME_AREAS: Final = (
    "全部",
    "全部",
    "全部",
    "土地供应；融资授信；生产许可；安全许可",
    "融资授信、债券发行",
    "政府采购；公共工程建设项目投标；资金支持",
)
# What a penalty decision of that kind says of itself, by a rule as made up as it; amounts in both forms that lists have.
PENALTIES: Final = {
    "责令停产停业": {
        "penalty_violation": "逾期未淘汰落后生产工艺装备",
        "penalty_facts": "责令期限届满后，该企业仍使用应当淘汰的生产工艺装备组织生产（虚构）。",
        "penalty_basis": "《长春市落后产能退出虚构规定》第十二条",
        "penalty_content": "责令停产停业，没收违法所得，并处罚款。",
        "penalty_fine": "2000元",
        "penalty_confiscated": "1.35",
        "penalty_valid_until": "2099-12-31",
    },
    "吊销许可证": {
        "penalty_violation": "不具备安全生产条件仍从事生产",
        "penalty_facts": "经停产整顿，该企业仍不具备安全生产条件（虚构）。",
        "penalty_basis": "《长春市落后产能退出虚构规定》第十五条",
        "penalty_content": "吊销安全生产许可证。",
        "penalty_licence": "安全生产许可证 虚构安许证〔2020〕{number}号",
        "penalty_valid_until": "2099-12-31",
        # Safety took it away, whoever lists.
        "penalty_authority_code": authority_code(AUTHORITIES["安全"][0]),
        "penalty_authority": AUTHORITIES["安全"][1],
    },
}
MONTHS_SET_BY_LAW: Final = 6
CLOSURE_NEEDS_APPROVAL: Final = frozenset({"环保", "质量"})


@dataclass(slots=True, kw_only=True)
class Row:
    """Cells by column name, with what is odd about the row and what is expected of it."""

    cells: dict[str, str]
    note: str = ""
    expected: str = "accepted"

    def copy(self, note: str, expected: str, **cells: str) -> Row:
        """Return this row with other cells."""
        return Row(cells={**self.cells, **cells}, note=note, expected=expected)


@dataclass(slots=True)
class Town:
    """Makes enterprises up, each with a number of its own."""

    random: Random = field(default_factory=lambda: Random(SEED))  # noqa: S311 - the same rows every time are the point
    made: int = 0

    def row(self, standard: str = "", sector: str = "", *, line: bool | None = None) -> Row:
        """Return a right row about a new enterprise."""
        self.made += 1
        choose = self.random.choice
        standard = standard or choose(list(AUTHORITIES))
        sector = sector or choose(list(SECTORS))
        district_code, district, divisions = choose(DISTRICTS)
        business, item, equipment, unit = SECTORS[sector]
        is_line = self.random.random() < 0.6 if line is None else line  # noqa: PLR2004 - a little more than half
        number, authority, prefix = AUTHORITIES[standard]
        cells = dict.fromkeys((column.name for column in COLUMNS), "")
        cells |= {
            "code": uscc("91", choose(divisions), self.made),
            "name": f"长春市虚构{numeral(self.made)}号{business}有限公司",
            "scope": "生产线" if is_line else "整个企业",
            "item": f"1{item}" if is_line else "",
            "equipment": equipment if is_line else "",
            "quantity": str(choose((1, 1, 2, 4))) if is_line else "",
            "capacity": f"{self.random.randrange(5, 900) / 10:g}",
            "capacity_unit": unit,
            "sector": sector,
            "standard": standard,
            "induction_furnace": "否" if (sector, standard) == ("钢铁", "技术") else "",
            "authority_code": authority_code(number),
            "authority": authority,
            "document_number": f"{prefix}〔2026〕{self.made}号",
            "district_code": district_code,
            "district": district,
            "areas": choose(SOME_AREAS),
            "publication_class": "严重",
        }
        approved = standard in CLOSURE_NEEDS_APPROVAL and not is_line
        return Row(cells=cells | self.days(standard, closes=approved) | self.penalty() | self.licences(standard))

    def days(self, standard: str, *, closes: bool) -> dict[str, str]:
        """Return plan, order, due day, extension, closure, notice, statement and decision, the decision in 2026."""
        months = MONTHS_SET_BY_LAW if standard in {"能耗", "质量"} else self.random.randrange(3, 19)
        extension = self.random.choice((0, 0, 1, 3)) if standard == "能耗" else 0
        aim = date(2025, 12, 10) + timedelta(days=self.random.randrange(290))
        ordered = add_months(aim, -months - extension)
        due = add_months(ordered, months)
        planned = ordered - timedelta(days=self.random.randrange(15, 60))
        # A last day may move past the Spring Festival, and so may the days in which a hearing can be asked for.
        decided = add_months(due, extension) + timedelta(days=self.random.randrange(30, 50))
        served = decided - timedelta(days=self.random.randrange(16, 20))
        left_out = months == MONTHS_SET_BY_LAW and standard in {"能耗", "质量"} and self.random.random() < 0.5  # noqa: PLR2004
        closed = ordered + timedelta(days=self.random.randrange(20))
        return {
            "plan_document": f"长虚政产能〔{planned.year}〕{planned.month}号",
            "plan_approver": GOVERNMENT,
            "plan_date": self.written(planned),
            "closure_document": f"长虚政关停〔{closed.year}〕{self.made}号" if closes else "",
            "closure_approver": GOVERNMENT if closes else "",
            "closure_date": self.written(closed) if closes else "",
            "ordered_on": self.written(ordered),
            "due_on": "" if left_out else self.written(due),
            "extension_months": str(extension) if extension else "",
            "extension_document": f"长虚工信延〔{due.year}〕{self.made}号" if extension else "",
            "extension_applied_on": self.written(due - timedelta(days=14)) if extension else "",
            "notice_served_on": self.written(served),
            "decided_on": self.written(decided),
            **self.statement(served),
        }

    def statement(self, served: date) -> dict[str, str]:
        """Return what the enterprise said to the notice, for one row in six."""
        if self.random.randrange(6):
            return {}
        said = served + timedelta(days=self.random.randrange(1, 6))
        words = self.random.choice(("陈述", "要求听证；听证", "放弃"))
        days = (said, served + timedelta(days=self.random.randrange(10, 15)))[: words.count("；") + 1]
        return {"statement": words, "statement_date": "；".join(map(self.written, days))}

    def penalty(self) -> dict[str, str]:
        """Return a penalty decision for one row in eight, two of three with all that its publication asks for."""
        if self.random.randrange(8):
            return {}
        kind = self.random.choice(("责令停产停业", "责令停产停业", "吊销许可证"))
        told = PENALTIES[kind] if self.made % 3 else {}
        return {
            "penalty_kind": kind,
            "penalty_document": f"长虚罚〔2025〕{self.made}号",
            "penalty_date": self.written(date(2025, 11, 1) + timedelta(days=self.random.randrange(30))),
            **{name: cell.format(number=self.made) for name, cell in told.items()},
        }

    def licences(self, standard: str) -> dict[str, str]:
        """Return the licences that safety takes away, with either colon."""
        if standard != "安全":
            return {}
        colon = self.random.choice((":", "："))
        licences = (
            f"安全生产许可证{colon}虚构安许证〔2020〕{self.made}号",
            f"排污许可证{colon}虚构排污{self.made:04d}P",
        )
        return {"licences": "；".join(licences[: self.random.choice((1, 2))])}

    def written(self, day: date) -> str:
        """Return a day in one of the forms that lists have."""
        return self.random.choice(
            (day.isoformat(), f"{day.year}/{day.month}/{day.day}", f"{day.year}年{day.month}月{day.day}日")
        )


def add_months(day: date, months: int) -> date:
    """Return the corresponding day, or the month's last where there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))

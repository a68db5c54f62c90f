"""
Writes `overdue-2026.csv`: 300 rows of a list of enterprises overdue in 2026, every one of them made up, with the dirt
that real lists have. The same rows every time.

    python examples/generate.py [FILE]

Every organisation code begins with FAKE and every name says 虚构 (fictitious); check digits are right where a row is
not about a wrong one. The last column, `expected`, says what the service does with the row: accepted, quarantined or
refused.
"""

from __future__ import annotations

import csv
import io
import sys
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from credit_sanction.spreadsheet import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS: Final = 300
SEED: Final = 20260101
OUTPUT: Final = Path(__file__).with_name("overdue-2026.csv")
HEADER: Final = (*(column.chinese for column in COLUMNS), "备注", "expected")

USCC: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORGANISATION: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

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
    "其他": ("铸造", "号电炉", "5吨中频炉", "吨"),
}
# Standard: number and name of the authority that leads it, and how its documents are numbered.
AUTHORITIES: Final = {
    "能耗": (1, "长春市虚构工业和信息化局", "长虚工信惩"),
    "环保": (2, "长春市虚构生态环境局", "长虚环惩"),
    "质量": (3, "长春市虚构市场监督管理局", "长虚市监惩"),
    "安全": (4, "长春市虚构应急管理局", "长虚应急惩"),
    "技术": (5, "长春市虚构发展和改革委员会", "长虚发改惩"),
}
SOME_AREAS: Final = (
    "全部",
    "全部",
    "全部",
    "土地供应；融资授信；生产许可；安全许可",
    "融资授信、债券发行",
    "政府采购；公共工程建设项目投标；资金支持",
)
MONTHS_SET_BY_LAW: Final = 6


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
            "authority_code": authority_code(number),
            "authority": authority,
            "document_number": f"{prefix}〔2026〕{self.made}号",
            "district_code": district_code,
            "district": district,
            "areas": choose(SOME_AREAS),
            "publication_class": "严重",
        }
        return Row(cells=cells | self.days(standard) | self.penalty())

    def days(self, standard: str) -> dict[str, str]:
        """Return order, due day, extension, notice and decision, in that order, the decision in 2026."""
        months = MONTHS_SET_BY_LAW if standard in {"能耗", "质量"} else self.random.randrange(3, 19)
        extension = self.random.choice((0, 0, 1, 3)) if standard == "能耗" else 0
        aim = date(2025, 12, 10) + timedelta(days=self.random.randrange(290))
        ordered = add_months(aim, -months - extension)
        due = add_months(ordered, months)
        decided = add_months(due, extension) + timedelta(days=self.random.randrange(25, 46))
        served = decided - timedelta(days=self.random.randrange(5, 16))
        left_out = months == MONTHS_SET_BY_LAW and standard in {"能耗", "质量"} and self.random.random() < 0.5  # noqa: PLR2004
        return {
            "ordered_on": self.written(ordered),
            "due_on": "" if left_out else self.written(due),
            "extension_months": str(extension) if extension else "",
            "extension_document": f"长虚工信延〔{due.year}〕{self.made}号" if extension else "",
            "notice_served_on": self.written(served),
            "decided_on": self.written(decided),
        }

    def penalty(self) -> dict[str, str]:
        """Return a penalty decision for one row in eight."""
        if self.random.randrange(8):
            return {}
        kind = self.random.choice(("责令停产停业", "责令停产停业", "吊销许可证"))
        return {
            "penalty_kind": kind,
            "penalty_document": f"长虚罚〔2025〕{self.made}号",
            "penalty_date": self.written(date(2025, 11, 1) + timedelta(days=self.random.randrange(30))),
        }

    def written(self, day: date) -> str:
        """Return a day in one of the forms that lists have."""
        return self.random.choice(
            (day.isoformat(), f"{day.year}/{day.month}/{day.day}", f"{day.year}年{day.month}月{day.day}日")
        )


def check_character(first17: str) -> str:
    """Return the last character of a unified social credit code (GB 32100)."""
    total = sum(USCC.index(character) * pow(3, place, 31) for place, character in enumerate(first17))
    return USCC[-total % 31]


def organisation_code(first8: str) -> str:
    """Return an organisation code with its check character (GB 11714)."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(ORGANISATION.index(c) * weight for c, weight in zip(first8, weights, strict=True))
    return first8 + "0123456789X"[-total % 11]


def uscc(kind: str, division: str, number: int) -> str:
    """Return a made-up code that is right in every digit."""
    first17 = f"{kind}{division}{organisation_code(f'FAKE{number:04d}')}"
    return first17 + check_character(first17)


def authority_code(number: int) -> str:
    """Return the made-up code of an authority, right in every digit."""
    first17 = f"11220100{organisation_code(f'FAKEA{number:03d}')}"
    return first17 + check_character(first17)


def registration_number(serial: int) -> str:
    """Return a made-up number of the old form, 15 digits with their check digit (ISO 7064 MOD 11,10)."""
    first14 = f"2201019999{serial:04d}"
    product = 10
    for digit in first14:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return f"{first14}{(11 - product) % 10}"


def numeral(number: int) -> str:
    """Return a number below 1,000 in Chinese numerals."""
    digits = "零一二三四五六七八九"
    if number < 10:  # noqa: PLR2004 - decimal
        return digits[number]
    head, rest = divmod(number, 100 if number >= 100 else 10)  # noqa: PLR2004 - decimal
    unit = "百" if number >= 100 else "十"  # noqa: PLR2004 - decimal
    lead = "" if unit == "十" and head == 1 else digits[head]
    zero = "零" if unit == "百" and 0 < rest < 10 else ""  # noqa: PLR2004 - decimal
    one = "一" if unit == "百" and 10 <= rest < 20 else ""  # noqa: PLR2004 - decimal
    return f"{lead}{unit}{zero}{one}{numeral(rest) if rest else ''}"


def add_months(day: date, months: int) -> date:
    """Return the corresponding day, or the month's last where there is none."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def full_width(text: str) -> str:
    """Return `text` in full-width forms."""
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


def with_code(town: Town, note: str, expected: str, change: Callable[[str], str]) -> Row:
    """Return a right row whose code was changed."""
    row = town.row()
    return row.copy(note, expected, code=change(row.cells["code"]))


def tidy_dirt(town: Town) -> Iterator[Row]:
    """Yield what only looks wrong, and is accepted."""
    forms: tuple[tuple[int, str, Callable[[str], str]], ...] = (
        (8, "代码为小写", str.lower),
        (5, "代码为全角", full_width),
        (6, "代码含空格", lambda code: f" {code[:8]} {code[8:17]} {code[17]} "),
        (2, "代码含不间断空格与零宽字符", lambda code: f"{code[:8]}\u00a0{code[8:]}\u200b"),
        (2, "代码含连字符", lambda code: f"{code[:8]}-{code[8:16]}-{code[16:]}"),
        (3, "代码为电子表格文本公式", lambda code: f'="{code}"'),
    )
    for count, note, change in forms:
        yield from (with_code(town, note, "accepted", change) for _ in range(count))
    for _ in range(12):
        row = town.row(line=True)
        yield row.copy("同一企业两条生产线之一", "accepted")
        item = row.cells["item"].replace("1", "2", 1)
        yield row.copy("同一企业两条生产线之二", "accepted", item=item, capacity="12.5")
    for _ in range(8):
        row = town.row()
        yield row.copy("轻微，不公示", "accepted", publication_class="轻微", measure_end="2029-01-31")
    for _ in range(10):
        row = town.row("环保")
        late = {"due_on": "2026-09-30", "notice_served_on": "2026/10/26", "decided_on": "2026年11月12日"}
        yield row.copy("一般，公示一年", "accepted", publication_class="一般", ordered_on="2025-09-30", **late)
    for _ in range(2):
        row = town.row()
        code = uscc("N2", "220122", town.made)
        yield row.copy(
            "村级集体经济组织", "accepted", code=code, name=f"农安县虚构{numeral(town.made)}村股份经济合作社"
        )
    for _ in range(4):
        row = town.row()
        name = row.cells["name"].removeprefix("长春市").replace("号", "号（长春）", 1)
        yield row.copy("名称含括号及曾用名", "accepted", name=name, former_names=row.cells["name"] + "；虚构旧名厂")


def doubtful(town: Town) -> Iterator[Row]:
    """Yield what may be genuine and cannot be decided: quarantined."""
    for serial in range(1, 7):
        yield town.row().copy("15位工商注册号", "quarantined", code=registration_number(serial))
    for _ in range(2):
        row = with_code(town, "仅有组织机构代码", "quarantined", lambda code: f"{code[8:16]}-{code[16]}")
        yield row
    for _ in range(6):
        yield with_code(town, "末位校验码错误，主体标识码正确", "quarantined", wrong_last)


def wrong_last(code: str) -> str:
    """Return a code whose last character alone is wrong."""
    return code[:17] + USCC[(USCC.index(code[17]) + 1) % 31]


def wrong_organisation(code: str) -> str:
    """Return a code whose organisation code is wrong and whose last character is right."""
    wrong = "0123456789X"[("0123456789X".index(code[16]) + 1) % 11]
    first17 = code[:16] + wrong
    return first17 + check_character(first17)


def wrong_codes(town: Town) -> Iterator[Row]:
    """Yield codes that no enterprise can have: refused."""
    yield from (with_code(town, "主体标识码校验错误", "refused", wrong_organisation) for _ in range(4))
    for _ in range(3):
        yield with_code(town, "字母O代替数字0", "refused", lambda code: code[:12] + code[12:].replace("0", "O", 1))
    yield from (with_code(town, "代码缺一位", "refused", lambda code: code[:17]) for _ in range(2))
    yield town.row().copy("误填公民身份号码", "refused", code="990000190001010294")
    yield town.row().copy("认定部门代码错误", "refused", authority_code=wrong_last(authority_code(1)))


def wrong_facts(town: Town) -> Iterator[Row]:
    """Yield what the rules refuse."""
    yield from (town.row().copy("缺企业名称", "refused", name="") for _ in range(3))
    for _ in range(4):
        early = {"ordered_on": "2026-08-03", "due_on": "", "notice_served_on": "2026-11-02", "decided_on": "2026-11-16"}
        yield town.row("能耗").copy("尚未逾期", "refused", extension_months="", extension_document="", **early)
    for _ in range(2):
        yield town.row("能耗").copy(
            "延期四个月", "refused", extension_months="4", extension_document="长虚工信延〔2025〕4号"
        )
        yield town.row("质量").copy(
            "质量标准不得延期", "refused", extension_months="1", extension_document="长虚市监延〔2025〕1号"
        )
        yield town.row().copy("决定后才告知", "refused", notice_served_on="2026-11-20")
    yield town.row("能耗").copy("期限超过六个月", "refused", ordered_on="2025-01-10", due_on="2025-09-10")
    yield town.row(line=True).copy("生产线未写任务项", "refused", item="")
    yield town.row(line=True).copy("生产线数量为零", "refused", quantity="0")
    yield town.row().copy("公示期过长", "refused", publication_end="2039-12-31")
    yield town.row().copy("轻微而无措施截止日", "refused", publication_class="轻微")
    yield town.row().copy("日期不存在", "refused", notice_served_on="2026-02-30")
    yield town.row().copy("综合标准不在五项之内", "refused", standard="噪声")
    yield town.row().copy("领域不在九项之内", "refused", areas="土地供应；水价")


def rows() -> list[Row]:
    """Return all rows in their order."""
    town = Town()
    odd = [*tidy_dirt(town), *doubtful(town), *wrong_codes(town), *wrong_facts(town)]
    repeats = 5
    every = odd + [town.row() for _ in range(ROWS - repeats - len(odd))]
    town.random.shuffle(every)
    plain = [row for row in every if not row.note]
    for place, row in enumerate(plain[:repeats]):
        again = row.copy("重复行", "refused")
        if place == 0:
            again.cells["code"] = again.cells["code"].lower()
        # After the row that it repeats: the first one is taken, the second one is the duplicate.
        every.insert(town.random.randrange(every.index(row) + 1, len(every) + 1), again)
    return every


def render() -> str:
    """Return the file's text."""
    stream = io.StringIO()
    # Not spreadsheet.write: it would defuse the ="…" cells, which are part of the dirt.
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows([*(row.cells[column.name] for column in COLUMNS), row.note, row.expected] for row in rows())
    return stream.getvalue()


def main() -> None:
    """Write the file."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT
    path.write_text(render(), encoding="utf-8-sig", newline="")


if __name__ == "__main__":
    main()

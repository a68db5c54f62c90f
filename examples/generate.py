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
from pathlib import Path
from typing import TYPE_CHECKING, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a file, it finds the modules beside it as tests do

from examples.made_up import (
    authority_code,
    full_width,
    numeral,
    registration_number,
    uscc,
    wrong_last,
    wrong_organisation,
)
from examples.town import AUTHORITIES, Row, Town

from credit_sanction.spreadsheet import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS: Final = 300
OUTPUT: Final = Path(__file__).with_name("overdue-2026.csv")
HEADER: Final = (*(column.chinese for column in COLUMNS), "备注", "expected")
NO_EXTENSION: Final = {"extension_months": "", "extension_document": "", "extension_applied_on": ""}
NO_STATEMENT: Final = {"statement": "", "statement_date": ""}
NO_PLAN: Final = {"plan_document": "", "plan_approver": "", "plan_date": ""}
FURNACE: Final = {"item": "1号中频炉", "equipment": "5吨中频炉", "induction_furnace": "是"}


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
        yield row.copy("轻微，不公示", "accepted", publication_class="轻微", measure_end="2028-12-31")
    for _ in range(10):
        late = {
            "due_on": "2026-09-30",
            "notice_served_on": "2026/10/26",
            "decided_on": "2026年11月12日",
            **NO_STATEMENT,
        }
        row = town.row("环保")
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


def proceedings(town: Town) -> Iterator[Row]:
    """Yield what was done in a rarer way, and rightly: accepted."""
    summer = {"due_on": "2026-06-30", "ordered_on": "2026-01-15", "notice_served_on": "2026-07-06"}
    for _ in range(2):
        waived = {"statement": "放弃", "statement_date": "2026-07-07", "decided_on": "2026-07-08"}
        yield town.row("安全").copy("书面放弃后即作决定", "accepted", **summer, **waived)
    for _ in range(2):
        heard = {"statement": "要求听证；听证", "statement_date": "2026-07-08；2026-07-17", "decided_on": "2026-07-20"}
        yield town.row("安全").copy("经听证后决定", "accepted", **summer, **heard)
    for _ in range(4):
        yield town.row("技术", "钢铁", line=True).copy("地条钢", "accepted", **FURNACE)
    for _ in range(2):
        holiday = {"ordered_on": "2025-10-01", "due_on": "2026-10-01"}
        decided = {"notice_served_on": "2026-10-12", "decided_on": "2026-11-02", **NO_STATEMENT}
        yield town.row("安全").copy("期限届满日为国庆节，顺延", "accepted", **holiday, **decided)


def doubtful(town: Town) -> Iterator[Row]:
    """Yield what may be genuine and cannot be decided: quarantined."""
    for serial in range(1, 7):
        yield town.row().copy("15位工商注册号", "quarantined", code=registration_number(serial))
    for _ in range(2):
        row = with_code(town, "仅有组织机构代码", "quarantined", lambda code: f"{code[8:16]}-{code[16]}")
        yield row
    for _ in range(6):
        yield with_code(town, "末位校验码错误，主体标识码正确", "quarantined", wrong_last)


def wrong_codes(town: Town) -> Iterator[Row]:
    """Yield codes that no enterprise can have: refused."""
    yield from (with_code(town, "主体标识码校验错误", "refused", wrong_organisation) for _ in range(3))
    for _ in range(2):
        yield with_code(town, "字母O代替数字0", "refused", lambda code: code[:12] + code[12:].replace("0", "O", 1))
    yield with_code(town, "代码缺一位", "refused", lambda code: code[:17])
    yield town.row().copy("误填公民身份号码", "refused", code="990000190001010294")
    yield town.row().copy("认定部门代码错误", "refused", authority_code=wrong_last(authority_code(1)))


def wrong_facts(town: Town) -> Iterator[Row]:
    """Yield what the rules refuse about the form of a record, its periods and its areas."""
    yield from (town.row().copy("缺企业名称", "refused", name="") for _ in range(2))
    for _ in range(2):
        early = {"ordered_on": "2026-08-03", "due_on": "", "notice_served_on": "2026-11-02", "decided_on": "2026-11-16"}
        yield town.row("能耗").copy("尚未逾期", "refused", **NO_EXTENSION, **NO_STATEMENT, **early)
    yield town.row("能耗").copy(
        "延期四个月", "refused", extension_months="4", extension_document="长虚工信延〔2025〕4号"
    )
    once = {"extension_months": "1", "extension_document": "长虚市监延〔2025〕1号"}
    yield town.row("质量").copy("质量标准不得延期", "refused", **once)
    yield town.row("能耗").copy("期限超过六个月", "refused", ordered_on="2025-01-10", due_on="2025-09-10")
    yield town.row(line=True).copy("生产线未写任务项", "refused", item="")
    yield town.row(line=True).copy("生产线数量为零", "refused", quantity="0")
    yield town.row().copy("公示期过长", "refused", publication_end="2039-12-31")
    yield town.row().copy("轻微而无措施截止日", "refused", publication_class="轻微")
    yield town.row().copy("日期不存在", "refused", notice_served_on="2026-02-30")
    yield town.row().copy("综合标准不在五项之内", "refused", standard="噪声")
    yield town.row().copy("领域不在九项之内", "refused", areas="土地供应；水价")
    old = {"plan_date": "2003-01-06", "ordered_on": "2003-01-15", "due_on": "2003-12-31"}
    yield town.row("安全").copy("期限年份无节假日安排", "refused", **old)
    named = dict.fromkeys((column.name for column in COLUMNS if column.of_obligation), "")
    unknown = "exitObligations/00000000-0000-7000-8000-000000000000"
    yield town.row().copy("退出任务未登记", "refused", obligation=unknown, **named)
    yield town.row().copy("既列任务编号又列任务内容", "refused", obligation=unknown)


def wrong_process(town: Town) -> Iterator[Row]:
    """Yield what nobody with the power to do so approved, or nobody was heard about: refused."""
    yield from (town.row().copy("缺方案批准", "refused", **NO_PLAN) for _ in range(2))
    yield town.row("安全").copy("方案批准晚于期限", "refused", due_on="2026-06-30", plan_date="2026-07-01")
    for standard in ("环保", "质量"):
        closure = {"closure_document": "", "closure_approver": "", "closure_date": ""}
        yield town.row(standard, line=False).copy("关停整个企业未经批准", "refused", **closure)
    extended = {"extension_months": "3", "extension_document": "长虚发改延〔2026〕1号"}
    yield town.row("技术", "钢铁", line=True).copy("地条钢不得延期", "refused", **FURNACE, **extended)
    yield town.row("技术", "水泥", line=True).copy("地条钢只限钢铁", "refused", **FURNACE)
    for standard, sector, other in (("能耗", "钢铁", "环保"), ("安全", "煤炭", "能耗")):
        number, name, _ = AUTHORITIES[other]
        wrong = {"authority_code": authority_code(number), "authority": name}
        yield town.row(standard, sector).copy("认定部门非牵头部门", "refused", **wrong)
    hasty = {"notice_served_on": "2026-11-09", "decided_on": "2026-11-16"}
    yield town.row().copy("告知后五个工作日内决定", "refused", **hasty, **NO_STATEMENT)
    stated = {"statement": "陈述", "statement_date": "2026-11-10"}
    yield town.row().copy("仅有陈述，五个工作日内决定", "refused", **hasty, **stated)
    asked = {"notice_served_on": "2026-10-12", "statement": "要求听证", "statement_date": "2026-10-14"}
    yield town.row("安全").copy("要求听证而未举行", "refused", decided_on="2026-11-16", **asked)
    yield town.row().copy("决定后才告知", "refused", notice_served_on="2026-11-20")
    yield town.row().copy("区划代码已撤销", "refused", district_code="220381", district="公主岭市")
    yield town.row().copy("陈述早于告知", "refused", statement="陈述", statement_date="2025-12-01")


def rows() -> list[Row]:
    """Return all rows in their order."""
    town = Town()
    odd = [
        row
        for kind in (tidy_dirt, proceedings, doubtful, wrong_codes, wrong_facts, wrong_process)
        for row in kind(town)
    ]
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

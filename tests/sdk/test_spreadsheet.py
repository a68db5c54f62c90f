"""Record sheets: every form that lists have is read, and nothing that a file holds makes reading fail."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_sanction import Area, spreadsheet, types
from credit_sanction._sheet_columns import heading_key
from credit_sanction._sheet_text import clean_cell

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADER = [column.chinese for column in spreadsheet.COLUMNS]
AREAS = "土地供应、融资授信、债券发行、政府采购、公共工程建设项目投标、生产许可、安全许可、资金支持、税收管理"
GOOD = {
    "统一社会信用代码": "91220101FAKE000130",
    "企业名称": "长春市虚构一号钢铁有限公司",
    "曾用名": "虚构旧厂；虚构老厂",
    "组织机构代码": "FAKE0001-3",
    "退出方式": "生产线",
    "任务项": "1号高炉",
    "主体设备": "450立方米高炉",
    "数量": "2",
    "产能": "1,045.5",
    "产能单位": "万吨/年",
    "行业": "钢铁",
    "综合标准": "能耗",
    "地条钢": "否",
    "方案批准文号": "长虚政产能〔2025〕7号",
    "方案批准机关": "长春市虚构人民政府",
    "方案批准日期": "2025/7/1",
    "关停批准文号": "长虚政关停〔2025〕1号",
    "关停批准机关": "长春市虚构人民政府",
    "关停批准日期": "2025年8月2日",
    "责令日期": "2025-08-01",
    "期限": "2026/2/1",
    "延期月数": "３",
    "延期文号": "长虚工信延〔2026〕1号",
    "延期申请日期": "2026-01-15",
    "证照": "安全生产许可证:虚构安许证1号；排污许可证： FAKE0001:P",
    "认定部门代码": "11220100FAKEA0018N",
    "认定部门": "长春市虚构工业和信息化局",
    "文号": "长虚工信惩〔2026〕1号",
    "决定日期": "2026年6月1日",
    "告知日期": "20260515",
    "陈述申辩": "陈述",
    "陈述日期": "2026-05-20",
    "处罚种类": "责令停产停业",
    "处罚文号": "长虚罚〔2026〕1号",
    "处罚日期": "2026.4.1",
    "违法行为类型": "逾期未淘汰落后生产工艺装备",
    "违法事实": "责令期限届满后仍在生产",
    "处罚依据": "《虚构规定》第一条",
    "处罚内容": "责令停产停业，处罚款2000元",
    "罚款金额": "２,000.00 元",
    "没收金额": "12.345678",
    "暂扣或吊销证照": "虚构安许证〔2020〕1号",
    "处罚有效期": "2099年12月31日",
    "处罚机关代码": "11220100FAKEA0026H",
    "处罚机关": "长春市虚构生态环境局",
    "区县代码": "220102",
    "责任区县": "南关区",
    "惩戒领域": "土地供应；融资授信、BOND_ISSUANCE",
    "措施截止日": "2028-06-01 0:00",
    "失信程度": "严重",
    "公示截止日": "2029-06-01",
}
RECORD = types.SanctionRecord(
    enterprise=types.Enterprise(
        code="91220101FAKE000130",
        name="长春市虚构一号钢铁有限公司",
        former_names=["虚构旧厂", "虚构老厂"],
        other_identifiers=[
            types.OtherIdentifier(kind=types.IdentifierKind.IDENTIFIER_KIND_ORGANISATION_CODE, value="FAKE0001-3")
        ],
    ),
    obligation=types.ExitObligation(
        scope=types.ObligationScope.OBLIGATION_SCOPE_LINE,
        item="1号高炉",
        equipment="450立方米高炉",
        quantity=2,
        capacity=types.Capacity(amount="1045.5", unit=types.CapacityUnit.CAPACITY_UNIT_TEN_THOUSAND_TONNES),
        sector=types.Sector.SECTOR_STEEL,
        standard=types.Standard.STANDARD_ENERGY,
        ordered_on="2025-08-01",
        due_on="2026-02-01",
        extension=types.Extension(months=3, document_number="长虚工信延〔2026〕1号", applied_on="2026-01-15"),
        plan=types.Approval(document_number="长虚政产能〔2025〕7号", approver="长春市虚构人民政府", date="2025-07-01"),
        closure_approval=types.Approval(
            document_number="长虚政关停〔2025〕1号", approver="长春市虚构人民政府", date="2025-08-02"
        ),
        licences=[
            types.Licence(name="安全生产许可证", number="虚构安许证1号"),
            types.Licence(name="排污许可证", number="FAKE0001:P"),
        ],
    ),
    statements=[types.Statement(kind=types.StatementKind.STATEMENT_KIND_STATEMENT, date="2026-05-20")],
    decision=types.Decision(
        authority=types.Authority(code="11220100FAKEA0018N", name="长春市虚构工业和信息化局"),
        document_number="长虚工信惩〔2026〕1号",
        date="2026-06-01",
        notice_served_on="2026-05-15",
        penalty=types.Penalty(
            kind=types.PenaltyKind.PENALTY_KIND_CLOSURE_ORDER,
            document_number="长虚罚〔2026〕1号",
            date="2026-04-01",
            violation="逾期未淘汰落后生产工艺装备",
            facts="责令期限届满后仍在生产",
            basis="《虚构规定》第一条",
            content="责令停产停业，处罚款2000元",
            fine="0.200000",
            confiscated="12.345678",
            licence="虚构安许证〔2020〕1号",
            valid_until="2099-12-31",
            authority=types.Authority(code="11220100FAKEA0026H", name="长春市虚构生态环境局"),
        ),
    ),
    responsible_district=types.ResponsibleDistrict(code="220102", name="南关区"),
    measures=[
        types.Measure(area=area.wire, end_date="2028-06-01")
        for area in (Area.LAND_SUPPLY, Area.FINANCING_CREDIT, Area.BOND_ISSUANCE)
    ],
    publication_class=types.PublicationClass.PUBLICATION_CLASS_SERIOUS,
    publication_end_date="2029-06-01",
)


def text_of(*rows: dict[str, str], header: Sequence[str] = HEADER, delimiter: str = ",") -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows([row.get(heading, "") for heading in HEADER] for row in rows)
    return stream.getvalue()


def faults_of(**cells: str) -> list[str]:
    sheet = spreadsheet.parse(text_of({**GOOD, **cells}).encode())
    (row,) = sheet.rows
    assert row.record is None
    assert all(fault.line == 2 for fault in row.faults)
    return [f"{fault.column}: {fault.message}" for fault in row.faults]


def test_a_row_becomes_the_record_that_it_says() -> None:
    sheet = spreadsheet.parse(text_of(GOOD).encode())
    (row,) = sheet.rows
    assert row.faults == ()
    assert row.record == RECORD
    assert (row.line, row.code, row.name) == (2, RECORD.enterprise.code, RECORD.enterprise.name)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters_are_found_out(encoding: str, delimiter: str) -> None:
    sheet = spreadsheet.parse(text_of(GOOD, delimiter=delimiter).encode(encoding))
    assert [row.record for row in sheet.rows] == [RECORD]


def test_headings_may_be_english_or_annotated_and_a_separator_line_may_come_first() -> None:
    english = [column.name for column in spreadsheet.COLUMNS]
    annotated = [f" {heading}（必填）* " for heading in HEADER]
    named = "sep=;\r\n" + text_of(GOOD, delimiter=";")
    for text in (text_of(GOOD, header=english), text_of(GOOD, header=annotated), named):
        assert [row.record for row in spreadsheet.parse(text.encode()).rows] == [RECORD]


def test_no_two_columns_share_a_heading() -> None:
    headings = [h for column in spreadsheet.COLUMNS for h in (column.name, column.chinese, *column.also)]
    assert len({heading_key(heading) for heading in headings}) == len(headings)


def test_words_of_the_contract_are_read_too() -> None:
    english = {
        "退出方式": "line",
        "行业": "STEEL",
        "综合标准": "Energy",
        "失信程度": "SERIOUS",
        "产能单位": "TEN_THOUSAND_TONNES",
        "处罚种类": "CLOSURE_ORDER",
        "地条钢": "no",
        "陈述申辩": "statement",
        "惩戒领域": "land_supply;FINANCING_CREDIT;债券发行",
    }
    (row,) = spreadsheet.parse(text_of({**GOOD, **english}).encode()).rows
    assert row.record == RECORD


def test_all_nine_areas_have_one_word() -> None:
    (row,) = spreadsheet.parse(text_of({**GOOD, "惩戒领域": "全部"}).encode()).rows
    assert row.record is not None
    assert len(row.record.measures) == 9


def test_what_a_spreadsheet_makes_of_codes_is_undone() -> None:
    text = text_of({**GOOD, "统一社会信用代码": "@"})
    for cell in (
        '="91220101FAKE000130"',
        '"=""91220101FAKE000130"""',
        "'91220101FAKE000130",
        " 91220101FAKE000130\u3000",
    ):
        (row,) = spreadsheet.parse(text.replace("@", cell).encode()).rows
        assert row.code == "91220101FAKE000130"


def test_empty_cells_stay_empty_for_the_service_to_judge() -> None:
    (row,) = spreadsheet.parse(text_of({"企业名称": "只有名称"}).encode()).rows
    assert row.record == types.SanctionRecord(
        enterprise=types.Enterprise(name="只有名称"),
        obligation=types.ExitObligation(capacity=types.Capacity()),
        decision=types.Decision(authority=types.Authority()),
        responsible_district=types.ResponsibleDistrict(),
    )


def test_a_row_that_names_a_registered_obligation_describes_none() -> None:
    described = {column.chinese for column in spreadsheet.COLUMNS if column.of_obligation}
    name = "exitObligations/0199"
    named = {heading: cell for heading, cell in GOOD.items() if heading not in described} | {"退出任务编号": name}
    expected = types.SanctionRecord()
    expected.CopyFrom(RECORD)
    expected.ClearField("obligation")
    expected.obligation_name = name
    short = [heading for heading in HEADER if heading not in described]
    stream = io.StringIO()
    csv.writer(stream).writerows([short, [named.get(heading, "") for heading in short]])
    for text in (text_of(named), stream.getvalue()):
        (row,) = spreadsheet.parse(text.encode()).rows
        assert row.record == expected


def test_a_row_that_names_an_obligation_and_describes_one_leaves_the_choice_to_the_service() -> None:
    (row,) = spreadsheet.parse(text_of({**GOOD, "退出任务编号": "exitObligations/0199"}).encode()).rows
    assert row.record is not None
    assert row.record.obligation == RECORD.obligation
    assert row.record.obligation_name == "exitObligations/0199"


def test_a_sheet_without_a_column_for_names_needs_the_plan() -> None:
    header = [heading for heading in HEADER if heading not in {"退出任务编号", "方案批准日期"}]
    sheet = spreadsheet.parse(",".join(header).encode())
    assert [fault.message for fault in sheet.faults] == ["there is no column 方案批准日期 (plan_date)"]


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("陈述", "STATEMENT"),
        ("陈述申辩", "STATEMENT"),
        ("听证", "HEARING_HELD"),
        ("放弃", "WAIVED"),
        ("要求听证", "HEARING_REQUESTED"),
        ("hearing_requested", "HEARING_REQUESTED"),
    ],
)
def test_what_the_enterprise_said_has_a_word(cell: str, kind: str) -> None:
    (row,) = spreadsheet.parse(text_of({**GOOD, "陈述申辩": cell}).encode()).rows
    assert row.record is not None
    (statement,) = row.record.statements
    assert types.StatementKind.Name(statement.kind) == f"STATEMENT_KIND_{kind}"


@pytest.mark.parametrize(
    ("cell", "furnace"), [("是", True), ("YES", True), ("ｙｅｓ", True), ("否", False), ("", False)]
)
def test_an_induction_furnace_is_one_or_not(cell: str, furnace: bool) -> None:  # noqa: FBT001 - a row of the table
    (row,) = spreadsheet.parse(text_of({**GOOD, "地条钢": cell}).encode()).rows
    assert row.record is not None
    assert row.record.obligation.induction_furnace is furnace


def test_every_new_word_says_what_it_should_have_been() -> None:
    wrong = {"地条钢": "也许", "证照": "排污许可证；:1号", "陈述申辩": "沉默", "行业": "造纸"}
    assert faults_of(**wrong) == [
        "行业: '造纸' is none of 钢铁、煤炭、水泥、电解铝、平板玻璃、其他、电力",
        "地条钢: '也许' is neither 是 nor 否",
        "证照: '排污许可证' is not a name, a colon and a number: write 排污许可证:编号",
        "证照: ':1号' is not a name, a colon and a number: write 排污许可证:编号",
        "陈述申辩: '沉默' is none of 陈述、陈述申辩、要求听证、听证、放弃",
    ]


@pytest.mark.parametrize(
    ("heading", "cell", "fine"),
    [
        ("罚款金额", "0.2", "0.2"),
        ("罚款金额（万元）", "1,000", "1000"),
        ("罚款金额（单位：元）", "2000", "0.2000"),
        ("罚款金额（元）", "0.2万元", "0.2"),
        ("penalty_fine", "约2000", "约2000"),
    ],
)
def test_money_is_said_in_ten_thousands_whatever_the_sheet_counts_in(heading: str, cell: str, fine: str) -> None:
    header = [heading if column == "罚款金额" else column for column in HEADER]
    (row,) = spreadsheet.parse(text_of({**GOOD, "罚款金额": cell}, header=header).encode()).rows
    assert row.record
    assert row.record.decision.penalty.fine == fine


def test_a_sheet_from_before_penalties_had_details_is_read() -> None:
    details = [field.name for field in types.Penalty.DESCRIPTOR.fields if field.number > 3]
    columns = {f"penalty_{part}" for part in (*details, "authority_code")}
    older = [column.chinese for column in spreadsheet.COLUMNS if column.name not in columns]
    assert len(HEADER) - len(older) == len(columns)
    stream = io.StringIO()
    csv.writer(stream).writerows([older, [GOOD.get(heading, "") for heading in older]])
    (row,) = spreadsheet.parse(stream.getvalue().encode()).rows
    expected = types.SanctionRecord()
    expected.CopyFrom(RECORD)
    for part in details:
        expected.decision.penalty.ClearField(part)  # type: ignore[arg-type]  # a name of the contract, not a literal
    assert row.record == expected


def test_a_hearing_is_asked_for_and_held_in_one_cell() -> None:
    (row,) = spreadsheet.parse(
        text_of({**GOOD, "陈述申辩": "要求听证；听证", "陈述日期": "2026-05-18；2026年5月28日"}).encode()
    ).rows
    assert row.record is not None
    kinds = types.StatementKind
    assert list(row.record.statements) == [
        types.Statement(kind=kinds.STATEMENT_KIND_HEARING_REQUESTED, date="2026-05-18"),
        types.Statement(kind=kinds.STATEMENT_KIND_HEARING_HELD, date="2026-05-28"),
    ]
    (row,) = spreadsheet.parse(text_of({**GOOD, "陈述日期": ""}).encode()).rows
    assert row.record is not None
    assert list(row.record.statements) == [types.Statement(kind=kinds.STATEMENT_KIND_STATEMENT)]
    assert faults_of(陈述申辩="要求听证；听证") == ["陈述日期: 1 for 2 steps: write a day for each, in their order"]


def test_all_faults_of_a_row_are_named_at_once() -> None:
    wrong = {
        "综合标准": "噪声",
        "数量": "两台",
        "决定日期": "2026-02-30",
        "责令日期": "46024",
        "惩戒领域": "水价、土地供应",
    }
    assert faults_of(**wrong) == [
        "数量: '两台' is not a whole number",
        "综合标准: '噪声' is none of 能耗、环保、质量、安全、技术",
        "责令日期: '46024' is not a day: write 2026-01-02, 2026/1/2 or 2026年1月2日",
        "决定日期: '2026-02-30' is not a day of the calendar",
        f"惩戒领域: '水价' is none of 全部、{AREAS}",
    ]
    assert faults_of(数量="99999999999") == ["数量: '99999999999' is not a whole number"]


def test_one_bad_row_does_not_cost_the_others() -> None:
    good = text_of(GOOD).splitlines()[1]
    lines = [*text_of(GOOD).splitlines(), f"{good},more", "", '"never closed,1,2', good, 'x"y,"a"b', good]
    sheet = spreadsheet.parse("\n".join(lines).encode())
    assert [(row.line, row.record is not None) for row in sheet.rows] == [
        (2, True),
        (3, False),
        (5, False),
        (6, True),
        (7, False),
        (8, True),
    ]
    assert "headings" in sheet.rows[1].faults[0].message
    assert str(sheet.rows[2].faults[0]).startswith("line 5: not CSV")


def test_one_damaged_byte_is_not_taken_for_another_encoding() -> None:
    data = text_of(GOOD, GOOD).encode().replace("南关".encode(), "南关".encode()[:-1] + b"\xff", 1)
    sheet = spreadsheet.parse(data)
    assert sheet.encoding == "utf-8"
    assert [row.record is not None for row in sheet.rows] == [False, True]
    assert sheet.rows[0].faults[0].column == "责任区县"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("a,b\n1,2\n", "it is no record sheet"),
        ("PK\x03\x04\x14\0", "it is a workbook, not CSV"),
        ("企业名称\n虚构\n", "there is no column 统一社会信用代码 (code)、退出方式 (scope)、"),
        (text_of(GOOD, header=[*HEADER[:-1], "企业名称"]), "企业名称 is there twice"),
        ('"\n', "not CSV"),
    ],
)
def test_a_file_that_is_no_sheet_says_why(text: str, fault: str) -> None:
    sheet = spreadsheet.parse(text.encode())
    assert sheet.rows == ()
    assert any(fault in str(one) for one in sheet.faults)


def test_columns_that_mean_nothing_here_are_named_and_kept() -> None:
    text = "\n".join(
        f"{line},{extra}" for line, extra in zip(text_of(GOOD).splitlines(), ("备注", "手写"), strict=True)
    )
    sheet = spreadsheet.parse(text.encode())
    assert sheet.ignored == ("备注",)
    assert sheet.column("备注") == ("手写",)
    assert sheet.rows[0].record == RECORD


@given(st.binary(max_size=400))
def test_rubbish_never_raises(data: bytes) -> None:
    sheet = spreadsheet.parse(data)
    assert sheet.faults or sheet.rows or sheet.header


@given(st.text(max_size=300), st.sampled_from([",", ";", "\t"]))
def test_rubbish_below_a_right_header_never_raises_and_is_accounted_for(body: str, delimiter: str) -> None:
    sheet = spreadsheet.parse((delimiter.join(HEADER) + "\n" + body).encode("utf-8", "replace"))
    for row in sheet.rows:
        assert (row.record is None) == bool(row.faults)


@given(st.lists(st.text(max_size=12), min_size=len(HEADER), max_size=len(HEADER)))
def test_cells_of_any_text_become_a_record_or_faults(cells: list[str]) -> None:
    stream = io.StringIO()
    csv.writer(stream).writerows([HEADER, cells])
    sheet = spreadsheet.parse(stream.getvalue().encode("utf-8", "replace"))
    assert len(sheet.rows) == any(map(clean_cell, cells))


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_no_cell_that_is_written_back_is_a_formula(cells: list[str]) -> None:
    stream = io.StringIO()
    spreadsheet.write(stream, ["h"], [cells])
    for cell in next(iter(list(csv.reader(io.StringIO(stream.getvalue(), newline="")))[1:]), []):
        assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.text())
def test_what_is_written_back_is_read_unchanged(text: str) -> None:
    clean = clean_cell(text)
    while clean_cell(clean) != clean:
        clean = clean_cell(clean)
    assert clean_cell(spreadsheet.safe_cell(clean)) == clean

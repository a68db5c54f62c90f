"""The example list is what its generator makes, is plainly made up, and its sheet reads as its last column says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from examples import generate, made_up, town

from credit_sanction import spreadsheet, types
from credit_sanction_service.api.drafts import record_draft
from credit_sanction_service.domain.faults import CalendarNotPublished, Invalid
from credit_sanction_service.domain.intake import take_in
from credit_sanction_service.domain.law import shipped_law
from credit_sanction_service.domain.terms import State

FILE = Path(generate.__file__).with_name("overdue-2026.csv")


def test_the_committed_file_is_what_the_generator_makes(tmp_path: Path) -> None:
    fresh = tmp_path / "fresh.csv"
    subprocess.run([sys.executable, str(Path(generate.__file__)), str(fresh)], check=True)
    assert FILE.read_bytes() == generate.render().encode("utf-8-sig") == fresh.read_bytes()


def test_every_fate_is_known() -> None:
    sheet = spreadsheet.load(FILE)
    assert sheet.faults == ()
    assert sheet.ignored == ("备注", "expected")
    assert Counter(sheet.column("expected")) == {"accepted": 241, "quarantined": 14, "refused": 45}
    unread = [row.line for row in sheet.rows if row.record is None]
    expected = [row.line for row, fate in zip(sheet.rows, sheet.column("expected"), strict=True) if fate == "refused"]
    assert len(unread) == 3
    assert set(unread) <= set(expected)


# The calendar of 2027 is not published on any of these days, and nothing in the list ends before the last.
@pytest.mark.parametrize("today", [date(2026, 11, 23), date(2027, 2, 10), date(2027, 10, 1)])
def test_the_rules_give_every_row_the_fate_that_is_expected_of_it(today: date) -> None:
    sheet = spreadsheet.load(FILE)
    taken: set[tuple[str, str, str, str]] = set()
    for row, expected in zip(sheet.rows, sheet.column("expected"), strict=True):
        assert fate_of(row, taken, today) == expected, f"line {row.line}"


def fate_of(row: spreadsheet.Row, taken: set[tuple[str, str, str, str]], today: date) -> str:
    # Which obligations are registered only a store knows; in this list they are none.
    if row.record is None or row.record.obligation_name:
        return "refused"
    try:
        record = take_in(record_draft(row.record), record_id="0", today=today, law=shipped_law())
    except (Invalid, CalendarNotPublished):
        return "refused"
    if record.key in taken:
        return "refused"
    taken.add(record.key)
    return "quarantined" if record.state is State.QUARANTINED else "accepted"


def test_everybody_in_it_is_made_up() -> None:
    for row in spreadsheet.load(FILE).rows:
        folded = re.sub(r"\W", "", row.code).upper()
        # Full-width forms fold with the rest; an old registration number has no room for letters and is all nines.
        plain = "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in folded)
        assert "FAKE" in plain or plain.startswith("2201019999") or plain == "990000190001010294", row.line
        assert not row.name or "虚构" in row.name, row.line


def test_it_has_every_sector_every_standard_and_enterprises_with_two_lines() -> None:
    records = [row.record for row in spreadsheet.load(FILE).rows if row.record is not None]
    described = [record for record in records if not record.obligation_name]
    assert {record.obligation.sector for record in described} == set(types.Sector.values()[1:])
    assert {record.obligation.standard for record in described} == set(types.Standard.values()[1:])
    lines: dict[str, set[str]] = {}
    for record in described:
        lines.setdefault(record.enterprise.code, set()).add(record.obligation.item)
    assert sum(len(items) == 2 for items in lines.values()) == 12
    districts = {record.responsible_district.code for record in records}
    assert districts == {code for code, _, _ in town.DISTRICTS} | {"220381"}


def test_no_column_but_those_of_other_numbers_stays_empty() -> None:
    sheet = spreadsheet.load(FILE)
    empty = {column.name for column in spreadsheet.COLUMNS if not any(sheet.column(column.chinese))}
    assert empty == {"organisation_code", "registration_number", "tax_number", "district_since"}
    kinds = {step.kind for row in sheet.rows if row.record for step in row.record.statements}
    assert kinds == set(types.StatementKind.values()[1:])


def test_numerals_are_written_as_people_write_them() -> None:
    numbers = (1, 10, 12, 20, 35, 100, 101, 110, 119, 240, 305)
    assert [made_up.numeral(number) for number in numbers] == [
        *("一", "十", "十二", "二十", "三十五", "一百", "一百零一", "一百一十", "一百一十九", "二百四十", "三百零五"),
    ]


def test_check_characters_are_those_of_the_standards() -> None:
    # Vectors of published codes, so that the made-up ones are right by more than our own word.
    assert made_up.organisation_code("60003734") == "600037341"
    assert made_up.check_character("91110000600037341") == "L"
    assert made_up.check_character("91220101MA0Y342M8") == "B"

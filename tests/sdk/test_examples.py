"""The example list is what its generator makes, is plainly made up, and its sheet reads as its last column says."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from datetime import date
from pathlib import Path

from examples import generate

from credit_sanction import spreadsheet, types
from credit_sanction_service.api.drafts import record_draft
from credit_sanction_service.domain.faults import Invalid
from credit_sanction_service.domain.intake import take_in
from credit_sanction_service.domain.measures import CURRENT_EDITION, shipped
from credit_sanction_service.domain.terms import State

TODAY = date(2026, 11, 23)
FILE = Path(generate.__file__).with_name("overdue-2026.csv")


def test_the_committed_file_is_what_the_generator_makes() -> None:
    assert FILE.read_bytes() == generate.render().encode("utf-8-sig")


def test_every_fate_is_known() -> None:
    sheet = spreadsheet.load(FILE)
    assert sheet.faults == ()
    assert sheet.ignored == ("备注", "expected")
    assert Counter(sheet.column("expected")) == {"accepted": 249, "quarantined": 14, "refused": 37}
    unread = [row.line for row in sheet.rows if row.record is None]
    expected = [row.line for row, fate in zip(sheet.rows, sheet.column("expected"), strict=True) if fate == "refused"]
    assert len(unread) == 3
    assert set(unread) <= set(expected)


def test_the_rules_give_every_row_the_fate_that_is_expected_of_it() -> None:
    sheet = spreadsheet.load(FILE)
    catalogue = shipped()[CURRENT_EDITION]
    taken: set[tuple[str, str, str, str]] = set()
    for row, expected in zip(sheet.rows, sheet.column("expected"), strict=True):
        fate = "refused"
        if row.record is not None:
            with contextlib.suppress(Invalid):
                record = take_in(record_draft(row.record), record_id="0", today=TODAY, catalogue=catalogue)
                if record.key not in taken:
                    fate = "quarantined" if record.state is State.QUARANTINED else "accepted"
                    taken.add(record.key)
        assert fate == expected, f"line {row.line}"


def test_everybody_in_it_is_made_up() -> None:
    for row in spreadsheet.load(FILE).rows:
        folded = re.sub(r"\W", "", row.code).upper()
        # Full-width forms fold with the rest; an old registration number has no room for letters and is all nines.
        plain = "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in folded)
        assert "FAKE" in plain or plain.startswith("2201019999") or plain == "990000190001010294", row.line
        assert not row.name or "虚构" in row.name, row.line


def test_it_has_every_sector_every_standard_and_enterprises_with_two_lines() -> None:
    records = [row.record for row in spreadsheet.load(FILE).rows if row.record is not None]
    assert {record.obligation.sector for record in records} == set(types.Sector.values()[1:])
    assert {record.obligation.standard for record in records} == set(types.Standard.values()[1:])
    lines: dict[str, set[str]] = {}
    for record in records:
        lines.setdefault(record.enterprise.code, set()).add(record.obligation.item)
    assert sum(len(items) == 2 for items in lines.values()) == 12
    districts = {record.responsible_district.code for record in records}
    assert districts == {code for code, _, _ in generate.DISTRICTS}


def test_numerals_are_written_as_people_write_them() -> None:
    numbers = (1, 10, 12, 20, 35, 100, 101, 110, 119, 240, 305)
    assert [generate.numeral(number) for number in numbers] == [
        *("一", "十", "十二", "二十", "三十五", "一百", "一百零一", "一百一十", "一百一十九", "二百四十", "三百零五"),
    ]


def test_check_characters_are_those_of_the_standards() -> None:
    # Vectors of published codes, so that the made-up ones are right by more than our own word.
    assert generate.organisation_code("60003734") == "600037341"
    assert generate.check_character("91110000600037341") == "L"
    assert generate.check_character("91220101MA0Y342M8") == "B"

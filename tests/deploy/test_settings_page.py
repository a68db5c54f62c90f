"""docs/settings.md says what config.py says."""

from dataclasses import fields

from tests.house.project import ROOT

from credit_sanction_service.config import PREFIX, Settings


def test_the_page_of_settings_is_that_of_the_code() -> None:
    rows = [
        f"| `{PREFIX}{entry.name.upper()}` | {f'`{entry.default}`' if entry.default != '' else ''} | {entry.metadata['meaning']} |"
        for entry in fields(Settings)
    ]
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert [line for line in page.splitlines() if line.startswith(f"| `{PREFIX}")] == rows

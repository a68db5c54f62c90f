"""docs/targets.md says what the targets file takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.house.project import ROOT

from credit_sanction_connectors.registry import KINDS
from credit_sanction_connectors.settings import COMMON
from credit_sanction_service.push import targets_file

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "targets.md").read_text("utf-8")


def test_its_examples_are_read(tmp_path: Path) -> None:
    examples = "\n".join(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
    (tmp_path / "targets.toml").write_text(examples.replace("/srv/credit-exchange", str(tmp_path)), "utf-8")
    (tmp_path / "city-website.token").write_text("made-up", "ascii")
    (tmp_path / "bank-one.secret").write_text("whsec_" + "A" * 32, "ascii")
    (tmp_path / "province.secret").write_text("made-up-too", "ascii")
    for directory in ("out", "in"):
        (tmp_path / directory).mkdir()
    read = targets_file.load(tmp_path / "targets.toml")
    assert [target.name for target in read.store_targets()] == ["city-website", "bank-one", "province", "city-exchange"]
    assert read.build_connectors().keys() == {"city-website", "bank-one", "province", "city-exchange"}


def test_it_has_every_kind_and_every_common_key() -> None:
    shown = set(re.findall(r"`([a-z_-]+)`", "\n".join(re.findall(r"^\| ([^|]*) \|", PAGE, re.MULTILINE))))
    # What the targets file's own reader documents, and what it passes on to the connectors.
    documented = set(re.findall(r"^    ([a-z_]+) = ", targets_file.__doc__ or "", re.MULTILINE))
    assert shown - {"key", "kind"} >= (KINDS.keys() | COMMON | documented) - {"kind"}

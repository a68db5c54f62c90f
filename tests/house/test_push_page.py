"""docs/push.md names tests, files and keys that exist."""

import re
from dataclasses import fields

from tests.house.pages import defined_in, named_tests, table_rows
from tests.house.project import ROOT

from credit_sanction_service.push.policy import Policy
from credit_sanction_service.store.attempts import Outcome
from credit_sanction_service.store.deliveries import DeliveryState

PAGE = (ROOT / "docs" / "push.md").read_text("utf-8")
GUARANTEES = ["Guarantee", "Test"]


def test_every_guarantee_has_its_tests() -> None:
    rows = table_rows(PAGE, GUARANTEES)
    assert len(rows) > 20
    for guarantee, cell in rows:
        named = named_tests(cell)
        assert named, guarantee
        assert cell.count("`") == 2 * len(named), cell
        assert [name for path, name in named if name not in defined_in(path)] == []


def test_every_path_named_exists() -> None:
    paths = re.findall(r"`((?:clients|deploy|docs|service|tests)/[^`:]*)`", PAGE)
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_it_has_every_state_every_outcome_and_every_key_of_the_policy() -> None:
    states = [row[0].strip("`") for row in table_rows(PAGE, ["State", "状态", "Meaning"])]
    assert sorted(states) == sorted(DeliveryState)
    answers = table_rows(PAGE, ["Answer", "Outcome 推送结果", "What happens"])
    assert {row[1].strip("`") for row in answers} == set(Outcome)
    keys = {row[0].strip("`"): row[1].strip("`") for row in table_rows(PAGE, ["Key of `retry`", "Default", "Meaning"])}
    # The horizon is the target's own key, beside `retry`.
    assert keys.keys() == {entry.name for entry in fields(Policy)} - {"horizon_s"}
    assert keys["schedule"] == str([int(wait) for wait in Policy().schedule])

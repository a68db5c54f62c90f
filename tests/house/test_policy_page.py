"""docs/policy.md names tests, files and sources that exist, and every value that is not confirmed."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Final

import pytest
from tests.house.pages import defined_in, named_tests, table_rows
from tests.house.project import ROOT, SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE: Final = (ROOT / "docs" / "policy.md").read_text("utf-8")
DATA: Final = SERVICE / "domain" / "data"
RULES: Final = ["Rule", "Source", "Where", "Test"]
NOT_CONFIRMED: Final = ["File", "Key", "Value"]
# A document with its number, a law or an edition of a standard, by the words that they are cited with.
CITED: Final = re.compile(
    r"〔\d{4}〕\d+号|\[\d{4}\]\d+号|第\d+号|art\. \d+|GB(/T)? \d+|条例|节假日安排|清单|机构改革|发起—响应—反馈"
)
TABLES: Final = {path.name: tomllib.loads(path.read_text("utf-8")) for path in sorted(DATA.glob("*.toml"))}


def rows(heads: list[str]) -> list[list[str]]:
    """Return the rows of every table of the page that has these heads."""
    return table_rows(PAGE, heads)


def not_confirmed(node: dict[str, object], path: tuple[str, ...] = ()) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield the key of every table with `confirmed = false`; a row of a list is called by its code or name."""
    if node.get("confirmed") is False:
        yield ".".join(path), node
    for key, value in node.items():
        for below in value if isinstance(value, list) else [value]:
            if isinstance(below, dict):
                called = below.get("code") or below.get("name") if isinstance(value, list) and key != "name" else None
                yield from not_confirmed(below, (*path, key, *([str(called)] if called else [])))


def leaves(node: object) -> Iterator[str]:
    """Yield what a table says in names, numbers and days."""
    match node:
        case dict():
            for key, value in node.items():
                if key not in {"confirmed", "published", "document", "article", "in_force_from", "in_force_to", "note"}:
                    yield from leaves(value)
        case list():
            for value in node:
                yield from leaves(value)
        case _:
            yield str(node)


def test_the_page_has_rules_and_every_rule_has_a_source() -> None:
    assert len(rows(RULES)) > 80
    for row in rows(RULES):
        assert len(row) == len(RULES), row
        assert all(row), row
        assert CITED.search(row[1]), f"no document or article: {row[1]}"
    assert len({row[0] for row in rows(RULES)}) == len(rows(RULES)), "a rule stands twice"


def test_every_rule_stands_where_the_page_says() -> None:
    for rule, _, where, _ in rows(RULES):
        paths = re.findall(r"`([^`]+)`", where)
        assert paths, rule
        assert all((SERVICE / path).exists() for path in paths), where


def test_every_test_named_exists() -> None:
    for rule, *_, cell in rows(RULES):
        named = named_tests(cell)
        assert named, rule
        assert cell.count("`") == 2 * len(named), cell
        for path, name in named:
            assert name in defined_in(path), f"{path.relative_to(ROOT)}::{name}"


@pytest.mark.parametrize("name", TABLES)
def test_every_data_file_is_mentioned(name: str) -> None:
    assert f"`{name}`" in PAGE
    assert any(name in row[2] for row in rows(RULES)), f"no rule stands in {name}"


def test_every_value_that_is_not_confirmed_is_listed_and_no_other() -> None:
    marked = {(file, key) for file, table in TABLES.items() for key, _ in not_confirmed(table)}
    listed = [(row[0].strip("`"), row[1].strip("`")) for row in rows(NOT_CONFIRMED)]
    assert sorted(marked) == sorted(listed)


def test_what_is_listed_as_not_confirmed_is_what_the_table_says() -> None:
    told = {(row[0].strip("`"), row[1].strip("`")): " ".join(row) for row in rows(NOT_CONFIRMED)}
    for file, table in TABLES.items():
        for key, node in not_confirmed(table):
            missing = [leaf for leaf in leaves(node) if leaf not in told[file, key] and leaf != node.get("successor")]
            assert not [leaf for leaf in missing if leaf not in {node.get("kind"), node.get("rule")}], (key, missing)


def test_the_table_of_regimes_is_the_shipped_one() -> None:
    (regimes,) = (table["regime"] for table in TABLES.values() if table["kind"] == "REGIMES")
    heads = ["Documents dated", "Class", "Published", "Repair after", "At most"]
    told = {
        (dated.split(" †")[0], publication_class): (published, least, most)
        for dated, classes, published, least, most in rows(heads)
        for publication_class in classes.split(", ")
    }
    for regime in regimes:
        first, last = regime["in_force_from"], regime.get("in_force_to")
        dated = f"from {first}" if last is None else f"{first} to {last}"
        dated = f"to {last}" if regime is regimes[0] else dated
        for publication_class in ("MINOR", "GENERAL", "SERIOUS"):
            rule = regime[publication_class]
            said = (
                "yes" if rule["published"] else "no",
                f"{rule['min_months']} months",
                f"{rule['max_months']} months",
            )
            assert told[dated, publication_class] == said

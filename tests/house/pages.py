"""What a page of the documentation says in tables, and the tests and files that it names."""

import ast
import re
from functools import cache
from pathlib import Path

from tests.house.project import ROOT


def table_rows(page: str, heads: list[str]) -> list[list[str]]:
    """Return the rows of every table of the page that has these heads."""
    found: list[list[str]] = []
    for block in re.findall(r"(?:^\|.*\|\n)+", page, re.MULTILINE):
        head, _, *body = [[cell.strip() for cell in line[1:-1].split("|")] for line in block.splitlines()]
        if head == heads:
            found += body
    return found


def named_tests(text: str) -> list[tuple[Path, str]]:
    """Return the tests that a text names, as file and function."""
    return [(ROOT / path, name) for path, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)]


@cache
def defined_in(path: Path) -> frozenset[str]:
    """Return what a test file defines: functions and classes, and at its top the names that it gives."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = ast.walk(tree)
    named = {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    given = {t.id for n in tree.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
    return frozenset(named | given)

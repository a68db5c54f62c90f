"""`domain/` is rules alone: time is passed in, and nothing but the standard library stands under it."""

import ast
import sys
from collections.abc import Iterator

from tests.house.project import SERVICE, imported, trees

DOMAIN = SERVICE / "domain"
CLOCKS = {"now", "utcnow", "today"}


def clock_readings(tree: ast.Module) -> Iterator[int]:
    """Give the lines that ask what time it is, or import the module `time`, which is little else."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS:
            yield node.lineno
    yield from (line for line, name in imported(tree) if name == "time")


def test_the_domain_reads_no_clock() -> None:
    readings = [f"{path}:{line}" for path, tree in trees(DOMAIN) for line in clock_readings(tree)]
    assert readings == []


def test_the_domain_imports_the_standard_library_and_itself_alone() -> None:
    foreign = [
        f"{path}:{line}: {name}"
        for path, tree in trees(DOMAIN)
        for line, name in imported(tree)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not f"{name}.".startswith("credit_sanction_service.domain.")
    ]
    assert foreign == []


def test_a_clock_would_be_found() -> None:
    source = "import time\nfrom datetime import date, datetime\ndatetime.now(tz)\nstamp = date.today\ntime()\n"
    assert sorted(clock_readings(ast.parse(source))) == [1, 3, 4]

"""Where the project's parts lie, and its Python files as syntax trees."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVICE = ROOT / "service" / "credit_sanction_service"
CLIENTS = ROOT / "clients"
LOCKS = ROOT / "deploy" / "requirements"


def project_file(directory: Path = ROOT) -> dict[str, dict[str, object]]:
    """Read the `pyproject.toml` of this directory."""
    return tomllib.loads((directory / "pyproject.toml").read_text(encoding="utf-8"))


def trees(*directories: Path) -> Iterator[tuple[Path, ast.Module]]:
    """Parse every module below these directories."""
    for directory in directories:
        for path in sorted(directory.rglob("*.py")):
            yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Give the line and full module name of every import of this module."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield node.lineno, module

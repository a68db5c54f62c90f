"""The client lives alone: it imports nothing but its three dependencies, and says what it offers."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import credit_sanction

FORBIDDEN = ("httpx", "aiohttp", "tenacity", "structlog", "psycopg", "grpc_status", "cryptography")
OURS = ("credit_sanction_service", "credit_sanction_connectors")
MODULES = [
    module.name
    for module in pkgutil.walk_packages(credit_sanction.__path__, "credit_sanction.")
    if not module.name.endswith("__main__")
]


def test_every_module_imports_without_what_it_must_not_know() -> None:
    program = f"""
import importlib, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {(*FORBIDDEN, *OURS)!r}:
            raise AssertionError(name)
sys.meta_path.insert(0, Refuse())
for name in {[*MODULES, "credit_sanction.__main__"]!r}:
    importlib.import_module(name)
"""
    source = Path(next(iter(credit_sanction.__path__))).parent
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, cwd=source)
    assert len(MODULES) > 15


def test_the_face_is_what_it_says() -> None:
    assert credit_sanction.__all__ == sorted(credit_sanction.__all__)
    public = {name for name in vars(credit_sanction) if not name.startswith("_")}
    assert set(credit_sanction.__all__) <= public
    assert public - set(credit_sanction.__all__) <= {"v1", "types", "spreadsheet"}
    assert resources.files(credit_sanction).joinpath("py.typed").is_file()

"""The SDK, installed alone, imports with grpcio, protobuf and googleapis-common-protos and nothing else."""

import json
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.house.project import CLIENTS

PROMISED = {"googleapis-common-protos", "grpcio", "protobuf"}
IMPORT_ALL = """
import importlib, importlib.util, json, pkgutil, sys
import credit_sanction

names = [module.name for module in pkgutil.walk_packages(credit_sanction.__path__, "credit_sanction.")]
for name in names:
    importlib.import_module(name)
absent = [name for name in sys.argv[1:] if importlib.util.find_spec(name) is None]
print(json.dumps({"modules": names, "absent": absent, "origin": credit_sanction.__file__}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the SDK's wheel by its own `clients/pyproject.toml`."""
    target = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target)]
    subprocess.run(build, cwd=CLIENTS, check=True, capture_output=True)
    (built,) = target.glob("*.whl")
    return built


def required(dist: Distribution) -> list[Requirement]:
    """Give what this distribution asks for here, its extras apart."""
    asked = [Requirement(text) for text in dist.requires or ()]
    return [one for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})]


def closure(dist: Distribution) -> dict[str, Distribution]:
    """Find everything that pip would install with this distribution, at the versions of this environment."""
    found: dict[str, Distribution] = {}
    waiting = required(dist)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name not in found:
            found[name] = distribution(name)
            waiting += required(found[name])
        assert requirement.specifier.contains(found[name].version), requirement
    return found


def install(dist: Distribution, site: Path) -> None:
    """Copy an installed distribution, its programs apart."""
    for file in dist.files or ():
        if ".." not in file.parts and file.suffix != ".pyc":
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), target)


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    Make an environment of the SDK and what its wheel asks for, and give its interpreter.

    The dependencies are copied from this environment, so that the test needs no network.
    """
    home = tmp_path_factory.mktemp("alone")
    make = [sys.executable, "-m", "venv", "--without-pip", str(home)]
    subprocess.run(make, check=True)
    (site,) = home.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (metadata,) = site.glob("credit_sanction-*.dist-info")
    for dist in closure(PathDistribution(metadata)).values():
        install(dist, site)
    return home / "bin" / "python"


def test_the_wheel_asks_for_three_packages_and_carries_its_types(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        text = archive.read(metadata).decode()
    lines = [line.removeprefix("Requires-Dist: ") for line in text.splitlines() if line.startswith("Requires-Dist: ")]
    asked = [Requirement(line) for line in lines]
    assert {canonicalize_name(one.name) for one in asked if one.marker is None} == PROMISED
    extras = {(canonicalize_name(one.name), str(one.marker)) for one in asked if one.marker}
    assert extras == {("cryptography", 'extra == "verify"')}
    assert {name.split("/")[0] for name in names} == {"credit_sanction", metadata.split("/")[0]}
    assert {"credit_sanction/py.typed", "credit_sanction/v1/restriction_service_pb2.pyi"} <= set(names)


def test_every_module_imports_where_nothing_else_is_installed(alone: Path) -> None:
    foreign = [
        "credit_sanction_connectors",
        "credit_sanction_service",
        "cryptography",
        "httpx",
        "psycopg",
        "structlog",
        "tenacity",
    ]
    ran = subprocess.run(
        [str(alone), "-I", "-W", "error", "-c", IMPORT_ALL, *foreign],
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["absent"] == foreign
    assert Path(told["origin"]).is_relative_to(alone.parents[1])
    in_source = {path.stem for path in (CLIENTS / "credit_sanction").glob("*.py")} - {"__init__"}
    assert {f"credit_sanction.{name}" for name in in_source} <= set(told["modules"])
    assert "credit_sanction.v1.restriction_service_pb2_grpc" in told["modules"]

"""The locks say exactly what runs, agree with each other and with `pyproject.toml`, and name no address."""

import json
import re
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.house.project import CLIENTS, LOCKS, ROOT, SERVICE, imported, project_file, trees

NAMES = ["bench.txt", "build.txt", "dev.txt", "run.txt"]
OWN = {"credit-sanction-service"}
SOURCE_ROOTS = [SERVICE, CLIENTS / "credit_sanction", CLIENTS / "credit_sanction_connectors"]


def pins(name: str) -> dict[str, Requirement]:
    """Read the locked packages of one file, each with its exact version and marker."""
    lines = (LOCKS / name).read_text(encoding="utf-8").splitlines()
    parsed = [Requirement(line.removesuffix(" \\")) for line in lines if not line.startswith(" ")]
    return {canonicalize_name(requirement.name): requirement for requirement in parsed}


def group(name: str) -> list[Requirement]:
    """Read the requirements of one dependency group, without the groups that it includes."""
    entries = project_file()["dependency-groups"][name]
    assert isinstance(entries, list)
    return [Requirement(entry) for entry in entries if isinstance(entry, str)]


def dependencies(directory: Path) -> list[Requirement]:
    """Read the dependencies of the project in this directory."""
    entries = project_file(directory)["project"]["dependencies"]
    assert isinstance(entries, list)
    return [Requirement(entry) for entry in entries]


@pytest.mark.parametrize("name", NAMES)
def test_every_package_is_pinned_with_hashes_and_without_an_address(name: str) -> None:
    text = (LOCKS / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash=)", text, re.MULTILINE), "an option, such as an index"
    for entry in re.split(r"\n(?! )", text.strip()):
        first, *hashes = entry.replace("\\\n", "\n").splitlines()
        assert re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; .+)? *", first), first
        assert hashes, first
        assert all(re.fullmatch(r" +--hash=sha256:[0-9a-f]{64} *", line) for line in hashes), first


def test_the_lock_of_buf_names_no_address() -> None:
    text = (ROOT / "tools" / "buf" / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in text
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert packages
    assert all("integrity" in entry for entry in packages.values())


@pytest.mark.parametrize("name", ["build.txt", "run.txt"])
def test_what_is_deployed_is_what_was_tested(name: str) -> None:
    tested = {package: str(pin.specifier) for package, pin in pins("dev.txt").items()}
    deployed = {package: str(pin.specifier) for package, pin in pins(name).items()}
    assert deployed.items() <= tested.items()


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("run.txt", dependencies(ROOT)),
        ("dev.txt", [*dependencies(ROOT), *group("dev"), *group("build")]),
        ("build.txt", group("build")),
        ("bench.txt", [*dependencies(ROOT), *group("bench")]),
    ],
    ids=["run", "dev", "build", "bench"],
)
def test_a_lock_holds_what_the_project_asks_for(name: str, wanted: list[Requirement]) -> None:
    locked = pins(name)
    for requirement in wanted:
        pin = locked.get(canonicalize_name(requirement.name))
        assert pin is not None, f"{requirement} is not in {name}: run `make lock`"
        version = str(pin.specifier).removeprefix("==")
        assert requirement.specifier.contains(version), f"{name} has {pin}, wanted is {requirement}: run `make lock`"


def test_every_import_is_a_dependency_that_the_project_names() -> None:
    owners = packages_distributions()
    asked = dependencies(ROOT)
    named = {canonicalize_name(requirement.name) for requirement in asked} | OWN
    named |= {canonicalize_name(f"{one.name}-{extra}") for one in asked for extra in one.extras}  # psycopg[pool]
    missing = {
        f"{path}:{line}: {name}"
        for path, tree in trees(*SOURCE_ROOTS)
        for line, name in imported(tree)
        if (known := owners.get(name.partition(".")[0])) and named.isdisjoint(map(canonicalize_name, known))
    }
    assert missing == set()

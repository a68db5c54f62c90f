"""What is committed speaks of the project alone."""

import re
import shutil
import subprocess

import pytest
from tests.house.project import ROOT

# Written so that this file does not find itself.
FOREIGN = re.compile(
    r"/(?:[w]ork|[f]arm|[r]oot)/|/[o]pt/pypi|/[t]mp/[a-z]+/"
    r"|python[h]osted|py[p]i\.org|registry\.np[m]js|deb\.deb[i]an"
)


def tracked() -> list[str]:
    """List every file that is committed or about to be."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("only a git checkout tells which files are the project's")
    listed = subprocess.run(
        [git, "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return listed.stdout.split("\0")[:-1]


def test_no_file_names_a_path_of_one_machine_or_the_host_of_a_registry() -> None:
    found = []
    for name in tracked():
        path = ROOT / name
        if path.suffix == ".svg" or not path.is_file():
            continue
        lines = path.read_bytes().decode("utf-8", errors="replace").splitlines()
        found += [f"{name}:{number}" for number, line in enumerate(lines, 1) if FOREIGN.search(line)]
    assert found == []

"""
Brings `.venv` in line with the lock, and does nothing where it already is.

Runs on whatever `python3` the machine has, before anything is installed: it imports the standard library only
and keeps to a syntax that an old Python can read, so that an old Python gets a sentence and not a traceback.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "deploy" / "requirements" / "dev.txt"
STAMP = VENV / "installed.json"


class SetupError(Exception):
    """Set-up cannot go on; the text says what to do."""


def main() -> int:
    """Install what is missing; answer 0, or 2 after one sentence about what is wrong."""
    try:
        _require_python()
        # Two `make` at once in one clone would install into each other's feet.
        guard = os.open(ROOT, os.O_RDONLY)
        fcntl.flock(guard, fcntl.LOCK_EX)
        _bring_in_line()
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("setup: interrupted; the next run goes on from here", file=sys.stderr)
        return 130
    return 0


def _require_python() -> None:
    if sys.version_info < OLDEST:
        have, need = ".".join(map(str, sys.version_info[:3])), ".".join(map(str, OLDEST))
        raise SetupError(
            f"Python {need} or newer is needed and {sys.executable} is {have}: "
            f"install one and name it, for example `make PYTHON=python3.12 run`."
        )


def _bring_in_line() -> None:
    wanted = {"location": str(VENV), "lock": _digest(LOCK), "project": _digest(ROOT / "pyproject.toml")}
    installed = _read_stamp()
    if PYTHON.exists() and installed == wanted:
        return
    started = time.monotonic()
    # The scripts in bin/ carry the absolute path of their interpreter: a moved or copied clone starts over.
    moved = installed.get("location", wanted["location"]) != wanted["location"]
    if moved or not _is_sound():
        _create()
        installed = {}
    STAMP.unlink(missing_ok=True)
    if installed.get("lock") != wanted["lock"]:
        _install_lock()
    _install_project()
    STAMP.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")
    _say(f"done in {time.monotonic() - started:.0f} s")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_stamp() -> "dict[str, str]":
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp


def _is_sound() -> bool:
    if not PYTHON.exists():
        return False
    probe = f"import sys, pip; sys.exit(sys.version_info < {OLDEST})"
    return subprocess.run([str(PYTHON), "-c", probe], check=False, capture_output=True).returncode == 0


def _create() -> None:
    _say(f"creating .venv with Python {sys.version.split()[0]}")
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], check=False, capture_output=True, text=True
    )
    if made.returncode != 0:
        print(made.stdout + made.stderr, file=sys.stderr)
        raise SetupError(
            "this Python cannot create a virtual environment (see above): "
            "on Debian and Ubuntu `apt-get install python3-venv` adds what is missing."
        )


def _install_lock() -> None:
    total = sum("==" in line for line in LOCK.read_text(encoding="utf-8").splitlines())
    _say(f"installing {total} locked packages, about 100 MB to fetch on the first run")
    seen = 0

    def tell(line: str) -> None:
        nonlocal seen
        word, _, rest = line.partition(" ")
        seen += word in {"Collecting", "Requirement"}  # the second for what is there already
        if word == "Collecting":
            _say(f"{seen:3} of {total}: {rest.split()[0].replace('==', ' ')}")
        elif line.startswith("Installing collected packages"):
            _say("unpacking")

    _pip(["--require-hashes", "-r", str(LOCK)], tell)


def _install_project() -> None:
    _say("installing the project itself, editable")
    # hatchling is in the lock, so that this step asks the network for nothing.
    _pip(["--no-index", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)], lambda _: None)


def _pip(arguments: "list[str]", tell: "Callable[[str], None]") -> None:
    """Run `pip install`, handing each line of its output to `tell`, and print its last ones if it fails."""
    command = [str(PYTHON), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    process = subprocess.Popen(
        [*command, "--progress-bar=off", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None  # noqa: S101 -- Popen was given a pipe
    output = []
    for line in process.stdout:
        output.append(line)
        tell(line)
    if process.wait() != 0:
        print("".join(output[-15:]), file=sys.stderr)
        raise SetupError(
            "pip could not install what is locked (see above): "
            "where it did not reach its package index, put that right and run the command again."
        )


def _say(text: str) -> None:
    print(f"setup: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

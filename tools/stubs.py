"""
Writes the generated half of the SDK, `clients/credit_sanction/v1`, from `proto/`, or says whether it drifted.

`python tools/stubs.py write` generates; `python tools/stubs.py check` generates into a temporary directory,
compares, and exits 1 where a file differs, is missing or is left over.
"""

import importlib.util
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
CLIENTS = ROOT / "clients"
PACKAGE = Path("credit_sanction") / "v1"
INIT = '"""The contract `credit_sanction.v1`, generated from `proto/` by `make stubs`: do not edit."""\n'

Files = dict[str, bytes]


def main(command: str) -> int:
    """Carry `write` or `check` out and answer the exit code."""
    if importlib.util.find_spec("grpc_tools") is None:
        print("The stub generator has no build for this Python: make .venv anew with Python 3.11, 3.12 or 3.13.")
        return 2
    with tempfile.TemporaryDirectory() as scratch:
        generate(Path(scratch))
        wanted = _files(Path(scratch) / PACKAGE)
    target = CLIENTS / PACKAGE
    if command == "write":
        _write(target, wanted)
        return 0
    faults = _compare(_files(target), wanted)
    for fault in faults:
        print(f"{PACKAGE}/{fault}")
    if faults:
        print("The stubs have drifted from proto/: run `make stubs` and commit what it writes.")
    return 1 if faults else 0


def generate(target: Path) -> None:
    """Generate the package below `target`: messages for every file, gRPC stubs where a service is defined."""
    every = sorted(path.relative_to(PROTO) for path in (PROTO / PACKAGE).glob("*.proto"))
    serving = [p for p in every if re.search(r"^service \w", (PROTO / p).read_text(encoding="utf-8"), re.MULTILINE)]
    _protoc(every, f"--python_out={target}", f"--mypy_out=quiet:{target}")
    _protoc(serving, f"--grpc_python_out={target}", f"--mypy_grpc_out=quiet:{target}")
    (target / PACKAGE / "__init__.py").write_text(INIT, encoding="utf-8")


def _protoc(protos: list[Path], *outputs: str) -> None:
    binaries = Path(sys.executable).parent
    plugins = [f"--plugin={name}={binaries / name}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")]
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTO}", *plugins, *outputs, *map(str, protos)]
    subprocess.run(command, check=True)


def _files(directory: Path) -> Files:
    return {path.name: path.read_bytes() for path in directory.glob("*") if path.is_file()}


def _compare(present: Files, wanted: Files) -> list[str]:
    missing = [f"{name}: missing" for name in wanted.keys() - present.keys()]
    left_over = [f"{name}: no proto stands behind it" for name in present.keys() - wanted.keys()]
    differing = [f"{name}: differs" for name in wanted.keys() & present.keys() if wanted[name] != present[name]]
    return sorted(missing + left_over + differing)


def _write(target: Path, wanted: Files) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in _files(target).keys() - wanted.keys():
        (target / name).unlink()
    for name, content in wanted.items():
        (target / name).write_bytes(content)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write" | "check" as command]:
            sys.exit(main(command))
        case _:
            sys.exit(__doc__)

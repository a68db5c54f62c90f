"""
Resolves the dependencies of `pyproject.toml` into `deploy/requirements/*.txt`: pins and hashes, no address.

`python tools/locks.py` keeps every pin that still fits; with `--upgrade` it takes the newest of everything.
`dev.txt` is resolved first and binds the others, so that a deployment runs on what was tested.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = Path("deploy") / "requirements"
UV = Path(sys.executable).with_name("uv")
OPTIONS = [
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-header",
    "--no-annotate",
    "--quiet",
]
SOURCES = {
    "dev.txt": ["pyproject.toml", "--group=dev"],
    "run.txt": ["pyproject.toml", f"--constraints={LOCKS / 'dev.txt'}"],
    "bench.txt": ["pyproject.toml", "--group=bench", f"--constraints={LOCKS / 'dev.txt'}"],
    "build.txt": ["--group=build", f"--constraints={LOCKS / 'dev.txt'}"],
}


def main(upgrade: list[str]) -> None:
    """Write the locks."""
    for name, sources in SOURCES.items():
        command = [str(UV), "pip", "compile", *OPTIONS, *upgrade, *sources, f"--output-file={LOCKS / name}"]
        subprocess.run(command, check=True, cwd=ROOT)
        print(f"lock: {LOCKS / name}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case [] | ["--upgrade"] as upgrade:
            main(upgrade)
        case _:
            sys.exit(__doc__)

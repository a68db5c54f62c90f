"""
The chaos: kill worker, API processes and PostgreSQL at random moments while everybody writes and every target fails.

    python -m tests.chaos --kills 200 [--seed N]

The last line is one JSON object of figures; 0 is the exit code only if nothing was lost, overtaken, left over or forgotten.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import time
from dataclasses import fields

from tests.chaos.play import Plan, play
from tests.chaos.verdicts import Findings

SHOWN = 10


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200, help="processes to kill (default 200)")
    parser.add_argument("--seed", type=int, default=None, help="of a run that is to be played again")
    parser.add_argument(
        "--pace", type=float, default=1.0, help="seconds from one kill to the next, on average (default 1)"
    )
    options = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    _say(f"seed {seed}")
    began = time.monotonic()
    outcome = play(Plan(seed=seed, kills=options.kills, kill_pace_s=options.pace), _say)
    _say(f"{time.monotonic() - began:.0f} s in all")
    figures = {entry.name: getattr(outcome.findings, entry.name) for entry in fields(Findings)}
    for name, lines in figures.items():
        for line in lines[:SHOWN]:
            _say(f"{name}: {line}")
        if len(lines) > SHOWN:
            _say(f"{name}: … {len(lines)} in all")
    counts = {name: len(lines) for name, lines in figures.items()}
    _say(json.dumps({"kills": outcome.kills, "records": outcome.records, **counts}))
    return 1 if any(counts.values()) else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

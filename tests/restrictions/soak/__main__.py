"""
The soak: every verdict of several servers is held against the change log, while all that can go wrong does.

    python -m tests.restrictions.soak --stories 60 [--steps 30]

The last line is one JSON object; 0 is the exit code only if nothing differed. What differed is
told before, with the steps that led there.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

import structlog
from tests.conftest import cluster_of_its_own, store_of, template_of
from tests.restrictions.soak.judge import Tally
from tests.restrictions.soak.story import Size, soak


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.restrictions.soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stories", type=int, default=60, help="how many stories (default 60)")
    parser.add_argument("--steps", type=int, default=30, help="steps of a story at most (default 30)")
    parser.add_argument("--servers", type=int, default=2, help="servers in this process (default 2)")
    parser.add_argument("--processes", type=int, default=2, help="API processes beside them (default 2)")
    parser.add_argument(
        "--shrink", action="store_true", help="make a story in which something differs shorter; it takes long"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    began, tally, stopped = time.monotonic(), Tally(), False
    size = Size(
        servers=options.servers,
        processes=options.processes,
        stories=options.stories,
        steps=options.steps,
        shrink=options.shrink,
    )
    with (
        tempfile.TemporaryDirectory() as directory,
        cluster_of_its_own() as cluster,
        store_of(cluster, template_of(cluster)) as store,
    ):
        try:
            soak(store, cluster.dsn("admin", store.name), Path(directory), size, tally)
        except BaseException as fault:
            # Hypothesis wraps what told it to stop.
            stopped = not isinstance(fault, Exception) or signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
            if not tally.differences and not stopped:
                raise
            _say("\n".join(fault.__notes__))
    told = {"verdicts": tally.verdicts, "asked": tally.asked, "places": tally.places, "unanswered": tally.unanswered}
    for what, counts in told.items():
        _say(f"{what}: {json.dumps(dict(counts.most_common()))}")
    _say(f"{tally.copies} copies of who watches; {time.monotonic() - began:.0f} s in all")
    _say(json.dumps({"comparisons": tally.comparisons, "differences": len(tally.differences)}))
    return 1 if tally.differences or stopped else 0


def _stop(number: int, _frame: object) -> NoReturn:
    """End in order, so that nothing is left running."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(1)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""
The child's side of being supervised: notice that the supervisor is gone, and tell it that one is ready.

A child's standard input is the reading end of a pipe whose other end the supervisor alone holds and never writes
to. It ends when the supervisor does, however that dies, on every system. A process started by hand has neither of
the two variables, and both functions do nothing.
"""

import faulthandler
import json
import os
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

Info = Mapping[str, str | int | float | bool | None]
"""What a child tells about itself when it is ready, such as the port that it listens on."""

LIFELINE = "CREDIT_SANCTION_LIFELINE"
READY_FILE = "CREDIT_SANCTION_READY_FILE"
ON_STDIN = "stdin"
_STDIN = 0


def watch(*, grace: float = 10.0) -> None:
    """
    End with the supervisor from now on: SIGTERM asks for an orderly stop, which is forced after `grace` seconds.

    To be called early in a child's main, once its handler for SIGTERM stands.
    """
    if os.environ.get(LIFELINE) == ON_STDIN:
        threading.Thread(target=_wait_for_the_end, args=(grace,), name="lifeline", daemon=True).start()


def end_within(seconds: float) -> None:
    """End by force, with every thread's stack on standard error, unless an orderly stop has ended the process by then."""
    threading.Thread(target=_force_the_end, args=(seconds,), name="end", daemon=True).start()


def announce_ready(info: Info) -> None:
    """Tell the supervisor that this process does its work now; `info` goes to who asked the supervisor to run."""
    path = os.environ.get(READY_FILE)
    if path is not None:
        # Renamed into place, so that whoever sees the file sees all of it.
        writing = Path(f"{path}.new")
        writing.write_text(json.dumps(dict(info)), encoding="utf-8")
        writing.replace(path)


def _wait_for_the_end(grace: float) -> None:
    with suppress(OSError):
        while os.read(_STDIN, 1):
            pass
    os.kill(os.getpid(), signal.SIGTERM)
    _force_the_end(grace)


def _force_the_end(seconds: float) -> None:
    threading.Event().wait(seconds)
    faulthandler.dump_traceback(sys.stderr, all_threads=True)
    os._exit(1)

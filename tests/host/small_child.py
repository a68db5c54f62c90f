"""A child of `small_house.py`; its first argument says how it behaves, its second what it is called."""

import os
import signal
import sys
import threading
from types import FrameType

from credit_sanction_service.host import lifeline

behaviour, name = sys.argv[1:]
stopping = threading.Event()


def stop(_number: int, _frame: FrameType | None) -> None:
    stopping.set()


if behaviour == "refuses":
    sys.stderr.write("The targets file has no such key: correct line 3.\n")
    sys.exit(2)
if behaviour == "crashes":
    sys.exit(1)
signal.signal(signal.SIGTERM, signal.SIG_IGN if behaviour in {"deaf", "stubborn"} else stop)
# The deaf one stands for a child that hangs before it could watch.
if behaviour != "deaf":
    lifeline.watch(grace=0.2)
lifeline.announce_ready({"pid": os.getpid(), "cores": len(os.sched_getaffinity(0))})
stopping.wait()
sys.stdout.write(f'{{"event": "child.stopped", "process": "{name}"}}\n')

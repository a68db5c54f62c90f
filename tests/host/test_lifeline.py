"""A stop that overruns."""

import subprocess
import sys

STUCK = """
import threading
from credit_sanction_service.host import lifeline

def never_ending():
    threading.Event().wait()

lifeline.end_within(0.1)
never_ending()
"""


def test_a_stop_that_overruns_ends_by_force_and_says_where_it_stood() -> None:
    ended = subprocess.run([sys.executable, "-c", STUCK], check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "in never_ending" in ended.stderr

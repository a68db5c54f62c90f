"""What the README tells a new user to type works."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.house.project import ROOT
from tests.services import start, stop

if TYPE_CHECKING:
    from pathlib import Path


def test_the_look_up_in_python_runs_with_the_two_variables_that_run_prints(data_dir: Path) -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    service = start(data_dir / "data")
    try:
        printed = re.search(r"^ *export (\S+) (\S+)$", "\n".join(service.lines), re.MULTILINE)
        assert printed is not None
        variables = dict(variable.split("=", 1) for variable in printed.groups())
        assert set(variables) == {"CREDIT_SANCTION_ADDRESS", "CREDIT_SANCTION_TOKEN_FILE"}
        children = json.loads((service.data / "run" / "children.json").read_text("utf-8"))
        answering = sum(
            name.startswith("api-") for name in children
        )  # the worker, PostgreSQL and the stand-ins speak no gRPC
        assert f" ({answering} process" in "\n".join(service.lines)
        command = [sys.executable, "-W", "error", "-c", snippet]
        ran = subprocess.run(
            command, env={**os.environ, **variables}, check=False, capture_output=True, text=True, timeout=60
        )
        assert (ran.stdout, ran.stderr) == ("CLEAR\n", "")
    finally:
        assert stop(service) == 0

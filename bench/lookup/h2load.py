"""The load driver: nghttp2's `h2load`, which costs little, and looks at no gRPC status: who uses it checks the replies itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

MISSING: Final = "h2load is not installed (Debian: nghttp2-client): nothing can be measured without it"
_RATE: Final = re.compile(r"finished in .*?, ([\d.]+) req/s")
_FAILED: Final = re.compile(r"(\d+) failed, (\d+) errored, (\d+) timeout")
_WARM_S: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """
    Calls of one method: each of `bodies` (framed) is sent by a driver of its own over one connection, `in_flight` at once on
    each, all of them together for `seconds`; with `calls`, until each driver has had as many answers, for an engine that
    does not bear a connection closed on it.
    """

    address: str
    path: str
    bodies: Sequence[bytes]
    in_flight: int
    seconds: int
    headers: Mapping[str, str]
    calls: int = 0

    def run(self) -> float:
        """Return calls a second of all drivers together. Raises `RuntimeError` where any call failed."""
        with TemporaryDirectory(prefix="credit-sanction-h2load-") as name, ExitStack() as stack:
            drivers = [
                stack.enter_context(
                    subprocess.Popen(self._command(Path(name) / str(number), body), stdout=subprocess.PIPE, text=True)  # noqa: S603 - the bench's own
                )
                for number, body in enumerate(self.bodies)
            ]
            return sum(_rate(driver.communicate()[0]) for driver in drivers)

    def _command(self, file: Path, body: bytes) -> list[str]:
        file.write_bytes(body)
        headers = {"content-type": "application/grpc", "te": "trailers", **self.headers}
        return [
            shutil.which("h2load") or "h2load",
            *("-c", "1", "-t", "1", "-m", str(self.in_flight)),
            *(("-n", str(self.calls)) if self.calls else ("-D", str(self.seconds), "--warm-up-time", str(_WARM_S))),
            *("-d", str(file)),
            *(part for key, value in headers.items() for part in ("-H", f"{key}: {value}")),
            f"http://{self.address}{self.path}",
        ]


def _rate(report: str) -> float:
    found, failed = _RATE.search(report), _FAILED.search(report)
    if found is None or failed is None or any(map(int, failed.groups())):
        raise RuntimeError(f"calls failed: {report[-1_000:]}")
    return float(found[1])


def is_installed() -> bool:
    """Whether there is a driver."""
    return shutil.which("h2load") is not None

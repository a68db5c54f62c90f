"""
A client as people write them, `grpc.aio`: `python -m bench.lookup.caller ADDRESS TOKEN ENTERPRISES IN_FLIGHT CALLS`. It asks
about another enterprise each time, checks every answer, and prints calls a second with the median and the 99th percentile of
their times in milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Final

import grpc

from bench.lookup.questions import UNARY, expected, mixed_codes, question
from credit_sanction.v1.restriction_service_pb2 import CheckRestrictionsRequest, CheckRestrictionsResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

_CONNECTIONS: Final = 8
_PATIENCE_S: Final = 60.0
_WARM: Final = 0.1


async def run(address: str, token: str, *, enterprises: int, in_flight: int, calls: int) -> tuple[float, float, float]:
    """Return calls a second, median and 99th percentile."""
    metadata = (("authorization", f"Bearer {token}"),)
    options = (("grpc.use_local_subchannel_pool", 1),)
    channels = [grpc.aio.insecure_channel(address, options=options) for _ in range(_CONNECTIONS)]
    methods: list[Callable[..., Awaitable[CheckRestrictionsResponse]]] = [
        channel.unary_unary(UNARY, CheckRestrictionsRequest.SerializeToString, CheckRestrictionsResponse.FromString)
        for channel in channels
    ]
    codes = iter(mixed_codes(calls, of=enterprises, seed=13))
    times: list[float] = []

    async def ask(call: Callable[..., Awaitable[CheckRestrictionsResponse]], codes: Iterator[str]) -> None:
        for code in codes:
            began = time.perf_counter()
            reply = await call(question(code), metadata=metadata, timeout=_PATIENCE_S)
            times.append(time.perf_counter() - began)
            if reply.answer.verdict != expected(code):
                raise RuntimeError(f"{code} was answered {reply.answer.verdict}")

    began = time.perf_counter()
    await asyncio.gather(*(ask(methods[number % _CONNECTIONS], codes) for number in range(in_flight)))
    rate = calls / (time.perf_counter() - began)
    await asyncio.gather(*(channel.close() for channel in channels))
    times = sorted(times[int(_WARM * len(times)) :])
    return rate, 1e3 * times[len(times) // 2], 1e3 * times[int(0.99 * len(times))]


if __name__ == "__main__":
    _, at, bearer, *numbers = sys.argv
    many, abreast, count = map(int, numbers)
    sys.stdout.write(json.dumps(asyncio.run(run(at, bearer, enterprises=many, in_flight=abreast, calls=count))) + "\n")

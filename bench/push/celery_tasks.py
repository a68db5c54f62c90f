"""
The same pushes as Celery tasks with late acknowledgement, on Redis.

Its worker knows no asyncio, so each of its processes has the standard library's own client on one kept connection: no
other costs a task less.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
from functools import cache
from urllib.parse import urlsplit

from celery import Celery  # type: ignore[import-not-found,import-untyped,unused-ignore] # the bench's own group

from bench.push.client import read_bodies

app = Celery("bench", broker=os.environ.get("BENCH_BROKER", ""))
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)


@app.task(name="push")  # type: ignore[untyped-decorator,unused-ignore] # celery ships no types
def push(number: int, body: str) -> None:
    """Push one body and read the receipt."""
    headers = {"Content-Type": "application/cloudevents+json", "webhook-id": f"bench/{number}"}
    connection, path = _connection()
    connection.request("POST", path, body.encode(), headers)
    json.loads(connection.getresponse().read())["receipt"]


@cache
def _connection() -> tuple[http.client.HTTPConnection, str]:
    url = urlsplit(os.environ["BENCH_URL"])
    return http.client.HTTPConnection(url.hostname or "", url.port), url.path


def defer(bodies: list[bytes], count: int) -> None:
    """Have `count` tasks wait."""
    with app.producer_pool.acquire() as producer:
        for number in range(count):
            push.apply_async((number, bodies[number % len(bodies)].decode()), producer=producer)


if __name__ == "__main__":
    defer(read_bodies(sys.argv[1]), int(sys.argv[2]))

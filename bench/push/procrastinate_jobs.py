"""
The same pushes as Procrastinate jobs on the same PostgreSQL, done by its async worker with the same client.

With a lock each subject has its own: order is needed among the pushes of one subject, and any wider lock (one for a
target) would let one push at a time pass.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from procrastinate import App, PsycopgConnector  # type: ignore[import-not-found,unused-ignore] # the bench's own group
from procrastinate.jobs import Job  # type: ignore[import-not-found,unused-ignore] # the bench's own group

from bench.push.client import Own, read_bodies

_TASK = "push"
_AT_ONCE = 500


async def prepare(dsn: str) -> None:
    """Make Procrastinate's tables."""
    async with App(connector=PsycopgConnector(conninfo=dsn)).open_async() as app:
        await app.schema_manager.apply_schema_async()


async def defer(dsn: str, bodies: list[bytes], count: int, *, locked: bool) -> None:
    """Have `count` jobs wait, and nothing else."""
    async with App(connector=PsycopgConnector(conninfo=dsn)).open_async() as app:
        await app.connector.execute_query_async("TRUNCATE procrastinate_jobs CASCADE")
        jobs = [
            Job(
                queue="default",
                task_name=_TASK,
                lock=f"sink/{number}" if locked else None,
                queueing_lock=None,
                task_kwargs={"number": number, "body": bodies[number % len(bodies)].decode()},
            )
            for number in range(count)
        ]
        for start in range(0, count, _AT_ONCE):
            await app.job_manager.batch_defer_jobs_async(jobs[start : start + _AT_ONCE])
        await app.connector.execute_query_async("ANALYZE procrastinate_jobs")


async def work(dsn: str, url: str, concurrency: int) -> None:
    """Work until SIGTERM."""
    app = App(connector=PsycopgConnector(conninfo=dsn))
    client = Own(url)

    @app.task(name=_TASK)  # type: ignore[untyped-decorator,unused-ignore] # untyped where it is not installed
    async def push(number: int, body: str, **_: Any) -> None:  # noqa: ANN401 - what it calls a task with
        await client.push(number, body.encode())

    async with app.open_async():
        await app.run_worker_async(concurrency=concurrency)
    await client.aclose()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["prepare", given_dsn]:
            asyncio.run(prepare(given_dsn))
        case ["defer", given_dsn, given_bodies, given_count, given_locked]:
            asyncio.run(defer(given_dsn, read_bodies(given_bodies), int(given_count), locked=given_locked == "lock"))
        case ["work", given_dsn, given_url, given_concurrency]:
            asyncio.run(work(given_dsn, given_url, int(given_concurrency)))

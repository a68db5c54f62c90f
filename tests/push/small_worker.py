"""A push worker as a process: works until SIGTERM."""

import asyncio
import json
import signal
import sys
from pathlib import Path

from credit_sanction_service.push.targets_file import load
from credit_sanction_service.push.worker import Pace, Worker


async def main(dsn: str, targets: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    file = load(Path(targets))
    worker = Worker(dsn, file.targets, file.build_connectors(), pace=Pace(poll_s=0.02))
    await worker.run(stop)


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))

"""
A service in small, run by the tests as a process of its own: children under a supervisor.

Its only argument is a JSON object with `data`, `database` (whether there is one), `children` (name, behaviour,
pin_core, stage) and `drain_seconds`. Every event is a JSON line on standard output, the children's among them.
"""

import json
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import structlog

from credit_sanction_service.host.child import Child
from credit_sanction_service.host.cluster import Cluster
from credit_sanction_service.host.home import claim
from credit_sanction_service.host.lifeline import Info
from credit_sanction_service.host.refusal import StartRefused
from credit_sanction_service.host.restart import RestartPolicy
from credit_sanction_service.host.signals import interruptible
from credit_sanction_service.host.supervisor import Supervisor

structlog.configure(
    processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
    logger_factory=structlog.WriteLoggerFactory(),
)
log: structlog.stdlib.BoundLogger = structlog.get_logger()

SMALL_CHILD = str(Path(__file__).with_name("small_child.py"))


def main() -> int:
    order = json.loads(sys.argv[1])
    children = [
        Child(
            name=each["name"],
            argv=(sys.executable, SMALL_CHILD, each.get("behaviour", "good"), each["name"]),
            pin_core=each.get("pin_core"),
            stage=each.get("stage", 0),
        )
        for each in order["children"]
    ]
    with ExitStack() as house:
        house.enter_context(interruptible())
        home = house.enter_context(claim(Path(order["data"])))
        clusters = []
        if order["database"]:
            clusters = [house.enter_context(Cluster.open(home, extra_settings={"fsync": "off"}))]

        def tell(infos: Mapping[str, Info]) -> None:
            database = {"dsn": clusters[0].dsn("owner"), "postmaster": clusters[0].pid} if clusters else {}
            log.info("house.ready", children=infos, **database)

        supervisor = Supervisor(
            home.run_dir,
            children,
            also=clusters,
            policy=RestartPolicy(first=0.01, longest=0.05),
            drain_seconds=order.get("drain_seconds", 10.0),
        )
        return supervisor.run(tell)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StartRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        sys.exit(StartRefused.EXIT_CODE)

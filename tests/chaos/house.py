"""
The service as a process of the chaos: the real database, API processes and push workers under the real supervisor.

It differs from `run` in three points: two push workers, so that one takes over what the other holds while it is stopped; a
supervisor that starts what died again at once, for here it dies every second; and no stand-ins of its own. Its only argument
is a JSON object with `data`, `targets`, `workers`, `apis` and `durable`. It tells where it is in `ready.json` in its data.
"""

import json
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from credit_sanction_service import log
from credit_sanction_service.app.law import bring_law
from credit_sanction_service.app.stand_ins import write_private
from credit_sanction_service.app.worker_process import install, load_targets
from credit_sanction_service.config import Settings
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.host.child import Child
from credit_sanction_service.host.cluster import Cluster
from credit_sanction_service.host.home import claim
from credit_sanction_service.host.lifeline import Info
from credit_sanction_service.host.ports import reserve
from credit_sanction_service.host.restart import RestartPolicy
from credit_sanction_service.host.signals import interruptible
from credit_sanction_service.host.supervisor import Supervisor
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.migrate import migrate
from credit_sanction_service.store.tokens import issue_token

READY = "ready.json"
_AT_ONCE = RestartPolicy(first=0.02, longest=0.3, well_after=0.5)


def main() -> int:
    order = json.loads(sys.argv[1])
    log.configure("INFO", process="house")
    with ExitStack() as house:
        house.enter_context(interruptible())
        home = house.enter_context(claim(Path(order["data"])))
        port = house.enter_context(reserve("127.0.0.1", 0))
        lazy = {} if order["durable"] else {"fsync": "off"}
        cluster = house.enter_context(Cluster.open(home, extra_settings=lazy))
        dsn = cluster.dsn("service")
        migrate(cluster.dsn("owner"))
        bring_law(dsn)
        install(dsn, load_targets(Settings(targets=order["targets"])))
        with connect(dsn) as connection:
            administrator = Principal(name="chaos", roles=frozenset({Role.ADMINISTRATOR}))
            token = issue_token(connection, administrator)

        def tell(_: Mapping[str, Info]) -> None:
            told = {"address": port.address, "token": token, "dsn": dsn}
            write_private(home.path / READY, json.dumps(told))

        env = {
            "CREDIT_SANCTION_DSN": dsn,
            "CREDIT_SANCTION_LISTEN": port.address,
            "CREDIT_SANCTION_TARGETS": order["targets"],
            "CREDIT_SANCTION_DRAIN_S": "3",
        }
        children = [_child("worker", number, env, stage=0) for number in range(order["workers"])]
        children += [_child("api", number, env, stage=1) for number in range(order["apis"])]
        supervisor = Supervisor(home.run_dir, children, also=[cluster], policy=_AT_ONCE, drain_seconds=5)
        return supervisor.run(tell)
    raise AssertionError("unreachable: nothing above swallows an exception")


def _child(command: str, number: int, env: Mapping[str, str], *, stage: int) -> Child:
    argv = (sys.executable, "-m", "credit_sanction_service", command)
    return Child(name=f"{command}-{number}", argv=argv, env=env, stage=stage)


if __name__ == "__main__":
    sys.exit(main())

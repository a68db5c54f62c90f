"""
An API process over a base alone, without a store: `python -m bench.lookup.large FILE ADDRESS`. It answers look-ups with all
guards on, as the service does, out of an index of any size.
"""

from __future__ import annotations

import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import grpc

from bench.lookup.stock import packed, pattern
from credit_sanction.v1 import restriction_service_pb2_grpc as service_grpc
from credit_sanction_service import log
from credit_sanction_service.api.access_log import AccessLog
from credit_sanction_service.api.api_metrics import CallCounts
from credit_sanction_service.api.at_once import AtOnce
from credit_sanction_service.api.callers import Callers
from credit_sanction_service.api.guard import guarded
from credit_sanction_service.api.pools import ElasticPool, waiting
from credit_sanction_service.api.restriction_servicer import RestrictionServicer
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.domain.law import shipped_law
from credit_sanction_service.restrictions.base import Base
from credit_sanction_service.restrictions.base_file import write_base
from credit_sanction_service.restrictions.index import Index
from credit_sanction_service.restrictions.look_up import LookUp
from credit_sanction_service.restrictions.sealed import share
from credit_sanction_service.store.tokens import token_hash
from credit_sanction_service.store.values import Revision

TOKEN: Final = "cst_bench"  # noqa: S105 - of a process that knows nobody else
_REVISION: Final = Revision(epoch=1, number=1)
_FRESH_S: Final = 0.01
_BANK: Final = Principal(name="虚构银行", roles=frozenset({Role.ADMINISTRATOR}))


def write(path: Path, enterprises: int) -> int:
    """Write the base of as many restricted enterprises; return its size in bytes."""
    with path.open("w+b") as file:
        write_base(file, packed(pattern(), enterprises), revision=_REVISION, known_at=datetime.now(UTC))
        return file.seek(0, 2)


class _OneCaller(Callers):
    """Knows one token, as long as the process lives, and looks it up as the service does."""

    def __init__(self) -> None:
        super().__init__(clock=_now)
        self._tokens = {token_hash(TOKEN): (_BANK, None)}


def servicer(path: Path) -> RestrictionServicer:
    """Return what answers look-ups out of a base."""
    index, law = Index(), shipped_law()
    base = Base.opened(path)
    share(base.memory, path)
    index.replace(_REVISION, base)
    threading.Thread(target=_keep_fresh, args=(index,), daemon=True).start()
    return RestrictionServicer(LookUp(index, lambda: law, clock=_now, waiting=waiting))


def _keep_fresh(index: Index) -> None:
    while True:
        index.reached(asked_at=time.monotonic(), clock_in_doubt=False)
        time.sleep(_FRESH_S)


def _now() -> datetime:
    return datetime.now(UTC)


def serve(path: Path, address: str) -> None:
    """Answer until the process is ended."""
    log.configure("INFO", process="api")
    counts = CallCounts()
    access_log = AccessLog(counts.take)
    access_log.start()
    hot = ElasticPool(4, most_waiting=64, name="hot")
    server = grpc.server(hot, maximum_concurrent_rpcs=2_000)
    behind = guarded(server, _OneCaller(), access_log, pools={"CheckRestrictions": AtOnce(hot)})
    service_grpc.add_RestrictionServiceServicer_to_server(servicer(path), behind)
    server.add_insecure_port(address)
    server.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2])

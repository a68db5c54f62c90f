"""
A bare echo on grpcio's public server: the same replies, no guard, no index. `python -m bench.lookup.echo ADDRESS FILE...`:
each file holds one reply; a code it is not about is answered with the first.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

import grpc

from credit_sanction.v1.restriction_service_pb2 import CheckRestrictionsRequest, CheckRestrictionsResponse

if TYPE_CHECKING:
    from collections.abc import Sequence

_SERVICE: Final = "credit_sanction.v1.RestrictionService"
_THREADS: Final = 4  # as many as answer look-ups in the service: more of them are slower


def serve(address: str, replies: Sequence[CheckRestrictionsResponse]) -> None:
    """Answer until the process is ended. A reply is built once, and serialised for every call as generated code does."""
    by_code, other = {reply.answer.code: reply for reply in replies}, replies[0]
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=[("grpc.so_reuseport", 1)])
    handler = grpc.unary_unary_rpc_method_handler(
        lambda request, _context: by_code.get(request.enterprise.code, other),
        CheckRestrictionsRequest.FromString,
        CheckRestrictionsResponse.SerializeToString,
    )
    server.add_registered_method_handlers(_SERVICE, {"CheckRestrictions": handler})
    server.add_insecure_port(address)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    serve(sys.argv[1], [CheckRestrictionsResponse.FromString(Path(name).read_bytes()) for name in sys.argv[2:]])

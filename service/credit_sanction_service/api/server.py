"""The gRPC server: pools, limits, health, reflection. It listens only once its index is loaded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from credit_sanction.v1 import delivery_service_pb2 as delivery_pb
from credit_sanction.v1 import delivery_service_pb2_grpc as delivery_grpc
from credit_sanction.v1 import enforcement_service_pb2 as enforcement_pb
from credit_sanction.v1 import enforcement_service_pb2_grpc as enforcement_grpc
from credit_sanction.v1 import exit_obligation_service_pb2 as obligation_pb
from credit_sanction.v1 import exit_obligation_service_pb2_grpc as obligation_grpc
from credit_sanction.v1 import law_service_pb2 as law_pb
from credit_sanction.v1 import law_service_pb2_grpc as law_grpc
from credit_sanction.v1 import oversight_service_pb2 as oversight_pb
from credit_sanction.v1 import oversight_service_pb2_grpc as oversight_grpc
from credit_sanction.v1 import public_list_service_pb2 as list_pb
from credit_sanction.v1 import public_list_service_pb2_grpc as list_grpc
from credit_sanction.v1 import restriction_service_pb2 as restriction_pb
from credit_sanction.v1 import restriction_service_pb2_grpc as restriction_grpc
from credit_sanction.v1 import sanction_record_service_pb2 as record_pb
from credit_sanction.v1 import sanction_record_service_pb2_grpc as record_grpc
from credit_sanction.v1 import watch_service_pb2 as watch_pb
from credit_sanction.v1 import watch_service_pb2_grpc as watch_grpc
from credit_sanction_service.api.access_log import AccessLog
from credit_sanction_service.api.at_once import AtOnce, is_possible
from credit_sanction_service.api.guard import guarded
from credit_sanction_service.api.pools import ElasticPool
from credit_sanction_service.domain.access import GRANTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_sanction_service.api.callers import Callers
    from credit_sanction_service.restrictions.index import Index

log: Final = structlog.get_logger()

# Answered from memory on few threads, which no call of another kind ever takes. (A search computes for milliseconds.)
HOT: Final = frozenset({"CheckRestrictions", "BatchCheckRestrictions"})
AT_ONCE: Final = "CheckRestrictions"  # on no thread at all but grpcio's own, unless it has to wait
HOT_THREADS: Final = 4  # measured: more of them only hand the interpreter around
SLOW_THREADS: Final = 32  # writers wait for a commit, readers for a query
STREAM_THREADS: Final = 2  # they only begin a stream, or refuse it: each that runs has a thread lent to it
OPEN_THREADS: Final = (
    2  # health and reflection, which are open to all: nobody without a token takes a thread from a caller
)
MOST_OPEN: Final = 16
MOST_CALLS: Final = 2_000
MOST_WAITING: Final = 64
MOST_STREAMS: Final = 64
LARGEST_MESSAGE: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Servicers:
    """The servicers, one for each service."""

    records: record_grpc.SanctionRecordServiceServicer
    obligations: obligation_grpc.ExitObligationServiceServicer
    restrictions: restriction_grpc.RestrictionServiceServicer
    deliveries: delivery_grpc.DeliveryServiceServicer
    public_lists: list_grpc.PublicListServiceServicer
    enforcement: enforcement_grpc.EnforcementServiceServicer
    oversight: oversight_grpc.OversightServiceServicer
    law: law_grpc.LawServiceServicer
    watch: watch_grpc.WatchServiceServicer

    def add_to(self, server: grpc.Server) -> None:
        """Serve all of them on a server, or on what stands in front of one."""
        record_grpc.add_SanctionRecordServiceServicer_to_server(self.records, server)
        obligation_grpc.add_ExitObligationServiceServicer_to_server(self.obligations, server)
        restriction_grpc.add_RestrictionServiceServicer_to_server(self.restrictions, server)
        delivery_grpc.add_DeliveryServiceServicer_to_server(self.deliveries, server)
        list_grpc.add_PublicListServiceServicer_to_server(self.public_lists, server)
        enforcement_grpc.add_EnforcementServiceServicer_to_server(self.enforcement, server)
        oversight_grpc.add_OversightServiceServicer_to_server(self.oversight, server)
        law_grpc.add_LawServiceServicer_to_server(self.law, server)
        watch_grpc.add_WatchServiceServicer_to_server(self.watch, server)


_FILES: Final = (
    *(record_pb, obligation_pb, restriction_pb, delivery_pb, list_pb),
    *(enforcement_pb, oversight_pb, law_pb, watch_pb),
)
SERVICES: Final = tuple(service.full_name for file in _FILES for service in file.DESCRIPTOR.services_by_name.values())
# They answer out of the index, or follow the store behind it. The others ask the store: records are taken in all the same.
BY_INDEX: Final = frozenset(
    service.full_name for file in (restriction_pb, watch_pb) for service in file.DESCRIPTOR.services_by_name.values()
)


class Server:
    """
    One process's server. Look-ups have threads of their own, so that no wait of another call holds them up; at most
    `most_waiting` of them wait at once for a revision or the store, and at most `most_streams` streams run: the next is
    refused at once.

    Health is NOT_SERVING for the services `BY_INDEX`, and for the whole (""), while the index is not ready.
    """

    def __init__(
        self,
        servicers: Servicers,
        callers: Callers,
        *,
        index: Index,
        access_log: AccessLog | None = None,
        most_waiting: int = MOST_WAITING,
        most_streams: int = MOST_STREAMS,
    ) -> None:
        """`access_log` is the caller's to start and to close."""
        self.hot = ElasticPool(HOT_THREADS, most_waiting=most_waiting, name="hot")
        self.streams = ElasticPool(STREAM_THREADS, most_waiting=most_streams, name="stream")
        slow = ThreadPoolExecutor(SLOW_THREADS, thread_name_prefix="slow")
        unguarded = ElasticPool(OPEN_THREADS, most_waiting=MOST_OPEN, name="open")
        self._index = index
        self._pools = (self.hot, self.streams, slow, unguarded)
        everything = frozenset[str]().union(*(grant.methods for grant in GRANTS.values()))
        self._server = grpc.server(
            unguarded,
            maximum_concurrent_rpcs=MOST_CALLS,
            options=[
                ("grpc.max_receive_message_length", LARGEST_MESSAGE),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 1),
                # Who vanished without a word, behind a firewall say, would keep a stream's place for two hours.
                ("grpc.keepalive_time_ms", 20_000),
                ("grpc.keepalive_timeout_ms", 10_000),
                ("grpc.http2.ping_timeout_ms", 10_000),
                ("grpc.http2.max_pings_without_data", 0),
                ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
            ],
        )
        behind = guarded(
            self._server,
            callers,
            access_log or AccessLog(),
            pools=dict.fromkeys(everything, slow) | dict.fromkeys(HOT, self.hot) | {AT_ONCE: self._at_once()},
            streams=self.streams,
        )
        servicers.add_to(behind)
        self._health = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection((*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server)

    def _at_once(self) -> ThreadPoolExecutor:
        if is_possible():
            return AtOnce(self.hot)
        log.warning("server.hands_over", grpcio=grpc.__version__, advice="look-ups take longer: use the locked grpcio")
        return self.hot

    def start(self, host: str, port: int) -> int:
        """Listen and serve; return the port. RuntimeError where it cannot be had."""
        bound = self._server.add_insecure_port(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        self._server.start()
        self._say(is_ready=True, services=frozenset(SERVICES) - BY_INDEX)
        self._index.tell_ready(lambda is_ready: self._say(is_ready=is_ready, services=(*BY_INDEX, "")))
        return bound

    def _say(self, *, is_ready: bool, services: Iterable[str]) -> None:
        """Tell of services, one after the other: of the whole last."""
        status = health_pb2.HealthCheckResponse.SERVING if is_ready else health_pb2.HealthCheckResponse.NOT_SERVING
        for service in services:
            self._health.set(service, status)

    def stop(self, grace: float) -> None:
        """Say NOT_SERVING, let calls under way end within `grace` seconds, stop."""
        self._health.enter_graceful_shutdown()
        self._server.stop(grace).wait()
        for pool in self._pools:
            pool.shutdown()

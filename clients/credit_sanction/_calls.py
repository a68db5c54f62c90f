"""One call to the service: its deadline, its token, its retries."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import grpc

from credit_sanction._errors import ClientError, Overloaded, ServiceError, Unavailable
from credit_sanction._status import error_of
from credit_sanction.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from credit_sanction.v1.exit_obligation_service_pb2_grpc import ExitObligationServiceStub
from credit_sanction.v1.law_service_pb2_grpc import LawServiceStub
from credit_sanction.v1.restriction_service_pb2_grpc import RestrictionServiceStub
from credit_sanction.v1.sanction_record_service_pb2_grpc import SanctionRecordServiceStub
from credit_sanction.v1.watch_service_pb2_grpc import WatchServiceStub

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MESSAGE_MAX: Final = 3 * 1024 * 1024
"""Bytes of items in one message: grpc's limit is 4 MB."""

Q_contra = TypeVar("Q_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)


class Method(Protocol[Q_contra, R_co]):
    """A unary method of a generated stub."""

    def __call__(
        self, request: Q_contra, timeout: float | None = None, metadata: tuple[tuple[str, str], ...] | None = None
    ) -> R_co:
        """Send `request` and wait for the answer."""


class Call(Protocol[R_co]):
    """A stream of answers."""

    def __iter__(self) -> Iterator[R_co]:
        """Read on."""

    def cancel(self) -> object:
        """End it."""


class StreamMethod(Protocol[Q_contra, R_co]):
    """A method of a generated stub that answers with a stream."""

    def __call__(
        self, request: Q_contra, /, timeout: float | None = None, metadata: tuple[tuple[str, str], ...] | None = None
    ) -> Call[R_co]:
        """Send `request` and read the answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """When a failed call is made again: full jitter below a doubling ceiling, in seconds."""

    attempts: int = 8
    first: float = 0.1
    most: float = 2.0

    def wait(self, attempt: int, error: ServiceError) -> float | None:
        """Return how long to wait after the `attempt`-th try, from 1. None: give up."""
        return self.pause(attempt, error) if attempt < self.attempts else None

    def pause(self, attempt: int, error: ServiceError) -> float | None:
        """Return the same for who never gives up. None: a new try cannot help."""
        transient = isinstance(error, Unavailable) or (isinstance(error, Overloaded) and error.retry_after is not None)
        if not transient:
            return None
        ceiling = min(self.most, self.first * 2 ** min(attempt - 1, self.attempts))
        # The service's word is a floor; the jitter above it keeps its callers from returning all at once.
        return (error.retry_after or 0.0) + random.uniform(0.0, ceiling)  # noqa: S311 - not for secrets


class Caller:
    """Makes calls over one channel, from any thread. `timeout` bounds a call with all its retries, in seconds."""

    def __init__(
        self, channel: grpc.Channel, *, metadata: tuple[tuple[str, str], ...], timeout: float, retry: Retry
    ) -> None:
        self._channel = channel
        self._is_closed = False
        self.restrictions: Final = RestrictionServiceStub(channel)
        self.records: Final = SanctionRecordServiceStub(channel)
        self.obligations: Final = ExitObligationServiceStub(channel)
        self.deliveries: Final = DeliveryServiceStub(channel)
        self.law: Final = LawServiceStub(channel)
        self.watch: Final = WatchServiceStub(channel)
        self.retry: Final = retry
        self._metadata = metadata
        self.timeout: Final = timeout

    def call(
        self, method: Method[Q_contra, R_co], request: Q_contra, *, request_id: str = "", repeatable: bool = True
    ) -> R_co:
        """
        Return the answer, or raise the ServiceError of the last try. What is not `repeatable` is sent once only; a
        write is repeatable by its request id.
        """
        end = time.monotonic() + self.timeout
        attempt = 1
        while True:
            try:
                return method(request, timeout=max(end - time.monotonic(), 0.0), metadata=self._metadata)
            except grpc.RpcError as failed:
                self.require_open(failed)
                error = error_of(failed, request_id=request_id)
                wait = self.retry.wait(attempt, error) if repeatable else None
                if wait is None or time.monotonic() + wait >= end:
                    raise error from failed
            except ValueError as failed:  # grpc's word for a closed channel
                raise ClientError("this client is closed") from failed
            time.sleep(wait)
            attempt += 1

    def opened(self, method: StreamMethod[Q_contra, R_co], request: Q_contra) -> Call[R_co]:
        """Open a stream of answers, without a deadline. ValueError where the client is closed."""
        return method(request, metadata=self._metadata)

    def require_open(self, failed: grpc.RpcError) -> None:
        """Raise ClientError where a call was cancelled because this client was closed, and by nobody else."""
        if self._is_closed and failed.code() is grpc.StatusCode.CANCELLED:
            raise ClientError("this client is closed") from failed

    def close(self) -> None:
        """End all calls and close the channel. Safe to repeat."""
        self._is_closed = True
        self._channel.close()


def chunks(sizes: Sequence[int], *, most: int) -> list[range]:
    """
    Cut items of these sizes, in bytes, into runs of at most `most` items that fit a message of grpc's 4 MB limit with
    room to spare. An item that is larger stands alone, for the service to refuse.
    """
    runs: list[range] = []
    start = total = 0
    for index, size in enumerate(sizes):
        if index > start and (index - start >= most or total + size > MESSAGE_MAX):
            runs.append(range(start, index))
            start, total = index, 0
        total += size
    if start < len(sizes):
        runs.append(range(start, len(sizes)))
    return runs

"""The client: one channel, one token, everything the service offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from credit_sanction._address import bearer, open_channel
from credit_sanction._calls import Caller, Retry
from credit_sanction._deliveries import Deliveries
from credit_sanction._enforcement import Enforcement
from credit_sanction._errors import WrongValue
from credit_sanction._law import Law
from credit_sanction._lookups import Lookups
from credit_sanction._obligations import Obligations
from credit_sanction._oversight import Oversight
from credit_sanction._portfolios import Portfolios
from credit_sanction._public_lists import PublicLists
from credit_sanction._records import Records
from credit_sanction._records_effect import Effects
from credit_sanction._records_process import Proceedings
from credit_sanction._screening import Screens
from credit_sanction._searching import Searches
from credit_sanction._watching import Watching
from credit_sanction.v1.enforcement_service_pb2_grpc import EnforcementServiceStub
from credit_sanction.v1.oversight_service_pb2_grpc import OversightServiceStub
from credit_sanction.v1.public_list_service_pb2_grpc import PublicListServiceStub

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

DEFAULT_TIMEOUT: Final = 30.0
"""Seconds for one call with all its retries."""
LONGEST_TIMEOUT: Final = 1e7
"""What grpc and threads can still count."""


class Client(
    Lookups,
    Screens,
    Records,
    Proceedings,
    Effects,
    Deliveries,
    Law,
    PublicLists,
    Enforcement,
    Oversight,
    Watching,
    Portfolios,
    Searches,
):
    """
    A client of the Credit Sanction Service at `address`, `host:port` or `unix:/path`.

    `token` is sent as bearer token. To this machine the connection is plain text, to any other TLS, verified with
    `root_certificates` (PEM; left out: the public authorities). `insecure` says otherwise: True is plain text anywhere,
    False is TLS here too. A token is never sent in plain text to another machine: ClientError. `timeout`, in seconds,
    bounds each call with its retries.

    Calls that find the service unavailable are made again, up to eight times in all, with growing and random pauses, as
    long as the time lasts; writes too, for each carries a request id. Safe to use from many threads; made once and kept: it holds
    a connection. Close it, or use it as a context manager.
    """

    def __init__(
        self,
        address: str,
        token: str | None = None,
        *,
        root_certificates: bytes | None = None,
        insecure: bool | None = None,
        timeout: float = DEFAULT_TIMEOUT,  # not only for waiting: it travels as the call's deadline
    ) -> None:
        if not 0 < timeout <= LONGEST_TIMEOUT:
            raise WrongValue(f"timeout is a number of seconds above 0, up to {LONGEST_TIMEOUT:.0f}, not {timeout}")
        self._address = address
        metadata = bearer(token)
        channel = open_channel(
            address, has_token=token is not None, root_certificates=root_certificates, insecure=insecure
        )
        self._caller = Caller(channel, metadata=metadata, timeout=timeout, retry=Retry())
        self.obligations: Final = Obligations(self._caller)
        self._public_lists = PublicListServiceStub(channel)
        self._enforcement = EnforcementServiceStub(channel)
        self._oversight = OversightServiceStub(channel)

    def close(self) -> None:
        """End all calls and close the connection. Safe to repeat."""
        self._caller.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:  # type: ignore[explicit-override]  # typing.override is Python 3.12's
        return f"Client({self._address!r})"

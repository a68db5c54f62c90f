"""The port of the service: proven free, then held, so that only our own workers can listen on it."""

import errno
import os
import socket
import sys
from types import TracebackType
from typing import Self

from credit_sanction_service.host.refusal import StartRefused

_HIGHEST = 65535
_REASONS = {
    errno.EADDRINUSE: "another program has that port: stop that program or choose another port",
    errno.EACCES: "this user may not: choose a port above 1023",
    errno.EADDRNOTAVAIL: "this machine has no such address: choose one that it has, such as 127.0.0.1,",
}


class Reservation:
    """
    A port that nobody else can take until it is closed; made by `reserve`.

    On Linux it is a bound socket that never listens: the kernel gives it no connection, refuses the port to every
    other program, and lets processes of the same user that ask for SO_REUSEPORT, as grpcio does, listen beside it.
    Elsewhere the port was proven free and is not held, since one worker alone listens there.
    """

    def __init__(self, host: str, port: int, held: socket.socket | None) -> None:
        self.host = host
        self.port = port
        self._held = held

    @property
    def address(self) -> str:
        """The address as `host:port`, an IPv6 host in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def close(self) -> None:
        """Let the port go."""
        if self._held is not None:
            self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def reserve(
    host: str, port: int, *, who: str = "The service", setting: str = "--listen or CREDIT_SANCTION_LISTEN"
) -> Reservation:
    """
    Prove that nobody listens on the port, and hold it; port 0 takes a free one.

    grpcio asks for SO_REUSEPORT by default: alone it would share the port with a second service and not notice.
    `who` wants the port and `setting` is where it is chosen: the refusal's sentence says so.
    Raises StartRefused when the port is taken or the address is not to be had.
    """
    if not 0 <= port <= _HIGHEST:
        raise StartRefused(
            f"There is no port {port}: choose one from 1 to {_HIGHEST} with {setting}, or 0 for any free one."
        )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        held = socket.socket(family, kind, protocol)
    except OSError as fault:
        raise StartRefused(f"The address {host} means nothing here ({fault.strerror}): correct {setting}.") from fault
    try:
        _bind_alone(held, address)
    except OSError as fault:
        held.close()
        reason = _REASONS.get(fault.errno or 0, f"{os.strerror(fault.errno or 0)}: choose another address")
        raise StartRefused(f"{who} cannot listen on {host}:{port}, {reason} with {setting}.") from fault
    taken = int(held.getsockname()[1])
    if sys.platform == "linux":
        return Reservation(host, taken, held)
    held.close()
    return Reservation(host, taken, None)


def _bind_alone(held: socket.socket, address: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]) -> None:
    """
    Bind as one who shares with nobody, and only then permit sharing: no moment lies between proof and holding.

    SO_REUSEADDR during the bind looks past connections of a service that has just stopped; kept, it would let a
    second service bind as long as our workers do not listen yet.
    """
    if sys.platform == "win32":
        held.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        held.bind(address)
        return
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(address)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)

"""One service to a port, however its workers share it."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from credit_sanction_service.host.ports import Reservation, reserve
from credit_sanction_service.host.refusal import StartRefused

WORKER = """
import sys
from concurrent import futures
import grpc
server = grpc.server(futures.ThreadPoolExecutor(2))
echo = grpc.unary_unary_rpc_method_handler(lambda request, context: request)
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Echo", {"Echo": echo})])
server.add_insecure_port(sys.argv[1])
server.start()
print("listening", flush=True)
sys.stdin.read()
server.stop(None).wait()
"""


@contextmanager
def worker(address: str) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"
        yield
        process.communicate()


def call(address: str) -> None:
    """Call once over a connection of its own."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(address, options=options) as channel:
        echo = channel.unary_unary("/test.Echo/Echo", request_serializer=bytes, response_deserializer=bytes)
        assert echo(b"7", timeout=10) == b"7"


def assert_refused(reservation: Reservation) -> None:
    with pytest.raises(StartRefused, match=r"another program has that port: stop that program or choose another"):
        reserve(reservation.host, reservation.port)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])  # noqa: S104 - each kind of address
def test_workers_serve_beside_the_held_port_and_nobody_else_gets_it(host: str) -> None:
    with reserve(host, 0) as reservation:
        assert_refused(reservation)
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with pytest.raises(OSError, match="in use"):
                other.bind((host, reservation.port))
        with worker(reservation.address), worker(reservation.address):
            # Were a single connection given to the held socket, which accepts none, its call would time out.
            for _ in range(100):
                call(f"127.0.0.1:{reservation.port}")
            assert_refused(reservation)
    with reserve(host, reservation.port) as again:
        assert again.port == reservation.port


def test_a_port_is_free_again_although_connections_to_it_have_just_ended() -> None:
    with reserve("127.0.0.1", 0) as reservation, socket.socket() as client:
        with worker(reservation.address):
            client.connect(("127.0.0.1", reservation.port))
            assert client.recv(1)
        # The side that closes first, here the worker, keeps the port in TIME_WAIT.
        while client.recv(4096):
            pass
        client.close()
        tables = [Path(table).read_text(encoding="ascii") for table in ("/proc/net/tcp", "/proc/net/tcp6")]
        assert any(f":{reservation.port:04X} " in table for table in tables)
    reserve("127.0.0.1", reservation.port).close()


@pytest.mark.parametrize("options", [[], [socket.SO_REUSEADDR, socket.SO_REUSEPORT]])
def test_a_listener_is_noticed_whatever_it_permits(options: list[int]) -> None:
    with socket.socket() as listener:
        for option in options:
            listener.setsockopt(socket.SOL_SOCKET, option, 1)
        listener.bind(("0.0.0.0", 0))  # noqa: S104 - the widest address
        listener.listen()
        assert_refused(Reservation("127.0.0.1", listener.getsockname()[1], None))


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [
        ("192.0.2.1", 50051, "this machine has no such address"),
        ("no such host", 50051, "The address no such host means nothing here"),
        ("127.0.0.1", 65536, "There is no port 65536"),
        ("127.0.0.1", -1, "There is no port -1"),
    ],
)
def test_an_address_that_is_not_to_be_had_is_told_in_a_sentence(host: str, port: int, sentence: str) -> None:
    with pytest.raises(StartRefused, match=sentence):
        reserve(host, port)


def test_an_address_is_written_as_a_server_wants_it() -> None:
    assert Reservation("127.0.0.1", 50051, None).address == "127.0.0.1:50051"
    assert Reservation("::1", 50051, None).address == "[::1]:50051"

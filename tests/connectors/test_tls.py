"""TLS on real sockets: whom a connector trusts, what it shows, and which files are refused before anything is called."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.connectors.certificates import Authority, Paper, serving_with
from tests.connectors.rig import (
    TIMEOUT_S,
    closing,
    connector_of,
    connector_to,
    http,
    now,
    odd_server,
    on_loop,
    parcel,
    push,
    stand_in_of,
    unavailable,
)

from credit_sanction_connectors.http import HttpTarget
from credit_sanction_connectors.registry import build
from credit_sanction_connectors.settings import BadTarget, Secrets, Table
from credit_sanction_connectors.standins.kinds import DIALECTS
from credit_sanction_connectors.standins.runner import serving

# What everybody reads is read without a client certificate.
NO_PAGE: dict[str, dict[str, object]] = {"city-website": {"check_page": False}}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("authorities")


@pytest.fixture(scope="module")
def ours(directory: Path) -> Authority:
    return Authority(directory, "ours")


@pytest.fixture(scope="module")
def other(directory: Path) -> Authority:
    return Authority(directory, "other")


@pytest.fixture(scope="module")
def server(ours: Authority) -> Paper:
    return ours.paper("server", "127.0.0.1", "localhost")


@on_loop
async def test_both_sides_show_their_certificates(
    http_kind: str, ours: Authority, other: Authority, server: Paper
) -> None:
    stand_in = stand_in_of(http_kind)
    trusted: dict[str, object] = {"ca_file": str(ours.path), **NO_PAGE.get(http_kind, {})}
    good, stranger = ours.paper("client").client_keys(), other.paper("stranger").client_keys()
    async with serving([stand_in], tls=serving_with(server, clients_of=ours)) as running:
        url, ledger = running.url("target-a"), running.desks["target-a"].ledger
        assert url.startswith("https://127.0.0.1:")
        for nobody in ({}, stranger):
            async with closing(connector_of(stand_in, url, **trusted, **nobody)) as connector:
                refused = await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
                assert (refused.status, ledger.arrivals) == (None, 0)
        async with closing(connector_of(stand_in, url, **trusted, **good)) as connector:
            receipt = await push(connector, parcel(1), timeout_s=TIMEOUT_S)
            assert receipt.number == ledger.held["sanctionRecords/r1"].receipt
            if connector.offers_list:
                assert set(await connector.read_list(timeout_s=TIMEOUT_S)) == {"sanctionRecords/r1"}


@on_loop
@pytest.mark.parametrize("fault", ["wrong authority", "public authorities", "expired", "wrong host"])
async def test_a_server_that_cannot_be_trusted_is_sent_nothing(
    http_kind: str, fault: str, ours: Authority, other: Authority, server: Paper
) -> None:
    keys: dict[str, object] = {"ca_file": str(ours.path)}
    match fault:
        case "wrong authority":
            keys = {"ca_file": str(other.path)}
        case "public authorities":
            keys = {}
        case "expired":
            server = ours.paper("expired", "127.0.0.1", until=datetime.now(UTC) - timedelta(minutes=1))
        case _:
            server = ours.paper("elsewhere", "10.0.0.7", "credit.example")
    stand_in = stand_in_of(http_kind)
    async with serving([stand_in], tls=serving_with(server)) as running:
        url = running.url("target-a")
        async with closing(connector_of(stand_in, url, **keys)) as connector:
            answer = await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
        assert (answer.sent, answer.status) == (False, None)
        assert "certificate verify failed" in answer.reason
        assert running.desks["target-a"].ledger.arrivals == 0


@on_loop
async def test_an_anonymous_endpoint_trusts_the_same_and_shows_nothing(ours: Authority, server: Paper) -> None:
    keys: dict[str, object] = {"ca_file": str(ours.path), **ours.paper("client").client_keys(), "bearer_env": "TOKEN"}
    secrets = Secrets(directory=Path(), environ={"TOKEN": "made-up"})
    async with (
        serving([stand_in_of("city-website")], tls=serving_with(server)) as open_to_all,
        serving([stand_in_of("city-website")], tls=serving_with(server, clients_of=ours)) as closed,
    ):
        for running, anonymous, taken in ((open_to_all, True, True), (closed, False, True), (closed, True, False)):
            endpoint = Table("city", {**keys, "url": running.url("target-a")}).endpoint(secrets)
            place = HttpTarget(endpoint.anonymous() if anonymous else endpoint, now=now)
            asking = place.get("/_standin/state", params={}, headers={}, timeout_s=TIMEOUT_S)
            assert (await asking).status == 200 if taken else await unavailable(asking)
            await place.aclose()


@on_loop
@pytest.mark.parametrize("kind", ["credit-platform", "lender-webhook"])
async def test_a_bearer_token_goes_with_each_request_and_not_into_an_excerpt(kind: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("made-up-token\n")
    token = {"bearer_file": str(tmp_path / "token")}
    async with (
        odd_server(http(503, b"who bears made-up-token?")) as odd,
        closing(connector_to(kind, odd.url, **token)) as connector,
    ):
        answer = await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
        assert answer.excerpt == "who bears [secret]?"
        if connector.offers_list:
            await unavailable(connector.read_list(timeout_s=TIMEOUT_S))
        assert {headers["authorization"] for headers, _ in odd.requests} == {"Bearer made-up-token"}


def refusal(kind: str, **keys: object) -> str:
    stand_in = stand_in_of(kind)
    table = {"url": "https://target.example/api", "secret_env": "SECRET"}
    own = DIALECTS[kind](stand_in, now).connector_keys
    secrets = Secrets(directory=Path(), environ={"SECRET": stand_in.secret})
    with pytest.raises(BadTarget) as refused:
        build("city", kind, {**table, **own, **keys}, secrets=secrets, now=now)
    return str(refused.value)


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, ours: Authority, other: Authority) -> None:
    client, encrypted = ours.paper("client"), ours.paper("locked", passphrase=b"made-up")
    cert, key = str(client.certificate), str(client.key)
    absent, words, broken = str(tmp_path / "absent"), tmp_path / "words", tmp_path / "broken"
    words.write_text("not PEM")
    broken.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    large = tmp_path / "large"
    large.write_bytes(b" " * 2_000_000)
    faults: list[tuple[dict[str, object], str]] = [
        ({"ca_file": absent}, f"ca_file: {absent} cannot be read (No such file or directory); expected a PEM file"),
        ({"ca_file": str(tmp_path)}, f"ca_file: {tmp_path} cannot be read (Is a directory); expected a PEM file"),
        ({"ca_file": "nul\0"}, "ca_file: nul\0 cannot be read (no such name); expected a PEM file"),
        ({"ca_file": 7}, "ca_file: is a number; expected text"),
        ({"ca_file": str(words)}, f"ca_file: {words} holds no certificate that can be read; expected PEM"),
        ({"ca_file": str(broken)}, f"ca_file: {broken} holds no certificate that can be read; expected PEM"),
        ({"ca_file": key}, f"ca_file: {key} holds no certificate that can be read; expected PEM"),
        ({"ca_file": str(large)}, f"ca_file: {large} is longer than 1048576 bytes; expected a PEM file"),
        ({"client_cert_file": cert}, "client_key_file: missing; expected it beside client_cert_file"),
        ({"client_key_file": key}, "client_cert_file: missing; expected it beside client_key_file"),
        ({"client_cert_file": absent, "client_key_file": key}, f"client_cert_file: {absent} cannot be read"),
        ({"client_cert_file": cert, "client_key_file": absent}, f"client_key_file: {absent} cannot be read"),
        ({"client_cert_file": key, "client_key_file": key}, f"client_cert_file: {key} holds no certificate"),
        ({"client_cert_file": cert, "client_key_file": cert}, f"client_key_file: {cert} holds no private key"),
        (
            {"client_cert_file": cert, "client_key_file": str(other.paper("stranger").key)},
            f"client_key_file: {other.path.parent / 'stranger.key'} does not fit the certificate; expected the key",
        ),
        (encrypted.client_keys(), f"client_key_file: {encrypted.key} is encrypted; expected a PEM key without"),
        (
            {"url": "http://127.0.0.1:1/", **client.client_keys()},
            "client_cert_file: stands beside a plain http address; expected it with https only",
        ),
        (
            {"url": "http://127.0.0.1:1/", "ca_file": str(ours.path)},
            "ca_file: stands beside a plain http address; expected it with https only",
        ),
    ]
    for keys, fault in faults:
        assert refusal("lender-webhook", **keys).startswith(f"targets.city.{fault}"), keys

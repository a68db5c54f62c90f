"""Signatures against fixed vectors, so that both sides of this repository cannot be wrong together."""

import asyncio
import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes
from tests.connectors.rig import (
    NAME,
    TIMEOUT_S,
    closing,
    connector_of,
    connector_to,
    http,
    odd_server,
    on_loop,
    parcel,
    push,
    target,
    unavailable,
    version,
)

from credit_sanction_connectors import lender_webhook, signers
from credit_sanction_connectors.standins.dialect import StandIn
from credit_sanction_connectors.standins.runner import serving


def test_standard_webhooks_vector() -> None:
    """The vector that the Standard Webhooks libraries test themselves with."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = lender_webhook.signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


SIGNED = b'{"batch":"k"}'


def test_credit_platform_vectors() -> None:
    """Made with `printf %s '1772438400.{"batch":"k"}' | openssl dgst -sha256 -hmac secret`, and with -sm3."""
    by_sha256 = signers.request_signature(signers.SIGNERS["hmac-sha256"], "secret", "1772438400", SIGNED)
    by_sm3 = signers.request_signature(signers.SIGNERS["hmac-sm3"], "secret", "1772438400", SIGNED)
    assert by_sha256 == "0a121849af31c4399b15c5bde30aac2aa2299340c56b3367c221dc01cf1fadb0"
    assert by_sm3 == "9b6e4576796a95a464840477434def4e0567a0a900800ee7d26ba3eaf96ada77"


def test_sm3_vectors() -> None:
    """Examples 1 and 2 of GB/T 32905-2016, annex A."""
    assert sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert sm3(b"abcd" * 16).hex() == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


@pytest.mark.parametrize("length", [1, 63, 64, 65, 200])
def test_hmac_sm3_is_the_hmac_of_rfc_2104_over_sm3(length: int) -> None:
    key, message = b"k" * length, "虚构报文".encode()
    block = (sm3(key) if length > 64 else key).ljust(64, b"\0")
    inner = sm3(bytes(byte ^ 0x36 for byte in block) + message)
    outer = sm3(bytes(byte ^ 0x5C for byte in block) + inner)
    assert signers.hmac_sm3(key, message) == outer.hex()


def sm3(message: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(message)
    return digest.finalize()


@on_loop
@pytest.mark.parametrize("signer", sorted(signers.SIGNERS))
async def test_a_platform_verifies_either_signature(signer: str) -> None:
    async with target("credit-platform", signer=signer) as (connector, desk):
        assert (await push(connector, parcel(1), timeout_s=TIMEOUT_S)).number
        assert await connector.read_entry("sanctionRecords/r1", timeout_s=TIMEOUT_S)
        assert desk.ledger.acts == {"taken": 1}


@on_loop
@pytest.mark.parametrize("signer", sorted(signers.SIGNERS))
async def test_a_signature_of_another_secret_is_refused(signer: str) -> None:
    async with serving([StandIn(name="target-a", kind="credit-platform", secret="made-up")]) as running:
        stranger = StandIn(name="target-a", kind="credit-platform", secret="another")
        async with closing(connector_of(stranger, running.url("target-a"), signer=signer)) as connector:
            assert (await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))).status == 401


@on_loop
async def test_a_lenders_event_is_a_cloudevent() -> None:
    async with odd_server(http(204)) as odd, closing(connector_to("lender-webhook", odd.url)) as connector:
        listed = await push(
            connector, parcel(7, others=("sanctionRecords/r2",), key="t1/r1/1.7/0"), timeout_s=TIMEOUT_S
        )
        await push(connector, parcel(8, present=False), timeout_s=TIMEOUT_S)
        (headers, body), (_, withdrawn) = odd.requests
        event = json.loads(body)
        assert (listed.number, listed.status) == ("", 204)
        assert headers["content-type"] == "application/cloudevents+json"
        assert headers["idempotency-key"] == event["id"] == "t1/r1/1.7/0"
        assert headers["webhook-id"] == "t1/r1/1_7/0"  # what is signed is separated by full stops
        assert event["specversion"] == "1.0"
        assert event["type"] == "cn.credit-sanction.record.listed.v1"
        assert event["subject"] == "sanctionRecords/r1"
        assert event["source"]
        assert event["data"]["records"][0]["enterprise_name"] == NAME
        assert [one["record"] for one in event["data"]["standing"]] == ["sanctionRecords/r2"]
        assert json.loads(withdrawn)["type"] == "cn.credit-sanction.record.withdrawn.v1"
        assert json.loads(withdrawn)["sequence"] > event["sequence"]


@on_loop
async def test_a_lender_that_holds_enterprises_is_told_of_the_enterprise() -> None:
    async with target("lender-webhook", holds="enterprise") as (connector, desk):
        code = parcel(1).enterprise_code
        await push(connector, parcel(1, record=code), timeout_s=TIMEOUT_S)
        assert desk.ledger.held[code].present
    async with (
        odd_server(http(200, b"{}")) as odd,
        closing(connector_to("lender-webhook", odd.url, holds="enterprise")) as connector,
    ):
        await push(connector, parcel(2, record=code, present=False), timeout_s=TIMEOUT_S)
        event = json.loads(odd.requests[0][1])
        assert (event["type"], event["subject"]) == ("cn.credit-sanction.enterprise.withdrawn.v1", code)


def test_sequences_sort_as_versions() -> None:
    versions = [version(number) for number in (1, 9, 10, 999, 10**18)]
    sequences = [lender_webhook.sequence(one) for one in versions]
    assert sequences == sorted(sequences)


@on_loop
async def test_a_page_that_echoes_the_bearer_token_does_not_end_in_the_store() -> None:
    async def echo(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http(500, odd.requests[0][0]["authorization"].encode()))

    async with odd_server(echo) as odd, closing(connector_to("city-website", odd.url)) as connector:
        answer = await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
        assert answer.excerpt == "Bearer [secret]"

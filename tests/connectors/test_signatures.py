"""Signatures against fixed vectors, so that both sides of this repository cannot be wrong together."""

import asyncio
import base64
import json

from tests.connectors.rig import (
    NAME,
    TIMEOUT_S,
    closing,
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

from credit_sanction_connectors import credit_platform, lender_webhook


def test_standard_webhooks_vector() -> None:
    """The vector that the Standard Webhooks libraries test themselves with."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = lender_webhook.signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_credit_platform_vector() -> None:
    """Made with `printf %s '1772438400.{"batch":"k"}' | openssl dgst -sha256 -hmac secret`."""
    signed = credit_platform.signature("secret", "1772438400", b'{"batch":"k"}')
    assert signed == "0a121849af31c4399b15c5bde30aac2aa2299340c56b3367c221dc01cf1fadb0"


@on_loop
async def test_a_lenders_event_is_a_cloudevent() -> None:
    async with odd_server(http(204)) as odd, closing(connector_to("lender-webhook", odd.url)) as connector:
        listed = await push(connector, parcel(7, others=("sanctionRecords/r2",)), timeout_s=TIMEOUT_S)
        await push(connector, parcel(8, present=False), timeout_s=TIMEOUT_S)
        (headers, body), (_, withdrawn) = odd.requests
        event = json.loads(body)
        assert (listed.number, listed.status) == ("", 204)
        assert headers["content-type"] == "application/cloudevents+json"
        assert headers["webhook-id"] == event["id"] == parcel(7).idempotency_key
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

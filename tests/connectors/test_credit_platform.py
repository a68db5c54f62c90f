"""What is the credit platform's own: codes under a status of 200, the list record's fields, signed reading."""

import json

import pytest
from tests.connectors.rig import (
    CODE,
    NAME,
    TIMEOUT_S,
    closing,
    connector_to,
    http,
    odd_server,
    on_loop,
    parcel,
    push,
    unavailable,
)

from credit_sanction_connectors.port import Connector, Rejected


def platform(url: str) -> Connector:
    return connector_to("credit-platform", url)


@on_loop
@pytest.mark.parametrize("status", [200, 400, 422])
@pytest.mark.parametrize("code", ["96", "97", "98"])
async def test_data_codes_are_rejections(status: int, code: str) -> None:
    body = json.dumps({"code": code, "message": "统一社会信用代码校验失败"}).encode()
    async with odd_server(http(status, body)) as odd, closing(platform(odd.url)) as connector:
        with pytest.raises(Rejected, match="统一社会信用代码校验失败") as refusal:
            await push(connector, parcel(1), timeout_s=TIMEOUT_S)
        assert (refusal.value.code, refusal.value.status) == (code, status)


@on_loop
@pytest.mark.parametrize("code", ["99", "01", "", None, 0, ["97"]])
async def test_any_other_code_is_unavailable(code: object) -> None:
    body = json.dumps({"code": code, "receipt": "R1"}).encode()
    async with odd_server(http(200, body)) as odd, closing(platform(odd.url)) as connector:
        assert (await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))).status == 200


@on_loop
async def test_a_list_record_has_its_standard_fields_and_passes_the_rest_through() -> None:
    async with (
        odd_server(http(200, b'{"code": "00", "receipt": "R1"}')) as odd,
        closing(platform(odd.url)) as connector,
    ):
        receipt = await push(connector, parcel(7, others=("sanctionRecords/r2",)), timeout_s=TIMEOUT_S)
        headers, body = odd.requests[0]
        told = json.loads(body)
        record = told["list_record"]
        assert receipt.number == "R1"
        assert headers["idempotency-key"] == told["batch"] == parcel(7).idempotency_key
        assert (told["action"], told["record"], told["version"]) == (
            "LIST",
            "sanctionRecords/r1",
            {"epoch": 1, "number": 7},
        )
        assert (record["subject_name"], record["subject_uscc"]) == (NAME, CODE)
        assert (record["determined_by_document"], record["valid_until"]) == ("虚工信〔2026〕1号", "2027-03-02")
        assert record["disputed"] is False
        assert told["standing"][0]["record"] == "sanctionRecords/r2"


@on_loop
async def test_a_withdrawal_names_this_record_and_repeats_no_facts() -> None:
    async with (
        odd_server(http(200, b'{"code": "00", "receipt": "R1"}')) as odd,
        closing(platform(odd.url)) as connector,
    ):
        await push(connector, parcel(8, present=False), timeout_s=TIMEOUT_S)
        told = json.loads(odd.requests[0][1])
        assert (told["action"], told["record"]) == ("WITHDRAW", "sanctionRecords/r1")
        assert "list_record" not in told

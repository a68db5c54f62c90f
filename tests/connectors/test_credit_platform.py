"""What is the credit platform's own: its codes, the forms of its editions, the fields that it refuses."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.connectors.rig import (
    CODE,
    NAME,
    TIMEOUT_S,
    closing,
    connector_to,
    document,
    http,
    odd_server,
    on_loop,
    parcel,
    push,
    target,
    unavailable,
)

from credit_sanction_connectors.port import Connector, FieldFault, Parcel, Rejected
from credit_sanction_connectors.settings import BadTarget

RECORD = "sanctionRecords/r1"
SOURCE = {"CF_SJLY": "虚构市工业和信息化局", "CF_SJLYDM": "11220199MADEUP0002"}
PENALTY = {
    "kind": "CLOSURE_ORDER",
    "document_number": "虚构停产字1号",
    "decided_on": "2026-02-20",
    "violation": "逾期未淘汰落后生产工艺装备",
    "facts": "责令期限届满后仍在生产",
    "basis": "《虚构规定》第一条",
    "content": "责令停产停业",
    "fine": "0.2",
    "confiscated": None,
    "licence": None,
    "valid_until": "2099-12-31",
    "authority_name": None,
    "authority_code": None,
}
MAPPINGS: dict[str, Mapping[str, object]] = {"cf-2018": {"fixed": SOURCE}, "cf-2016": {}}


def platform(url: str, **keys: object) -> Connector:
    return connector_to("credit-platform", url, **keys)


def by_edition(edition: str, **keys: object) -> dict[str, Any]:
    """Return what the targets file says of a platform that speaks `edition`."""
    return {"mapping": edition, **MAPPINGS[edition], **keys}


def penalised(number: int, *, present: bool = True, **changes: object) -> Parcel:
    """Return a parcel of a record with a penalty decision, with some parts of that changed."""
    view = {**document(RECORD), "known_on": "2026-03-02", "district": {"code": "220113", "name": "虚构区"}}
    return replace(parcel(number, present=present), documents=[{**view, "penalty": {**PENALTY, **changes}}])


def composed(one: Parcel, **keys: object) -> dict[str, object]:
    told: dict[str, object] = json.loads(platform("https://target.example", **keys).compose(one))
    return told


async def refused(answer: Mapping[str, object], *, status: int = 200, **keys: object) -> Rejected:
    """Push to a platform that answers so, and return its refusal."""
    body = json.dumps(answer).encode()
    async with odd_server(http(status, body)) as odd, closing(platform(odd.url, **keys)) as connector:
        with pytest.raises(Rejected) as refusal:
            await push(connector, penalised(1), timeout_s=TIMEOUT_S)
        return refusal.value


@on_loop
@pytest.mark.parametrize("status", [200, 400, 422])
@pytest.mark.parametrize("code", ["96", "97", "98"])
async def test_data_codes_are_rejections_with_the_field_in_both_tongues(status: int, code: str) -> None:
    answer = {"code": code, "field": "subject_uscc", "message": "统一社会信用代码校验失败"}
    refusal = await refused(answer, status=status)
    assert (refusal.code, refusal.status, refusal.reason) == (code, status, "统一社会信用代码校验失败")
    assert refusal.faults == (
        FieldFault(field="subject_uscc", path="enterprise.code", words="统一社会信用代码校验失败"),
    )


@on_loop
async def test_a_list_of_errors_is_mapped_back_through_the_edition_and_its_renames() -> None:
    errors = [
        {"field": "CF_JDSWSH", "message": "文号已存在"},
        {"field": "cf_fddb", "message": "法定代表人为必填项"},
        {"field": "determined_on", "message": "认定日期不正确"},
        {"field": "CF_NEU", "message": "x" * 600},
        {"field": "CF_SY"},
        {"field": 7, "message": "?"},
        "odd",
    ]
    keys = by_edition("cf-2018", renames={"CF_FRDB": "CF_FDDB", "CF_WSH": "CF_JDSWSH"})
    refusal = await refused({"code": "97", "errors": errors}, **keys)
    assert [(fault.field, fault.path, fault.words[:10]) for fault in refusal.faults] == [
        ("CF_JDSWSH", "decision.penalty.document_number", "文号已存在"),
        ("cf_fddb", "", "法定代表人为必填项"),
        ("determined_on", "decision.date", "认定日期不正确"),
        ("CF_NEU", "", "xxxxxxxxxx"),
        ("CF_SY", "decision.penalty.facts", ""),
    ]
    assert refusal.reason.startswith("文号已存在; 法定代表人为必填项; ")
    assert max(len(fault.words) for fault in refusal.faults) == len(refusal.reason) == 500


@on_loop
@pytest.mark.parametrize(
    "answer",
    [
        {"code": "96"},
        {"code": "96", "errors": []},
        {"code": "96", "errors": {"field": "CF_SY"}},
        {"code": "96", "field": None},
        {"code": "96", "field": "\u0000"},
    ],
)
async def test_a_refusal_that_names_no_field_has_no_faults(answer: Mapping[str, object]) -> None:
    assert (await refused(answer)).faults == ()


@on_loop
async def test_however_many_fields_are_refused_the_faults_are_bounded() -> None:
    errors = [{"field": f"F{number}", "message": "?"} for number in range(80)]
    assert len((await refused({"code": "96", "errors": errors})).faults) == 50


@on_loop
@pytest.mark.parametrize("code", ["01", "", None, 0, ["97"]])
async def test_any_other_code_is_unavailable(code: object) -> None:
    body = json.dumps({"code": code, "receipt": "R1"}).encode()
    async with odd_server(http(200, body)) as odd, closing(platform(odd.url)) as connector:
        answer = await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
        assert (answer.status, answer.code) == (200, code if isinstance(code, str) else "")


@on_loop
@pytest.mark.parametrize(
    ("wish", "wait"),
    [(30, 30), (2.5, 2.5), (0, 0), (10**400, 86_400), (-1, None), ("30", None), (True, None), (None, None)],
)
async def test_99_is_not_now_with_the_wait_that_the_platform_asks_for(wish: object, wait: float | None) -> None:
    body = json.dumps({"code": "99", "message": "批次处理中", "retry_after": wish}).encode()
    async with odd_server(http(200, body)) as odd, closing(platform(odd.url)) as connector:
        answer = await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))
        assert (answer.code, answer.reason, answer.retry_after, answer.sent) == ("99", "批次处理中", wait, True)


@on_loop
async def test_99_with_the_wait_in_its_header() -> None:
    async with (
        odd_server(http(200, b'{"code": "99", "retry_after": NaN}', Retry_After="7")) as odd,
        closing(platform(odd.url)) as connector,
    ):
        assert (await unavailable(push(connector, parcel(1), timeout_s=TIMEOUT_S))).retry_after == 7


@on_loop
async def test_a_list_record_has_its_standard_fields() -> None:
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
        assert (told["action"], told["record"], told["version"]) == ("LIST", RECORD, {"epoch": 1, "number": 7})
        assert told["edition"] == "list-record"
        assert (record["subject_name"], record["subject_uscc"]) == (NAME, CODE)
        assert (record["determined_by_document"], record["valid_until"]) == ("虚工信〔2026〕1号", "2027-03-02")
        assert record["disputed"] is False
        assert told["standing"][0]["record"] == "sanctionRecords/r2"
        assert told["standing"][0]["determined_by_document"] == "虚工信〔2026〕1号"


@pytest.mark.parametrize("keys", [{}, by_edition("cf-2018"), by_edition("cf-2016")])
def test_a_withdrawal_names_this_record_and_repeats_no_facts(keys: dict[str, object]) -> None:
    told = composed(parcel(8, present=False), **keys)
    assert (told["action"], told["record"], told["edition"]) == ("WITHDRAW", RECORD, "list-record")
    assert not {"list_record", "penalty_item"} & told.keys()


def test_a_penalty_is_withdrawn_by_the_word_of_its_edition_and_nothing_missing_holds_it_back() -> None:
    gone = penalised(8, present=False, facts=None, decided_on="odd")
    in_2016, in_2018 = composed(gone, **by_edition("cf-2016")), composed(gone, **by_edition("cf-2018"))
    assert (in_2016["action"], in_2016["edition"], in_2016["penalty_item"]) == (
        "WITHDRAW",
        "cf-2016",
        {"CF_ZT": "3", "BZ": "停止公示"},
    )
    assert (in_2018["action"], in_2018["edition"], in_2018.get("penalty_item")) == ("WITHDRAW", "cf-2018", None)


def test_without_document_a_withdrawal_is_written_all_the_same() -> None:
    assert composed(replace(parcel(8, present=False), documents=[]), **by_edition("cf-2016"))["action"] == "WITHDRAW"


def test_what_is_composed_is_the_same_for_the_same() -> None:
    for edition in MAPPINGS:
        one = platform("https://target.example", **by_edition(edition)).compose(penalised(3))
        assert one == platform("https://target.example", **by_edition(edition)).compose(penalised(3))


def test_a_record_without_penalty_document_never_goes_as_a_penalty() -> None:
    for edition in MAPPINGS:
        for absent in ({}, {"penalty": None}):
            told = composed(replace(parcel(1), documents=[{**document(RECORD), **absent}]), **by_edition(edition))
            assert told["edition"] == "list-record"
            assert "CF_" not in json.dumps(told)


def test_a_penalty_that_lacks_what_is_demanded_is_refused_here_by_both_names() -> None:
    with pytest.raises(Rejected, match=r"^not sent: CF_SY: 违法事实 is missing; cf-2018 demands it") as refusal:
        composed(penalised(1, facts=None), **by_edition("cf-2018"))
    assert refusal.value.faults[0].path == "decision.penalty.facts"


@on_loop
@pytest.mark.parametrize("edition", sorted(MAPPINGS))
@pytest.mark.parametrize("version_check", [True, False])
async def test_a_record_that_changes_form_stays_one_entry_and_is_withdrawn(
    edition: str, *, version_check: bool
) -> None:
    async with target("credit-platform", version_check=version_check, **by_edition(edition)) as (connector, desk):
        await push(connector, parcel(1), timeout_s=TIMEOUT_S)
        assert "determined_by_document" in desk.ledger.held[RECORD].document
        await push(connector, penalised(2), timeout_s=TIMEOUT_S)
        assert desk.ledger.held[RECORD].document["CF_WSH"] == "虚构停产字1号"
        await push(connector, parcel(3), timeout_s=TIMEOUT_S)
        assert "CF_WSH" not in desk.ledger.held[RECORD].document
        await push(connector, penalised(4), timeout_s=TIMEOUT_S)
        assert list(await connector.read_list(timeout_s=TIMEOUT_S)) == [RECORD]
        await push(connector, parcel(5, present=False), timeout_s=TIMEOUT_S)  # its last document has no penalty
        assert await connector.read_list(timeout_s=TIMEOUT_S) == {}
        assert desk.ledger.inversions == 0


@on_loop
async def test_the_stand_in_refuses_as_a_platform_does() -> None:
    exchanged = {"CF_CFLB": "CF_WFXW", "CF_WFXW": "CF_CFLB"}
    async with target("credit-platform", **by_edition("cf-2018", renames=exchanged)) as (connector, desk):
        with pytest.raises(Rejected) as refusal:
            await push(connector, penalised(1), timeout_s=TIMEOUT_S)
        assert (refusal.value.code, refusal.value.reason) == ("98", "CF_CFLB 不在字典内")
        assert desk.ledger.acts == {"not taken": 1}
    renames = {"CF_WSH": "CF_JDSWSH"}
    async with target("credit-platform", **by_edition("cf-2016", renames=renames)) as (connector, _):
        with pytest.raises(Rejected) as refusal:
            await push(connector, penalised(1), timeout_s=TIMEOUT_S)
        assert refusal.value.code == "96"
        assert {fault.field for fault in refusal.value.faults} == {"CF_WSH", "CF_JDSWSH"}


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"mapping": "cf-2017"}, "mapping: is 'cf-2017'; expected one of cf-2016, cf-2018, list-record"),
        ({"mapping": 2018}, "mapping: is a number; expected text"),
        ({"signer": "md5"}, "signer: is 'md5'; expected one of hmac-sha256, hmac-sm3"),
        ({"mapping": "cf-2018"}, "fixed: lacks CF_SJLY (数据来源单位), which cf-2018 demands; expected fixed = "),
        (
            {"fixed": {"CF_SJLY": "甲"}},
            "fixed: names 'CF_SJLY', which list-record has not; expected its own field names",
        ),
        (by_edition("cf-2018", fixed={**SOURCE, "CF_WSH": "1"}), "fixed: sets CF_WSH, which comes from the record; "),
        (
            by_edition("cf-2018", fixed={**SOURCE, "CF_FRDB": "某"}),
            "fixed: sets CF_FRDB, which is never sent (personal",
        ),
        (
            by_edition("cf-2018", fixed={**SOURCE, "CF_SJLYDM": "11"}),
            "fixed: CF_SJLYDM (数据来源单位统一社会信用代码) is no",
        ),
        (by_edition("cf-2018", fixed={**SOURCE, "CF_SJLY": ""}), "fixed: expected a table of texts, as in { CF_FRDB"),
        (by_edition("cf-2016", renames=["CF_ZT"]), "renames: expected a table of texts, as in { CF_FRDB"),
        (
            by_edition("cf-2016", renames={"CF_FRDB": "CF_FDDB"}),
            "renames: names 'CF_FRDB', which the edition has not; ",
        ),
        (by_edition("cf-2016", renames={"CF_FR": "法人"}), "renames: gives CF_FR the name '法人'; expected letters, "),
        (
            by_edition("cf-2016", renames={"CF_FR": "cf_zt"}),
            "renames: makes two fields 'cf_zt'; expected each name once",
        ),
    ],
)
def test_bad_keys_are_refused_by_name_before_anything_is_sent(keys: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadTarget) as refusal:
        platform("https://target.example", **keys)
    assert str(refusal.value).startswith(f"targets.target-a.{sentence}")
    assert "\n" not in str(refusal.value)


def test_names_may_be_exchanged() -> None:
    told = composed(penalised(1), **by_edition("cf-2016", renames={"CF_SY": "CF_YJ", "CF_YJ": "CF_SY"}))
    item = told["penalty_item"]
    assert isinstance(item, dict)
    assert (item["CF_YJ"], item["CF_SY"]) == (PENALTY["facts"], PENALTY["basis"])

"""Receipts over the wire: what is signed is what was asked and answered, and the SDK finds it genuine without the service."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import grpc
import pytest
from tests.api.conftest import clock, principal
from tests.api.test_records import create, fault
from tests.samples import TODAY, code, doubtful_code, record
from tests.services import wait_until

from credit_sanction import Client, Unauthenticated, Verdict, verify
from credit_sanction.v1 import measure_pb2 as measure_pb
from credit_sanction.v1 import restriction_service_pb2 as pb
from credit_sanction.v1 import revision_pb2 as revision_pb
from credit_sanction_service.api.receipts import Receipts
from credit_sanction_service.app.receipt_keys import print_receipt_key, receipt_keys
from credit_sanction_service.config import Settings
from credit_sanction_service.domain.access import Role
from credit_sanction_service.domain.faults import NoReceiptKey
from credit_sanction_service.host.refusal import StartRefused
from credit_sanction_service.restrictions.receipts import (
    BadReceiptKey,
    ReceiptKeys,
    new_receipt_key,
    read_receipt_keys,
)
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.tokens import issue_token
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from tests.api.conftest import House

# The seed and the public key of the first test of RFC 8032, section 7.1.
SEED = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
PUBLIC = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


def asked(**more: object) -> pb.CheckRestrictionsRequest:
    query = pb.EnterpriseQuery(code=f" {code(1).lower()}", name="长春虚构1号水泥有限公司")
    return pb.CheckRestrictionsRequest(enterprise=query, want_receipt=True, **more)  # type: ignore[arg-type]


def test_a_receipt_says_who_asked_what_for_what_and_what_was_answered(house: House) -> None:
    listed = create(house)
    loans = [measure_pb.AREA_GROUP_LOANS]
    consistency = pb.Consistency(min_revision=listed.revision, as_of_date=str(TODAY))
    request = asked(groups=loans, consistency=consistency, purpose="虚构授信〔2026〕1号", include_ended=True)
    reply = house.calling(principal("虚构银行", Role.BANK))("CheckRestrictions", request)
    said = json.loads(reply.receipt.payload)
    canonical = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert reply.receipt.payload == canonical
    assert sorted(said) == ["answer", "basis", "caller", "format", "purpose", "question", "receipt_id", "type"]
    assert (said["caller"], said["purpose"], said["format"]) == ("虚构银行", "虚构授信〔2026〕1号", 1)
    assert said["question"] == {
        "enterprise": {"code": f" {code(1).lower()}", "name": "长春虚构1号水泥有限公司"},
        "areas": [],
        "groups": ["AREA_GROUP_LOANS"],
        "consistency": {
            "min_revision": {"epoch": listed.revision.epoch, "number": str(listed.revision.number)},
            "as_of_date": str(TODAY),
        },
        "land_purpose": "LAND_PURPOSE_UNSPECIFIED",
        "include_ended": True,
    }
    assert said["answer"]["verdict"] == "VERDICT_RESTRICTED"
    assert said["answer"]["restrictions"][0]["record"] == listed.name
    assert said["basis"]["revision"] == {
        "epoch": reply.basis.revision.epoch,
        "number": str(reply.basis.revision.number),
    }
    assert said["basis"]["answered_at"] == "2026-11-23T04:00:00Z"
    again = house.administrator("CheckRestrictions", request)
    assert json.loads(again.receipt.payload)["receipt_id"] != said["receipt_id"]


def test_the_sdk_finds_receipts_genuine_whatever_the_verdict(house: House) -> None:
    listed = create(house)
    with connect(house.database.service_dsn) as connection:
        token = issue_token(connection, principal("虚构采购中心", Role.PROCUREMENT))
    with Client(house.address, token=token) as client:
        with wait_until(lambda: is_known(client)):
            keys = client.receipt_keys()
        assert [key.is_current for key in keys] == [True]
        for typed, verdict in (
            (code(1), Verdict.ADVISORY),
            (code(2), Verdict.CLEAR),
            (doubtful_code(3), Verdict.UNKNOWN),
        ):
            answer = client.check(
                typed, areas=["PROCUREMENT"], min_revision=listed.revision, want_receipt=True, purpose="虚构标段"
            )
            assert answer.receipt is not None
            said = verify(answer.receipt, keys)
            assert (said.caller, said.purpose, said.answer.verdict) == ("虚构采购中心", "虚构标段", verdict)
            assert said.answer.areas == answer.areas
            assert said.answer.restrictions == answer.restrictions
            assert said.answer.candidates == answer.candidates
            assert (said.answer.revision, said.answer.answered_at) == (answer.revision, answer.answered_at)
        assert client.check(code(1), areas=["PROCUREMENT"]).receipt is None


def test_what_grows_too_large_is_signed_as_it_is_sent_without_its_details(house: House) -> None:
    with closing(Writer(house.database.service_dsn, clock=clock)) as writer:
        many = [record(1, document=f"虚构认字〔2026〕{number}号") for number in range(250)]
        written = writer.run(lambda tx: tx.insert(many, action="CREATE", principal="测试"), timeout=20).revision
    assert written
    consistency = pb.Consistency(min_revision=revision_pb.Revision(epoch=written.epoch, number=written.number))
    query = pb.EnterpriseQuery(code=code(1))
    plain = house.administrator(
        "CheckRestrictions", pb.CheckRestrictionsRequest(enterprise=query, consistency=consistency)
    )
    assert len(plain.answer.restrictions) == 9 * len(many)
    reply = house.administrator("CheckRestrictions", asked(consistency=consistency))
    assert reply.ByteSize() < 3_000_000
    assert reply.answer.details_omitted
    assert (reply.answer.verdict, list(reply.answer.areas)) == (pb.VERDICT_RESTRICTED, list(plain.answer.areas))
    said = json.loads(reply.receipt.payload)["answer"]
    assert (said["details_omitted"], said["restrictions"], len(said["areas"])) == (True, [], 9)
    loans = house.administrator(
        "CheckRestrictions", asked(consistency=consistency, areas=[measure_pb.AREA_FINANCING_CREDIT])
    )
    assert len(json.loads(loans.receipt.payload)["answer"]["restrictions"]) == len(many)


def is_known(client: Client) -> bool:
    try:
        return bool(client.receipt_keys())
    except Unauthenticated:
        return False


def test_a_purpose_that_cannot_stand_in_a_receipt_is_refused(house: House) -> None:
    for purpose in ("长" * 201, "a\x00b", "身份证990000190001010294"):
        status, reason, violations = fault(house.administrator, "CheckRestrictions", asked(purpose=purpose))
        assert (status, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
        assert "purpose" in violations
        assert "990000190001010294" not in violations["purpose"]


def test_a_name_that_cannot_stand_in_a_receipt_is_refused(house: House) -> None:
    named = asked()
    named.enterprise.name = "虚构身份证990000190001010294"
    status, reason, violations = fault(house.administrator, "CheckRestrictions", named)
    assert (status, reason, list(violations)) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_FIELD",
        ["enterprise.name"],
    )
    assert "990000190001010294" not in violations["enterprise.name"]


def test_a_service_without_a_key_says_so_and_publishes_none() -> None:
    receipts = Receipts(read_receipt_keys(" ", ""))
    assert not receipts.list().keys
    receipts.require(pb.CheckRestrictionsRequest(purpose="虚构"))
    with pytest.raises(NoReceiptKey, match="CREDIT_SANCTION_RECEIPT_KEY"):
        receipts.require(asked())


def test_keys_of_before_stay_published_behind_the_present_one() -> None:
    old, older = new_receipt_key(), read(new_receipt_key())
    keys = read(SEED, f"{older.current.pem}\n{old}{PUBLIC} {old}")
    assert [key.id for key in keys.published] == [keys.current.id, older.current.id, read(old).current.id]
    assert keys.current.id == "21fe31dfa154a261"
    listed = Receipts(keys).list().keys
    assert [key.is_current for key in listed] == [True, False, False]
    assert listed[0].pem.startswith(
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    )


def test_the_command_prints_a_key_that_can_be_set_and_tells_its_public_half(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_receipt_key(Settings()) == 0
    printed = capsys.readouterr()
    keys = receipt_keys(Settings(receipt_key=printed.out, receipt_old_keys=SEED))
    assert keys is not None
    assert keys.current.id in printed.err
    assert keys.current.pem in printed.err
    with pytest.raises(StartRefused, match="is neither PEM"):
        receipt_keys(Settings(receipt_key="x"))


def read(key: str, former: str = "") -> ReceiptKeys:
    keys = read_receipt_keys(key, former)
    assert keys is not None
    return keys


RSA = "-----BEGIN PRIVATE KEY-----\nMIIBVQ==\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("key", "former", "told"),
    [
        ("secret", "", "CREDIT_SANCTION_RECEIPT_KEY is neither PEM nor 32 bytes"),
        (SEED[:-4] + "AAAA", "", "CREDIT_SANCTION_RECEIPT_KEY is neither"),
        (RSA, "", "holds no Ed25519 private key"),
        (SEED, "x", "CREDIT_SANCTION_RECEIPT_OLD_KEYS is neither"),
        (SEED, RSA.replace("PRIVATE", "PUBLIC"), "what is no Ed25519 key"),
        ("", PUBLIC, "set CREDIT_SANCTION_RECEIPT_KEY too"),
    ],
)
def test_what_is_no_key_is_refused_in_a_sentence_that_repeats_nothing_of_it(key: str, former: str, told: str) -> None:
    with pytest.raises(BadReceiptKey, match=told) as refused:
        read_receipt_keys(key, former)
    assert "secret" not in str(refused.value)

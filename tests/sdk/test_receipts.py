"""Receipts: genuine to the letter or refused, without a service, and kept as files that nothing is written over."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

import credit_sanction
from credit_sanction import ClientError, Receipt, ReceiptKey, ReceiptRefused, Verdict, dump_keys, load_keys, verify
from credit_sanction.__main__ import main
from credit_sanction.v1 import restriction_service_pb2 as wire

if TYPE_CHECKING:
    from tests.sdk.loopback import Loopback

CODE = "91220101FAKE000130"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = ReceiptKey(public_key=PRIVATE.public_key().public_bytes_raw(), is_current=True)
OTHER = ReceiptKey(public_key=Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw())
SAID = {
    "type": "credit-sanction-receipt",
    "format": 1,
    "receipt_id": "0199-made-up",
    "caller": "虚构银行",
    "purpose": "虚构授信〔2026〕1号",
    "question": {"enterprise": {"code": CODE, "name": "虚构\u202e厂"}, "consistency": {"as_of_date": "2026-11-23"}},
    "answer": {
        "code": CODE,
        "verdict": "VERDICT_CLEAR",
        "areas": [{"area": "AREA_LAND_SUPPLY", "verdict": "VERDICT_CLEAR"}],
    },
    "basis": {
        "revision": {"epoch": 1, "number": "5"},
        "answered_at": "2026-11-23T04:00:00Z",
        "as_of_date": "2026-11-23",
    },
}


def signed(said: object, *, key: Ed25519PrivateKey = PRIVATE) -> Receipt:
    payload = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    public = ReceiptKey(public_key=key.public_key().public_bytes_raw())
    return Receipt(payload=payload, signature=key.sign(payload), key_id=public.key_id)


RECEIPT = signed(SAID)


def changed(content: bytes, place: int, by: int) -> bytes:
    return content[:place] + bytes([content[place] ^ by]) + content[place + 1 :]


def test_a_genuine_receipt_says_who_asked_what_and_what_was_answered() -> None:
    said = verify(RECEIPT, [OTHER, KEY])
    assert (said.caller, said.purpose, said.receipt_id, said.key_id) == (
        "虚构银行",
        "虚构授信〔2026〕1号",
        "0199-made-up",
        KEY.key_id,
    )
    assert (said.answer.verdict, said.answer.asked, said.answer.revision.number) == (Verdict.CLEAR, CODE, 5)


@given(place=st.integers(0, len(RECEIPT.payload) - 1), by=st.integers(1, 255))
def test_no_byte_of_what_is_said_can_be_changed(place: int, by: int) -> None:
    with pytest.raises(ReceiptRefused, match="not genuine"):
        verify(replace(RECEIPT, payload=changed(RECEIPT.payload, place, by)), [KEY])


@given(place=st.integers(0, 63), by=st.integers(1, 255))
def test_no_byte_of_the_signature_can_be_changed(place: int, by: int) -> None:
    with pytest.raises(ReceiptRefused, match="not genuine"):
        verify(replace(RECEIPT, signature=changed(RECEIPT.signature, place, by)), [KEY])


@given(place=st.integers(0, len(RECEIPT.to_json().encode()) - 1), by=st.integers(1, 255))
def test_no_byte_of_the_file_can_be_changed(place: int, by: int) -> None:
    content = changed(RECEIPT.to_json().encode(), place, by)
    with pytest.raises((ReceiptRefused, UnicodeDecodeError)):
        verify(Receipt.from_json(content.decode("utf-8")), [KEY])


@given(cut=st.integers(1, 400), more=st.text(min_size=1).filter(lambda text: text.strip()))
def test_nothing_can_be_left_off_or_added(cut: int, more: str) -> None:
    for text in (RECEIPT.to_json()[:-cut], RECEIPT.to_json() + more):
        with pytest.raises(ReceiptRefused):
            verify(Receipt.from_json(text), [KEY])


def test_another_key_verifies_nothing() -> None:
    with pytest.raises(ReceiptRefused, match="none of the keys given"):
        verify(RECEIPT, [OTHER])
    forged = replace(signed(SAID, key=Ed25519PrivateKey.generate()), key_id=KEY.key_id)
    with pytest.raises(ReceiptRefused, match="not genuine"):
        verify(forged, [KEY])
    assert verify(signed(SAID), [KEY]).caller == "虚构银行"


@pytest.mark.parametrize("said", [[], {}, {**SAID, "type": "other"}, {**SAID, "format": 2}, {**SAID, "answer": 7}])
def test_what_is_signed_and_no_receipt_is_refused(said: object) -> None:
    with pytest.raises(ReceiptRefused, match=r"is signed|is genuine, and of a form"):
        verify(signed(said), [KEY])


def test_what_this_client_does_not_know_yet_never_reads_as_clear() -> None:
    later = {
        **SAID,
        "answer": {"verdict": "VERDICT_LATER", "areas": [{"area": "AREA_LATER", "verdict": "VERDICT_LATER"}]},
    }
    assert verify(signed(later), [KEY]).answer.verdict is Verdict.UNKNOWN


def test_a_receipt_is_saved_once_and_loaded_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "receipt.json"
    RECEIPT.save(file)
    assert Receipt.load(file) == RECEIPT
    with pytest.raises(ClientError, match="written over no other file"):
        RECEIPT.save(file)
    file.write_bytes(file.read_bytes() + b"\r\n")
    assert Receipt.load(file) == RECEIPT
    file.write_bytes(b"\xff")
    with pytest.raises(ReceiptRefused, match="no UTF-8 text"):
        Receipt.load(file)


def test_keys_are_kept_as_json_or_pem(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(dump_keys([KEY, OTHER]), "utf-8")
    assert load_keys(file) == (KEY, OTHER)
    file.write_text(f"虚构\n{KEY.pem}\r\n{OTHER.pem}", "utf-8")
    assert load_keys(file) == (replace(KEY, is_current=False), OTHER)
    swapped = dump_keys([KEY]).replace(
        base64.b64encode(KEY.public_key).decode(), base64.b64encode(OTHER.public_key).decode()
    )
    for content, fault in ((swapped, "is another one"), ("{}", "not what"), ("none", "holds no receipt key")):
        file.write_text(content, "utf-8")
        with pytest.raises(ClientError, match=fault):
            load_keys(file)
    file.write_text(KEY.pem.replace("MCowBQYDK2Vw", "MCowBQYDK2Vu"), "utf-8")
    with pytest.raises(ClientError, match="no Ed25519 key"):
        load_keys(file)


def test_the_command_has_answers_signed_and_verifies_them_offline(
    service: Loopback, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reply = wire.CheckRestrictionsResponse(answer=wire.RestrictionAnswer(code=CODE, verdict=wire.VERDICT_CLEAR))
    reply.receipt.payload, reply.receipt.signature, reply.receipt.key_id = (
        RECEIPT.payload,
        RECEIPT.signature,
        RECEIPT.key_id,
    )
    service.on("CheckRestrictions", lambda _: reply)
    keys = wire.ListReceiptKeysResponse(keys=[wire.ReceiptKey(public_key=KEY.public_key, is_current=True)])
    service.on("ListReceiptKeys", lambda _: keys)
    receipt, kept = tmp_path / "receipt.json", tmp_path / "keys.json"
    here = ["--address", service.address]
    asked = ["check", CODE, "--receipt", str(receipt), "--purpose", "虚构标段1", *here]
    assert main(asked) == 0
    assert f"receipt saved in {receipt}" in capsys.readouterr().out
    (request,) = service.requests(wire.CheckRestrictionsRequest)
    assert (request.want_receipt, request.purpose) == (True, "虚构标段1")
    assert main(asked) == 2
    assert len(service.requests(wire.CheckRestrictionsRequest)) == 1
    capsys.readouterr()
    assert main(["receipt-keys", *here]) == 0
    kept.write_text(capsys.readouterr().out, "utf-8")
    arrived = len(service.arrivals)
    assert main(["verify", str(receipt), "--key", str(kept), "--address", "nowhere"]) == 0
    assert len(service.arrivals) == arrived
    told = capsys.readouterr().out
    assert told.startswith(f"回执有效 GENUINE  receipt 0199-made-up, signed with key {KEY.key_id}\n")
    assert "查询人 asked by 虚构银行, 用途 for 虚构授信〔2026〕1号" in told
    assert "\u202e" not in told
    assert "revision 1:5" in told
    assert main(["verify", str(receipt), "--json", *here]) == 0
    assert json.loads(capsys.readouterr().out)["answer"]["verdict"] == "CLEAR"
    receipt.write_text(receipt.read_text("utf-8").replace("CLEAR", "CLEAN"), "utf-8")
    assert main(["verify", str(receipt), "--key", str(kept)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "not genuine" in captured.err


def test_without_the_extra_verifying_says_what_to_install(tmp_path: Path) -> None:
    file, keys = tmp_path / "receipt.json", tmp_path / "keys.json"
    RECEIPT.save(file)
    keys.write_text(dump_keys([KEY]), "utf-8")
    program = f"""
import sys
sys.modules["cryptography"] = None
from credit_sanction.__main__ import main
sys.exit(main(["verify", {str(file)!r}, "--key", {str(keys)!r}]))
"""
    source = Path(next(iter(credit_sanction.__path__))).parent
    done = subprocess.run([sys.executable, "-c", program], check=False, cwd=source, capture_output=True, text=True)
    assert done.returncode == 2
    assert "pip install 'credit-sanction[verify]'" in done.stderr

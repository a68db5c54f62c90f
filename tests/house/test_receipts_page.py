"""docs/receipts.md names every field that stands in a receipt."""

from __future__ import annotations

import json
import re

from tests.house.pages import table_rows
from tests.house.project import ROOT

from credit_sanction.v1 import enterprise_pb2, measure_pb2, revision_pb2
from credit_sanction.v1 import restriction_service_pb2 as pb
from credit_sanction_service.api.receipts import payload_of

PAGE = (ROOT / "docs" / "receipts.md").read_text("utf-8")
FILES = (pb, enterprise_pb2, measure_pb2, revision_pb2)
NOT_SIGNED = {"CheckRestrictionsRequest": {"want_receipt", "purpose"}}


def test_every_field_of_the_payload_is_named() -> None:
    payload = payload_of("", pb.CheckRestrictionsRequest(), pb.CheckRestrictionsResponse(), receipt_id="")
    named = [row[0].strip("`") for row in table_rows(PAGE, ["Field", "Meaning"])]
    assert sorted(named) == sorted(json.loads(payload))


def test_every_field_of_its_messages_is_named() -> None:
    known = {name: kind for file in FILES for name, kind in file.DESCRIPTOR.message_types_by_name.items()}
    rows = {row[0].strip("`"): row[1] for row in table_rows(PAGE, ["Message", "Its fields"])}
    for name, told in rows.items():
        fields = [field.name for field in known[name].fields if field.name not in NOT_SIGNED.get(name, ())]
        assert re.findall(r"`(\w+)`", told) == fields, name
    inside = {
        field.message_type.name
        for name in rows
        for field in known[name].fields
        if field.message_type and not field.message_type.full_name.startswith("google.")
    }
    assert inside <= rows.keys()

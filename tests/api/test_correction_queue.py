"""The correction queue: refused in the target's words, seen with our field, amended, and out again by itself."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from google.protobuf.field_mask_pb2 import FieldMask
from tests import samples
from tests.api.conftest import Caller, House, clock
from tests.push.rig import House as Targets
from tests.push.rig import on_loop, place
from tests.samples import TODAY

from credit_sanction.v1 import delivery_service_pb2 as pb
from credit_sanction.v1 import sanction_record_pb2 as record_pb
from credit_sanction.v1 import sanction_record_service_pb2 as record_service_pb
from credit_sanction_service.api.messages import plain_record
from credit_sanction_service.domain.calendar import day_of

if TYPE_CHECKING:
    from pathlib import Path

# A platform that knows the licence by another name than the one it was set up with here: it refuses what has one.
PLATFORM = place(
    "platform",
    mapping="cf-2018",
    fixed={"CF_SJLY": "虚构市信用办", "CF_SJLYDM": samples.authority_code()},
    renames={"CF_NR_ZKDX": "CF_ZKDX"},
)


def penalised() -> record_pb.SanctionRecord:
    """Return a record with a penalty that names a licence, as a caller submits it."""
    given = samples.draft()
    penalty = samples.telling(samples.penalty(TODAY), **samples.PENALTY_DETAILS)
    penalty = replace(penalty, date=given.decision.date)
    record = samples.taken_in(samples.with_decision(given, penalty=penalty), today=TODAY)
    return plain_record(record, day_of(clock()), samples.LAW)


@on_loop
async def test_a_refusal_is_seen_with_our_field_amended_and_goes_out_again_by_itself(
    house: House, tmp_path: Path
) -> None:
    with closing(Targets(house.database, "", tmp_path)) as targets:
        await tell_the_story(house.administrator, targets)


async def tell_the_story(call: Caller, targets: Targets) -> None:
    """Have a record refused, corrected and confirmed."""

    def deliveries(*states: pb.DeliveryState.ValueType) -> list[pb.Delivery]:
        return list(
            call("ListDeliveries", pb.ListDeliveriesRequest(target="targets/platform", states=states)).deliveries
        )

    async with targets.serving(PLATFORM), targets.working():
        record = call("CreateSanctionRecord", record_service_pb.CreateSanctionRecordRequest(record=penalised()))
        (refused,) = await targets.until(lambda: deliveries(pb.DELIVERY_STATE_REJECTED))
        path = "decision.penalty.licence"
        assert list(refused.corrections) == [
            pb.Correction(target_field="CF_ZKDX", field=path, words="CF_ZKDX 不是本版字段")
        ]
        assert (refused.record, refused.next_attempt_at.ToSeconds()) == (record.name, 0)
        assert call("ListTargets", pb.ListTargetsRequest()).targets[0].rejected == 1

        change = record_pb.SanctionRecord(name=record.name, version=record.version)
        mask = FieldMask(paths=[path])
        amend = record_service_pb.AmendSanctionRecordRequest(record=change, update_mask=mask)
        amended = call("AmendSanctionRecord", amend)

        (confirmed,) = await targets.until(lambda: deliveries(pb.DELIVERY_STATE_CONFIRMED))
        assert (confirmed.confirmed_version, confirmed.confirmed_present) == (amended.revision, True)
        assert (len(confirmed.corrections), confirmed.last_error) == (0, "")
        assert targets.shows("platform") == {record.name}

        proof = call("ExportDeliveryProof", pb.ExportDeliveryProofRequest(record=record.name))
        (delivery,) = json.loads(proof.document)["deliveries"]
        first, second = delivery["attempts"]
        assert [first["outcome"], second["outcome"]] == ["REJECTED", "CONFIRMED"]
        for attempt in (first, second):
            assert hashlib.sha256(attempt["body"].encode()).hexdigest() == attempt["sha256"]
        assert "CF_ZKDX" in json.loads(first["body"])["penalty_item"]
        assert "CF_ZKDX" not in json.loads(second["body"])["penalty_item"]
        assert second["receipt"] == confirmed.receipt == targets.desks["platform"].ledger.held[record.name].receipt

"""The days of measures over the wire: what was given, the day that follows from it, and both after an amendment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from tests import samples
from tests.api.conftest import House, clock

from credit_sanction.v1 import measure_pb2 as measure_pb
from credit_sanction.v1 import restriction_service_pb2 as restriction_pb
from credit_sanction.v1 import sanction_record_pb2 as record_pb
from credit_sanction.v1 import sanction_record_service_pb2 as pb
from credit_sanction_service.api.messages import plain_record
from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.domain.terms import Area, PublicationClass

if TYPE_CHECKING:
    from credit_sanction.v1.revision_pb2 import Revision

GENERAL_ENDS, SERIOUS_ENDS = "2027-10-24", "2029-10-24"


def create(house: House, publication_class: PublicationClass) -> record_pb.SanctionRecord:
    record = samples.record(areas=(Area.LAND_SUPPLY, Area.SAFETY_LICENCE), publication_class=publication_class)
    message = plain_record(record, day_of(clock()), samples.LAW)
    message.measures[1].end_date = "2027-01-31"
    created: record_pb.SanctionRecord = house.administrator(
        "CreateSanctionRecord", pb.CreateSanctionRecordRequest(record=message)
    )
    return created


def days(record: record_pb.SanctionRecord) -> list[tuple[str, str]]:
    return [(measure.end_date, measure.last_day) for measure in record.measures]


def until(house: House, revision: Revision) -> dict[int, str]:
    """Return the last day that a look-up says of each area."""
    request = restriction_pb.CheckRestrictionsRequest(
        enterprise=restriction_pb.EnterpriseQuery(code=samples.code(1)),
        consistency=restriction_pb.Consistency(min_revision=revision),
    )
    response = house.administrator("CheckRestrictions", request)
    return {restriction.area: restriction.until for restriction in response.answer.restrictions}


@pytest.mark.parametrize(
    ("before", "after", "ends"),
    [
        (PublicationClass.GENERAL, record_pb.PUBLICATION_CLASS_SERIOUS, (GENERAL_ENDS, SERIOUS_ENDS)),
        (PublicationClass.SERIOUS, record_pb.PUBLICATION_CLASS_GENERAL, (SERIOUS_ENDS, GENERAL_ENDS)),
    ],
)
def test_a_measure_without_an_end_moves_with_the_publication(
    house: House, before: PublicationClass, after: record_pb.PublicationClass.ValueType, ends: tuple[str, str]
) -> None:
    created = create(house, before)
    assert days(created) == [("", ends[0]), ("2027-01-31", "2027-01-31")]
    expected = {measure_pb.AREA_LAND_SUPPLY: ends[0], measure_pb.AREA_SAFETY_LICENCE: "2027-01-31"}
    assert until(house, created.revision) == expected
    wanted = record_pb.SanctionRecord(name=created.name, version=1, publication_class=after)
    mask = FieldMask(paths=["publication_class"])
    amended = house.administrator("AmendSanctionRecord", pb.AmendSanctionRecordRequest(record=wanted, update_mask=mask))
    assert amended.publication_end_date == ends[1]
    assert days(amended) == [("", ends[1]), ("2027-01-31", "2027-01-31")]
    assert until(house, amended.revision) == {**expected, measure_pb.AREA_LAND_SUPPLY: ends[1]}


def test_what_a_caller_says_of_the_last_day_is_not_looked_at(house: House) -> None:
    message = plain_record(samples.record(areas=(Area.LAND_SUPPLY,)), day_of(clock()), samples.LAW)
    message.measures[0].last_day = "2099-12-31"
    created = house.administrator("CreateSanctionRecord", pb.CreateSanctionRecordRequest(record=message))
    assert days(created) == [("", SERIOUS_ENDS)]

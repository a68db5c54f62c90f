"""Oversight 监督: who is late, and the figures for the joint conference 联席会议."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_sanction._words import day_text, number
from credit_sanction.v1 import oversight_service_pb2 as wire
from credit_sanction.v1 import sanction_record_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from credit_sanction._calls import Caller
    from credit_sanction.v1.oversight_service_pb2_grpc import OversightServiceStub


class Oversight:
    """The oversight part of the client."""

    _caller: Caller
    _oversight: OversightServiceStub

    def overdue_duties(
        self,
        *,
        within_days: int = 0,
        kinds: Iterable[str] = (),
        district_codes: Iterable[str] = (),
        authority_codes: Iterable[str] = (),
        targets: Iterable[str] = (),
        page_size: int = 0,
    ) -> Iterator[wire.Duty]:
        """
        Iterate over the open duties that are late or due within so many calendar days 逾期和临期事项, the most urgent first,
        page after page; at the end those whose day is not known. `kinds` are names without prefix: `["WITHDRAW"]`;
        `targets` are `targets/{name}`.
        """
        request = wire.ListOverdueDutiesRequest(
            within_days=within_days,
            kinds=[number(sanction_record_pb2.DutyKind, "DUTY_KIND_", word) for word in kinds],
            district_codes=district_codes,
            authority_codes=authority_codes,
            targets=targets,
            page_size=page_size,
        )
        while True:
            page = self._caller.call(self._oversight.ListOverdueDuties, request)
            yield from page.duties
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def statistics(
        self,
        *,
        since: date | str | None = None,
        until: date | str | None = None,
        district_codes: Iterable[str] = (),
    ) -> wire.Statistics:
        """
        Return the figures of a period 统计, both days included: left out, from the first of this year to today. Many records
        take their time: give the client a `timeout` to match.
        """
        request = wire.GetStatisticsRequest(since=day_text(since), until=day_text(until), district_codes=district_codes)
        return self._caller.call(self._oversight.GetStatistics, request)

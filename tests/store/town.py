"""A small town on a real store: records move day by day, and targets answer as told, on the day as told."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import psycopg
from tests.samples import LAW, noon, target

from credit_sanction_service.domain.effect import Filter
from credit_sanction_service.domain.terms import Area
from credit_sanction_service.push.policy import Policy
from credit_sanction_service.push.transitions import Ending, opened, settled
from credit_sanction_service.store import claims
from credit_sanction_service.store.attempts import Closed, Opened, Outcome
from credit_sanction_service.store.connect import Connection, connect
from credit_sanction_service.store.deliveries import Delivery, get_delivery, list_deliveries
from credit_sanction_service.store.targets import install_targets
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.database import Database

    from credit_sanction_service.domain.records import SanctionRecord
    from credit_sanction_service.store.values import Target

POLICY: Final = Policy()
PLATFORM: Final = target("platform")
WEBSITE: Final = target("website", takes=Filter(public=True))
LENDER: Final = target("lender", holds="enterprise", takes=Filter(areas=frozenset({Area.FINANCING_CREDIT})))


class Town:
    """One store and its days. `day` is today there: what is written is known at that day's noon."""

    def __init__(self, store: Database, *, day: date, targets: tuple[Target, ...] = (PLATFORM,)) -> None:
        self.store = store
        self.day = day
        self.connection: Connection = connect(store.service_dsn)
        self.writer = Writer(store.service_dsn, clock=self.clock)
        self._owner = psycopg.connect(store.owner_dsn, autocommit=True)
        self.install(*targets)

    def clock(self) -> datetime:
        return noon(self.day)

    def install(self, *targets: Target) -> None:
        install_targets(self.connection, targets, day=self.day)

    def submit(self, *records: SanctionRecord) -> None:
        refused = self.writer.run(lambda tx: tx.insert(records, action="CREATE", principal="test")).value
        assert refused == [None] * len(records)
        self._date()

    def update(self, record: SanctionRecord, action: str = "AMEND") -> SanctionRecord:
        self.writer.run(lambda tx: tx.update(record, action=action, principal="test"))
        self._date()
        return record

    def step(self, record: SanctionRecord, move: Callable[..., SanctionRecord], *given: object) -> SanctionRecord:
        """Take one of the domain's steps today, and write it."""
        return self.update(move(record, *given, today=self.day, law=LAW), move.__name__.upper())

    def rows(self) -> list[Delivery]:
        return [view.delivery for view in list_deliveries(self.connection, limit=10_000)]

    def answer(
        self, name: str, subject: str, outcome: Outcome = Outcome.CONFIRMED, *, at: datetime | None = None
    ) -> None:
        """Have a target answer what it is sent of a subject now, at this instant; noon of the day where none is given."""
        instant = at or noon(self.day)
        row = opened(get_delivery(self.connection, name, subject)[0].delivery, instant, lease=timedelta(0), renew=False)
        attempt = Opened(
            target=name,
            subject=subject,
            number=row.attempt,
            version=row.desired,
            present=row.desired_present,
            idempotency_key=f"{subject}.{row.attempt}",
            worker="test",
            opened_at=instant,
        )
        ending = Ending(
            number=row.attempt,
            version=row.desired,
            generation=row.generation,
            present=row.desired_present,
            lease_until=row.lease_until,
            opened_at=instant,
            fresh=True,
            outcome=outcome,
        )
        closed = Closed(outcome=outcome, status=200, receipt="", detail="", closed_at=instant)
        moved = settled(row, ending, instant, POLICY, dice=0.0)
        claims.write(self.connection, [moved], [attempt], [((name, subject, row.attempt), closed)])

    def answer_all(self, outcome: Outcome = Outcome.CONFIRMED) -> None:
        """Have every target answer everything that it has not confirmed."""
        for row in self.rows():
            if row.due_since is not None:
                self.answer(row.target, row.subject, outcome)

    def close(self) -> None:
        self.writer.close()
        self.connection.close()
        self._owner.close()

    def _date(self) -> None:
        """Have what was just written be known today: the store's own clock knows only the real day."""
        self._owner.execute(
            "UPDATE revision SET known_at = %s WHERE number = (SELECT number FROM store_head)", (noon(self.day),)
        )

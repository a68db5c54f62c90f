"""The figures of the joint conference, counted a second time: everything read out, record by record, slow and obvious."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.domain.effect import belongs, has_effect
from credit_sanction_service.domain.records import SanctionRecord
from credit_sanction_service.domain.terms import DutyKind, LiftGround, State
from credit_sanction_service.store.codec import load_record
from credit_sanction_service.store.deliveries import list_deliveries
from credit_sanction_service.store.obligations import load_obligation
from credit_sanction_service.store.targets import load_targets

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from credit_sanction_service.domain.proceedings import DueDay
    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.deliveries import Delivery
    from credit_sanction_service.store.values import Target

Revision = tuple[int, int]
OVER = {State.LIFTED, State.EXPIRED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    record: SanctionRecord
    at: Revision
    known_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    number: int
    at: Revision
    present: bool
    day: date


class Recount:
    """All that a store knows on a day."""

    def __init__(self, connection: Connection, today: date) -> None:
        self.today = today
        self.lives: dict[str, list[Version]] = defaultdict(list)
        for body, epoch, number, known_at in connection.execute(
            "SELECT body, epoch, revision, known_at FROM change_log JOIN revision r USING (epoch)"
            " WHERE r.number = change_log.revision AND kind = 'record' ORDER BY version"
        ):
            record = load_record(body)
            self.lives[record.id].append(Version(record=record, at=(epoch, number), known_on=day_of(known_at)))
        self.confirmed: dict[tuple[str, str], list[Confirmed]] = defaultdict(list)
        self.attempts: list[tuple[str, str, date]] = []
        for target, subject, number, epoch, version, present, outcome, closed_at in connection.execute(
            "SELECT target, subject, number, epoch, version, present, outcome, closed_at"
            " FROM attempt_opened JOIN attempt_closed USING (target, subject, number) ORDER BY number"
        ):
            self.attempts.append((target, outcome, day_of(closed_at)))
            if outcome == "CONFIRMED":
                found = Confirmed(number=number, at=(epoch, version), present=present, day=day_of(closed_at))
                self.confirmed[target, subject].append(found)
        self.targets: dict[str, Target] = {
            target.name: target for target in load_targets(connection) if target.retired != "abandon"
        }
        rows = [view.delivery for view in list_deliveries(connection, limit=100_000)]
        self.rows: dict[tuple[str, str], Delivery] = {
            (row.target, row.subject): row for row in rows if row.target in self.targets
        }
        self.obligations = [
            (load_obligation(body), created_at)
            for body, created_at in connection.execute("SELECT body, created_at FROM exit_obligation")
        ]

    def cases(self, since: date, until: date) -> dict[tuple[str, str, str], Counter[str]]:
        last = min(until, self.today)
        found: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
        for registered, created_at in self.obligations:
            duty = registered.obligation
            figures = found[registered.district.code, duty.sector, duty.standard]
            if day_of(created_at) <= last and not registered.withdrawal:
                figures["obligations"] += 1
                done = registered.completed_on is not None and registered.completed_on <= last
                figures["obligations_completed"] += done
                figures["obligations_overdue"] += registered.is_overdue(last)
        for life in self.lives.values():
            record = life[-1].record
            figures = found[record.district.code, record.obligation.sector, record.obligation.standard]
            for event, day in _events(life, self.today):
                figures[event] += since <= day <= last
            figures["in_force"] += has_effect(record, last)
        return {key: figures for key, figures in found.items() if +figures}

    def timeliness(self, since: date, until: date) -> dict[tuple[str, str], Counter[str]]:
        found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for life in self.lives.values():
            record = life[-1].record
            judged = [(due, *self._judge(life, due)) for due in record.due_days]
            judged += [(due, False, day) for due, day in _passed(life)]
            for due, is_open, done_on in judged:
                if due.due_on is None or not since <= due.due_on <= until:
                    continue
                figures = found[due.kind, record.district.code]
                if is_open:
                    figures["open_late" if due.due_on < self.today else "open"] += 1
                elif done_on:
                    figures["in_time" if done_on <= due.due_on else "late"] += 1
        return {key: figures for key, figures in found.items() if +figures}

    def open_lines(self) -> Counter[tuple[str, str, str]]:
        """Return kind, record and target of every open line."""
        return Counter(
            (due.kind.value, life[-1].record.id, target)
            for life in self.lives.values()
            for due in life[-1].record.due_days
            for target in self._open_at(life, due)
        )

    def pushes(self, since: date, until: date) -> dict[str, Counter[str]]:
        words = {"NOT_SENT": "unavailable"}
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for target, outcome, day in self.attempts:
            if since <= day <= until:
                found[target]["attempts"] += 1
                found[target][words.get(outcome, outcome.lower())] += 1
        for (target, _), row in self.rows.items():
            found[target]["open_deliveries"] += row.due_since is not None
        return {target: figures for target, figures in found.items() if +figures}

    def _judge(self, life: list[Version], due: DueDay) -> tuple[bool, date | None]:
        """Whether it is open, and if not, the day on which it was done."""
        if any(True for _ in self._open_at(life, due)):
            return True, None
        if due.kind is DutyKind.WITHDRAW:
            return False, max((day for day in self._withdrawals(life) if day), default=due.since)
        days = list(self._reports(life))
        ended = _ended_on(life[-1].record)
        if ended and not (days and all(days)):
            return False, ended
        return False, max((day for day in days if day), default=None)

    def _open_at(self, life: list[Version], due: DueDay) -> Iterator[str]:
        record = life[-1].record
        gone = any(one.kind is DutyKind.WITHDRAW and one.since <= self.today for one in record.due_days)
        if due.kind in {DutyKind.DECIDE_OBJECTION, DutyKind.REVIEW_BASIS}:
            yield ""
        elif due.kind is DutyKind.WITHDRAW and gone:
            yield from self._to_withdraw(life)
        elif due.kind is DutyKind.REPORT_DECISION and not gone:
            yield from self._to_report(life)

    def _to_report(self, life: list[Version]) -> Iterator[str]:
        record = life[-1].record
        wanted = [name for name, target in self.targets.items() if belongs(record, target.filter, self.today)]
        if record.state in {State.DECIDED, State.QUARANTINED}:
            yield ""
        elif record.state is State.LISTED and not wanted:
            own = [self.confirmed[name, record.name] for name in self.targets]
            if not any(one.present for confirmed in own for one in confirmed):
                yield ""
        else:
            reported = {name for name, day in self._reported(life) if day}
            yield from (name for name in wanted if name not in reported)

    def _to_withdraw(self, life: list[Version]) -> Iterator[str]:
        last = life[-1]
        for name, row in self._places(last.record):
            shows = belongs(
                last.record, self.targets[name].filter, last.known_on
            )  # its day came unseen by the scheduler
            gone_at = _gone_at(life)
            told = [one for one in self.confirmed[name, row.subject] if gone_at and one.at >= gone_at]
            if shows or (row.due_since is not None and (row.record_id or (row.claimed and not told))):
                yield name

    def _places(self, record: SanctionRecord) -> Iterator[tuple[str, Delivery]]:
        """Yield the rows that may speak of the record: its own, and those of its enterprise where the target takes it."""
        for (name, subject), row in self.rows.items():
            takes = self.targets[name].filter
            standards = {record.obligation.standard, *record.obligation.further_standards}
            taken = _takes(takes.areas, {m.area for m in record.measures}) and _takes(takes.standards, standards)
            of_enterprise = subject == record.enterprise.code and taken
            if subject == record.name or of_enterprise:
                yield name, row

    def _reported(self, life: list[Version]) -> Iterator[tuple[str, date | None]]:
        listed = next((version.at for version in life if version.record.state is State.LISTED), None)
        for name, row in self._places(life[-1].record):
            days = [
                one.day
                for one in self.confirmed[name, row.subject]
                if one.present and (row.record_id or (listed and one.at >= listed))
            ]
            if row.record_id or listed:
                yield name, min(days, default=None)

    def _reports(self, life: list[Version]) -> Iterator[date | None]:
        return (day for _, day in self._reported(life))

    def _withdrawals(self, life: list[Version]) -> Iterator[date | None]:
        for name, row in self._places(life[-1].record):
            confirmed = self.confirmed[name, row.subject]
            if row.record_id:
                shown = max((one.number for one in confirmed if one.present), default=0)
                days = [one.day for one in confirmed if not one.present and one.number > shown]
            else:
                gone_at = _gone_at(life)
                days = [one.day for one in confirmed if gone_at and one.at >= gone_at]
            yield min(days, default=None)


def plain(figures: Mapping[str, int]) -> dict[str, int]:
    """Return the figures that are not nothing."""
    return {name: count for name, count in figures.items() if count}


def _events(life: list[Version], today: date) -> Iterator[tuple[str, date]]:
    record = life[-1].record
    notice, decision = record.notice, record.decision
    if notice:
        yield "notices", notice.served_on
    elif decision:
        yield "notices", decision.notice_served_on
    if record.ever_listed:
        yield "listed", record.since
    for suspension in record.suspensions:
        yield "suspended", suspension.effective_on
    before = next(version.record for version in reversed(life) if version.record.state is not State.REVOKED)
    ending = before.ending
    if record.state is State.REVOKED and record.ending and record.ending.decided_on:
        yield "revoked", record.ending.decided_on
        if ending and ending.effective_on > record.ending.decided_on:
            ending = None
    if ending and before.state is State.EXPIRED:
        yield "expired", ending.effective_on
    elif ending:
        yield ("repaired" if ending.ground is LiftGround.REPAIR else "lifted"), ending.effective_on
    elif record.state in {State.LISTED, State.SUSPENDED} and record.last_day < today:
        yield "expired", record.last_day + timedelta(days=1)


def _passed(life: list[Version]) -> Iterator[tuple[DueDay, date]]:
    """Yield the duties that a later version did not have any more, with the day on which they were done."""
    seen: dict[tuple[object, ...], tuple[DueDay, int]] = {}
    for place, version in enumerate(life):
        for due in version.record.due_days:
            if due.kind in {DutyKind.DECIDE_OBJECTION, DutyKind.REVIEW_BASIS}:
                seen[due.kind, due.since, due.note] = (due, place)
    for due, place in seen.values():
        if place + 1 < len(life):
            after = life[place + 1]
            objection = after.record.objection
            decided = due.kind is DutyKind.DECIDE_OBJECTION and objection and objection.outcome
            yield due, (decided and objection and objection.decided_on) or after.known_on


def _ended_on(record: SanctionRecord) -> date | None:
    if record.ending is None:
        return None
    if record.state is State.REVOKED:
        return record.ending.decided_on
    return max(record.ending.decided_on or record.ending.effective_on, record.ending.effective_on)


def _gone_at(life: list[Version]) -> Revision | None:
    """Return the revision that first knew the record as gone, for it never came back; None where none has yet."""
    found = None
    for version in life:
        ending = version.record.ending
        ahead = version.record.state is State.LIFTED and ending and version.known_on < ending.effective_on
        if version.record.state in {State.LISTED, State.DECIDED, State.QUARANTINED, State.NOTICE_SERVED}:
            found = None
        elif found is None and not ahead:
            found = version.at
    return found


def _takes(wanted: Collection[str] | None, given: Collection[str]) -> bool:
    return wanted is None or not set(wanted).isdisjoint(given)

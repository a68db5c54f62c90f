"""
The promise, against a model: whatever is lost, late, doubled, stopped or killed, a target ends with what it should have.

The target keeps no versions: what arrives last, stands, unless it remembers the key and answers from memory. Bytes that
left may arrive at any time up to the horizon after their sender gave them up.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from typing_extensions import override

from credit_sanction_service.push.decide import Clear, Push, Verify, Wait, decide
from credit_sanction_service.push.policy import Policy
from credit_sanction_service.push.transitions import (
    Ending,
    Finding,
    Reading,
    cleared,
    deferred,
    doubted,
    is_fresh,
    is_settled,
    leased,
    opened,
    overtaken,
    renewed,
    repaired,
    settled,
    verified,
)
from credit_sanction_service.store.attempts import Outcome
from credit_sanction_service.store.deliveries import Delivery
from credit_sanction_service.store.values import Revision

POLICY = Policy(schedule=(1.0, 4.0), horizon_s=5.0)
LEASE = timedelta(seconds=10)
START = datetime(2026, 9, 1, tzinfo=UTC)


@dataclass(slots=True)
class Flight:
    """One attempt: `arrives_by` is set once its sender gave it up with its bytes still on the way."""

    row: Delivery
    opened_at: datetime
    fresh: bool
    sent: bool = False
    arrived: bool = False
    arrives_by: datetime | None = None


class TargetWithoutVersions(RuleBasedStateMachine):
    """One row, its worker (and the ones that died before it), one target that believes whatever comes last."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.flight: Flight | None = None
        self.stray: list[Flight] = []
        self.stopped: list[Flight] = []
        self.verification: Delivery | None = None
        self.shown: tuple[Revision, bool] | None = None
        self.seen: set[tuple[Revision, int]] = set()
        # How bodies are written now, how what each key says was, and what of it the target has confirmed.
        self.manner = 0
        self.said: dict[tuple[Revision, int], int] = {}
        self.taken: set[tuple[Revision, int]] = set()
        self.shown_key: tuple[Revision, int] | None = None
        self.is_told_twice = False

    @initialize(offers_list=st.booleans(), remembers_keys=st.booleans())
    def begin(self, *, offers_list: bool, remembers_keys: bool) -> None:
        self.offers_list = offers_list
        self.remembers_keys = remembers_keys
        self.row = Delivery(
            target="t",
            subject="s",
            record_id=None,
            enterprise_code="c",
            desired=Revision(epoch=1, number=1),
            desired_present=True,
            next_attempt_at=self.now,
            due_since=self.now,
            changed_at=self.now,
        )

    @rule(present=st.booleans())
    def record_changes(self, *, present: bool) -> None:
        """Do to the row what a commit does."""
        self.row = replace(
            self.row,
            desired=Revision(epoch=1, number=self.row.desired.number + 1),
            desired_present=present,
            failures=0,
            rejected=False,
            due_since=self.row.due_since or self.now,
            next_attempt_at=max(self.row.lease_until or self.now, self.now),
        )

    @rule()
    def mapping_is_mended(self) -> None:
        self.manner += 1

    @rule()
    def target_loses_it_or_an_operator_says_so(self) -> None:
        if self.row.lease_until is None and self.row.due_since is None:
            self.is_told_twice = True  # in two manners perhaps, of which the older one may be on its way still
            self.row = repaired(self.row, self.now)

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.0, 6.0, 11.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        for flight in list(self.stray):
            if flight.arrives_by is not None and flight.arrives_by <= self.now:
                self._arrive(flight)

    @precondition(lambda self: self.row.next_attempt_at is not None and self.row.next_attempt_at <= self.now)
    @rule()
    def claim(self) -> None:
        """Do what a claim does: a lapsed attempt is doubted first; its worker, stopped or dead, is on its own."""
        if self.flight is not None:
            lapsed = self.flight
            assert self.row.lease_until is not None
            # It left within its lease, or never will: that is checked right before it is sent.
            lapsed.arrives_by = self.row.lease_until + POLICY.horizon
            self.row = doubted(self.row, lapsed.row.desired, lapsed.arrives_by)
            if lapsed.sent and not lapsed.arrived:
                self.stray.append(lapsed)
            if not lapsed.sent:
                self.stopped.append(lapsed)
            self.flight = None
            for stray in [s for s in self.stray if s.arrives_by and s.arrives_by <= self.now]:
                self._arrive(stray)
        match decide(self.row, self.now, offers_list=self.offers_list):
            case Push(renew=renew):
                fresh = is_fresh(self.row, renew=renew)
                self.row = opened(self.row, self.now, lease=LEASE, renew=renew)
                key = (self.row.desired, self.row.generation)
                mended = self.said.get(key, self.manner) != self.manner
                if not fresh and mended and key not in self.taken and is_settled(self.row, self.now):
                    self.row, fresh = renewed(self.row), True
                self.said.setdefault((self.row.desired, self.row.generation), self.manner)
                self.flight = Flight(row=self.row, opened_at=self.now, fresh=fresh)
            case Verify():
                self.row = leased(self.row, self.now, lease=LEASE)
                self.verification = self.row
            case Clear():
                self.row = cleared(self.row)
            case Wait(until=until):
                self.row = deferred(self.row, until)

    @precondition(lambda self: self.flight is not None and not self.flight.sent and not self._lapsed())
    @rule()
    def bytes_leave(self) -> None:
        assert self.flight
        self.flight.sent = True

    @precondition(lambda self: self.flight is not None and self.flight.sent and not self.flight.arrived)
    @rule()
    def bytes_arrive(self) -> None:
        assert self.flight
        self._arrive(self.flight)

    @precondition(lambda self: bool(self.stray))
    @rule(data=st.data())
    def late_bytes_arrive(self, data: st.DataObject) -> None:
        self._arrive(data.draw(st.sampled_from(self.stray)))

    @precondition(lambda self: self.flight is not None)
    @rule(outcome=st.sampled_from(list(Outcome)), dice=st.floats(0, 1))
    def attempt_ends(self, outcome: Outcome, dice: float) -> None:
        """Whatever the sender may come to believe of it that is not a lie."""
        assert self.flight
        flight = self.flight
        if outcome is Outcome.CONFIRMED and not flight.arrived:
            return
        if outcome in {Outcome.REJECTED, Outcome.UNAVAILABLE} and (flight.arrived or not flight.sent):
            return
        if outcome is Outcome.NOT_SENT and flight.sent:
            return
        if outcome is Outcome.CONFIRMED:
            self.taken.add((flight.row.desired, flight.row.generation))
        self.row = settled(self.row, self._ending(flight, outcome), self.now, POLICY, dice=dice)
        if outcome is Outcome.UNKNOWN and flight.sent and not flight.arrived:
            flight.arrives_by = self.now + POLICY.horizon
            self.stray.append(flight)
        self.flight = None

    @precondition(lambda self: any(not stray.arrived for stray in self.stray))
    @rule()
    def given_up_worker_goes_on_and_says_so(self) -> None:
        """Have a stopped worker go on, be answered, and tell: its row is another's by then."""
        stray = next(stray for stray in self.stray if not stray.arrived)
        self._arrive(stray)
        if stray.row.attempt < self.row.attempt:
            self.row = overtaken(self.row, self._ending(stray, Outcome.CONFIRMED), self.now, POLICY)

    @precondition(lambda self: bool(self.stopped))
    @rule(outcome=st.sampled_from([Outcome.CONFIRMED, Outcome.UNKNOWN]))
    def worker_stopped_between_check_and_sending_goes_on(self, outcome: Outcome) -> None:
        """No check helps against it; but it is answered, or gives up, and says so."""
        late = self.stopped.pop()
        self.is_told_twice = True
        if outcome is Outcome.CONFIRMED:
            self._arrive(late)
        else:
            late.arrives_by = self.now + POLICY.horizon
            self.stray.append(late)
        self.row = overtaken(self.row, self._ending(late, outcome), self.now, POLICY)

    @precondition(lambda self: self.verification is not None)
    @rule(readable=st.booleans(), tell_versions=st.booleans(), dice=st.floats(0, 1))
    def verification_ends(self, *, readable: bool, tell_versions: bool, dice: float) -> None:
        held = self.verification
        assert held
        assert held.lease_until
        assert held.unknown_until
        self.verification = None
        finding = self._compare(held, tell_versions=tell_versions) if readable else Finding.UNREADABLE
        reading = Reading(lease_until=held.lease_until, unknown_until=held.unknown_until, finding=finding)
        self.row = verified(self.row, reading, self.now, POLICY, dice=dice)

    @invariant()
    def confirmed_never_goes_back_and_nothing_is_forgotten(self) -> None:
        if not hasattr(self, "row"):
            return
        row = self.row
        assert row.confirmed is None or row.confirmed <= row.desired
        assert (row.unknown is None) == (row.unknown_until is None)
        owed = (row.due_since is not None and not row.rejected) or row.unknown is not None
        assert not owed or row.next_attempt_at is not None or row.rejected
        if row.due_since is None:
            assert row.confirmed is None or row.confirmed == row.desired

    @override
    def teardown(self) -> None:
        """From here on everybody behaves: it has to come to rest, and rightly."""
        if not hasattr(self, "row"):
            return
        if self.row.rejected:
            self.record_changes(present=True)
        for _ in range(60):
            if self.flight and not self.flight.sent and not self._lapsed():
                self.bytes_leave()
            if self.flight and self.flight.sent and not self.flight.arrived:
                self.bytes_arrive()
            if self.flight and self.flight.arrived:
                self.attempt_ends(Outcome.CONFIRMED, 0.5)
            if self.verification:
                self.verification_ends(readable=True, tell_versions=True, dice=0.5)
            self.time_passes(1.0)
            if self.row.next_attempt_at and self.row.next_attempt_at <= self.now:
                self.claim()
        assert self.row.next_attempt_at is None, self.row
        assert self.row.due_since is None, self.row
        assert not self.stray
        version, present = self.shown or (None, False)
        assert present is self.row.desired_present, self.row
        assert version == self.row.desired or not present, self.row
        if present and self.shown_key and not self.is_told_twice:
            assert self.said[self.shown_key] == self.said[self.row.desired, self.row.generation], self.row

    def _lapsed(self) -> bool:
        return self.row.lease_until is None or self.now >= self.row.lease_until

    def _arrive(self, flight: Flight) -> None:
        flight.arrived = True
        key = (flight.row.desired, flight.row.generation)
        if not (self.remembers_keys and key in self.seen):
            self.shown = (flight.row.desired, flight.row.desired_present)
            self.shown_key = key
        self.seen.add(key)
        self.stray = [stray for stray in self.stray if stray is not flight]

    def _compare(self, held: Delivery, *, tell_versions: bool) -> Finding:
        version, present = self.shown or (None, False)
        if not present:
            return Finding.WRONG if held.confirmed_present else Finding.RIGHT
        return (
            Finding.RIGHT if held.confirmed_present and tell_versions and version == held.confirmed else Finding.WRONG
        )

    def _ending(self, flight: Flight, outcome: Outcome) -> Ending:
        return Ending(
            number=flight.row.attempt,
            version=flight.row.desired,
            generation=flight.row.generation,
            present=flight.row.desired_present,
            lease_until=flight.row.lease_until,
            opened_at=flight.opened_at,
            fresh=flight.fresh,
            outcome=outcome,
        )


TestTargetWithoutVersions = TargetWithoutVersions.TestCase
TestTargetWithoutVersions.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)

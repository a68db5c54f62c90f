"""What every use case over records shares: holding a record, naming an obligation, writing once for a request id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from credit_sanction_service.domain.decisions import Fixed
from credit_sanction_service.domain.exits import COLLECTION
from credit_sanction_service.domain.faults import Invalid, NotFound, VersionConflict, Violation
from credit_sanction_service.domain.identifiers import judge
from credit_sanction_service.domain.intake import OBLIGATION_NAMED
from credit_sanction_service.domain.obligations import PLAN_RULE
from credit_sanction_service.domain.parties import NAME_WARNING, name_warnings
from credit_sanction_service.domain.records import SanctionRecord
from credit_sanction_service.store import reading
from credit_sanction_service.store.obligations import lock_obligation, running_under
from credit_sanction_service.store.outcomes import Refused, Written, dump_outcome, load_outcome
from credit_sanction_service.store.values import Revision, StoredRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from credit_sanction_service.calls import Call
    from credit_sanction_service.domain.drafts import RecordDraft
    from credit_sanction_service.store.commit import Drawn
    from credit_sanction_service.store.connect import Reader
    from credit_sanction_service.store.transaction import Transaction
    from credit_sanction_service.store.writer import Joint, Writer


class RecordWrites:
    """Writes records through `writer` and reads back through `reader` what was written. `timeout` in seconds, for each."""

    def __init__(self, writer: Writer, reader: Reader, *, timeout: float = 20) -> None:
        self.writer = writer
        self.reader = reader
        self.timeout = timeout

    def step(
        self,
        record_id: str,
        version: int,
        call: Call,
        action: str,
        move: Callable[[Transaction, SanctionRecord], SanctionRecord],
    ) -> StoredRecord:
        """Move a record that is held from one version to the next. Raises what `hold` and `move` raise."""

        def work(tx: Transaction) -> list[SanctionRecord]:
            fresh = move(tx, hold(tx, record_id, version, call))
            tx.update(fresh, action=action, principal=call.principal.name)
            return [fresh]

        return self.write_records(work, call)[0]

    def write_records(
        self,
        work: Callable[[Transaction], list[SanctionRecord]],
        call: Call,
        *,
        joint: Joint[Any, Done] | None = None,
    ) -> list[StoredRecord]:
        """Do work that refuses nothing singly."""
        return [item for item in self.write(work, call, joint=joint) if isinstance(item, StoredRecord)]

    def write(
        self,
        work: Callable[[Transaction], Sequence[SanctionRecord | Refused]],
        call: Call,
        *,
        joint: Joint[Any, Done] | None = None,
    ) -> list[StoredRecord | Refused]:
        """Do the work once for its request id, `joint` with that of others, and return what it wrote, as it was then."""
        if call.validate_only:
            now, items = self.writer.run(lambda tx: (tx.now, work(tx)), dry=True, timeout=self.timeout).value
            return [item if isinstance(item, Refused) else _unstored(item, now) for item in items]

        def remembered(tx: Transaction) -> Done:
            key = call.key
            first = tx.recall(key) if key else None
            if first is not None:
                return Done(now=tx.now, recalled=first)
            items = work(tx)
            if key:
                tx.remember(key, dump_outcome(items))
            return Done(now=tx.now, items=items)

        committed = self.writer.run(remembered, joint=joint, timeout=self.timeout)
        done, drawn = committed.value, committed.drawn
        if done.recalled is None and all(isinstance(item, Refused) or item.version == 1 for item in done.items):
            # What is new is known here as it was written: it need not be read.
            return [item if isinstance(item, Refused) else _stored(item, done.now, drawn) for item in done.items]
        outcome = load_outcome(dump_outcome(done.items) if done.recalled is None else done.recalled)
        wanted = [(item.record_id, item.version) for item in outcome if isinstance(item, Written)]
        with self.reader.connection() as connection:
            versions = reading.get_versions(connection, wanted) if wanted else {}
        return [item if isinstance(item, Refused) else versions[item.record_id, item.version] for item in outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a call wrote at the instant `now`, or what its request id was first answered with."""

    now: datetime
    items: Sequence[SanctionRecord | Refused] = ()
    recalled: Sequence[dict[str, Any]] | None = None


def hold(tx: Transaction, record_id: str, version: int, call: Call) -> SanctionRecord:
    """Return a record, held. Raises `NotFound`, `NotPermitted`, `VersionConflict`."""
    record = tx.lock_record(record_id)
    call.principal.require_record(record)
    if record.version != version:
        raise VersionConflict(record.name, given=version, actual=record.version)
    return record


def named_obligation(tx: Transaction, draft: RecordDraft, *, prefix: str, replaces: str = "") -> Fixed | None:
    """
    Return the registered obligation that a draft names, held; None where it names none. Raises `Invalid` where there is no
    such one, it was withdrawn or is another enterprise's, the draft describes one as well, or a record other than `replaces`
    about it has not ended: one item, one record.
    """
    name = draft.obligation_name
    if not name:
        return None
    path = f"{prefix}.obligation_name"
    if draft.obligation.scope or draft.obligation.ordered_on or draft.obligation.capacity_amount:
        text = "the record names an obligation and describes one: leave one of them out"
        raise Invalid([Violation(field=path, description=text, rule=OBLIGATION_NAMED)])
    collection, slash, identifier = name.partition("/")
    try:
        if collection != COLLECTION or not slash:
            raise NotFound("obligation", name)  # noqa: TRY301 - told with the others just here
        registered = lock_obligation(tx.connection, identifier)
    except NotFound as fault:
        raise Invalid([Violation(field=path, description=str(fault), rule=OBLIGATION_NAMED)]) from None
    if registered.enterprise.code != judge(draft.enterprise.code).value:
        text = f"{name} is an obligation of {registered.enterprise.name}, under another code"
        raise Invalid([Violation(field=path, description=text, rule=OBLIGATION_NAMED)])
    if registered.withdrawal:
        text = f"{name} was withdrawn on {registered.withdrawal.withdrawn_on}: no deadline ran that could have passed"
        raise Invalid([Violation(field=path, description=text, rule=PLAN_RULE)])
    others = [record for record in running_under(tx.connection, name) if record != replaces]
    if others:
        text = f"{', '.join(others)} about {name} has not ended: one item of capacity, one record"
        raise Invalid([Violation(field=path, description=text, rule=OBLIGATION_NAMED)])
    return Fixed(obligation=registered.obligation, name=name, completed_on=registered.completed_on)


def named_twice(prefix: str, name: str) -> Violation:
    """Return the fault of a record about an obligation that another record of the same call is about."""
    text = f"another record of this call is about {name}: one item of capacity, one record"
    return Violation(field=f"{prefix}.obligation_name", description=text, rule=OBLIGATION_NAMED)


def fixed_of(tx: Transaction, record: SanctionRecord) -> Fixed | None:
    """Return the registered obligation that a record names, as it is now; None where it names none."""
    if not record.obligation_name:
        return None
    registered = lock_obligation(tx.connection, record.obligation_name.partition("/")[2])
    return Fixed(obligation=registered.obligation, name=record.obligation_name, completed_on=registered.completed_on)


def warned(tx: Transaction, records: Sequence[SanctionRecord]) -> list[SanctionRecord]:
    """Return the records, each with a warning where others, of the store or of these, know its code under another name."""
    known = tx.names_of(record.enterprise.code for record in records)
    for record in records:
        known[record.enterprise.code].add(record.enterprise.names)
    return [
        _warned(record, name_warnings(record.enterprise.names, sorted(known[record.enterprise.code])))
        for record in records
    ]


def _warned(record: SanctionRecord, found: tuple[str, ...]) -> SanctionRecord:
    warnings = (*found, *(kept for kept in record.warnings if not kept.startswith(NAME_WARNING)))
    return record if warnings == record.warnings else replace(record, warnings=warnings)


def _stored(record: SanctionRecord, now: datetime, drawn: Drawn | None) -> StoredRecord:
    """Return a record that was new in a transaction of that instant."""
    if drawn is None:
        raise RuntimeError(f"{record.name} was written in no revision")
    return StoredRecord(record=record, revision=drawn.revision, created_at=now, updated_at=drawn.known_at)


def _unstored(record: SanctionRecord, now: datetime) -> StoredRecord:
    """Return a record that was only checked: of no revision."""
    return StoredRecord(record=record, revision=Revision(epoch=0, number=0), created_at=now, updated_at=now)

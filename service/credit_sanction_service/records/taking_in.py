"""Taking records in inside a transaction: one, or those of several callers in the statements of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from credit_sanction_service.calls import Call, new_id
from credit_sanction_service.domain.drafts import RecordDraft
from credit_sanction_service.domain.faults import Invalid, SanctionError
from credit_sanction_service.domain.identifiers import normalise
from credit_sanction_service.domain.intake import take_in
from credit_sanction_service.domain.records import SanctionRecord
from credit_sanction_service.records.writing import Done, named_obligation, warned
from credit_sanction_service.store.outcomes import dump_outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from credit_sanction_service.store.transaction import RequestKey, Transaction

CREATE: Final = "CREATE"


class Apart(Exception):
    """These cannot be taken in together: one of them has to see what another one has done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One record that a caller wants taken in."""

    draft: RecordDraft
    call: Call


def taken_in(
    tx: Transaction, draft: RecordDraft, call: Call, *, replaces: str = "", prefix: str = "record"
) -> SanctionRecord:
    """Return the record that a draft makes, not written yet. Raises `Invalid`, `NotPermitted`, `CalendarNotPublished`."""
    fixed = named_obligation(tx, draft, prefix=prefix, replaces=replaces)
    try:
        record = take_in(draft, record_id=new_id(), today=tx.today, law=tx.law, fixed=fixed, replaces=replaces)
    except Invalid as fault:
        raise fault.under(prefix) from None
    call.principal.require_record(record)
    return record


def take_in_together(tx: Transaction, submissions: Sequence[Submission]) -> list[Done | SanctionError]:
    """
    Take in what several callers submit, each as if it were alone; for each what was done, or why it is refused.

    Raises `Apart` where that cannot be: two are about one enterprise or of one request id, or a record or a request id turns
    out to be there already. Nothing is to be kept then.
    """
    named = [submission.call.key for submission in submissions if submission.call.key]
    enterprises = {normalise(submission.draft.enterprise.code) for submission in submissions}
    if len(set(named)) < len(named) or len(enterprises) < len(submissions):
        raise Apart("one enterprise or one request id twice")
    first = tx.recalled(named) if named else {}
    answers = [_answer(tx, submission, first) for submission in submissions]
    fresh = [
        (answer, one.call)
        for answer, one in zip(answers, submissions, strict=True)
        if isinstance(answer, SanctionRecord)
    ]
    records = warned(tx, [record for record, _ in fresh])
    if any(tx.insert_each(records, action=CREATE, principals=[call.principal.name for _, call in fresh])):
        raise Apart("a record is there already")
    claims = {call.key: dump_outcome([record]) for record, (_, call) in zip(records, fresh, strict=True) if call.key}
    if claims and not tx.claim(claims):
        raise Apart("a request id is there already")
    written = iter(records)
    return [
        Done(now=tx.now, items=[next(written)]) if isinstance(answer, SanctionRecord) else answer for answer in answers
    ]


def _answer(
    tx: Transaction, submission: Submission, first: Mapping[RequestKey, Any]
) -> SanctionRecord | Done | SanctionError:
    """Return the record to be, what its request id was first answered with, or why it is refused."""
    key = submission.call.key
    if key and key in first:
        return first[key] if isinstance(first[key], SanctionError) else Done(now=tx.now, recalled=first[key])
    try:
        return taken_in(tx, submission.draft, submission.call)
    except SanctionError as fault:
        return fault

"""Stores with as many restricted enterprises as are wanted, all of them made up: one real record, and copies of it."""

from __future__ import annotations

import struct
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import psycopg

from bench.push import records
from credit_sanction_service.domain.facts import facts_of
from credit_sanction_service.domain.identifiers import organisation_check_character, uscc_check_character
from credit_sanction_service.domain.leads import lead_of_id, lead_of_name, lead_of_number
from credit_sanction_service.domain.text import name_key
from credit_sanction_service.store.ever import ever_keys
from credit_sanction_service.store.facts import PackedRecords, dump_facts, load_facts, pack_leads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from credit_sanction_service.domain.facts import RecordFacts

MOST: Final = 10_000_000
_AT_ONCE: Final = 10_000
_PREFIX: Final = "91220101"
_STAGE: Final = "CREATE TEMP TABLE staged (id uuid, code text, name text, number text, ever integer[], leads bytea)"
_COPY: Final = "COPY staged FROM STDIN (FORMAT BINARY)"
# The body stays what the writer wrote, but for what tells one enterprise from another.
_SPREAD: Final = """
INSERT INTO sanction_record (id, version, state, authority_code, document_number, enterprise_code, item, standard,
    district_code, areas, old_numbers, ever, next_change_on, body, facts, leads, created_at)
SELECT s.id, r.version, r.state, r.authority_code, r.document_number, s.code, r.item, r.standard, r.district_code, r.areas,
    ARRAY[s.number], s.ever, r.next_change_on,
    replace(replace(replace(r.body::text, r.id::text, s.id::text), r.enterprise_code, s.code), %(name)s, s.name)::jsonb,
    replace(replace(replace(replace(r.facts, r.id::text, s.id::text), r.enterprise_code, s.code), %(name)s, s.name),
        %(number)s, s.number),
    s.leads, r.created_at
FROM staged s, sanction_record r WHERE r.id = %(id)s
"""


def restricted_code(number: int) -> str:
    """Return the code of the restricted enterprise with this number, from 0."""
    return _code("F", number)


def other_code(number: int) -> str:
    """Return a code that no restricted enterprise has."""
    return _code("G", number)


def name_of(number: int) -> str:
    """Return the name of the restricted enterprise with this number."""
    return f"虚构轧钢（压测用）第{number}号有限公司"


def fill(dsn: str, owner_dsn: str, count: int) -> None:
    """Have the store hold `count` restricted enterprises with a record each, beside the one that they are copies of."""
    records.submit(dsn, 1)
    with psycopg.connect(owner_dsn) as owner:
        row = owner.execute("SELECT id, facts FROM sanction_record").fetchone()
        if row is None:
            raise RuntimeError("the record to copy is not there")
        facts = load_facts(row[1])
        owner.execute(_STAGE)
        with owner.cursor().copy(_COPY) as copy:
            copy.set_types(["uuid", "text", "text", "text", "int4[]", "bytea"])
            for values in _rows(facts, count):
                copy.write_row(values)
        owner.execute(_SPREAD, {"id": row[0], "name": facts.enterprise_name, "number": facts.numbers[0]})
        owner.commit()
        owner.autocommit = True
        owner.execute("VACUUM (ANALYZE, FREEZE) sanction_record")


def pattern() -> RecordFacts:
    """Return the facts of a record that others can be copies of."""
    return facts_of(next(records.made(1)))


def packed(like: RecordFacts, count: int) -> Iterator[PackedRecords]:
    """Yield the facts of as many restricted enterprises as a store gives them to an index, without a store."""
    first = _copy(like, 0, uuid.UUID(int=0))
    text = dump_facts(first)
    for start in range(0, count, _AT_ONCE):
        numbers = range(start, min(start + _AT_ONCE, count))
        facts, leads = zip(*(_packed_copy(text, first, number) for number in numbers), strict=True)
        yield PackedRecords(
            count=len(numbers),
            facts=b"".join(facts),
            facts_lengths=_lengths(facts),
            leads=b"".join(leads),
            leads_lengths=_lengths(leads),
            done=numbers.stop / count,
        )


def _packed_copy(text: str, first: RecordFacts, number: int) -> tuple[bytes, bytes]:
    """Return what `dump_facts` and `pack_leads` give for a copy, in a tenth of the time: there are to be millions."""
    code, name, record_id = restricted_code(number), name_of(number), str(uuid.UUID(int=number))
    other = code[8:17]
    text = text.replace(first.id, record_id).replace(first.code, code).replace(first.enterprise_name, name)
    leads = {lead_of_id(record_id), lead_of_number(code), lead_of_number(other), lead_of_name(name_key(name))}
    return text.replace(first.numbers[0], other).encode(), struct.pack(f"<{len(leads)}I", *sorted(leads))


def _lengths(parts: Sequence[bytes]) -> bytes:
    return struct.pack(f">{len(parts)}i", *map(len, parts))


def _rows(like: RecordFacts, count: int) -> Iterator[tuple[Any, ...]]:
    for number in range(count):
        one = _copy(like, number, uuid.uuid4())
        ever = ever_keys((one.code, *one.numbers), one.names)
        yield uuid.UUID(one.id), one.code, one.enterprise_name, one.numbers[0], ever, pack_leads(one)


def _copy(like: RecordFacts, number: int, record_id: uuid.UUID) -> RecordFacts:
    code = restricted_code(number)
    return replace(like, id=str(record_id), code=code, enterprise_name=name_of(number), numbers=(code[8:17],))


def _code(letter: str, number: int) -> str:
    if not 0 <= number < MOST:
        raise ValueError(f"there is no enterprise {number}")
    body = f"{letter}{number:07d}"
    first = _PREFIX + body + organisation_check_character(body)
    return first + uscc_check_character(first)

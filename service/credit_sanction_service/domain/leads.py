"""
What leads to a record: its numbers and names, each as a 32-bit hash, which tables of millions of records are made of.

The hashes are stored beside the facts. Where one of them comes to be made in another way, a migration writes all anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zlib import crc32

from credit_sanction_service.domain.text import name_key

if TYPE_CHECKING:
    from credit_sanction_service.domain.facts import RecordFacts

# One character before what is hashed: a name can never be taken for a number.
NUMBER_TAG: Final = b"#"
_NAME_TAG: Final = b"@"
_ID_TAG: Final = b"="


def lead_of_number(number: str) -> int:
    """Return the hash of a code or of another number, normalised."""
    return crc32(NUMBER_TAG + number.encode())


def lead_of_name(key: str) -> int:
    """Return the hash of a name, given as its `name_key`."""
    return crc32(_NAME_TAG + key.encode())


def lead_of_id(record_id: str) -> int:
    """Return the hash of a record's id."""
    return crc32(_ID_TAG + record_id.encode())


def leads_to(facts: RecordFacts) -> tuple[int, ...]:
    """Return the hashes of all that leads to a record, in order, each once."""
    leads = {lead_of_id(facts.id), lead_of_number(facts.code)}
    leads.update(map(lead_of_number, facts.numbers))
    leads.update(lead_of_name(name_key(name)) for name in facts.names)
    return tuple(sorted(leads))

"""Under which numbers and names a record was ever known: what finds it in its own past. Cumulative; nothing of it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.leads import lead_of_name, lead_of_number
from credit_sanction_service.domain.text import name_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_sanction_service.domain.enterprises import Enterprise

_SIGN: Final = 1 << 31  # the column's integers have a sign, the hashes none


def keys_of(enterprise: Enterprise) -> list[int]:
    """Return the keys of the code, of every other number and of every name, in order. Two different texts may share one."""
    return ever_keys((enterprise.code, *enterprise.old_numbers), enterprise.names)


def ever_keys(numbers: Iterable[str], names: Iterable[str]) -> list[int]:
    """Return the keys under which records with one of these numbers, or one of these names, are found."""
    leads = {lead_of_number(number) for number in numbers if number}
    leads.update(lead_of_name(name_key(name)) for name in names if name)
    return sorted(lead - _SIGN for lead in leads)

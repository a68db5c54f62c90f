"""Facts of records that an older release wrote, made from the records themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.facts import facts_of
from credit_sanction_service.store.codec import load_record
from credit_sanction_service.store.facts import dump_facts, pack_leads

if TYPE_CHECKING:
    from sqlalchemy import Connection

_AT_ONCE: Final = 1_000
_PAGE: Final = "SELECT id, body FROM sanction_record WHERE facts IS NULL ORDER BY id LIMIT %(limit)s"
_WRITE: Final = """
UPDATE sanction_record SET facts = given.facts, leads = given.leads
FROM unnest(%(ids)s::uuid[], %(facts)s::text[], %(leads)s::bytea[]) AS given (id, facts, leads)
WHERE sanction_record.id = given.id
"""


def write_missing_facts(connection: Connection) -> None:
    """Write the facts, and what leads to them, of all records that have none."""
    while page := connection.exec_driver_sql(_PAGE, {"limit": _AT_ONCE}).fetchall():
        made = [(key, facts_of(load_record(body))) for key, body in page]
        columns = {
            "ids": [key for key, _ in made],
            "facts": [dump_facts(facts) for _, facts in made],
            "leads": [pack_leads(facts) for _, facts in made],
        }
        connection.exec_driver_sql(_WRITE, columns)

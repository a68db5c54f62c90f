"""What the passing of days does to many records: one that cannot be told holds up no other."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
from tests.samples import TODAY, call, draft

if TYPE_CHECKING:
    from tests.database import Database

    from credit_sanction_service.records import Records


def test_a_record_that_nobody_foresaw_waits_until_tomorrow_and_the_others_move(
    store: Database, records: Records
) -> None:
    ends = TODAY.isoformat()
    broken, sound = (records.create(draft(number, publication_end=ends), call()).record for number in (1, 2))
    with psycopg.connect(store.owner_dsn, autocommit=True) as owner:
        # Of an edition that no law has: nothing can be told of its measures.
        owner.execute(
            "UPDATE sanction_record SET next_change_on = %s,"
            " body = CASE WHEN id = %s THEN jsonb_set(body, '{catalogue_edition}', '\"lost\"') ELSE body END",
            (TODAY, broken.id),
        )
        assert records.pass_days() == 2
        rows = owner.execute("SELECT id::text, version, next_change_on FROM sanction_record").fetchall()
    tomorrow = TODAY + timedelta(days=1)
    assert {(row[0], row[1], row[2]) for row in rows} == {(broken.id, 1, tomorrow), (sound.id, 2, tomorrow)}
    assert records.pass_days() == 0

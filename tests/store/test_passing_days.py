"""What the passing of days does to many records: one that cannot be told holds up no other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from tests.samples import TODAY, call, draft

if TYPE_CHECKING:
    from tests.database import Database

    from credit_sanction_service.records import Records

SCHEDULER = str(Path(__file__).with_name("small_scheduler.py"))
WAIT = 60


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


def test_a_scheduler_that_is_killed_again_and_again_expires_each_record_once(store: Database, records: Records) -> None:
    ends = TODAY.isoformat()
    ids = [records.create(draft(number, publication_end=ends), call()).record.id for number in range(1, 41)]
    tomorrow = TODAY + timedelta(days=1)

    def scheduler() -> subprocess.Popen[str]:
        argv = [sys.executable, SCHEDULER, store.service_dsn, tomorrow.isoformat()]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)

    # Killed in their second, third and fourth transaction, wherever that is just then, another working beside it.
    for done in (1, 2, 3):
        pair = [scheduler(), scheduler()]
        for _ in range(done):
            for process in pair:
                go(process)
            for process in pair:
                assert process.stdout
                assert process.stdout.readline() == "2\n"
        for process in pair:
            go(process)
            process.send_signal(signal.SIGKILL)
        for process in pair:
            process.communicate(timeout=WAIT)
            assert process.returncode == -signal.SIGKILL
    with psycopg.connect(store.owner_dsn, autocommit=True) as owner:
        last = scheduler()
        last.communicate("go\n" * len(ids), timeout=WAIT)
        assert last.returncode == 0
        rows = owner.execute(
            "SELECT subject_id::text, version, action, body ->> 'state' FROM change_log WHERE kind = 'record'"
        ).fetchall()
    once = {(record_id, 1, "CREATE", "LISTED") for record_id in ids}
    assert set(rows) == once | {(record_id, 2, "DATE_PASSED", "EXPIRED") for record_id in ids}
    assert len(rows) == 2 * len(ids)


def go(process: subprocess.Popen[str]) -> None:
    """Have a scheduler do one transaction."""
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()

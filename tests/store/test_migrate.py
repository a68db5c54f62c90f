"""Migration: from nothing, again, by two at once; and what a service says to another schema."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.samples import call, noon
from tests.samples import record as sample

from credit_sanction_service.domain.facts import facts_of
from credit_sanction_service.domain.faults import StoreUnavailable
from credit_sanction_service.editions import install_shipped
from credit_sanction_service.records import Records
from credit_sanction_service.store.codec import dump_record
from credit_sanction_service.store.connect import Reader, connect
from credit_sanction_service.store.ever import keys_of
from credit_sanction_service.store.facts import load_facts, pack_leads
from credit_sanction_service.store.migrate import check_schema, migrate
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from tests.database import Database

    from credit_sanction_service.domain.records import SanctionRecord


def test_twice_is_once(database: Database) -> None:
    with pytest.raises(StoreUnavailable, match="schema none"):
        check_schema(database.service_dsn)
    assert migrate(database.owner_dsn) == migrate(database.owner_dsn)
    check_schema(database.service_dsn)


def test_two_at_once_wait_for_each_other(database: Database) -> None:
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(migrate, [database.owner_dsn] * 2)
    assert first == second
    with psycopg.connect(database.service_dsn) as connection:
        assert connection.execute("SELECT count(*) FROM store_head").fetchone() == (1,)


def test_another_release_s_schema_is_refused_with_what_to_do(database: Database) -> None:
    migrate(database.owner_dsn)
    with psycopg.connect(database.owner_dsn) as owner:
        owner.execute("UPDATE alembic_version SET version_num = 'other'")
    with pytest.raises(StoreUnavailable, match="migrate"):
        check_schema(database.service_dsn)


def test_a_record_of_the_first_release_is_kept_and_gets_its_due_days(database: Database) -> None:
    given = sample(1)
    put_first_release(database, given)
    migrate(database.owner_dsn)
    with connect(database.service_dsn) as connection:
        install_shipped(connection, now=noon())
        assert connection.execute("SELECT kind, subject_id::text FROM change_log WHERE revision = 1").fetchall() == [
            ("record", given.id)
        ]
        assert connection.execute("SELECT ever FROM sanction_record").fetchone() == (keys_of(given.enterprise),)
        ((facts, leads),) = connection.execute("SELECT facts, leads FROM sanction_record").fetchall()
        assert (load_facts(facts), leads) == (facts_of(given), pack_leads(facts_of(given)))
    with (
        closing(Writer(database.service_dsn, clock=noon)) as writer,
        closing(Reader(database.service_dsn)) as reader,
    ):
        records = Records(writer, reader)
        first = records.get(given.id, call().principal)
        assert (first.record.version, first.record.due_days, str(first.revision)) == (1, (), "1.1")
        assert records.pass_days() == 1
        fresh = records.get(given.id, call().principal).record
        assert (fresh.version, fresh.state, fresh.due_days) == (2, given.state, given.due_days)
        assert records.pass_days() == 0


def test_what_a_record_was_known_as_is_gathered_from_every_version(database: Database) -> None:
    given = sample(1)
    put_first_release(database, given)
    before = replace(given.enterprise, name="长春虚构更名水泥有限公司")
    with psycopg.connect(database.owner_dsn) as owner:
        owner.execute(
            "INSERT INTO change_log SELECT epoch, revision, 2, record_id, 7, enterprise_code, action, principal,"
            " jsonb_set(body, '{enterprise,name}', to_jsonb(%s::text)) FROM change_log",
            (before.name,),
        )
    migrate(database.owner_dsn)
    with connect(database.service_dsn) as connection:
        row = connection.execute("SELECT ever FROM sanction_record").fetchone()
    assert row == (sorted({*keys_of(given.enterprise), *keys_of(before)}),)


def put_first_release(database: Database, record: SanctionRecord) -> None:
    """Do what the first release did: its schema, and one record as it wrote it."""
    body = json.loads(dump_record(record))
    for later in ("due_days", "regime"):
        body.pop(later, None)
    for later in ("plan", "calendar_edition"):
        body["obligation"].pop(later, None)
    schema = resources.files("credit_sanction_service.store.migrations.versions") / "0001_first.sql"
    with psycopg.connect(database.owner_dsn) as owner:
        owner.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        owner.execute("INSERT INTO alembic_version VALUES ('0001')")
        owner.execute(schema.read_text("utf-8").encode())
        owner.execute("INSERT INTO revision VALUES (1, 1, now())")
        owner.execute("UPDATE store_head SET number = 1")
        authority, document, enterprise, item = record.key
        owner.execute(
            "INSERT INTO sanction_record VALUES (%s, 1, %s, %s, %s, %s, %s, %s, %s, %s, '{}', %s, %s::jsonb, now())",
            (
                record.id,
                record.state.value,
                authority,
                document,
                enterprise,
                item,
                record.obligation.standard.value,
                record.district.code,
                [measure.area.value for measure in record.measures],
                record.last_day,
                json.dumps(body),
            ),
        )
        owner.execute(
            "INSERT INTO change_log VALUES (1, 1, 1, %s, 1, %s, 'CREATE', 'x', %s::jsonb)",
            (record.id, enterprise, json.dumps(body)),
        )

"""What the service's database role cannot do, whatever the service is made to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg.errors import InsufficientPrivilege
from tests.samples import call, draft

if TYPE_CHECKING:
    from tests.database import Database

    from credit_sanction_service.records import Records
    from credit_sanction_service.store.connect import Connection


FORBIDDEN = [
    "UPDATE revision SET known_at = now()",
    "UPDATE change_log SET body = '{}'",
    "UPDATE law_edition SET text = ''",
    "UPDATE attempt_opened SET number = 0",
    "UPDATE attempt_closed SET number = 0",
    "UPDATE attempt_late SET number = 0",
    *(
        f"{verb} {table}"
        for table in ("revision", "change_log", "law_edition", "attempt_opened", "attempt_closed", "attempt_late")
        for verb in ("DELETE FROM", "TRUNCATE", "DROP TABLE")
    ),
    "ALTER TABLE change_log ADD COLUMN note text",
    "DELETE FROM sanction_record",
    "DELETE FROM request",
    "DELETE FROM store_head",
    "TRUNCATE sanction_record CASCADE",
    "DROP INDEX one_record_per_item",
    "CREATE TABLE mine (x integer)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE ROLE mine",
    "UPDATE alembic_version SET version_num = '9'",
    "SET ROLE credit_sanction_owner",
    "SELECT pg_read_file('/etc/hostname')",
    "COPY sanction_record TO PROGRAM 'true'",
]


def test_the_service_role_cannot_touch_proofs_or_the_schema(connection: Connection, records: Records) -> None:
    records.create(draft(), call())
    assert [statement for statement in FORBIDDEN if not is_refused(connection, statement)] == []


def is_refused(connection: Connection, statement: str) -> bool:
    try:
        connection.execute(statement.encode())
    except InsufficientPrivilege:
        return True
    return False


def test_it_may_add_proofs_and_read_them(connection: Connection, records: Records) -> None:
    records.create(draft(), call())
    log = connection.execute("SELECT action, principal FROM change_log WHERE kind = 'record'").fetchall()
    assert log == [("CREATE", "管理员")]


def test_the_owner_owns_every_table(store: Database) -> None:
    with psycopg.connect(store.owner_dsn) as owner:
        owners = owner.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert owners == [("credit_sanction_owner",)]

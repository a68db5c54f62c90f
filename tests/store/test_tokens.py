"""Tokens: stored as hashes, read with their scopes, noticed by their version."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.domain.terms import Standard
from credit_sanction_service.store.feed import read_head
from credit_sanction_service.store.tokens import issue_token, load_tokens, token_hash, withdraw_tokens

if TYPE_CHECKING:
    from credit_sanction_service.store.connect import Connection

BANK = Principal(name="虚构银行", roles=frozenset({Role.BANK}))
AUTHORITY = Principal(
    name="虚构局",
    roles=frozenset({Role.AUTHORITY, Role.LAND}),
    authorities=frozenset({"11220100000000000X"}),
    standards=frozenset({Standard.ENERGY, Standard.SAFETY}),
    districts=frozenset(),
)


def test_principals_are_read_with_their_scopes_and_the_end_of_their_tokens(connection: Connection) -> None:
    end = datetime(2027, 1, 1, tzinfo=UTC)
    bank, authority = issue_token(connection, BANK), issue_token(connection, AUTHORITY, expires_at=end)
    assert load_tokens(connection) == {token_hash(bank): (BANK, None), token_hash(authority): (AUTHORITY, end)}


def test_the_store_holds_nothing_that_can_be_presented(connection: Connection) -> None:
    token = issue_token(connection, BANK)
    assert len(token) > 40
    row = connection.execute("SELECT access_token::text FROM access_token").fetchone()
    assert row is not None
    assert token not in row[0]
    assert issue_token(connection, BANK) != token


def test_withdrawal_takes_every_token_of_the_principal_and_nobody_else_s(connection: Connection) -> None:
    kept = issue_token(connection, AUTHORITY)
    issue_token(connection, BANK)
    issue_token(connection, BANK)
    assert withdraw_tokens(connection, BANK.name) == 2
    assert withdraw_tokens(connection, BANK.name) == 0
    assert set(load_tokens(connection)) == {token_hash(kept)}


def test_every_change_is_seen_in_the_head(connection: Connection) -> None:
    before = read_head(connection)
    issue_token(connection, BANK)
    withdraw_tokens(connection, BANK.name)
    after = read_head(connection)
    assert after.access_version == before.access_version + 2
    assert after.revision == before.revision

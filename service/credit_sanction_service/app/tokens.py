"""`token`: gives a caller its token, or takes it away."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from credit_sanction_service.app.database import require_database
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.domain.terms import Standard
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.tokens import issue_token, withdraw_tokens

if TYPE_CHECKING:
    from argparse import Namespace

    from credit_sanction_service.config import Settings


def issue(settings: Settings, options: Namespace) -> int:
    """Print a new token for a caller: the only time that it can be read."""
    principal = Principal(
        name=options.name,
        roles=frozenset(Role(role) for role in options.role),
        authorities=frozenset(options.authority) if options.authority else None,
        standards=frozenset(Standard(standard) for standard in options.standard) if options.standard else None,
        districts=frozenset(options.district) if options.district else None,
    )
    with connect(require_database(settings)) as connection:
        sys.stdout.write(issue_token(connection, principal) + "\n")
    return 0


def withdraw(settings: Settings, options: Namespace) -> int:
    """Withdraw every token of a caller; 1 where there was none."""
    with connect(require_database(settings)) as connection:
        count = withdraw_tokens(connection, options.name)
    sys.stdout.write(f"{count} withdrawn\n")
    return 0 if count else 1

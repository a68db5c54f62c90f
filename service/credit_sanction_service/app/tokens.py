"""`token`: gives a caller its token, or takes it away."""

from __future__ import annotations

import sys
import unicodedata
from typing import TYPE_CHECKING, Final

from credit_sanction_service.app.database import running_database
from credit_sanction_service.domain.access import Principal, Role
from credit_sanction_service.domain.identifiers import is_uscc, normalise
from credit_sanction_service.domain.privacy import holds_citizen_number
from credit_sanction_service.domain.terms import Standard
from credit_sanction_service.host.refusal import StartRefused
from credit_sanction_service.store.connect import connect
from credit_sanction_service.store.tokens import issue_token, withdraw_tokens

if TYPE_CHECKING:
    from argparse import Namespace

    from credit_sanction_service.config import Settings

NAME_LIMIT: Final = 64
_DISTRICT_LENGTH: Final = 6  # GB/T 2260


def issue(settings: Settings, options: Namespace) -> int:
    """Print a new token for a caller: the only time that it can be read."""
    principal = Principal(
        name=_name(options.name),
        roles=frozenset(Role(role) for role in options.role),
        authorities=frozenset(map(_authority, options.authority)) if options.authority else None,
        standards=frozenset(Standard(standard) for standard in options.standard) if options.standard else None,
        districts=frozenset(map(_district, options.district)) if options.district else None,
    )
    with connect(running_database(settings)) as connection:
        sys.stdout.write(issue_token(connection, principal) + "\n")
    return 0


def withdraw(settings: Settings, options: Namespace) -> int:
    """Withdraw every token of a caller; 1 where there was none."""
    with connect(running_database(settings)) as connection:
        count = withdraw_tokens(connection, options.name)
    sys.stdout.write(f"{count} withdrawn\n")
    return 0 if count else 1


def _name(text: str) -> str:
    if not text.strip():
        raise StartRefused("The caller's name is empty: give one, such as changchun-bank.")
    if len(text) > NAME_LIMIT:
        raise StartRefused(f"The caller's name is {len(text)} characters long: give one of at most {NAME_LIMIT}.")
    if holds_citizen_number(text):  # it stands in the log, beside every write, and in receipts
        raise StartRefused("The caller's name holds a citizen's identity number 公民身份号码: give another name.")
    if text != text.strip() or not all(character == " " or _is_visible(character) for character in text):
        raise StartRefused(
            f"The caller's name {text!r} has blanks around it, or characters that cannot be seen: leave them out."
        )
    return text


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] not in {"C", "Z"}


def _authority(text: str) -> str:
    code = normalise(text)
    if not is_uscc(code):
        raise StartRefused(
            f"--authority {text[:NAME_LIMIT]!r} is no unified social credit code 统一社会信用代码: "
            "give the authority's own, right in all 18 characters."
        )
    return code


def _district(text: str) -> str:
    if len(text) != _DISTRICT_LENGTH or not (text.isascii() and text.isdigit()):
        raise StartRefused(
            f"--district {text[:NAME_LIMIT]!r} is no division code: give its six digits, such as 220102."
        )
    return text

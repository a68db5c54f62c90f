"""What the rules can say no with. `api/errors.py` is the only place that turns these into status codes."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.privacy import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date


_LONGEST_NAME: Final = 200  # of a resource: cut, it would name nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One field at fault: its path in the request, the fault in a sentence, the rule with its article."""

    field: str
    description: str
    rule: str = ""

    def under(self, prefix: str) -> Violation:
        """Return the same fault with its path below `prefix`."""
        path = f"{prefix}.{self.field}" if prefix else self.field
        return Violation(field=path, description=self.description, rule=self.rule)


class SanctionError(Exception):
    """Root of everything that the service refuses knowingly. `metadata`: what a program may want of the sentence."""

    metadata: Mapping[str, str] = MappingProxyType({})


class Invalid(SanctionError):
    """Fields at fault. Nothing was stored. `likely_codes` are corrections of a refused code."""

    def __init__(self, violations: Sequence[Violation], *, likely_codes: Sequence[str] = ()) -> None:
        self.violations = tuple(violations)
        self.likely_codes = tuple(likely_codes)
        first = "; ".join(f"{v.field}: {v.description}" for v in self.violations[:2])
        more = len(self.violations) - 2
        super().__init__(f"{first}; and {more} more" if more > 0 else first)

    def under(self, prefix: str) -> Invalid:
        """Return the same refusal with every path below `prefix`."""
        return type(self)([v.under(prefix) for v in self.violations], likely_codes=self.likely_codes)


class IdentifierRefused(Invalid):
    """Among the faults is an identifier of a shape that no enterprise can have."""


class NotOverdue(Invalid):
    """The only fault is that the obligation's last day has not passed."""


class NotFound(SanctionError):
    """Nothing of this name. `kind` is a word of the table in `api/errors.py`, `name` what was asked for."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind = kind
        self.name = name
        super().__init__(f"there is no {kind} {shown(name, most=_LONGEST_NAME)}")


class Duplicate(SanctionError):
    """A record of the same authority, document, enterprise and obligation item exists: `existing`."""

    def __init__(self, existing: str) -> None:
        self.existing = existing
        super().__init__(f"a record of the same authority, document, enterprise and obligation item exists: {existing}")


class VersionConflict(SanctionError):
    """The record has changed since the caller read it."""

    def __init__(self, name: str, *, given: int, actual: int) -> None:
        self.name = name
        self.given = given
        self.actual = actual
        super().__init__(f"{name} is at version {actual}, not {given}: read it again and decide anew")


class StateConflict(SanctionError):
    """The record's state does not allow this."""


class TooEarly(SanctionError):
    """A minimum period has not passed: `earliest` is the first day on which this is allowed, by `rule`."""

    def __init__(self, what: str, *, earliest: date, rule: str) -> None:
        self.earliest = earliest
        self.rule = rule
        super().__init__(f"{what} before {earliest} ({rule})")


class FieldFixed(SanctionError):
    """A field of a record that was ever listed cannot be amended."""


class RequestIdReused(SanctionError):
    """The request id was used before with another payload."""

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        super().__init__(f"request id {shown(request_id)} was used before with another payload: use a new one")


class EpochChanged(SanctionError):
    """The revision asked for belongs to another epoch of the store."""


class RevisionNotReached(SanctionError):
    """The revision asked for was not reached within the time allowed. `head` is where the service is, where it knows: "1:4"."""

    def __init__(self, sentence: str, *, head: str = "") -> None:
        super().__init__(sentence)
        if head:
            self.metadata = {"head": head}


class StoreUnavailable(SanctionError):
    """The store cannot be reached, or the service is starting or stopping."""


class Overloaded(SanctionError):
    """Too much is waiting already."""


class CalendarNotPublished(SanctionError):
    """The official working days of a year are not in the store: nobody can say yet on which day a period ends."""

    def __init__(self, year: int) -> None:
        self.year = year
        super().__init__(
            f"the calendar of {year} is not published: load the official working days 国务院办公厅节假日安排 of {year} first"
        )


class EditionRefused(SanctionError):
    """A rule table that is not taken: it cannot be read, or another text has its name."""


class TooLarge(SanctionError):
    """A document that would be larger than a message may be; it says how to ask for less."""


class NoReceiptKey(SanctionError):
    """A receipt was asked for, and this service has no key to sign one with."""


class CallerUnknown(SanctionError):
    """No token, or one that the store does not know."""


class NotPermitted(SanctionError):
    """The caller is known and may not do this. `areas` are those that it may ask about, where areas were the fault."""

    def __init__(self, sentence: str, *, areas: Sequence[str] = ()) -> None:
        super().__init__(sentence)
        if areas:
            self.metadata = {"areas": ",".join(areas)}

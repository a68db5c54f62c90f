"""Collects every fault of one submission, so that a clerk corrects a row once and not field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from credit_sanction_service.domain.calendar import parse_day
from credit_sanction_service.domain.faults import IdentifierRefused, Invalid, NotOverdue, Violation
from credit_sanction_service.domain.privacy import PRIVACY, holds_citizen_number
from credit_sanction_service.domain.text import has_control_characters, has_private_characters, tidy

if TYPE_CHECKING:
    from datetime import date

T = TypeVar("T")

FORM = "接口约定 credit_sanction.v1"


class Findings:
    """Reads fields one by one; what is at fault is noted and reads as None or empty."""

    def __init__(self) -> None:
        self._violations: list[Violation] = []
        self._likely: list[str] = []
        self._refused_code = False
        self._not_overdue = False

    @property
    def count(self) -> int:
        """How many faults were noted so far."""
        return len(self._violations)

    def note(self, field: str, description: str, rule: str = FORM) -> None:
        """Note a fault."""
        self._violations.append(Violation(field=field, description=description, rule=rule))

    def note_refused_code(self, field: str, description: str, rule: str, likely: tuple[str, ...]) -> None:
        """Note an identifier that no enterprise can have."""
        self.note(field, description, rule)
        self._likely.extend(likely)
        self._refused_code = True

    def note_not_overdue(self, field: str, description: str, rule: str) -> None:
        """Note that the obligation's last day has not passed."""
        self.note(field, description, rule)
        self._not_overdue = True

    def text(self, field: str, value: str, *, limit: int, least: int = 1) -> str:
        """Return `value` tidied: between `least` and `limit` characters, all of them text, and no citizen's number."""
        if len(value) > 4 * limit:  # before any work on it: megabytes are refused by their length alone
            self.note(field, f"it is {len(value)} characters long, at most {limit} are taken")
            return ""
        if has_control_characters(value.replace("\n", " ").replace("\t", " ")):
            self.note(field, "it holds control characters")
            return ""
        if has_private_characters(value):
            self.note(
                field,
                "it holds a private-use character 自造字, which every machine shows differently: type the standard one",
            )
            return ""
        if holds_citizen_number(value):
            self.note(field, "it holds a citizen's identity number 公民身份号码, which must never stand here", PRIVACY)
            return ""
        tidied = tidy(value)
        if not tidied and least:
            self.note(field, "it is missing")
        elif len(tidied) < least:
            self.note(field, f"it is {len(tidied)} characters long, at least {least} are needed")
        elif len(tidied) > limit:
            self.note(field, f"it is {len(tidied)} characters long, at most {limit} are taken")
        return tidied

    def day(self, field: str, value: str, *, required: bool = True) -> date | None:
        """Return a day, None where it is empty or at fault."""
        if not value:
            if required:
                self.note(field, "it is missing: a date of the form YYYY-MM-DD is needed")
            return None
        try:
            return parse_day(value)
        except ValueError as fault:
            self.note(field, str(fault))
            return None

    def past_day(self, field: str, value: str, *, today: date, rule: str = FORM, required: bool = True) -> date | None:
        """Return a day that is not in the future."""
        day = self.day(field, value, required=required)
        if day is not None and day > today:
            self.note(field, f"{day} lies in the future (today is {today})", rule)
            return None
        return day

    def choice(self, field: str, value: T | None) -> T | None:
        """Return a value of a closed set; None, noted, where it is not said."""
        if value is None:
            self.note(field, "it is missing or not a known value")
        return value

    def stop_if_any(self) -> None:
        """Raise `Invalid`, or the kind of it that says most, if anything was noted."""
        if not self._violations:
            return
        if self._refused_code:
            raise IdentifierRefused(self._violations, likely_codes=self._likely)
        if self._not_overdue and len(self._violations) == 1:
            raise NotOverdue(self._violations)
        raise Invalid(self._violations)

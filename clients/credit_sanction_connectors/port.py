"""
The port between the push worker and the connectors: what is sent, what may come back.

A target answers three ways: a `Receipt` is returned, `Rejected` or `Unavailable` is raised. Nothing else leaves a
connector: driver errors, malformed answers and endless bodies are translated into one of the three.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from typing_extensions import override

Holds = Literal["record", "enterprise"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Version:
    """What a target compares: the store's epoch, then the revision that last changed what it should have."""

    epoch: int
    number: int

    @override
    def __str__(self) -> str:
        return f"{self.epoch}.{self.number}"

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read `epoch.number`; ValueError for anything else."""
        epoch, number = text.split(".")
        return cls(epoch=int(epoch), number=int(number))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """
    What one target is to be told about one subject: present with this content, or absent.

    `subject` is the sanction record's name (`sanctionRecords/…`), or the enterprise's code where the target can only
    hold an enterprise. `documents` are the public views of the records that the subject stands for: one for a record, all
    that are in force for an enterprise, the last known ones for a withdrawal. `standing` are the public views of the
    enterprise's *other* records in force at this target, read in the same transaction as the rest, at `version` or later:
    `standing_revision`; a receiver keeps the standing of the highest revision it has seen.
    """

    idempotency_key: str
    subject: str
    enterprise_code: str
    enterprise_name: str
    version: Version
    present: bool
    documents: Sequence[Mapping[str, Any]]
    standing: Sequence[Mapping[str, Any]]
    standing_revision: Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The target has taken the parcel over. `number` is its own receipt number, empty where it gives none."""

    number: str
    status: int
    excerpt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a target's own list, in our terms. `version` is None where the target keeps no versions."""

    subject: str
    version: Version | None
    standing: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFault:
    """
    One field that a target refuses: `field` as the target calls it, `path` as a caller of the service writes it
    (`decision.document_number`, as an amendment names it), empty where nobody knows; `words` are the target's own, bounded.
    """

    field: str
    path: str = ""
    words: str = ""


class Rejected(Exception):
    """
    The target refuses the data: sending it again cannot help. `status` is the HTTP status, `code` the target's own
    code where it has one, the text is the target's own words (bounded), `faults` are the fields that it names.
    `retry_after` is the target's wish in seconds, for where its refusal means "not now".
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        code: str = "",
        excerpt: str = "",
        faults: Sequence[FieldFault] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.code = code
        self.excerpt = excerpt
        self.faults = tuple(faults)
        self.retry_after = retry_after


class Unavailable(Exception):
    """
    Not now. `sent` is False only where no byte of the request can have arrived (refused connection, failed look-up):
    otherwise the target may have taken it, unless `refused` says that by its own word it has not. `code` is the target's
    own code where it has one, `retry_after` its own wish in seconds. `gone` is a 410: the target no longer wants to be
    called at all, which pauses it and calls a person.
    """

    def __init__(
        self,
        reason: str,
        *,
        sent: bool,
        status: int | None = None,
        retry_after: float | None = None,
        gone: bool = False,
        code: str = "",
        refused: bool = False,
        excerpt: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.refused = refused
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.gone = gone
        self.excerpt = excerpt


class Connector(Protocol):
    """One target, spoken to. Safe to use from many tasks of one event loop at once."""

    @property
    def holds(self) -> Holds:
        """Whether the target can keep records apart, or only knows an enterprise as listed or not."""
        ...

    @property
    def public(self) -> bool:
        """Whether the target publishes what it is told: then only records of a public class go there."""
        ...

    @property
    def offers_list(self) -> bool:
        """Whether `read_list` can be asked."""
        ...

    @property
    def tells_endings(self) -> bool:
        """Whether a withdrawal says what the record came to: then it is told again where that becomes something else."""
        ...

    def compose(self, parcel: Parcel) -> bytes:
        """Return exactly the body that tells the target of the parcel; the same for the same. Raises `Rejected`."""
        ...

    async def push(self, parcel: Parcel, body: bytes, *, timeout_s: float) -> Receipt:
        """Tell the target, by what `compose` made, within `timeout_s` in all. Raises `Rejected` or `Unavailable`."""
        ...

    async def read_list(self, *, timeout_s: float) -> Mapping[str, Entry]:
        """Return what the target itself says it holds, by subject, whole. Raises `Unavailable`."""
        ...

    async def read_entry(self, subject: str, *, timeout_s: float) -> Entry | None:
        """Return the target's own line for one subject, None where it has none. Raises `Unavailable`."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...

"""
What the client raises.

    CreditSanctionError
    ├── ClientError            nothing was sent: a wrong setting or a wrong argument
    │   ├── WrongValue         an argument that nothing can have; a ValueError too
    │   └── WrongKind          an argument of another type; a TypeError too
    ├── NotFresh               a copy is not whole, or too old to be asked
    ├── NotCovered             a copy cannot know of the one asked about
    ├── ReceiptRefused         a receipt that is not genuine
    └── ServiceError           the call was made and did not succeed
        ├── InvalidRequest     the service names the fields at fault
        ├── NotFound
        ├── AlreadyExists      a duplicate record, or a request id used before
        ├── Conflict           the state or the version does not allow it: read again and decide anew
        ├── Unauthenticated
        ├── PermissionDenied
        ├── Overloaded
        ├── Unavailable        nobody answered, after all retries
        ├── DeadlineExceeded   no answer in time: a write may have happened or not
        └── InternalFault      everything else
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One field at fault: its path in the request, the fault in a sentence, the rule with its article."""

    field: str
    description: str
    rule: str = ""

    def __str__(self) -> str:  # type: ignore[explicit-override]  # typing.override is Python 3.12's
        return f"{self.field}: {self.description}" + (f" [{self.rule}]" if self.rule else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """
    What a failed call said. `reason` is a name of `ErrorReason` without its prefix, empty where the service gave none.
    `retry_after` is in seconds. `request_id` is that of the failed write: to find out what became of it, write
    again with the same id.
    """

    message: str
    code: str
    reason: str = ""
    violations: tuple[Violation, ...] = ()
    metadata: Mapping[str, str]
    resource: str = ""
    retry_after: float | None = None
    request_id: str = ""


class CreditSanctionError(Exception):
    """Root of everything that this package raises knowingly."""


class ClientError(CreditSanctionError):
    """Found before anything was sent: a wrong setting or a wrong argument."""


class WrongValue(ClientError, ValueError):
    """An argument that is out of its range, or of a form that nothing can have. The sentence begins with its name."""


class WrongKind(ClientError, TypeError):
    """An argument of another type than is expected. The sentence begins with its name."""


class ReceiptRefused(CreditSanctionError):
    """A receipt that is not genuine, or cannot be told to be: nothing that it says counts."""


class NotFresh(CreditSanctionError):
    """A copy of the restrictions is not whole, or older than it may be: it can say of nobody that there is nothing."""


class NotCovered(CreditSanctionError):
    """
    A copy holds nothing of the one asked about, and cannot know whether there is anything: it lies outside of what the copy
    is told of, or its number is in doubt. A look-up knows.
    """


class ServiceError(CreditSanctionError):
    """The call was made and did not succeed. `code` is the name of the gRPC status; the rest as in `Facts`."""

    def __init__(self, facts: Facts) -> None:
        self.message = facts.message
        self.code = facts.code
        self.reason = facts.reason
        self.violations = facts.violations
        self.metadata = facts.metadata
        self.resource = facts.resource
        self.retry_after = facts.retry_after
        self.request_id = facts.request_id
        told = [str(violation) for violation in facts.violations] or [facts.message]
        super().__init__(f"{facts.reason or facts.code}: " + "\n  ".join(told))


class InvalidRequest(ServiceError):
    """The request is at fault; `violations` name each field, its fault and the rule. Nothing was stored."""


class NotFound(ServiceError):
    """There is no such record, target or delivery: `resource`."""


class AlreadyExists(ServiceError):
    """The record exists (`existing_record` is its name), or the request id was used before (then that is empty)."""

    @property
    def existing_record(self) -> str:
        """Name of the record that exists already."""
        return self.resource


class Conflict(ServiceError):
    """The record's state or version, or the store's epoch, does not allow this: read again and decide anew."""


class Unauthenticated(ServiceError):
    """The service does not know the caller: no token, or not a valid one."""


class PermissionDenied(ServiceError):
    """The service knows the caller, who may not do this."""


class Overloaded(ServiceError):
    """Too much is waiting, or the message is too large."""


class Unavailable(ServiceError):
    """The service could not be reached, or could not answer now, after all retries."""


class DeadlineExceeded(ServiceError):
    """No answer in time. A write may have happened: write again with the same `request_id` to find out."""


class InternalFault(ServiceError):
    """A fault of the service, or an answer that this client cannot read."""

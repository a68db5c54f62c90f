"""What has become of a restriction, or of a record, as a word."""

from __future__ import annotations

from enum import StrEnum

from credit_sanction._words import word
from credit_sanction.v1 import restriction_service_pb2 as wire


class RestrictionState(StrEnum):
    """What has become of a restriction 限制状态, on the day it was told. The contract's comments say what each one means."""

    LISTED = "LISTED"
    DISPUTED = "DISPUTED"
    SUSPENDED = "SUSPENDED"
    ENDED = "ENDED"
    QUARANTINED = "QUARANTINED"
    NOT_LISTED = "NOT_LISTED"
    UNRECOGNISED = "UNRECOGNISED"
    """A state that this client does not know yet."""

    @classmethod
    def of(cls, value: wire.RestrictionState.ValueType) -> RestrictionState:
        """Return the state of a message."""
        return cls.__members__.get(word(wire.RestrictionState, "RESTRICTION_STATE_", value), cls.UNRECOGNISED)

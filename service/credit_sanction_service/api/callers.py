"""Who is calling: the tokens that the store knows, kept fresh by the feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.faults import CallerUnknown
from credit_sanction_service.store.tokens import load_tokens, token_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from credit_sanction_service.domain.access import Principal
    from credit_sanction_service.store.connect import Connection
    from credit_sanction_service.store.values import Head

_SCHEME: Final = "bearer "
_UNKNOWN: Final = (None, None)


class Callers:
    """The known callers. Follows the store's head: a token withdrawn there is unknown here within the polling interval."""

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._version = -1
        self._tokens: dict[bytes, tuple[Principal, datetime | None]] = {}

    def catch_up(self, connection: Connection, head: Head, *, asked_at: float) -> None:  # noqa: ARG002 - the follower's port
        """Load the tokens again where they have changed."""
        if head.access_version != self._version:
            self._tokens = load_tokens(connection)
            self._version = head.access_version

    def identify(self, metadata: Iterable[tuple[str, str | bytes]]) -> Principal:
        """Return who calls with this metadata. Raises `CallerUnknown`."""
        for key, value in metadata:
            if key == "authorization":
                text = value.decode("latin-1") if isinstance(value, bytes) else value
                return self._known(text)
        raise CallerUnknown("no token: send `authorization: Bearer …` with the call")

    def _known(self, authorization: str) -> Principal:
        if authorization[:7].lower() != _SCHEME:
            raise CallerUnknown("the authorization is not of the form `Bearer …`")
        principal, expires_at = self._tokens.get(token_hash(authorization[7:].strip()), _UNKNOWN)
        if principal is None:
            raise CallerUnknown("the token is not known, or was withdrawn")
        if expires_at is not None and expires_at <= self._clock():
            raise CallerUnknown("the token has expired")
        return principal

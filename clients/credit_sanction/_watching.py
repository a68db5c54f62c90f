"""Watch and export 订阅与导出: for readers who keep a copy of the restrictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from credit_sanction._answers import Revision
from credit_sanction._areas import split
from credit_sanction._arguments import seconds, wire_revision
from credit_sanction._errors import ClientError, WrongValue
from credit_sanction._portfolios import portfolio_name
from credit_sanction._streams import Following
from credit_sanction._watch_values import changes_of, entry_of
from credit_sanction._words import word
from credit_sanction.v1 import law_service_pb2
from credit_sanction.v1 import watch_service_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from credit_sanction._calls import Caller
    from credit_sanction._errors import ServiceError
    from credit_sanction._watch_values import Changes, Entry
    from credit_sanction._words import RevisionLike

HEARTBEAT: Final = 10.0
HEARTBEAT_MAX: Final = 60.0
_EXPORT_SILENCE: Final = (
    120.0  # a narrow scope may have the service look through very many records before it says a word
)
_GRACE: Final = 5.0  # seconds, for a heartbeat that is late


class Export:
    """
    What is, or may come to be, in force within a scope, at one revision 导出: iterate over its entries, once. It goes on by itself
    where the connection breaks off. Only one that was read to its end is whole; what is absent there has ended.
    """

    def __init__(
        self,
        caller: Caller,
        scope: wire.RestrictionScope,
        patience: float | None,
        troubled: Callable[[ServiceError], object] | None,
    ) -> None:
        self._request = wire.ExportRestrictionsRequest(scope=scope)
        self._following = Following(
            caller,
            caller.watch.ExportRestrictions,
            lambda: self._request,
            silence=_EXPORT_SILENCE,
            patience=patience,
            troubled=troubled,
        )
        self._revision: Revision | None = None
        self.law: Mapping[str, str] = {}
        """The name of the edition of each rule table that the entries were made with. Empty before the first entry."""

    @property
    def revision(self) -> Revision:
        """The revision that all of it is of: watch after it. Raises ClientError before the first entry was read."""
        if self._revision is None:
            raise ClientError("the revision is known once the export is being read: iterate over it first")
        return self._revision

    def __iter__(self) -> Iterator[Entry]:
        """Read the entries, ordered by record. Raises Conflict where the epoch has changed: begin anew."""
        for message in self.messages():
            for entry in message.entries:
                yield entry_of(entry)

    def messages(self) -> Iterator[wire.ExportRestrictionsResponse]:
        """Read it as the contract's messages."""
        for message in self._following.messages(lambda answer: answer.last):
            self._revision = Revision(epoch=message.revision.epoch, number=message.revision.number)
            self.law = {
                word(law_service_pb2.EditionKind, "EDITION_KIND_", item.kind): item.edition for item in message.law
            }
            self._request.resume_token = message.resume_token
            yield message

    def close(self) -> None:
        """End it, from any thread. Safe to repeat."""
        self._following.close()


class Watch:
    """
    Every change within a scope, by whole revisions in commit order 订阅: iterate over it. It connects anew by itself and goes on
    behind `revision`, which it has told everything up to; it ends once it is closed.
    """

    def __init__(
        self,
        caller: Caller,
        request: wire.WatchRestrictionsRequest,
        patience: float | None,
        troubled: Callable[[ServiceError], object] | None,
    ) -> None:
        self._request = request
        self._parts: list[wire.WatchRestrictionsResponse] = []
        self._following = Following(
            caller,
            caller.watch.WatchRestrictions,
            self._begin,
            silence=2 * request.heartbeat.ToMilliseconds() / 1000 + _GRACE,
            patience=patience,
            troubled=troubled,
        )

    @property
    def revision(self) -> Revision | None:
        """Up to which revision everything was told; None where that began from now on and nothing was heard yet."""
        after = self._request.after
        return Revision(epoch=after.epoch, number=after.number) if self._request.HasField("after") else None

    def __iter__(self) -> Iterator[Changes]:
        """
        Hear on. Raises Conflict where the store was restored, NotFound once the portfolio is deleted, Unavailable with the reason
        REVISION_NOT_REACHED, and the service's own revision as `metadata["head"]`, where it has never come to `after`.
        """
        for parts in self.messages():
            yield changes_of(parts)

    def messages(self) -> Iterator[Sequence[wire.WatchRestrictionsResponse]]:
        """Hear of it as the contract's messages, all of one revision at once."""
        for message in self._following.messages(lambda _: False):
            self._parts.append(message)
            if not message.more:
                parts, self._parts = self._parts, []
                self._request.after.CopyFrom(message.revision)
                yield parts

    def close(self) -> None:
        """End it, from any thread. Safe to repeat."""
        self._following.close()

    def _begin(self) -> wire.WatchRestrictionsRequest:
        self._parts.clear()  # of a revision that broke off in its midst: it is told again from its beginning
        return self._request


class Watching:
    """The part of the client for readers who keep a copy. `Replica` does all of it by itself."""

    _caller: Caller

    def watch(
        self,
        after: RevisionLike | None = None,
        *,
        areas: Iterable[str] = (),
        districts: Iterable[str] = (),
        portfolio: str | None = None,
        heartbeat: float = HEARTBEAT,
        patience: float | None = None,
        troubled: Callable[[ServiceError], object] | None = None,
    ) -> Watch:
        """
        Hear of every change within the scope 订阅; see `Watch`. Heartbeats come every so many seconds: nothing else had happened then,
        up to 5 seconds before.

        `after` is the revision of an export, or of the last changes; left out: from now on. No `areas` means all that the caller
        may ask about. `portfolio` is one of the caller's own. `patience`: after so many seconds without a word the error is
        raised; left out: never. Until then `troubled` is told of each error before a new try: a watch that has lost its service
        is as silent as one of which nobody hears anything.
        """
        request = wire.WatchRestrictionsRequest(scope=scope_of(areas, districts, portfolio))
        if not 1 <= seconds("heartbeat", heartbeat) <= HEARTBEAT_MAX:
            raise WrongValue(f"heartbeat: expected 1 to {HEARTBEAT_MAX:g} seconds")
        request.heartbeat.FromNanoseconds(int(heartbeat * 1e9))
        if after is not None:
            request.after.CopyFrom(wire_revision("after", after))
        return Watch(self._caller, request, patience, troubled)

    def export(
        self,
        *,
        areas: Iterable[str] = (),
        districts: Iterable[str] = (),
        portfolio: str | None = None,
        patience: float | None = 300.0,
        troubled: Callable[[ServiceError], object] | None = None,
    ) -> Export:
        """Read all that is, or may come to be, in force within the scope 导出, at one revision; see `watch`."""
        return Export(self._caller, scope_of(areas, districts, portfolio), patience, troubled)


def scope_of(areas: Iterable[str], districts: Iterable[str], portfolio: str | None) -> wire.RestrictionScope:
    """Return what a reader hears of, as a message. Raises ClientError, naming the argument."""
    single, groups = split(areas)
    return wire.RestrictionScope(
        areas=single,
        groups=groups,
        districts=[districts] if isinstance(districts, str) else list(districts),
        portfolio="" if portfolio is None else portfolio_name(portfolio),
    )

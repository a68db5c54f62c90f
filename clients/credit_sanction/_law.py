"""The rule tables 规则数据 that the service goes by: load an edition, read what is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from credit_sanction._words import number
from credit_sanction.v1 import law_service_pb2 as wire

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credit_sanction._calls import Caller

Editions: TypeAlias = list[wire.LawEdition]


class Law:
    """The law part of the client. Loading is for administrators, reading for everybody."""

    _caller: Caller

    def load_edition(self, text: str, *, validate_only: bool = False) -> wire.LawEdition:
        """
        Load an edition 加载 from its TOML text and return it as loaded. The same text again changes nothing; another text
        under a name that is taken is an InvalidRequest. `validate_only` tries it with the tables in use and stores nothing.
        """
        request = wire.LoadEditionRequest(text=text, validate_only=validate_only)
        return self._caller.call(self._caller.law.LoadEdition, request)

    def editions(self, kinds: Iterable[str] = ()) -> Editions:
        """
        Return the loaded editions in the order of their loading, without their texts. `kinds` are names without prefix:
        `["CALENDAR"]`.
        """
        request = wire.ListEditionsRequest(kinds=[_kind(kind) for kind in kinds])
        return list(self._caller.call(self._caller.law.ListEditions, request).editions)

    def edition(self, kind: str, name: str) -> wire.LawEdition:
        """Read one edition with its text."""
        return self._caller.call(self._caller.law.GetEdition, wire.GetEditionRequest(kind=_kind(kind), edition=name))


def _kind(word: str) -> wire.EditionKind.ValueType:
    return number(wire.EditionKind, "EDITION_KIND_", word)

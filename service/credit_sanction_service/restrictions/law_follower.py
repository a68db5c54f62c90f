"""The law that this process goes by at present."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from credit_sanction_service.domain.faults import RevisionNotReached

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from credit_sanction_service.domain.law import Law

_LONGEST_WAIT_S: Final = 10.0


class LawFollower:
    """
    Holds the law in force as of the revision that is answered at. `IndexFollower` moves it together with the index, so that
    an answer never rests on records and rules of two revisions.
    """

    def __init__(self) -> None:
        self._law: Law | None = None
        self._version = -1
        self._moved = threading.Condition()

    def current(self) -> Law:
        """Return the law. Raises `RevisionNotReached` until the store's was read once."""
        if self._law is None:
            raise RevisionNotReached("the rule tables are being loaded")
        return self._law

    def of_catalogues(self, editions: AbstractSet[str], *, within_s: float = _LONGEST_WAIT_S) -> Law:
        """
        Return the law once it has these editions of the catalogue: the store may be ahead of it, by an edition that a record
        was just taken in under. Raises `RevisionNotReached` after `within_s` seconds.
        """
        with self._moved:
            if not self._moved.wait_for(lambda: self._law and editions <= self._law.catalogues.keys(), within_s):
                raise RevisionNotReached("the rule tables are being loaded")
            return self.current()

    def knows(self, version: int) -> bool:
        """Whether all is in here that the store's head of this version of the law stands for."""
        return version == self._version

    def take(self, law: Law) -> None:
        """Go by this law from now on."""
        with self._moved:
            self._law = law
            self._moved.notify_all()

    def reached(self, version: int) -> None:
        """Note that nothing is missing up to this version."""
        self._version = version

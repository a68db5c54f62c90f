"""The law that this process goes by at present."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_sanction_service.domain.faults import RevisionNotReached

if TYPE_CHECKING:
    from credit_sanction_service.domain.law import Law


class LawFollower:
    """
    Holds the law in force as of the revision that is answered at. `IndexFollower` moves it together with the index, so that
    an answer never rests on records and rules of two revisions.
    """

    def __init__(self) -> None:
        self._law: Law | None = None
        self._version = -1

    def current(self) -> Law:
        """Return the law. Raises `RevisionNotReached` until the store's was read once."""
        if self._law is None:
            raise RevisionNotReached("the rule tables are being loaded")
        return self._law

    def knows(self, version: int) -> bool:
        """Whether all is in here that the store's head of this version of the law stands for."""
        return version == self._version

    def take(self, law: Law) -> None:
        """Go by this law from now on."""
        self._law = law

    def reached(self, version: int) -> None:
        """Note that nothing is missing up to this version."""
        self._version = version

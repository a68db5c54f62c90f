"""Whoever acts in the chaos by himself, until he is told to stop."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod

from typing_extensions import override


class Actor(threading.Thread, ABC):
    """A thread that does `act` again and again. `fault` is what ended it, where that was no request to stop."""

    def __init__(self, name: str) -> None:
        """Nothing is done before `start`."""
        super().__init__(name=name, daemon=True)
        self.fault: Exception | None = None
        self.enough = threading.Event()

    @override
    def run(self) -> None:
        try:
            while not self.enough.is_set():
                self.act()
        except Exception as fault:  # noqa: BLE001 - told by whoever waits for him
            self.fault = fault
        finally:
            self.leave()

    def stop(self) -> None:
        """Finish what is begun, and begin nothing more."""
        self.enough.set()

    @abstractmethod
    def act(self) -> None:
        """Wait for a moment, and do one thing."""

    def leave(self) -> None:
        """Do what has to be done at the end, whatever ended it."""

"""How a stand-in is told to fail: a script of behaviours, the first that fits is played."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Call = Literal["push", "read", "page"]
MODES: Final = ("reject", "hang", "cut", "cut_after_accept", "late", "twice", "stale_page")
_PUSH_ONLY: Final = ("reject", "late", "cut_after_accept", "twice")
_KEYS: Final = frozenset({"mode", "times", "retry_after", "subject", "after", "on"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """
    One way to answer other than well.

    `mode`: a status such as "503" or "429" (nothing taken, `retry_after` sent along, a number of seconds or a date as
    text) · "reject" (refused as bad data) · "hang" (no answer until the client or the server goes) · "cut" (connection
    closed, nothing taken) · "cut_after_accept" (taken, then closed without an answer) · "late" (arrives and is taken
    `after` seconds, or at `/_standin/release`, though the client may have gone) · "twice" (taken, and the answer is sent
    a second time on the same connection `after` seconds after the first) · "stale_page" (a public page shows what it did
    before the last push).
    `times`: how often, None until changed. `subject`: only for this record name or enterprise code.
    `on`: "push", "read" (the target's list) or "page" (a record's public page).
    """

    mode: str
    times: int | None = None
    retry_after: int | str | None = None
    subject: str | None = None
    after: float | None = None
    on: Call = "push"

    @classmethod
    def parse_all(cls, told: object) -> list[Self]:
        """Read a list of behaviours from JSON. ValueError says what is wrong."""
        if not isinstance(told, list):
            raise ValueError("expected a list of behaviours")  # noqa: TRY004 - one error for whatever is told wrongly
        return [cls.parse(one) for one in told]

    @classmethod
    def parse(cls, told: object) -> Self:
        """Read one behaviour from JSON. ValueError names the key."""
        if not isinstance(told, dict) or not told.keys() <= _KEYS:
            raise ValueError(f"expected an object with keys of {', '.join(sorted(_KEYS))}")
        fault = _fault(told)
        if fault:
            raise ValueError(fault)
        return cls(**told)


def _fault(told: Mapping[str, object]) -> str:
    """Say what cannot be played, empty where all can."""
    mode, on, times, wish = told.get("mode"), told.get("on", "push"), told.get("times"), told.get("retry_after")
    after, subject = told.get("after"), told.get("subject")
    if not isinstance(mode, str) or not (mode in MODES or _is_status(mode)):
        return f"mode: expected a status of 200 to 599 or one of {', '.join(MODES)}"
    if on not in ("push", "read", "page") or (on != "push" and mode in _PUSH_ONLY):
        return "on: expected push, read or page; only a push is refused as bad data, taken, late or answered twice"
    if mode == "stale_page" and on != "page":
        return "on: expected page, for that is what stale_page is about"
    if times is not None and not (type(times) is int and times > 0):
        return "times: expected a whole number from 1, or null"
    if wish is not None and type(wish) is not int and not (isinstance(wish, str) and wish.isprintable()):
        return "retry_after: expected whole seconds or printable text"
    if subject is not None and not isinstance(subject, str):
        return "subject: expected a record name or an enterprise code"
    if after is not None and not (isinstance(after, int | float) and after >= 0):
        return "after: expected seconds, or null"
    return ""


def _is_status(mode: str) -> bool:
    return len(mode) == 3 and mode.isascii() and mode.isdigit() and "200" <= mode <= "599"  # noqa: PLR2004 - three digits


class Script:
    """The behaviours in force, in the order they were told."""

    def __init__(self) -> None:
        """Behave well."""
        self._told: list[Behaviour] = []

    def tell(self, told: Sequence[Behaviour]) -> None:
        """Replace the script; an empty one means to behave well."""
        self._told = list(told)

    def next(self, on: Call, *names: str) -> Behaviour | None:
        """Return what to play for a call about `names`, and count it; None means to behave well."""
        for place, behaviour in enumerate(self._told):
            if behaviour.on == on and (behaviour.subject is None or behaviour.subject in names):
                if behaviour.times == 1:
                    del self._told[place]
                elif behaviour.times is not None:
                    self._told[place] = replace(behaviour, times=behaviour.times - 1)
                return behaviour
        return None

    def state(self) -> list[dict[str, object]]:
        """Return what is still to be played, as JSON."""
        return [asdict(behaviour) for behaviour in self._told]

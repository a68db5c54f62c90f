"""The street of the stand-ins: each behind a gate of its own, which can be shut so that connections are refused."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import threading
from collections import Counter, deque
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar

from aiohttp import web
from tests.chaos.books import Books
from tests.chaos.weather import Weather
from typing_extensions import override

from credit_sanction_connectors.standins.counterpart import Counterpart
from credit_sanction_connectors.standins.desk import Desk
from credit_sanction_connectors.standins.file_exchange import exchange_directories
from credit_sanction_service.host.ports import reserve

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.chaos.places import Place

    from credit_sanction_connectors.standins.dialect import StandIn

T = TypeVar("T")
SPELLS: Final = ("shut", "hang", "503", "cut_after_accept", "late")
_GRACE_S: Final = 0.2


class ReadingDesk(Desk):
    """A desk that remembers the digest of every body that reached it."""

    def __init__(self, stand_in: StandIn) -> None:
        """Begin empty."""
        super().__init__(stand_in, now=lambda: datetime.now(UTC))
        self.digests: set[bytes] = set()

    @override
    async def _push(self, request: web.Request) -> web.StreamResponse:
        self.digests.add(hashlib.sha256(await request.read()).digest())
        return await super()._push(request)


class Stall:
    """One stand-in with its books, its weather and its gate. For the street's own loop."""

    def __init__(self, place: Place, dice: random.Random, directory: Path, stirred: threading.Event) -> None:
        """Nothing is served yet; files are exchanged below `directory`."""
        self.place = place
        self.dice = dice
        self.stand_in = place.stand_in(directory)
        self.desk = ReadingDesk(self.stand_in)
        self.books = Books(version_check=place.version_check, stirred=stirred)
        self.weather = Weather(dice)
        self.desk.ledger, self.desk.script = self.books, self.weather
        self._port = reserve("127.0.0.1", 0)
        self._site: web.TCPSite | None = None
        root = web.Application()
        root.add_subapp(f"/{place.name}", self.desk.app())
        self._runner = web.AppRunner(root, handler_cancellation=True, access_log=None, shutdown_timeout=_GRACE_S)
        self._counterpart: Counterpart | None = None
        if self.stand_in.directory is not None:
            self._counterpart = Counterpart(self.stand_in.directory, url=self.url, token=self.stand_in.secret)
            self._counterpart.answers_twice = True
            self._counterpart.seen = deque()  # all of them

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://{self._port.address}/{self.place.name}"

    def shown_again(self) -> Counter[str]:
        """
        Return by key how often one showing of a batch file was seen a second time: who was killed between showing it and
        noting that down is followed by one who does both, and no attempt is opened for that.
        """
        again: Counter[str] = Counter()
        if self._counterpart is None or self.stand_in.directory is None:
            return again
        showings = Counter((manifest["file"], manifest["presentation"]) for manifest in self._counterpart.seen)
        for (file, _), count in showings.items():
            if count > 1:
                batch = json.loads((exchange_directories(self.stand_in.directory)[0] / file).read_bytes())
                again[batch["entries"][0]["key"]] += count - 1
        return again

    async def open(self) -> None:
        """Let connections in."""
        if self._runner.server is None:
            await self._runner.setup()
            if self._counterpart is not None:
                await self._counterpart.__aenter__()
        if self._site is None:
            self._site = web.TCPSite(self._runner, self._port.host, self._port.port, reuse_port=True)
            await self._site.start()

    async def shut(self) -> None:
        """Cut every connection and refuse new ones; the port stays ours."""
        if self._site is not None and self._runner.server is not None:
            await self._site.stop()
            self._site = None
            for connection in self._runner.server.connections:
                connection.force_close()

    async def close(self) -> None:
        """End, whatever is under way."""
        if self._counterpart is not None:
            await self._counterpart.__aexit__(None, None, None)
        await self._runner.cleanup()
        self._port.close()

    async def be_moody(self) -> None:
        """Fail at random, and now and then in one way for a while, until cancelled."""
        self.weather.bad = True
        try:
            while True:
                await asyncio.sleep(self.dice.expovariate(1 / 6.0))
                spell = self.dice.choice(SPELLS)
                if spell == "shut":
                    await self.shut()
                else:
                    self.weather.spell = spell
                await asyncio.sleep(self.dice.uniform(0.2, 1.5))
                self.weather.spell = ""
                await self.open()
        finally:
            self.weather.bad, self.weather.spell = False, ""


class Street:
    """
    All stand-ins, on a loop and a thread of their own, so that they outlive whatever is killed.

    `stirred` is set whenever one of them is told something.
    """

    def __init__(self, stalls: Sequence[Stall], loop: asyncio.AbstractEventLoop, stirred: threading.Event) -> None:
        """See `serving`."""
        self.stalls = stalls
        self.stirred = stirred
        self._loop = loop
        self._moods: list[asyncio.Task[None]] = []

    @property
    def books(self) -> Mapping[str, Books]:
        """The books by target; to be read when it is quiet."""
        return {stall.place.name: stall.books for stall in self.stalls}

    def targets_file(self, directory: Path) -> Path:
        """Write the file that leads here."""
        tables = [stall.place.table(stall.stand_in, stall.url, directory) for stall in self.stalls]
        path = directory / "targets.toml"
        path.write_text("\n".join(tables), "utf-8")
        return path

    def misbehave(self) -> None:
        """Fail at random from now on."""

        async def begin() -> None:
            self._moods = [asyncio.create_task(stall.be_moody()) for stall in self.stalls]

        self._do(begin())

    def behave(self) -> None:
        """Answer everything well from now on."""

        async def end() -> None:
            for mood in self._moods:
                mood.cancel()
            await asyncio.gather(*self._moods, return_exceptions=True)
            for stall in self.stalls:
                await stall.open()

        self._do(end())

    def owes_nothing(self) -> bool:
        """Whether nothing is held back to arrive late."""
        return not any(stall.desk.state()["late"] for stall in self.stalls)

    def _do(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)


@contextmanager
def serving(places: Sequence[Place], directory: Path, seed: int) -> Iterator[Street]:
    """Serve a stand-in for each place while the block runs; files are exchanged below `directory`."""
    ready: Future[tuple[Street, asyncio.Event]] = Future()

    async def serve() -> None:
        dice = {place.name: random.Random(f"{seed} {place.name}") for place in places}  # noqa: S311 - weather
        stirred = threading.Event()
        stalls = [Stall(place, dice[place.name], directory, stirred) for place in places]
        stopped = asyncio.Event()
        try:
            for stall in stalls:
                await stall.open()
            ready.set_result((Street(stalls, asyncio.get_running_loop(), stirred), stopped))
            await stopped.wait()
        finally:
            for stall in stalls:
                await stall.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="stand-ins", daemon=True)
    thread.start()
    street, stopped = ready.result(timeout=30)
    try:
        yield street
    finally:
        asyncio.run_coroutine_threadsafe(_set(stopped), street._loop).result(timeout=30)  # noqa: SLF001 - its maker
        thread.join()


async def _set(event: asyncio.Event) -> None:
    event.set()

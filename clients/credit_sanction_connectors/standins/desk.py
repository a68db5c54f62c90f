"""One stand-in's web application: the kind's addresses, played by script, and the control addresses."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import web

from credit_sanction_connectors.http import KEY_LINE
from credit_sanction_connectors.standins.behaviour import Behaviour, Script
from credit_sanction_connectors.standins.dialect import ChecksForms, Line, ShowsPages, read_object
from credit_sanction_connectors.standins.kinds import DIALECTS
from credit_sanction_connectors.standins.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from credit_sanction_connectors.standins.dialect import StandIn
    from credit_sanction_connectors.standins.journal import Journal
    from credit_sanction_connectors.standins.ledger import Arrival, Held, Outcome


class Desk:
    """Answers for one stand-in. `ledger` and `script` may be read and told directly by whoever runs it in-process."""

    def __init__(self, stand_in: StandIn, *, now: Callable[[], datetime], journal: Journal | None = None) -> None:
        """Remember what the journal holds, and keep it."""
        self.stand_in = stand_in
        self.dialect = DIALECTS[stand_in.kind](stand_in, now)
        self.ledger = Ledger(version_check=stand_in.version_check)
        self.script = Script()
        self._journal = journal
        self._before: dict[str, Held | None] = {}
        self._late: set[asyncio.Task[Outcome]] = set()
        self._changed = asyncio.Event()
        self._release = asyncio.Event()
        self._stopping = asyncio.Event()
        for arrival, take in journal.replay() if journal else ():
            self.ledger.reach(arrival)
            self.ledger.arrive(arrival, take=take)

    def app(self) -> web.Application:
        """Return the application, to be mounted under the stand-in's prefix."""
        app = web.Application(client_max_size=4 * 1024 * 1024)
        for path in self.dialect.push_paths:
            app.router.add_post(path, self._push)
        if self.dialect.list_path is not None:
            app.router.add_get(self.dialect.list_path, self._read)
        if self.dialect.lookup_path is not None:
            app.router.add_post(self.dialect.lookup_path, self._read)
        if isinstance(self.dialect, ShowsPages):
            app.router.add_get(f"{self.dialect.pages_path}/{{record}}", self._page)
        app.router.add_get("/_standin/state", self._state)
        app.router.add_post("/_standin/behaviour", self._behaviour)
        app.router.add_post("/_standin/release", self._let_go)
        app.router.add_post("/_standin/reset", self._reset)
        app.on_response_prepare.append(_echo_key)
        app.on_shutdown.append(self._stop)
        app.on_cleanup.append(self._close)
        return app

    async def _push(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if not self.dialect.authentic(request.headers, body):
            return web.json_response({"error": "signature or token refused"}, status=401)
        path = request.path.removeprefix(f"/{self.stand_in.name}")
        try:
            arrival = self.dialect.arrival(path, request.headers, body)
            refusal = self.dialect.refusal(body) if isinstance(self.dialect, ChecksForms) else None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return self.dialect.refused(f"not understood: {error!r}")
        self.ledger.reach(arrival)
        if refusal is not None:
            self._arrive(arrival, take=False)
            return refusal
        behaviour = self.script.next("push", arrival.subject, arrival.enterprise)
        if behaviour is None:
            return self._answer(self._arrive(arrival, take=True))
        if behaviour.mode == "late":
            return await self._push_late(request, arrival, behaviour.after)
        if behaviour.mode == "twice":
            return await _sent_twice(request, self._answer(self._arrive(arrival, take=True)), behaviour.after or 0.0)
        self._arrive(arrival, take=behaviour.mode == "cut_after_accept")
        return await self._misbehave(request, behaviour)

    async def _push_late(self, request: web.Request, arrival: Arrival, after: float | None) -> web.StreamResponse:
        task = asyncio.create_task(self._take_late(arrival, after))
        self._late.add(task)
        self._tell_waiting()
        task.add_done_callback(self._late.discard)
        await asyncio.wait({task})  # not "await task": the client's going must not take the task along
        return _cut(request) if task.cancelled() else self._answer(task.result())

    async def _take_late(self, arrival: Arrival, after: float | None) -> Outcome:
        with suppress(TimeoutError):
            async with asyncio.timeout(after):
                await self._release.wait()
        return self._arrive(arrival, take=True)

    async def _misbehave(self, request: web.Request, behaviour: Behaviour) -> web.StreamResponse:
        match behaviour.mode:
            case "reject":
                return self.dialect.refused("refused as bad data, as told")
            case "hang":
                await self._stopping.wait()
                return _cut(request)
            case "cut" | "cut_after_accept":
                return _cut(request)
            case status:
                wish = behaviour.retry_after
                headers = {} if wish is None else {"Retry-After": str(wish)}
                return web.Response(status=int(status), headers=headers)

    async def _read(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if not self.dialect.authentic(request.headers, body):
            return web.json_response({"error": "signature or token refused"}, status=401)
        behaviour = self.script.next("read")
        if behaviour is not None:
            return await self._misbehave(request, behaviour)
        record = read_object(body).get("record") if body else request.query.get("record")
        token = request.query.get("page_token", "")
        held = sorted(name for name, line in self.ledger.held.items() if line.present and name > token)
        if record is not None:
            held = [name for name in held if name == record]
        page = held[: self.stand_in.page_size]
        following = page[-1] if len(held) > len(page) else ""
        return self.dialect.listed([self._line(name) for name in page], following)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        subject = f"sanctionRecords/{request.match_info['record']}"
        behaviour = self.script.next("page", subject)
        if behaviour is not None and behaviour.mode != "stale_page":
            return await self._misbehave(request, behaviour)
        held = self._before.get(subject) if behaviour else self.ledger.held.get(subject)
        return self.dialect.page(held) if isinstance(self.dialect, ShowsPages) else web.Response(status=404)

    async def _state(self, request: web.Request) -> web.StreamResponse:
        try:
            least, patience = int(request.query.get("min_arrivals", 0)), float(request.query.get("wait_s", 0))
        except ValueError:
            raise web.HTTPBadRequest(text="min_arrivals and wait_s: expected numbers") from None
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self.arrived(least)
        return web.json_response(self.state())

    async def _behaviour(self, request: web.Request) -> web.StreamResponse:
        try:
            self.script.tell(Behaviour.parse_all(json.loads(await request.read())))
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return web.json_response(self.script.state())

    async def _let_go(self, _: web.Request) -> web.StreamResponse:
        self.release()
        return web.Response(status=204)

    async def _reset(self, _: web.Request) -> web.StreamResponse:
        for task in self._late:
            task.cancel()
        self.ledger = Ledger(version_check=self.stand_in.version_check)
        self._before.clear()
        self.script.tell([])
        if self._journal:
            self._journal.clear()
        return web.Response(status=204)

    async def arrived(self, least: int) -> None:
        """Wait until `least` pushes have arrived, or the server stops."""
        while self.ledger.arrivals < least and not self._stopping.is_set():
            await self._changed.wait()

    async def holding_back(self, least: int) -> None:
        """Wait until `least` pushes are kept to arrive late, or the server stops."""
        while len(self._late) < least and not self._stopping.is_set():
            await self._changed.wait()

    def state(self) -> dict[str, object]:
        """Return everything: what is held, the counters, what is still to be played."""
        told = {"name": self.stand_in.name, "kind": self.stand_in.kind, "late": len(self._late)}
        return {**told, "behaviour": self.script.state(), **self.ledger.state()}

    def release(self) -> None:
        """Let every late request arrive now."""
        self._release.set()
        self._release = asyncio.Event()

    def _arrive(self, arrival: Arrival, *, take: bool) -> Outcome:
        if self._journal:
            self._journal.append(arrival, take=take)
        before = self.ledger.held.get(arrival.subject)
        outcome = self.ledger.arrive(arrival, take=take)
        if outcome.act == "taken" and (before is None or before.version != arrival.version):
            self._before[arrival.subject] = before
        self._tell_waiting()
        return outcome

    def _answer(self, outcome: Outcome) -> web.Response:
        if outcome.holds is None:
            return self.dialect.taken(outcome)
        return web.json_response({"error": f"version {outcome.holds} is held here"}, status=409)

    def _line(self, name: str) -> Line:
        held = self.ledger.held[name]
        version = held.version if self.stand_in.version_check else None
        return Line(record=name, version=version, standing=self.ledger.others(name, held.enterprise))

    def _tell_waiting(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _stop(self, _: web.Application) -> None:
        self._stopping.set()
        self._tell_waiting()
        for task in self._late:
            task.cancel()

    async def _close(self, _: web.Application) -> None:
        if self._journal:
            self._journal.close()


async def _echo_key(request: web.Request, answer: web.StreamResponse) -> None:
    """Say in the answer which request it is to: a client whose connection says too much can tell."""
    if KEY_LINE in request.headers:
        answer.headers[KEY_LINE] = request.headers[KEY_LINE]


async def _sent_twice(request: web.Request, answer: web.Response, after: float) -> web.Response:
    """Send an answer, and the same again on that connection, whatever the client asks by then."""
    with suppress(ConnectionResetError):  # the client has gone already
        await answer.prepare(request)
        await answer.write_eof()
    await asyncio.sleep(after)
    if request.transport is not None:
        body = answer.body if isinstance(answer.body, bytes) else b""
        head = f"HTTP/1.1 {answer.status} {answer.reason}\r\nContent-Length: {len(body)}\r\n"
        head += f"{KEY_LINE}: {answer.headers.get(KEY_LINE, '')}\r\n"
        request.transport.write(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
    return answer


def _cut(request: web.Request) -> web.Response:
    """Close the connection; what is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()

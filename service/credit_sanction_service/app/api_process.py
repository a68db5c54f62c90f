"""One API process: writer, index with its feed, servicers, server."""

from __future__ import annotations

import gc
import os
import signal
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_service.api.callers import Callers
from credit_sanction_service.api.server import Server
from credit_sanction_service.app.clock import now
from credit_sanction_service.app.database import require_database
from credit_sanction_service.app.law import require_law
from credit_sanction_service.app.servicers import Parts, build
from credit_sanction_service.host import lifeline
from credit_sanction_service.host.ports import reserve
from credit_sanction_service.host.refusal import StartRefused
from credit_sanction_service.restrictions.counting import AnswerCounter
from credit_sanction_service.restrictions.feed import Feed, IndexFollower
from credit_sanction_service.restrictions.index import Index
from credit_sanction_service.restrictions.law_follower import LawFollower
from credit_sanction_service.restrictions.look_up import LookUp
from credit_sanction_service.store.connect import Reader
from credit_sanction_service.store.writer import Writer

if TYPE_CHECKING:
    from credit_sanction_service.config import Settings

log: Final = structlog.get_logger()
_LOOK_S: Final = 1.0
_CLOSING_S: Final = 10.0


def run_api(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT. It listens only once its index is loaded, so no answer comes from half of one."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    lifeline.watch(grace=settings.drain_s)
    dsn = require_database(settings)
    require_law(dsn)
    with ExitStack() as house:
        if lifeline.LIFELINE not in os.environ:
            # Alone: gRPC would join whoever listens there already, and callers would be answered by turns.
            house.enter_context(reserve(*settings.address))
        return _serve(settings, dsn, stop)


def _serve(settings: Settings, dsn: str, stop: threading.Event) -> int:
    index, law, callers = Index(), LawFollower(), Callers(clock=now)
    # Callers first: a token that was withdrawn is unknown here even where a law that cannot be read holds the index up.
    feed = Feed(dsn, [callers, IndexFollower(index, law, clock=now)], interval=settings.poll_interval_s)
    feed.start()
    while not feed.wait_until_ready(0.2):
        if stop.is_set():
            feed.close()
            return 0
    gc.freeze()  # the law and the index stay: the collector would walk through them again and again
    writer, reader, counter = Writer(dsn, clock=now), Reader(dsn), AnswerCounter(dsn)
    counter.start()
    look_up = LookUp(index, law.current, clock=now, max_staleness=settings.max_staleness_s, counter=counter)
    server = Server(build(Parts(writer=writer, reader=reader, law=law, look_up=look_up, clock=now)), callers)
    host, port = settings.address
    try:
        bound = server.start(host, port)
    except RuntimeError:
        raise StartRefused(
            f"{settings.listen} cannot be listened on: stop what uses it, or set another address"
        ) from None
    lifeline.announce_ready({"port": bound})
    log.info("server.started", host=host, port=bound)
    # Looked at now and then: a signal that the system hands to another thread wakes nobody who waits without end.
    while not stop.wait(_LOOK_S):
        pass
    lifeline.end_within(settings.drain_s + _CLOSING_S)
    server.stop(settings.drain_s)
    counter.close()
    writer.close()
    feed.close()
    reader.close()
    log.info("server.stopped")
    return 0

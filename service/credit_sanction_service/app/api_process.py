"""One API process: writer, index with its feed, servicers, server."""

from __future__ import annotations

import gc
import os
import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from credit_sanction_service.api.access_log import AccessLog
from credit_sanction_service.api.api_metrics import CallCounts
from credit_sanction_service.api.callers import Callers
from credit_sanction_service.api.pools import waiting
from credit_sanction_service.api.receipts import Receipts
from credit_sanction_service.api.search import EnterpriseSearch
from credit_sanction_service.api.server import Server
from credit_sanction_service.app.clock import now
from credit_sanction_service.app.database import require_store
from credit_sanction_service.app.law import require_law
from credit_sanction_service.app.receipt_keys import receipt_keys
from credit_sanction_service.app.servicers import Parts, build
from credit_sanction_service.app.watching_api import reserve_api_metrics, shown_api_metrics
from credit_sanction_service.domain.calendar import day_of
from credit_sanction_service.host import lifeline
from credit_sanction_service.host.ports import reserve
from credit_sanction_service.host.refusal import StartRefused
from credit_sanction_service.restrictions.base_directory import BaseDirectory
from credit_sanction_service.restrictions.compaction import Compaction
from credit_sanction_service.restrictions.counting import AnswerCounter
from credit_sanction_service.restrictions.feed import Feed, IndexFollower
from credit_sanction_service.restrictions.index import Index
from credit_sanction_service.restrictions.law_follower import LawFollower
from credit_sanction_service.restrictions.look_up import LookUp
from credit_sanction_service.restrictions.names.keeping import Names
from credit_sanction_service.restrictions.names.search import Search
from credit_sanction_service.restrictions.past import Past
from credit_sanction_service.restrictions.tail import Tail
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
    receipt_keys(settings)  # a faulty one is told before anything is waited for
    dsn = require_store(settings)
    require_law(dsn)
    with ExitStack() as house:
        if lifeline.LIFELINE not in os.environ:
            # Alone: gRPC would join whoever listens there already, and callers would be answered by turns.
            house.enter_context(reserve(*settings.address))
        if settings.api_metrics:
            reserve_api_metrics(settings).close()  # told before the index is loaded
        return _serve(settings, dsn, stop)


def _serve(settings: Settings, dsn: str, stop: threading.Event) -> int:
    receipts = Receipts(receipt_keys(settings))
    index, law, callers = Index(), LawFollower(), Callers(clock=now)
    # Callers first: a token that was withdrawn is unknown here even where a law that cannot be read holds the index up.
    tail = Tail(dsn, clock=now)  # behind the index: what is told on a stream can be looked up here
    bases = BaseDirectory(Path(settings.index_dir) if settings.index_dir else None)
    compaction = Compaction(dsn, index, bases)
    follower = IndexFollower(index, law, clock=now, bases=bases)
    feed = Feed(dsn, [callers, follower, compaction, tail], interval=settings.poll_interval_s)
    compaction.start()
    feed.start()
    while not feed.wait_until_ready(0.2):
        if stop.is_set():
            feed.close()
            compaction.close()
            tail.close()
            return 0
    gc.freeze()  # the law and the index stay: the collector would walk through them again and again
    writer, reader, counter = Writer(dsn, clock=now), Reader(dsn), AnswerCounter(dsn)
    past_reader = Reader(dsn)  # its own: a long question about the past holds up no other reading
    counter.start()
    look_up = LookUp(
        index,
        law.current,
        clock=now,
        max_staleness=settings.max_staleness_s,
        most_waiting=settings.most_waiting,
        counter=counter,
        past=Past(past_reader),
        waiting=waiting,
    )
    counts = CallCounts()
    access_log = AccessLog(counts.take)
    access_log.start()
    names = Names(index)
    parts = Parts(
        writer=writer,
        reader=reader,
        law=law,
        look_up=look_up,
        tail=tail,
        clock=now,
        receipts=receipts,
        search=EnterpriseSearch(Search(index, names, today=lambda: day_of(now()))),
        prepared_bytes=settings.prepared_mb * 1_000_000,
    )
    server = Server(
        build(parts),
        callers,
        index=index,
        access_log=access_log,
        most_waiting=settings.most_waiting,
        most_streams=settings.most_streams,
    )
    with shown_api_metrics(settings, counts, access_log, index=index, server=server):
        _listen(server, settings)
        names.start()  # not before: look-ups do not wait for the search
        # Looked at now and then: a signal that the system hands to another thread wakes nobody who waits without end.
        while not stop.wait(_LOOK_S):
            pass
        lifeline.end_within(settings.drain_s + _CLOSING_S)
        tail.stop()  # streams end by themselves no more than their readers want them to
        server.stop(settings.drain_s)
    names.close()
    access_log.close()
    counter.close()
    writer.close()
    feed.close()
    compaction.close()
    tail.close()
    reader.close()
    past_reader.close()
    log.info("server.stopped")
    return 0


def _listen(server: Server, settings: Settings) -> None:
    host, port = settings.address
    try:
        bound = server.start(host, port)
    except RuntimeError:
        raise StartRefused(
            f"{settings.listen} cannot be listened on: stop what uses it, or set another address"
        ) from None
    lifeline.announce_ready({"port": bound} | ({"metrics": settings.api_metrics} if settings.api_metrics else {}))
    log.info("server.started", host=host, port=bound)

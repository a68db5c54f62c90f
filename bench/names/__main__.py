"""
How well and how fast the search by name finds whom somebody means: `python -m bench.names [--names N] [--show]`.

`pairs.tsv` says of more than 500 pairs of a query and an enterprise whether the enterprise is the one meant, and what makes the
pair hard. All are made up, and were labelled by how they were made, not by what the search says. The enterprises are put into an
index among a million others, each query is searched for over that index as in the service, and a pair counts as found when its
enterprise is among the candidates with a score that says *likely*. Precision: how many of the pairs found are meant; recall: how
many of those meant are found. Then the time of a search, over whole names, trade names, pinyin and mistyped codes, one after the
other on one thread.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from bench.names.crowd import TODAY, crowd, listed, packed
from bench.names.pairs import read_pairs
from credit_sanction_service.domain.terms import ALL_AREAS
from credit_sanction_service.restrictions.base import Base
from credit_sanction_service.restrictions.index import Index
from credit_sanction_service.restrictions.names.keeping import Names
from credit_sanction_service.restrictions.names.scoring import LIKELY
from credit_sanction_service.restrictions.names.search import Search
from credit_sanction_service.store.values import Revision

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.names.pairs import Pair

_MOST: Final = 50
_TIMED: Final = 3_000
_ENOUGH_S: Final = 60.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the figures by kind of pair, and as the last line one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=1_000_000, help="how many other enterprises there are")
    parser.add_argument("--show", action="store_true", help="print every pair that was judged wrongly")
    options = parser.parse_args(arguments)
    pairs = read_pairs()
    index = _index(pairs, options.names)
    names = Names(index)
    started = time.monotonic()
    names.start()
    try:
        names.wait_until_ready()
        prepared_s = time.monotonic() - started
        search = Search(index, names, today=lambda: TODAY)
        wrong = _quality(search, pairs, show=options.show)
        with names.lend() as (table, _):
            held, size = len(table), table.nbytes
        times, busy = _times(search, pairs, options.names)
    finally:
        names.close()
    sys.stdout.write(f"{held:,} names, {size / held:.0f} bytes each, prepared in {prepared_s:.1f} s\n")
    sys.stdout.write(
        json.dumps(
            _figures(pairs, wrong)
            | {
                "names": held,
                "p50_ms": round(statistics.median(times), 3),
                "p50_cpu_ms": round(statistics.median(busy), 3),
                "p99_ms": round(statistics.quantiles(times, n=100)[98], 3),
                "bytes_per_name": round(size / held, 1),
                "prepared_s": round(prepared_s, 1),
            }
        )
        + "\n"
    )
    return 0


def _index(pairs: Iterable[Pair], others: int) -> Index:
    """Return an index of the pairs' enterprises and a crowd of others."""
    meant = {pair.code: pair for pair in pairs}.values()
    ours = (
        listed(others + number, pair.code, pair.name, (pair.former,) if pair.former else ())
        for number, pair in enumerate(meant)
    )
    revision = Revision(epoch=1, number=1)
    index = Index()
    records = chain(crowd(others), ours)
    index.replace(revision, Base.built(packed(records), revision=revision, known_at=datetime(2026, 11, 23, tzinfo=UTC)))
    return index


def _quality(search: Search, pairs: Sequence[Pair], *, show: bool) -> list[Pair]:
    """Return the pairs that are judged wrongly, and print how many by kind."""
    wrong = []
    for pair in pairs:
        found = search.find(pair.query, ALL_AREAS, most=_MOST).enterprises
        score = next((one.score for one in found if one.code == pair.code), 0.0)
        if (score >= LIKELY) != pair.is_meant:
            wrong.append(pair)
            if show:
                sys.stdout.write(f"  {pair.kind}: {pair.query}  {pair.name}  {pair.label}, scored {score}\n")
    failed = Counter((pair.label, pair.kind) for pair in wrong)
    for (label, kind), count in sorted(Counter((pair.label, pair.kind) for pair in pairs).items(), reverse=True):
        sys.stdout.write(f"{label:6} {count - failed[label, kind]:3} of {count:3} right  {kind}\n")
    return wrong


def _figures(pairs: Sequence[Pair], wrong: Sequence[Pair]) -> dict[str, float]:
    missed = sum(pair.is_meant for pair in wrong)
    mistaken = len(wrong) - missed
    right = sum(pair.is_meant for pair in pairs) - missed
    precision, recall = right / (right + mistaken), right / (right + missed)
    return {
        "pairs": len(pairs),
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * precision * recall / (precision + recall), 4),
    }


def _times(search: Search, pairs: Sequence[Pair], others: int) -> tuple[list[float], list[float]]:
    """
    Return the milliseconds of each search, by the clock and of the processor: of the queries of the pairs, and of names of the
    crowd, by turns.
    """
    strangers = (record.enterprise_name for record in crowd(min(others, _TIMED)))
    queries = islice(
        chain.from_iterable(zip(strangers, chain.from_iterable(_over_and_over(pairs)), strict=False)), _TIMED
    )
    times: list[float] = []
    busy: list[float] = []
    begun = time.monotonic()
    for query in queries:
        started, worked = time.perf_counter(), time.thread_time()
        search.find(query, ALL_AREAS, most=10)
        times.append(1000 * (time.perf_counter() - started))
        busy.append(1000 * (time.thread_time() - worked))
        if time.monotonic() - begun > _ENOUGH_S:
            break
    return times, busy


def _over_and_over(pairs: Sequence[Pair]) -> Iterable[list[str]]:
    while True:
        yield [pair.query for pair in pairs]


if __name__ == "__main__":
    sys.exit(main())

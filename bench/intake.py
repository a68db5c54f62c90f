"""
How fast records come in, beside psycopg writing the same rows: `python -m bench.intake [--quick]`.

The service is as in production: the embedded PostgreSQL under the service's own settings, an API process pinned to a core,
real calls of gRPC over loopback from processes of their own, five targets of five kinds in the store, to which nobody pushes
meanwhile. Every record is of another made-up enterprise and carries a request id. Measured in turns, several rounds, medians:

- batch: BatchCreateSanctionRecords, one caller; raw: the same rows in as many transactions, one connection;
- single: CreateSanctionRecord, 16 callers; raw: the same rows, a transaction each, 16 connections, without a revision: what
  they would draw one after the other is there already.

Durable on both sides: an acknowledged record is there after `kill -9` of whatever there is and after a power cut. What is relied
upon: a call is answered once its COMMIT has returned, `fsync` and `synchronous_commit` are on (the run refuses to start
otherwise), and the disk does what it says. Then all again with every flush of PostgreSQL's log taking 2 ms longer, as on a
slower disk, by PostgreSQL's own `commit_delay`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import defaultdict
from itertools import count
from typing import TYPE_CHECKING, Final

import grpc
import psycopg

from bench.intake_callers import Callers, Raw, Service
from bench.intake_raw import copy_batch, insert_batch, insert_one, recorded
from bench.intake_samples import record
from bench.intake_stage import Stage, stage
from credit_sanction.v1 import sanction_record_service_pb2 as service_pb
from credit_sanction.v1.sanction_record_service_pb2_grpc import SanctionRecordServiceStub

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.intake_callers import Side
    from bench.intake_raw import Rows

BATCH: Final = 100
CALLERS: Final = 16
DELAYS_MS: Final = (0, 2)
_LONGEST_S: Final = 4.0  # of one measure, on a machine that has other things to do
_ENOUGH_S: Final = 35.0  # after which no further round is begun, once there were so many:
_FEWEST_ROUNDS: Final = 3
_FIRST: Final = 10_000  # number of the first enterprise that is measured with; those before are recorded
BATCHED, RAW_BATCHED, COPIED, SINGLE, RAW_SINGLE = "batch", "raw batch", "raw batch by COPY", "single", "raw single"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the medians, and as the last line one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one round of little: whether it works, not how fast")
    options = parser.parse_args(arguments)
    rounds, share = (1, 5) if options.quick else (5, 1)
    figures: dict[tuple[int, str], list[float]] = defaultdict(list)
    numbers = count(_FIRST, 10_000)
    with stage() as set_up:
        measures = _measures(set_up)
        callers = Callers(2)
        for delay in DELAYS_MS:
            set_up.delay_commits(delay)
            begun = time.monotonic()
            for number in range(0 if options.quick else -1, rounds):
                if number >= _FEWEST_ROUNDS and time.monotonic() - begun > _ENOUGH_S:
                    break
                for name, (side, at_once, records) in measures.items():
                    few = records // (4 if number < 0 else share)  # the first round only warms up
                    rate = callers.measure(side, callers=at_once, first=next(numbers), count=few, seconds=_LONGEST_S)
                    if number >= 0:
                        figures[delay, name].append(rate)
                        sys.stdout.write(f"+{delay} ms  {name:18} {rate:8,.0f} records/s\n")
                        sys.stdout.flush()
        callers.close()
    _tell({key: statistics.median(rates) for key, rates in figures.items()})
    return 0


def _measures(set_up: Stage) -> dict[str, tuple[Side, int, int]]:
    """Return what is measured: by whom, how many at once, and how many records."""
    batch, single = _recorded(set_up)
    raw, through = set_up.raw_dsn, {"address": set_up.address, "token": set_up.token}
    return {
        BATCHED: (Service(**through, at_once=BATCH), 1, 1_500),
        RAW_BATCHED: (Raw(dsn=raw, rows=batch, at_once=BATCH, write=insert_batch), 1, 3_000),
        COPIED: (Raw(dsn=raw, rows=batch, at_once=BATCH, write=copy_batch), 1, 3_000),
        SINGLE: (Service(**through, at_once=1), CALLERS, 960),
        RAW_SINGLE: (Raw(dsn=raw, rows=single, at_once=1, write=insert_one), CALLERS, 1_920),
    }


def _recorded(set_up: Stage) -> tuple[list[Rows], list[Rows]]:
    """Take in one batch and one record, and return the rows that they left."""
    metadata = (("authorization", f"Bearer {set_up.token}"),)
    with grpc.insecure_channel(set_up.address) as channel:
        stub = SanctionRecordServiceStub(channel)
        records = [record(number) for number in range(BATCH)]
        batch = service_pb.BatchCreateSanctionRecordsRequest(records=records, request_id="batch")
        stub.BatchCreateSanctionRecords(batch, metadata=metadata, timeout=20)
        single = service_pb.CreateSanctionRecordRequest(record=record(BATCH), request_id="single")
        stub.CreateSanctionRecord(single, metadata=metadata, timeout=20)
    with psycopg.connect(set_up.dsn, autocommit=True) as connection:
        return recorded(connection, "batch"), recorded(connection, "single")


def _tell(medians: dict[tuple[int, str], float]) -> None:
    lines = []
    for delay in DELAYS_MS:
        of = {name: rate for (each, name), rate in medians.items() if each == delay}
        to_raw, to_copy, singly = (
            of[ours] / of[raw] for ours, raw in ((BATCHED, RAW_BATCHED), (BATCHED, COPIED), (SINGLE, RAW_SINGLE))
        )
        lines.append(f"medians, {delay} ms added to each commit:")
        lines.append(
            f"  batches of {BATCH}: {of[BATCHED]:,.0f} records/s; raw {of[RAW_BATCHED]:,.0f}, ratio {to_raw:.2f};"
        )
        lines[-1] += f" raw by COPY {of[COPIED]:,.0f}, ratio {to_copy:.2f}"
        lines.append(
            f"  one by one, {CALLERS} callers: {of[SINGLE]:,.0f} records/s; raw {of[RAW_SINGLE]:,.0f}, ratio {singly:.2f}"
        )
    plain = {name: rate for (delay, name), rate in medians.items() if not delay}
    last = {
        "batch_records_per_s": round(plain[BATCHED]),
        "ratio_to_raw_batch": round(plain[BATCHED] / plain[RAW_BATCHED], 3),
        "single_per_s": round(plain[SINGLE]),
        "ratio_to_raw_single": round(plain[SINGLE] / plain[RAW_SINGLE], 3),
    }
    sys.stdout.write("\n".join([*lines, json.dumps(last)]) + "\n")


if __name__ == "__main__":
    sys.exit(main())

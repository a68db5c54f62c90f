"""Lets the days pass on the day that it is told: two records in a transaction for each line that it reads; may be killed."""

import sys
from datetime import date

from tests.samples import noon

from credit_sanction_service.records import Records
from credit_sanction_service.store.connect import Reader
from credit_sanction_service.store.writer import Writer

if __name__ == "__main__":
    dsn, today = sys.argv[1], date.fromisoformat(sys.argv[2])
    records = Records(Writer(dsn, clock=lambda: noon(today)), Reader(dsn, size=1))
    for _ in sys.stdin:
        sys.stdout.write(f"{records.pass_days(at_once=2)}\n")
        sys.stdout.flush()

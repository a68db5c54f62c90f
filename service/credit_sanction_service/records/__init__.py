"""
Use cases over sanction records: `keeping` takes in, amends, lifts, revokes, confirms and lets days pass; `proceeding` goes
from notice to listing and through objection, suspension and repair.

Each is one piece of work for the writer. A request id is recalled first and remembered last, in the same transaction as
the change: a retry is answered with the versions that the first call wrote.
"""

from credit_sanction_service.records.keeping import Records
from credit_sanction_service.records.proceeding import Proceedings

__all__ = ["Proceedings", "Records"]

"""The audit log (SEC-5): every change of an audited record, chained by hash, written in its own transaction.

ORM changes are noticed by themselves (`noting`); set-based verbs call `record_acts`. Entries are gathered
while the transaction runs and appended just before it commits (`chain`), so the chain's head is locked for a
moment only.
"""

from __future__ import annotations

from app.access.audit.chain import Told, entry_hash, reseal, told, verify
from app.access.audit.noting import PENDING, Act, plain, record_acts, trace_id

__all__ = ["PENDING", "Act", "Told", "entry_hash", "plain", "record_acts", "reseal", "told", "trace_id", "verify"]

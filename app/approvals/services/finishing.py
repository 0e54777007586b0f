"""What becomes of the record when a case ends: in the transaction of the act that ends it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from app.approvals.rules.document import Document


def finish(case: Row[Any], document: Document, outcome: str) -> None:
    """Do what the document says of a case that ended `approved`, `refused`, `withdrawn` or `cancelled`.

    `case` is the case's row before its end. Raises `app.types.Refused` where it cannot be done: the act that would
    have ended the case is then not kept either.
    """


def perform(case: Row[Any], step_id: str, act: str, values: dict[str, Any]) -> None:
    """Do what an automatic step says: set fields of the record, call the registered act. Raises `Refused`."""


__all__ = ["finish", "perform"]

"""Rows written many at once come back as they were, whatever their text holds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.access.models import AuditEntry, Preference
from app.copying import JsonText
from app.db import insert_rows, session, transaction

AWKWARD = [
    r"\N",
    r"\.",
    "\\",
    r"C:\new\table",
    "tab\tand\nnew line\r\nand \r alone",
    "'quoted' \"twice\", comma;",
    "",
    " ",
    "张三 🏦",
    "\v\f\b",
    "NULL",
]


def test_awkward_text_comes_back(app: Flask) -> None:
    rows = [{"user_id": number, "key": f"k{number}", "value": text} for number, text in enumerate(AWKWARD)]
    with transaction() as current:
        insert_rows(current, Preference.__table__, rows, ("user_id", "key", "value"))
    stored = session.scalars(select(Preference.value).order_by(Preference.user_id))
    assert list(stored) == AWKWARD


def test_columns_of_mixed_kinds_nulls_and_documents(app: Flask) -> None:
    moment = datetime(2026, 3, 5, 2, 1, 0, 123456, tzinfo=UTC)
    shared = {
        "at": moment,
        "user_name": "",
        "action": "x",
        "entity": "e",
        "record_id": "1",
        "label": "",
        "trace_id": "",
    }
    rows = [
        {**shared, "id": 10**6 + n, "user_id": user, "changes": changes, "previous": "", "hash": ""}
        for n, (user, changes) in enumerate([(None, {"a": [None, 'tab\t "q" \\']}), (7, {"b": ["x", "y"]}), (None, {})])
    ]
    with transaction() as current:
        insert_rows(current, AuditEntry.__table__, rows, tuple(rows[0]))
    kept = session.execute(
        select(AuditEntry.user_id, AuditEntry.changes, AuditEntry.at)
        .where(AuditEntry.id >= 10**6)
        .order_by(AuditEntry.id)
    )
    assert [tuple(row) for row in kept] == [(row["user_id"], row["changes"], moment) for row in rows]


def test_a_document_already_written_is_taken_as_it_is(app: Flask) -> None:
    rows = [{"user_id": 1, "key": f"k{n}", "value": JsonText(text)} for n, text in enumerate(['{"a": "\\n"}', "[]"])]
    with transaction() as current:
        insert_rows(current, Preference.__table__, rows, ("user_id", "key", "value"))
    assert list(session.scalars(select(Preference.value).order_by(Preference.key))) == ['{"a": "\\n"}', "[]"]


def test_one_row_too_many_writes_none(app: Flask) -> None:
    rows = [{"user_id": 1, "key": key, "value": "x"} for key in ("a", "b", "a")]
    with pytest.raises(IntegrityError), transaction() as current:
        insert_rows(current, Preference.__table__, rows, ("user_id", "key", "value"))
    assert session.scalar(select(func.count()).select_from(Preference)) == 0

"""Files of this module run nothing: a cell that begins like a formula leaves quoted, by every door for files."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO, StringIO
from urllib.parse import urlencode
from zipfile import ZipFile

import pytest
import time_machine
from python_calamine import load_workbook
from sqlalchemy import update

from app.api import Customer, Employee, acting_as, now, session
from app.testing.factories import make_customer
from app.testing.people import Browser, login
from app.types import SYSTEM
from plugins.pools.models import Pool, PoolKeep, PoolMovement, PoolRule, PoolRun
from plugins.pools.tests.conftest import NIGHT, Bank, aged, put

STARTS = ("=", "+", "-", "@", "\t", "\r")
#: A customer, a reason, a pool, a rule, an account manager that begin with each of them.
HOSTILE = tuple(f"{start}1+cmd|'/C calc'!A0" for start in STARTS)
DRAFT = {"position": "1", "trigger": "follow_up", "amber_days": "5", "red_days": "5", "pool_days": "5"}
WHY = "季度核对"


def written(bank: Bank) -> int:
    """The same hostile text wherever files of this module show one; the run of a night that moved some."""
    manager = bank.people.manager
    with acting_as(SYSTEM), time_machine.travel(now() - timedelta(days=60), tick=False):
        run = PoolRun(business_date=NIGHT, state="done", notes={}, started_at=now(), finished_at=now())
        session.add(run)
        session.flush()
        for text in HOSTILE:
            lying, owned = put(aged(manager), bank.north_pool, manager), make_customer(owner=manager)
            named = Customer.__table__.c.id.in_([lying.id, owned.id])
            session.execute(update(Customer.__table__).where(named).values(name=text))
            said = {"rule_id": bank.rule.id, "reason": text}
            session.add(
                PoolMovement(
                    customer_id=lying.id, act="recycle", at=now(), from_employee_id=manager.employee_id,
                    to_pool_id=bank.north_pool.id, run_id=run.id, business_date=NIGHT, rule_version=1, **said,
                )
            )  # fmt: skip
            session.add(PoolKeep(customer_id=owned.id, employee_id=manager.employee_id, days=5, **said))
        for model, key in ((Pool, bank.north_pool.id), (PoolRule, bank.rule.id), (Employee, manager.employee_id)):
            table = model.__table__
            session.execute(update(table).where(table.c.id == key).values(name=HOSTILE[0]))
        session.commit()
        return int(run.id)


def cells(content: bytes) -> Iterator[str]:
    """Every text of a file."""
    if not content.startswith(b"PK"):
        rows = csv.reader(StringIO(content.decode("utf-8-sig"), newline=""))
        yield from (cell for row in rows for cell in row)
        return
    with ZipFile(BytesIO(content)) as parts:
        assert not any(b"<f>" in parts.read(name) for name in parts.namelist() if "worksheets/" in name)
    book = load_workbook(BytesIO(content))
    for place in range(len(book.sheet_names)):
        yield from (cell for row in book.get_sheet_by_index(place).to_python() for cell in row if isinstance(cell, str))


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_no_file_holds_a_formula(bank: Bank, client: Browser, kind: str) -> None:
    run_id = written(bank)
    login(client, bank.people.admin)
    lists = {  # what is filtered by, and columns that show hostile texts
        "pools_entry": ("", "customer_id", "pool_id", "from_employee_id"),
        "pools_movement": ("", "customer_id", "to_pool_id", "rule_id", "from_employee_id", "reason"),
        "pools_keep": ("", "customer_id", "employee_id", "reason"),
    }
    asked = {
        slug: (f"/export/start/{slug}?{query}", {"format": kind, "column": columns, "reason": WHY})
        for slug, (query, *columns) in lists.items()
    }
    behind, data = asked["pools_movement"]
    asked["behind a night"] = (f"{behind}f.run_id={run_id}", data)
    if kind == "xlsx":
        asked["trial"] = (f"/pools_simulation/file?{urlencode(DRAFT)}", {"reason": WHY})
        asked["tonight"] = ("/pools_rule/preview/file", {"reason": WHY})
    for name, (address, form) in asked.items():
        answer = client.post(address, data=form, follow_redirects=True, buffered=True)
        assert "attachment" in answer.headers.get("Content-Disposition", ""), (name, answer.text)
        found = list(cells(answer.data))
        assert {f"'{text}" for text in HOSTILE} <= set(found), name
        assert [cell for cell in found if cell[:1] in STARTS] == [], name

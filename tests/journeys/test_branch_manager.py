"""A branch manager of the Berka bank meets the same number of customers at every door: those of the branch's districts.

The number is counted in SQL over the raw tables, beside the product's own conditions. On one database: that both
hold the scope is tested in tests/kernel/access.
"""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.access.actors import acting_as
from app.base.permissions import synchronise
from app.db import session, transaction
from app.organisation.services.units import move_unit
from app.testing.factories import make_unit
from app.testing.people import Browser, Person, add_person, login
from app.types import SYSTEM
from tests.journeys.test_real_data import DATA, berka, bring, there

REGION = "south Moravia"


@pytest.fixture
def manager(app: Flask, database: str) -> Person | None:
    """The manager of a branch made of one region's districts; None where the data is not there."""
    if not there() or not database.startswith("postgresql"):
        return None
    with acting_as(SYSTEM):
        synchronise()
        for table, mapping in (
            ("district", "berka_districts"),
            ("district", "berka_managers"),
            ("client", "berka_clients"),
        ):
            bring(DATA / "berka" / f"{table}.asc.gz", mapping)
        branch = make_unit("南摩拉维亚分行", level="branch_1", code="SM")
        for district in berka("district"):
            if district["A3"] == REGION:
                unit = text("SELECT id FROM org_unit WHERE code = :code")
                move_unit(session.scalar(unit, {"code": f"BK-{int(district['A1']):02}"}), branch.id)
        with transaction() as current:  # one call to each client, on one day
            columns = "customer_id, employee_id, kind, direction, subject, effective, at, created_at, updated_at"
            values = "id, owner_id, 'call', 'out', '', true, '2026-03-05 02:00+00', now(), now()"
            current.execute(text(f"INSERT INTO activity ({columns}) SELECT {values} FROM customer"))
        return add_person("moravia", "莫经理", branch, "city_manager")


def independently() -> list[int]:
    """The ids of the clients of the region's districts, from the district file and the raw tables."""
    codes = [f"BK-{int(d['A1']):02}" for d in berka("district") if d["A3"] == REGION]
    statement = text(
        "SELECT c.id FROM customer c JOIN org_unit u ON u.id = c.unit_id WHERE u.code = ANY(:codes) ORDER BY c.id"
    )
    return list(session.scalars(statement, {"codes": codes}))


def test_the_same_number_at_every_door(manager: Person | None, client: Browser) -> None:
    if manager is None:
        return
    expected = independently()
    assert len(expected) > 500
    login(client, manager)

    listed = client.get("/customer/list/").text
    assert number(listed) == len(expected)
    assert number(client.get("/customer/list/?q=Client").text) == len(expected)
    assert number(client.get("/customer/list/?f.lifecycle=active").text) == len(expected)
    assert sorted(client.get("/customer/ids/").json["ids"]) == expected
    assert client.get("/api/v1/customer/?page_size=1").json["count"] == len(expected)
    assert sorted(exported(client)) == expected
    assert charted(client) == len(expected)
    everybody = list(session.scalars(text("SELECT id FROM customer ORDER BY id")))
    for customer_id in everybody[:: len(everybody) // 60]:
        seen = client.get(f"/customer/show/{customer_id}").status_code
        assert seen == (200 if customer_id in expected else 404)
        assert client.get(f"/api/v1/customer/{customer_id}").status_code == seen


def number(page: str) -> int:
    """The count beside a list's title."""
    found = re.search(r'id="list-count"[^>]*>([\d,]+)<', page)
    assert found is not None
    return int(found[1].replace(",", ""))


def exported(client: Browser) -> list[int]:
    """The ids of what an export of the whole list holds."""
    wanted = {"format": "csv", "column": ["code"], "reason": "月末核对客户"}
    answer = client.post("/export/start/customer?", data=wanted, follow_redirects=True)
    codes = [row[0] for row in csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))][1:]
    return list(session.scalars(text("SELECT id FROM customer WHERE code = ANY(:codes)"), {"codes": codes}))


def charted(client: Browser) -> int:
    """The calls of the ranking's chart together: one per client."""
    options: dict[str, Any] = client.get("/ranking/chart?metric=calls&month=2026-03").json["options"]
    return sum(int(value) for value in options["series"][0]["data"])

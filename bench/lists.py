"""Lists and the detail page at a million customers, beside a stock `ModelView` on the same table."""

from __future__ import annotations

import html
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask

from app import create_app
from app.access.actors import acting_as
from app.db import db, session
from app.host.context import context
from app.host.heap import keep_loaded
from app.organisation.models import Unit
from app.testing.databases import copy_database, drop_database
from app.testing.people import Browser, add_person, login
from app.testing.plugin import site_in, template
from app.types import SYSTEM
from bench.seed import seed_customers, seed_organisation
from bench.stock import StockCustomerView, stock_medians
from bench.table import Line, Statements, median, show

OWNER = 7


@contextmanager
def seeded(kind: str, rows: int) -> Iterator[tuple[Flask, Any, str]]:
    """(our app, an administrator, database URL) on a generated bank of `rows` customers."""
    with tempfile.TemporaryDirectory(prefix="qiao-bench-") as name:
        folder = Path(name)
        url = copy_database(template(kind, folder), folder)
        app = create_app(site_in(folder / "instance", url, "bench"))
        app.config.update(TESTING=True)
        app.test_client_class = Browser
        with app.app_context():
            with db.engine.begin() as connection:
                seed_organisation(connection)
                seed_customers(connection, rows)
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE" if kind == "postgresql" else "ANALYZE")
            with acting_as(SYSTEM):
                if kind == "postgresql":
                    for table in ("org_unit", "org_employee"):
                        session.execute(db.text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 1000)"))
                    session.commit()
                admin = add_person("bench", "管理员", session.get_one(Unit, 1), "Admin")
            session.remove()
        keep_loaded()  # as the server and the worker do
        yield app, admin, url
        with app.app_context():
            session.remove()
            db.engine.dispose()
        drop_database(url)


def next_of(page: str) -> str:
    """The address behind a list's “next page”."""
    found = re.search(r'href="([^"]+)"[^>]* rel="next"', page)
    assert found is not None
    return html.unescape(found[1])


def measure_lists(kind: str, rows: int) -> list[Line]:
    """One line per screen: server milliseconds of ours and stock, statements of ours, the ratio."""
    lines: list[Line] = []
    with seeded(kind, rows) as (app, admin, url):
        client = login(app.test_client(), admin)
        view = StockCustomerView.__name__
        base = f"/{view.lower()}"
        deep = rows // 20 - 100
        cases = [
            ("list, page 1", "/customer/list/", f"{base}/list/", ">= 5"),
            (
                f"list, page {deep:,} by its number",
                f"/customer/list/?page={deep}",
                f"{base}/list/?page_{view}={deep - 1}&psize_{view}=20",
                ">= 5",
            ),
            (
                "the page after it, by its link",
                next_of(client.get(f"/customer/list/?page={deep}").text),
                f"{base}/list/?page_{view}={deep}&psize_{view}=20",
                ">= 5",
            ),
            (
                "of one owner, by last follow-up",
                f"/customer/list/?f.owner_id={OWNER}&sort=-last_followed_at",
                f"{base}/list/?_flt_0_owner={OWNER}&_oc_{view}=last_followed_at&_od_{view}=desc",
                ">= 5",
            ),
            ("name contains 建国", "/customer/list/?f.name=建国", f"{base}/list/?_flt_2_name=建国", ">= 20"),
            ("phone ends in 5678", "/customer/list/?q=5678", f"{base}/list/?_flt_1_mobile=5678", ">= 5"),
            ("detail page", f"/customer/show/{rows // 2}", f"{base}/show/{rows // 2}", ">= 5"),
        ]
        with app.app_context():
            engine = db.engine
            lines_shown = sum(len(group.items) for group in context().menu)
        addresses = [stock_url for _what, _ours, stock_url, _aim in cases]
        smallest, stock = (stock_medians(url, addresses, number) for number in (1, lines_shown))
        for (what, address, _stock, aim), theirs, least in zip(cases, stock, smallest, strict=True):
            answer = client.get(address)
            assert answer.status_code == 200, (address, answer.status_code, answer.text[:300])
            with Statements(engine) as counted:
                client.get(address)
            ours = median(lambda: client.get(address))  # noqa: B023
            note = f"{counted.count} statements; {least / ours:.1f} times a stock app without a menu ({least:.1f} ms)"
            lines.append(Line(what, kind, ours, theirs, "ms", theirs / ours, aim, note))
            print(f"  {what}: {ours:.1f} ms against {theirs:.1f}, {note}", flush=True)
    return lines


def main(rows: int = 1_000_000, kinds: tuple[str, ...] = ("postgresql", "sqlite")) -> None:
    """Measure both databases and print the table."""
    lines: list[Line] = []
    for kind in kinds:
        print(f"seeding {rows:,} customers on {kind} …", flush=True)
        lines += measure_lists(kind, rows)
    show(f"Lists at {rows:,} customers", lines)

"""The baseline: a stock Flask-AppBuilder app with a plain `ModelView` over the same customer table.

It runs in a process of its own, so that nothing of ours (the row scope at the session, the audit) is in its way:
``python -m bench.stock DATABASE_URL LINES`` reads addresses from standard input, one a line, and answers with a JSON
list of the median milliseconds of each. LINES is the number of entries in its menu: stock Flask-AppBuilder asks for
each of them, so a fair baseline has as many as ours shows; with 1 it is the smallest app there can be.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

from flask import Flask
from flask_appbuilder import AppBuilder, Model, ModelView
from flask_appbuilder.models.sqla.base import SQLA
from flask_appbuilder.models.sqla.interface import SQLAInterface
from sqlalchemy import BigInteger, Column, Date, DateTime, ForeignKey, Integer, String
from sqlalchemy.orm import relationship

from bench.table import median


class StockUnit(Model):  # type: ignore[misc]
    __tablename__ = "org_unit"
    id = Column(Integer, primary_key=True)
    name = Column(String(100))

    def __repr__(self) -> str:
        return str(self.name)


class StockEmployee(Model):  # type: ignore[misc]
    __tablename__ = "org_employee"
    id = Column(Integer, primary_key=True)
    name = Column(String(100))

    def __repr__(self) -> str:
        return str(self.name)


class StockCustomer(Model):  # type: ignore[misc]
    __tablename__ = "customer"
    id = Column(BigInteger, primary_key=True)
    name = Column(String(200))
    kind = Column(String(12))
    mobile = Column(String(20))
    level = Column(String(12))
    lifecycle = Column(String(12))
    owner_id = Column(Integer, ForeignKey("org_employee.id"))
    unit_id = Column(Integer, ForeignKey("org_unit.id"))
    last_followed_at = Column(DateTime(timezone=True))
    email = Column(String(120))
    region = Column(String(120))
    address = Column(String(200))
    source = Column(String(30))
    sex = Column(String(8))
    birth_date = Column(Date)
    id_number = Column(String(30))
    occupation = Column(String(60))
    employer = Column(String(200))
    created_at = Column(DateTime(timezone=True))
    updated_at = Column(DateTime(timezone=True))
    owner = relationship(StockEmployee)
    unit = relationship(StockUnit)

    def __repr__(self) -> str:
        return str(self.name)


class StockActivity(Model):  # type: ignore[misc]
    __tablename__ = "activity"
    id = Column(BigInteger, primary_key=True)
    kind = Column(String(12))
    at = Column(DateTime(timezone=True))
    subject = Column(String(200))
    customer_id = Column(BigInteger, ForeignKey("customer.id"))
    employee_id = Column(Integer, ForeignKey("org_employee.id"))
    customer = relationship(StockCustomer)
    employee = relationship(StockEmployee)


class StockActivityView(ModelView):  # type: ignore[misc]
    """The follow-ups below a customer's page, as ours shows them in its timeline."""

    datamodel = SQLAInterface(StockActivity)
    list_columns = ["kind", "at", "subject", "employee"]
    search_columns = ["subject"]
    base_order = ("at", "desc")


class StockCustomerView(ModelView):  # type: ignore[misc]
    """What a developer writes first; search columns stated, as the product's notes advise."""

    datamodel = SQLAInterface(StockCustomer)
    list_columns = ["name", "kind", "mobile", "level", "lifecycle", "owner", "unit", "last_followed_at"]
    show_columns = [
        *list_columns, "email", "region", "address", "source", "sex", "birth_date", "id_number", "occupation",
        "employer", "created_at", "updated_at",
    ]  # fmt: skip
    related_views = [StockActivityView]
    search_columns = ["name", "mobile", "owner"]
    base_order = ("id", "desc")


def stock_app(url: str, lines: int) -> Flask:
    """The stock app on the database at `url` with so many menu entries, and an administrator 'stock' / 'stock'."""
    app = Flask("stock")
    app.config.update(
        SECRET_KEY="stock" * 10,
        SQLALCHEMY_DATABASE_URI=url,
        WTF_CSRF_ENABLED=False,
        FAB_CREATE_DB=False,
        SQLALCHEMY_ENGINE_OPTIONS={} if url.startswith("sqlite") else {"pool_pre_ping": True},
    )
    db = SQLA(app)
    with app.app_context():
        builder = AppBuilder(app, db.session)
        builder.add_view(StockCustomerView, "Customers", category="Customers")
        builder.add_view_no_menu(StockActivityView)
        for number in range(1, lines):
            builder.add_link(f"Line {number}", href=f"/line/{number}", category=f"Group {number % 8}")
        if builder.sm.find_user("stock") is None:
            role = builder.sm.find_role("Admin") or builder.sm.add_role("Admin")
            builder.sm.add_user("stock", "Stock", "Admin", "stock@example.org", role, password="stock")
            for pair in builder.sm.session.query(builder.sm.permissionview_model).all():
                builder.sm.add_permission_role(role, pair)
    return app


def stock_medians(url: str, addresses: Sequence[str], lines: int) -> list[float]:
    """The stock app's median milliseconds for each address, measured in a process of its own."""
    answer = subprocess.run(
        [sys.executable, "-m", "bench.stock", url, str(lines)],
        input="\n".join(addresses),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure the addresses on standard input."""
    client = stock_app(sys.argv[1], int(sys.argv[2])).test_client()
    answer = client.post("/login/", data={"username": "stock", "password": "stock"})
    assert answer.status_code == 302, answer.status_code
    taken = []
    for address in sys.stdin.read().splitlines():
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        taken.append(median(lambda: client.get(address), times=3, warm=1))  # noqa: B023
    print(json.dumps(taken))


if __name__ == "__main__":
    main()

"""An indexed custom field is found and ordered by its index; the index is built and dropped in the background."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import insert, select

from app.access.actors import acting_as
from app.access.scope import UNSCOPED
from app.customers.models import Customer
from app.db import db, session
from app.fields.custom.indexing import is_built, keep_indexes, usefulness
from app.fields.custom.models import CustomField
from app.fields.records import update_record
from app.host.context import entity
from app.testing.jobs import run_pending
from app.testing.people import People, login
from app.types import SYSTEM
from tests.kernel.fields.shaping import add_fields, rebuilt

NAME = "ix_customer_x_score"


def fill(number: int) -> None:
    rows = [
        {"code": f"F{n}", "name": f"客户{n}", "search_tokens": "", "custom": {"x_score": n % 50, "x_word": f"w{n % 7}"}}
        for n in range(number)
    ]
    session.execute(insert(Customer), rows)
    session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def plan(statement: Any) -> str:
    """How the database goes about a statement."""
    dialect = db.engine.dialect
    text = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    word = "EXPLAIN" if dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    return "\n".join(str(row[-1]) for row in session.connection().exec_driver_sql(f"{word} {text}"))


def field() -> CustomField:
    with acting_as(SYSTEM):
        return session.scalars(select(CustomField).where(CustomField.key == "x_score")).one()


def test_filter_and_order_use_the_index(app: Flask, people: People) -> None:
    add_fields({"key": "x_score", "label_zh": "评分", "kind": "integer", "indexed": True})
    with rebuilt(app) as new:
        fill(3000)
        assert not is_built("customer", "x_score")
        run_pending()
        assert is_built("customer", "x_score")
        with acting_as(SYSTEM):
            kept = select(Customer.id).where(Customer.x_score == 7).execution_options(**{UNSCOPED: True})
            assert NAME in plan(kept.limit(20))
            for key, by_id in ((Customer.x_score.asc().nulls_first(), Customer.id.asc()),
                               (Customer.x_score.desc().nulls_last(), Customer.id.desc())):  # fmt: skip
                walked = plan(select(Customer.id).order_by(key, by_id).limit(20))
                assert NAME in walked and "Sort" not in walked and "TEMP B-TREE" not in walked, walked
            found = usefulness(entity("customer"), field())
        assert (found.looked_at, found.filled, found.different) == (3000, 3000, 50) and found.share == 1 / 50
        client = login(new.test_client(), people.add("shaper", "业管", people.head_office, "business_admin"))
        page = client.get(f"/custom_field/show/{field().id}").text
        assert "使用中" in page or "已启用" in page, page[page.find("figures") :][:800]
        with acting_as(SYSTEM):
            update_record(entity("custom_field"), field(), {"indexed": False})
        run_pending()
        assert not is_built("customer", "x_score")


def test_a_broken_index_is_built_anew_and_nothing_else_is_touched(app: Flask) -> None:
    add_fields({"key": "x_score", "label_zh": "评分", "kind": "text", "sole": True})
    with rebuilt(app):
        assert keep_indexes() == {"built": 1, "dropped": 0}
        assert keep_indexes() == {"built": 0, "dropped": 0}
        if db.engine.dialect.name == "postgresql":
            with db.engine.begin() as connection:
                connection.exec_driver_sql(
                    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ux_customer_x_score'::regclass"
                )
            assert not is_built("customer", "x_score")
            session.rollback()
            assert keep_indexes() == {"built": 1, "dropped": 1}
        with db.engine.connect() as connection:
            names = {index["name"] for index in db.inspect(connection).get_indexes("customer")}
        assert "ix_customer_owner_followed" in names

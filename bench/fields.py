"""An indexed custom field beside a built-in indexed column: the same million values, the same questions."""

from __future__ import annotations

from app import create_app
from app.access.actors import acting_as
from app.db import db, session
from app.fields.custom.indexing import keep_indexes
from app.fields.records import create_record
from app.host.context import context, entity
from app.testing.people import login
from app.types import SYSTEM
from bench.lists import seeded
from bench.table import Line, Statements, median, show

AIM = "<= 1.5"
#: (what, address of the custom field's list, address of the built-in one's); `{name}` is a name some customers have.
CASES = (
    ("equality, newest first", "f.x_alias={name}&op.x_alias=equals", "f.name={name}&op.name=equals"),
    ("equality and sort", "f.x_alias={name}&op.x_alias=equals&sort=x_alias", "f.name={name}&op.name=equals&sort=name"),
    ("sort", "sort=x_alias", "sort=name"),
    ("sort, the other way", "sort=-x_alias", "sort=-name"),
)
_COPY = {
    "postgresql": "UPDATE customer SET custom = jsonb_build_object('x_alias', name)",
    "sqlite": "UPDATE customer SET custom = json_object('x_alias', name)",
}


def measure_fields(kind: str, rows: int) -> list[Line]:
    """One line per question: milliseconds of the whole list page by the custom field and by the column, in turns."""
    lines = []
    with seeded(kind, rows) as (app, admin, _url):
        with app.app_context(), acting_as(SYSTEM):
            described = {"entity": "customer", "key": "x_alias", "label_zh": "别名", "kind": "text", "indexed": True}
            create_record(entity("custom_field"), described)
            session.commit()
            with db.engine.begin() as connection:
                connection.exec_driver_sql(_COPY[kind])
            if kind == "postgresql":
                with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.exec_driver_sql("VACUUM FULL customer")
            site = context().site
            session.remove()
        shaped = create_app(site)
        shaped.test_client_class = app.test_client_class
        with shaped.app_context(), acting_as(SYSTEM):
            print(f"  {kind}: {keep_indexes()}", flush=True)
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE customer" if kind == "postgresql" else "ANALYZE")
            found = session.connection().exec_driver_sql(f"SELECT name FROM customer WHERE id = {rows // 2}")
            name = found.scalar_one()
            session.remove()
            engine = db.engine
        client = login(shaped.test_client(), admin)
        for what, custom, built_in in CASES:
            ours, theirs = (f"/customer/list/?{query.format(name=name)}" for query in (custom, built_in))
            for address in (ours, theirs):
                assert client.get(address).status_code == 200, address
            pairs = [
                (median(lambda: client.get(ours), 5), median(lambda: client.get(theirs), 5))  # noqa: B023
                for _turn in range(5)
            ]
            mine, bare = (sorted(column)[2] for column in zip(*pairs, strict=True))
            with Statements(engine) as counted:
                client.get(ours)
            lines.append(Line(what, kind, mine, bare, "ms", mine / bare, AIM, f"{counted.count} statements"))
            print(f"  {what}: {mine:.1f} ms against {bare:.1f}", flush=True)
        with shaped.app_context():
            db.engine.dispose()
    return lines


def main(rows: int = 1_000_000) -> None:
    """Measure both databases and print the table."""
    lines = [line for kind in ("postgresql", "sqlite") for line in measure_fields(kind, rows)]
    show(f"An indexed custom field at {rows:,} customers", lines)

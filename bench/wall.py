"""What the access wall costs on lists of a million rows: people with row scope and masked fields beside one without.

The same addresses are asked by an administrator (no scope to apply, no field kept away), by a manager of all branches
and by the head of one; the last two see the mobile number masked and no identity number.
"""

from __future__ import annotations

from app.access.actors import acting_as
from app.access.models import FieldPermission
from app.db import db, session, transaction
from app.organisation.models import Unit
from app.testing.people import Person, add_person, login
from app.types import SYSTEM
from bench.lists import seeded
from bench.table import Line, Statements, median, show

#: Not more than this part above the price without the wall.
AIM = "<= 1.15"
ADDRESSES = (
    ("list, page 1", "/customer/list/"),
    ("by last follow-up", "/customer/list/?sort=-last_followed_at"),
    ("name contains 建国", "/customer/list/?f.name=建国"),
    ("detail page", "/customer/show/{pk}"),
)


def _keep_fields(*people: Person) -> None:
    with acting_as(SYSTEM), transaction() as current:
        for role_id in {person.role_id for person in people}:
            for field, level in (("mobile", "masked"), ("id_number", "hidden")):
                current.add(FieldPermission(role_id=role_id, entity="customer", field=field, level=level))


def measure_wall(kind: str, rows: int) -> list[Line]:
    """One line per address and person: milliseconds with the wall beside those without, in turns."""
    lines = []
    with seeded(kind, rows) as (app, admin, _url):
        with app.app_context(), acting_as(SYSTEM):
            everywhere = add_person("everywhere", "全经理", session.get_one(Unit, 1), "city_manager")
            one = add_person("one", "单主管", session.get_one(Unit, 7), "department_head")
            _keep_fields(everywhere, one)
            first = {1: rows // 2, 7: 0}
            found = session.connection().exec_driver_sql("SELECT min(id) FROM customer WHERE unit_id = 7")
            first[7] = int(found.scalar_one())
            session.remove()
            engine = db.engine
        free = login(app.test_client(), admin)
        for name, person, pk in (("all branches", everywhere, first[1]), ("one branch", one, first[7])):
            held = login(app.test_client(), person)
            for what, pattern in ADDRESSES:
                address = pattern.format(pk=pk)
                assert held.get(address).status_code == 200, address
                pairs = [
                    (median(lambda: held.get(address), 5), median(lambda: free.get(address), 5))  # noqa: B023
                    for _turn in range(5)
                ]
                ours, bare = (sorted(column)[2] for column in zip(*pairs, strict=True))
                with Statements(engine) as counted:
                    held.get(address)
                lines.append(
                    Line(f"{what}, {name}", kind, ours, bare, "ms", ours / bare, AIM, f"{counted.count} statements")
                )
                print(f"  {lines[-1].what}: {ours:.1f} ms against {bare:.1f}", flush=True)
    return lines


def main(rows: int = 1_000_000) -> None:
    """Measure both databases and print the table."""
    lines = [line for kind in ("postgresql", "sqlite") for line in measure_wall(kind, rows)]
    show(f"The wall at {rows:,} customers", lines)

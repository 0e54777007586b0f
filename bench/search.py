"""The search over everything (Ctrl-K) at a million customers: what 95 of 100 answers stay under, by person.

Names, pinyin as it is typed letter by letter, initials, the ends of numbers, a whole number, things nobody is called;
by an administrator, the head of one branch of forty and one account manager. One contact to five customers.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import update

from app.access.actors import acting_as
from app.customers.models import Contact, Customer
from app.db import db, insert_rows, session, transaction
from app.organisation.models import Unit
from app.search.terms import index_rows
from app.testing.people import Browser, Person, add_person, login
from app.types import SYSTEM
from bench.lists import OWNER, seeded
from bench.seed import people
from bench.table import Line, Statements, median, show

#: Milliseconds at the server.
AIM = "<= 100"
TYPED = (
    *(
        "张",
        "王建",
        "张建国",
        "建国",
        "浩然",
        "zh",
        "zha",
        "zhang",
        "zhangj",
        "zhangjianguo",
        "li",
        "liw",
        "lin",
        "wangjg",
    ),
    *("zjg", "zw", "jianguo", "wang wei", "王 伟", "5678", "0001", "138 0013 8000", "13800138000", "003X", "B0012345"),
    *("不存在的人", "qqqq", "经理7", "支行", "客户"),
)
ROUNDS = 7


def seed_contacts(rows: int) -> None:
    """A contact to every fifth customer, brought into the index as an import does it."""
    chance = random.Random(11)
    made = [
        {"id": number, "customer_id": number * 5, "role": "main", "name": one["name"], "mobile": one["mobile"]}
        for number, one in enumerate(people(rows // 5, seed=11), start=1)
    ]
    chance.shuffle(made)
    with transaction() as current:
        insert_rows(current, Contact.__table__, made, list(made[0]))  # type: ignore[arg-type]
        index_rows("contact", ((one["id"], {"name": one["name"], "mobile": one["mobile"]}) for one in made), fresh=True)


def cast(kind: str) -> Iterator[tuple[str, Person]]:
    """The people who ask, besides the administrator."""
    yield "head of one branch", add_person("one", "单主管", session.get_one(Unit, 7), "department_head")
    manager = add_person("own", "单经理", session.get_one(Unit, 7), "account_manager")
    mine = update(Customer.__table__).where(Customer.__table__.c.owner_id == OWNER)  # type: ignore[arg-type]
    session.connection().execute(mine.values(owner_id=manager.employee_id))
    session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if kind == "postgresql" else "ANALYZE")
    yield "one account manager", manager


def times(client: Browser, rounds: int = ROUNDS) -> list[tuple[float, str]]:
    """(milliseconds, term) of every answer, in order of time; the first round does not count."""
    taken: list[tuple[float, str]] = []
    for number in range(rounds + 1):
        for term in TYPED:
            began = time.perf_counter()
            answer = client.get("/search/suggest", query_string={"q": term})
            spent = (time.perf_counter() - began) * 1000
            assert answer.status_code == 200, (term, answer.status_code)
            if number:
                taken.append((spent, term))
    return sorted(taken)


def measure_search(kind: str, rows: int) -> list[Line]:
    """A line for each person: the 95th of 100 answers beside a page that only says who is there."""
    lines = []
    with seeded(kind, rows) as (app, admin, _url):
        with app.app_context(), acting_as(SYSTEM):
            seed_contacts(rows)
            everyone: list[tuple[str, Any]] = [("administrator", admin), *cast(kind)]
            session.remove()
            engine = db.engine
        for name, person in everyone:
            client = login(app.test_client(), person)
            taken = times(client)
            with Statements(engine) as counted:
                client.get("/search/suggest", query_string={"q": "建国"})
            least = median(lambda: client.get("/search/suggest"))  # noqa: B023
            middle, slow = (taken[int(len(taken) * part)][0] for part in (0.5, 0.95))
            note = f"median {middle:.1f} ms; slowest {taken[-1][0]:.1f} ms ({taken[-1][1]}); {counted.count} statements"
            lines.append(Line(f"search box, p95, {name}", kind, slow, least, "ms", slow, AIM, note))
            print(f"  {lines[-1].what}: {slow:.1f} ms, {note}", flush=True)
    return lines


def main(rows: int = 1_000_000, kinds: tuple[str, ...] = ("postgresql", "sqlite")) -> None:
    """Measure both databases and print the table."""
    lines: list[Line] = []
    for kind in kinds:
        print(f"seeding {rows:,} customers on {kind} …", flush=True)
        lines += measure_search(kind, rows)
    show(f"Search at {rows:,} customers", lines)

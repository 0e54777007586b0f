"""A generated bank of any size, written set-based: units, employees, customers, one follow-up in three."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert

from app.customers.models import Customer
from app.organisation.models import Employee, Unit
from app.search.tokens import tokens

SURNAMES = "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余苏叶吕魏蒋田杜丁沈姜"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华建国文辉玉兰宁波鹏飞宇浩然子轩欣怡梦琪雨泽晨曦思远嘉"
TODAY = datetime(2026, 6, 30, 8, tzinfo=UTC)


def people(rows: int, seed: int = 7) -> Iterator[dict[str, Any]]:
    """`rows` personal customers, the same for the same seed; owners are employees 1 to 400."""
    chance = random.Random(seed)
    for number in range(1, rows + 1):
        name = chance.choice(SURNAMES) + chance.choice(GIVEN) + chance.choice(GIVEN)
        mobile = f"1{chance.choice('3578')}{chance.randrange(10**9):09d}"
        owner = chance.randrange(1, 401)
        yield {
            "id": number,
            "code": f"B{number:08d}",
            "kind": "personal",
            "name": name,
            "mobile": mobile,
            "mobile_tail": mobile[-4:],
            "level": chance.choice(("key", "important", "normal", "normal", "normal")),
            "lifecycle": chance.choice(("potential", "active", "active", "dormant", "lost")),
            "sex": chance.choice(("male", "female")),
            "owner_id": owner,
            "unit_id": 2 + owner % 40,
            "owned_since_at": TODAY - timedelta(days=chance.randrange(900)),
            "last_followed_at": TODAY - timedelta(minutes=chance.randrange(900 * 1440)),
            "search_tokens": tokens(name),
            "created_at": TODAY - timedelta(days=900),
            "updated_at": TODAY - timedelta(days=1),
            "version": 1,
        }


def seed_organisation(connection: Connection) -> None:
    """One head office, 40 branches, 400 account managers."""
    connection.execute(
        insert(Unit),
        [
            {
                "id": 1,
                "code": "0",
                "name": "总行",
                "level": "head_office",
                "path": "/1/",
                "depth": 0,
                "parent_id": None,
            }
        ]
        + [
            {
                "id": n,
                "code": str(n),
                "name": f"第{n}支行",
                "level": "sub_branch",
                "path": f"/1/{n}/",
                "depth": 1,
                "parent_id": 1,
            }
            for n in range(2, 42)
        ],
    )
    connection.execute(
        insert(Employee),
        [{"id": n, "code": f"E{n:04d}", "name": f"经理{n}", "unit_id": 2 + n % 40} for n in range(1, 401)],
    )


def seed_customers(connection: Connection, rows: int) -> None:
    """Write the customers: COPY on PostgreSQL, executemany on SQLite."""
    table = Customer.__table__
    if connection.dialect.name == "postgresql":
        columns = list(next(people(1)))
        cursor = connection.connection.driver_connection.cursor()
        with cursor.copy(f"COPY customer ({', '.join(columns)}) FROM STDIN") as copy:
            for row in people(rows):
                copy.write_row(list(row.values()))
        cursor.execute("SELECT setval(pg_get_serial_sequence('customer', 'id'), %s)", (rows,))
        return
    batch: list[dict[str, Any]] = []
    for row in people(rows):
        batch.append(row)
        if len(batch) == 20_000:
            connection.execute(insert(table), batch)
            batch = []
    if batch:
        connection.execute(insert(table), batch)

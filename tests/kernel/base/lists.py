"""A list as a test reads it, and long lists."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from app.customers.models import Customer
from app.db import session
from app.testing.people import People, Person

ROW = re.compile(r'data-row="(\d+)"')
URL = "/customer/list/"


def rows(answer: Any) -> list[int]:
    """Ids of the rows shown, in order."""
    return [int(found) for found in ROW.findall(answer.text)]


def names(answer: Any) -> list[str]:
    """Names of the customers shown, in order."""
    return [session.get_one(Customer, pk).name for pk in rows(answer)] if rows(answer) else []


def many(people: People, number: int, owner: Person | None = None) -> None:
    """Customers of the manager, or of `owner`, written at once; every third was never followed up."""
    owner = owner or people.manager
    session.execute(
        insert(Customer),
        [
            {
                "code": f"{owner.username}{n}", "name": f"客户{n % 7}", "owner_id": owner.employee_id,
                "unit_id": owner.unit_id, "search_tokens": "",
                "last_followed_at": None if n % 3 == 0 else listing_moment(n),
            }
            for n in range(number)
        ],
    )  # fmt: skip
    session.commit()


def listing_moment(number: int) -> Any:
    """A moment shared by several rows, so that only the id tells them apart."""
    return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=number // 5)

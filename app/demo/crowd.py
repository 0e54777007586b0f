"""The made-up bank's customers and contacts: people with valid ID numbers, companies with valid codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from app.customers.models import Contact
from app.customers.services import create_customers
from app.db import session
from app.demo.names import OCCUPATIONS, company, person
from app.demo.numbers import id_number, mobile, uscc
from app.demo.places import BRANCHES, ELSEWHERE, STREETS
from app.demo.product_lines import product_line
from app.demo.staff import Bank, Place
from app.fields.bulk import insert_rows
from app.search.terms import index_entity

CUSTOMERS = 2000
#: The bank's clock: what is done, is done in working hours there.
ZONE = ZoneInfo("Asia/Shanghai")
#: How far back the records go.
DAYS = 540
_CONTACT = (
    "customer_id",
    "role",
    "name",
    "sex",
    "mobile",
    "title",
    "relation",
    "share_percent",
    "created_at",
)


@dataclass(frozen=True, slots=True)
class Made:
    """A customer as the follow-ups need it: who looks after it since when, and until when they did."""

    id: int
    kind: str
    level: str
    owner_id: int
    since: date
    quiet_from: date


def make_customers(random: Random, bank: Bank, today: date) -> list[Made]:
    """Two thousand customers of the account managers, some of nobody, with their contacts."""
    taken: set[str] = set()
    rows, plans = [], []
    for number in range(CUSTOMERS):
        place = random.choices(bank.places, [len(one.managers) for one in bank.places])[0]
        kind = random.choices(("personal", "corporate", "channel", "agent"), (70, 27, 2, 1))[0]
        is_person = kind in ("personal", "agent")
        row = _person(random, place, taken, today) if is_person else _company(random, place, taken, today)
        row["kind"] = kind
        row["level"] = random.choices(("key", "important", "normal"), (8, 24, 68))[0]
        row["source"] = random.choices(
            ("walk_in", "phone", "referral", "channel", "campaign", "online"), (30, 18, 22, 12, 10, 8)
        )[0]
        row["custom"] = product_line(random, kind)
        age = random.randrange(5, DAYS) if number % 10 else random.randrange(1, 40)
        since = today - timedelta(days=age)
        row["created_at"] = _moment(random, since)
        quiet = today if random.random() < 0.62 else since + timedelta(days=random.randrange(age))
        row["lifecycle"] = _lifecycle((today - quiet).days, random)
        if random.random() < 0.03:
            row["unit_id"] = place.unit.id
        else:
            row["owner_id"] = random.choice(place.managers).id
        rows.append(row)
        plans.append((row, since, quiet))
    companies = [row for row in rows if row["kind"] == "corporate"]
    parents = create_customers(companies[:50])
    for row in companies[50:]:
        if random.random() < 0.12:
            row["parent_id"] = random.choice(parents)
    first = {id(row) for row in companies[:50]}
    rest = [row for row in rows if id(row) not in first]
    ids = dict(zip(map(id, rest), create_customers(rest), strict=True))
    ids.update(zip(map(id, companies[:50]), parents, strict=True))
    _make_contacts(random, [(ids[id(row)], row) for row in rows])
    return [
        Made(ids[id(row)], row["kind"], row["level"], row["owner_id"], since, quiet)
        for row, since, quiet in plans
        if row.get("owner_id")
    ]


def _person(random: Random, place: Place, taken: set[str], today: date) -> dict[str, Any]:
    female = random.random() < 0.49
    born = date(today.year - random.randrange(21, 72), random.randrange(1, 13), random.randrange(1, 29))
    local = random.random() < 0.6
    division = place.division if local else random.choice(ELSEWHERE)
    income = Decimal(random.randrange(6, 60)) * 10_000 if random.random() < 0.7 else None
    return {
        "name": person(random, female=female),
        "id_number": _fresh(taken, lambda: id_number(random, division, born, female=female)),
        "mobile": _fresh(taken, lambda: mobile(random)),
        "occupation": random.choice(OCCUPATIONS),
        "annual_income": income,
        "region": place.division,
        "address": _address(random, place),
    }


def _company(random: Random, place: Place, taken: set[str], today: date) -> dict[str, Any]:
    name, industry = company(random)
    while name in taken:
        name, industry = company(random)
    taken.add(name)
    capital = random.choice((50, 100, 200, 300, 500, 800, 1000, 2000, 3000, 5000))
    revenue = Decimal(capital) * Decimal(random.randrange(8, 90)) / 10
    return {
        "name": name,
        "industry": industry,
        "uscc": _fresh(taken, lambda: uscc(random, place.division)),
        "mobile": _fresh(taken, lambda: mobile(random)),
        "legal_representative": person(random, female=random.random() < 0.3),
        "registered_capital": Decimal(capital) * 10_000,
        "annual_revenue": revenue.quantize(Decimal(1)) * 10_000,
        "staff_count": max(3, int(capital * random.uniform(0.02, 0.4))),
        "founded_on": today - timedelta(days=random.randrange(700, 9000)),
        "region": place.division,
        "address": _address(random, place),
    }


def _make_contacts(random: Random, customers: list[tuple[int, dict[str, Any]]]) -> None:
    rows: list[dict[str, Any]] = []
    for number, row in customers:
        if row["kind"] in ("personal", "agent"):
            if random.random() < 0.28:
                rows.append(_contact(random, number, row, "family", relation=random.choice(("配偶", "子女", "父母"))))
            continue
        rows.append(
            _contact(random, number, row, "main", title=random.choice(("财务负责人", "办公室主任", "总经理助理")))
        )
        if random.random() < 0.5:
            rows.append(
                _contact(random, number, row, "manager", title=random.choice(("总经理", "副总经理", "财务总监")))
            )
        if random.random() < 0.6:
            large = random.randrange(51, 91)
            rows.append(_contact(random, number, row, "shareholder", share_percent=Decimal(large)))
            rows.append(_contact(random, number, row, "shareholder", share_percent=Decimal(100 - large)))
    insert_rows(session(), Contact.__table__, rows, _CONTACT)  # type: ignore[arg-type]
    index_entity("contact")


def _contact(random: Random, customer_id: int, row: dict[str, Any], role: str, **more: Any) -> dict[str, Any]:
    female = random.random() < 0.45
    return {
        "customer_id": customer_id,
        "role": role,
        "name": person(random, female=female),
        "sex": "female" if female else "male",
        "mobile": mobile(random),
        "created_at": row["created_at"],
        **more,
    }


def _address(random: Random, place: Place) -> str:
    city, district = next(
        (city, name) for _code, city, all_of in BRANCHES for code, name in all_of if code == place.division
    )
    return f"{city}市{district}区{random.choice(STREETS)}{random.randrange(1, 399)}号"


def _lifecycle(quiet_days: int, random: Random) -> str:
    if quiet_days > 300:
        return "lost"
    if quiet_days > 120:
        return "dormant"
    return "active" if random.random() < 0.55 else "potential"


def _moment(random: Random, day: date) -> datetime:
    clock = time(random.randrange(9, 18), random.randrange(60))
    return datetime.combine(day, clock, ZONE).astimezone(UTC)


def _fresh(taken: set[str], make: Any) -> str:
    """A number nobody has yet."""
    while (number := make()) in taken:
        pass
    taken.add(number)
    return str(number)

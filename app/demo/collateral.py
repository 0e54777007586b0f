"""Collateral of the made-up bank's customers: a kind of record as a business admin makes it on screen (FLD-5)."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any, cast

from sqlalchemy import Table, select

from app.customers.models import Customer
from app.db import now, session
from app.demo.places import STREETS
from app.fields.bulk import insert_rows, next_ids
from app.fields.custom.services import add_field
from app.fields.entities.describing import put_entity
from app.fields.records import create_record
from app.host.context import context, entity
from app.search.terms import index_rows

SLUG = "x_collateral"
KINDS = "house | 住宅 | House | green\nshop | 商铺 | Shop | blue\nland | 土地 | Land | amber\nmachine | 设备 | Machine"
FIELDS: tuple[dict[str, Any], ...] = (
    {"key": "x_kind", "label_zh": "抵押物类型", "label_en": "Kind of collateral", "kind": "choice", "choices": KINDS,
     "required": True, "in_list": True},
    {"key": "x_worth", "label_zh": "评估价值", "label_en": "Appraised value", "kind": "money", "in_list": True},
    {"key": "x_appraised_on", "label_zh": "评估日期", "label_en": "Appraised on", "kind": "date", "in_list": True},
    {"key": "x_deed", "label_zh": "权证号", "label_en": "Deed number", "kind": "text", "sole": True},
)  # fmt: skip
#: (kind, what it is called, its worth in ten thousand: least and most)
_THINGS = (
    ("house", "住宅", 80, 900),
    ("shop", "商铺", 120, 1500),
    ("land", "土地", 200, 3000),
    ("machine", "设备", 20, 400),
)
COUNT = 160


def make_collateral(random: Random, today: date) -> int:
    """The kind of record, its fields, and pieces of collateral of some customers; how many pieces."""
    row = create_record(
        entity("custom_entity"),
        {"label_zh": "抵押物", "label_en": "Collateral", "slug": SLUG, "icon": "home", "scoping": "parent",
         "parent": "customer", "title_zh": "抵押物名称", "title_en": "Name of the collateral"},
    )  # fmt: skip
    put_entity(context(), row)
    for position, values in enumerate(FIELDS, 1):
        add_field({"entity": SLUG, "position": position, **values})
    table = cast(Table, entity(SLUG).model.__table__)
    kinds = Customer.__table__.c.kind.in_(("corporate", "personal"))
    owners = session.scalars(select(Customer.__table__.c.id).where(kinds).order_by(Customer.__table__.c.id)).all()
    chosen = sorted(random.choices(owners, k=min(COUNT, len(owners))))
    rows = [
        {"id": number, "customer_id": customer, "created_at": now(), **_thing(random, number, today)}
        for number, customer in zip(next_ids(session(), table, len(chosen)), chosen, strict=True)
    ]
    insert_rows(session(), table, rows, ("id", "customer_id", "name", "custom", "created_at"))
    index_rows(SLUG, ((one["id"], {"name": one["name"]}) for one in rows), fresh=True)
    return len(rows)


def _thing(random: Random, number: int, today: date) -> dict[str, Any]:
    kind, called, least, most = random.choice(_THINGS)
    place = f"{random.choice(STREETS)}{random.randrange(1, 399)}号"
    document = {
        "x_kind": kind,
        "x_worth": f"{random.randrange(least, most)}0000.00",
        "x_appraised_on": (today - timedelta(days=random.randrange(5, 900))).isoformat(),
        "x_deed": f"权{today.year - 1}{number:06d}",
    }
    return {"name": f"{place}{called}", "custom": document}

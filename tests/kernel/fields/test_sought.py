"""A field that is searched: found by list and by Ctrl-K, however it was written, by those who may read it."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import func, select

from app.access.actors import acting_as
from app.access.models import FieldPermission
from app.db import session, transaction
from app.host.context import entity
from app.search.models import SearchTerm
from app.testing.jobs import run_pending
from app.testing.people import People, login
from app.transfer.services.columns import Row
from app.transfer.services.writing import create_rows
from app.types import SYSTEM
from tests.kernel.base.lists import URL, rows
from tests.kernel.fields.shaping import add_fields, rebuilt
from tests.kernel.fields.test_several import made
from tests.kernel.fields.test_shaping import change, give


def test_found_by_what_an_admin_added(app: Flask, people: People) -> None:
    add_fields(
        {"key": "x_brand", "label_zh": "招牌", "kind": "text"},
        {"key": "x_card", "label_zh": "会员卡", "kind": "phone", "sought": True},
    )
    owner = people.manager.employee_id
    with rebuilt(app):
        old = made(owner, x_brand="老渔港酒楼")
        change("x_brand", sought=True)
    with rebuilt(app) as new:
        run_pending()
        fresh = made(owner, x_brand="新渔港茶室", x_card="13800139999")
        with acting_as(SYSTEM), transaction() as current:
            values = {"name": "进口", "owner_id": owner, "unit_id": people.north.id, "x_brand": "渔港分号"}
            filed = create_rows(current, entity("customer"), [Row(2, 0, 0, {"kind": "personal", **values})])[0]
        manager = login(new.test_client(), people.manager)

        def found(text: str) -> list[int]:
            return sorted(rows(manager.get(URL, query_string={"q": text})))

        assert found("渔港") == [old, fresh, filed] and found("laoyugang") == [old] and found("9999") == [fresh]
        assert f"/customer/show/{old}" in manager.get("/search/", query_string={"q": "老渔港"}).text
        give(old, x_brand="山城火锅")
        assert found("老渔港") == [] and found("火锅") == [old]
        with acting_as(SYSTEM), transaction() as current:
            hidden = {"entity": "customer", "field": "x_brand", "level": "masked"}
            current.add(FieldPermission(role_id=people.manager.role_id, **hidden))
        login(manager, people.manager)
        assert found("火锅") == [] and found("9999") == [fresh]
        change("x_brand", sought=False)
    with rebuilt(app):
        run_pending()
        left = select(func.count()).select_from(SearchTerm).where(SearchTerm.field == "x_brand")
        assert session.scalar(left) == 0

"""FLD-5: kinds of records made on screen behave as built-in ones in every place, on both databases."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select

from app import create_app
from app.access.actors import acting_as
from app.access.models import AuditEntry, Delegation, FieldPermission
from app.db import db, session, transaction
from app.fields.entities.models import CustomEntity
from app.fields.entities.rules import MOST_ENTITIES, make_slug
from app.fields.records import create_record, delete_record, update_record
from app.host.boot import enabled_modules
from app.host.context import context, entity
from app.host.migrations import KERNEL_LINE, differences
from app.organisation.models import Employee, Unit
from app.testing.databases import copy_database
from app.testing.factories import make_customer
from app.testing.handing import hand_over, route_of, states_of, take_back
from app.testing.jobs import run_pending
from app.testing.people import People, Person
from app.testing.people import login as log_in
from app.testing.plugin import site_in, template
from app.transfer.models import Import
from app.types import SYSTEM, Refused, Scope
from tests.kernel.base.forms import fields_of, hidden
from tests.kernel.base.lists import rows
from tests.kernel.fields.shaping import rebuilt
from tests.kernel.transfer.tables import csv_bytes
from tests.kernel.transfer.test_wizard import mapped, number, upload

COLLATERAL: dict[str, Any] = {"label_zh": "抵押物", "label_en": "Collateral", "scoping": "parent", "parent": "customer"}
VISIT: dict[str, Any] = {"label_zh": "走访计划", "label_en": "Visit plan", "scoping": "own", "icon": "map-pin"}
KINDS = "house | 住宅 | House | green\nland | 土地 | Land"
FIELDS: tuple[dict[str, Any], ...] = (
    {"key": "x_worth", "label_zh": "评估价值", "label_en": "Appraised value", "kind": "money", "in_list": True},
    {"key": "x_kind", "label_zh": "抵押物类型", "kind": "choice", "choices": KINDS, "required": True, "in_list": True},
    {"key": "x_deed", "label_zh": "权证号", "kind": "text", "sole": True},
    {"key": "x_keeper", "label_zh": "保管人", "kind": "link", "target": "employee"},
)
URL = "/x_collateral/list/"


def login(client: Any, person: Person) -> Any:
    """The browser with somebody logged in."""
    return log_in(client, person)


def make(by: Person, *described: dict[str, Any]) -> None:
    with acting_as(by.actor):
        for values in described:
            create_record(entity("custom_entity"), values)


def problems(answer: Any) -> list[str]:
    """What a form that came back says."""
    return re.findall(r"(?:invalid-feedback|alert-danger)[^>]*>(.{1,300}?)</div>", answer.text, re.S)


def change_roles(client: Any, slug: str, *role_ids: int) -> int:
    """Let these of the roles offered in the dialog have an entity; the answer's code."""
    address = f"/custom_entity/roles?ids={row_of(slug).id}"
    page = client.get(address, htmx=True).text
    sent = {"seen": hidden(page, "seen"), "roles": ";".join(str(one) for one in role_ids)}
    return int(client.post(address, data=sent).status_code)


def row_of(slug: str) -> CustomEntity:
    with acting_as(SYSTEM):
        return session.scalars(select(CustomEntity).where(CustomEntity.slug == slug)).one()


def change(slug: str, **values: Any) -> None:
    with acting_as(SYSTEM):
        update_record(entity("custom_entity"), row_of(slug), values)


@contextmanager
def shaped(app: Flask, people: People) -> Iterator[Flask]:
    """The site with collateral, which has fields, and visit plans; made by the forms of the screens."""
    client = login(app.test_client(), people.admin)
    for values in (COLLATERAL, VISIT):
        sent = fields_of(client.get("/custom_entity/add").text) | values
        if values["scoping"] == "own":
            sent.pop("parent", None)
        answer = client.post("/custom_entity/add", data=sent)
        assert answer.status_code == 303, problems(answer)
    with rebuilt(app) as second:
        client = login(second.test_client(), people.admin)
        for described in FIELDS:
            sent = fields_of(client.get("/custom_field/add?entity=x_collateral").text)
            sent |= {name: "yes" if value is True else value for name, value in described.items()}
            answer = client.post("/custom_field/add", data=sent)
            assert answer.status_code == 303, problems(answer)
        with rebuilt(second) as third:
            yield third


def test_records_that_belong_to_a_customer(app: Flask, people: People) -> None:
    with shaped(app, people) as site:
        mine, other = make_customer("赵敏", people.manager).id, make_customer("钱程", people.stranger).id
        manager, stranger = (login(site.test_client(), each) for each in (people.manager, people.stranger))
        # from the customer's page, with the customer filled in
        tab = manager.get(f"/customer/show/{mine}/tab/x_collateral-customer_id", htmx=True).text
        assert f"/x_collateral/add?customer_id={mine}" in tab
        sent = fields_of(manager.get(f"/x_collateral/add?customer_id={mine}").text)
        assert sent["customer_id"] == str(mine)
        missing = manager.post("/x_collateral/add", data=sent | {"name": "朝阳公寓"})
        assert missing.status_code == 422 and 'id="field-x_kind-error"' in missing.text
        sent |= {"name": "朝阳公寓", "x_kind": "house", "x_worth": "1,250,000.50", "x_deed": "D-77"}
        answer = manager.post("/x_collateral/add", data=sent)
        assert answer.status_code == 303, problems(answer)
        pk = int(answer.headers["Location"].rpartition("/")[2])
        # REST, uniqueness, versions
        made = manager.post(
            "/api/v1/x_collateral/",
            json={"name": "海淀商铺", "customer_id": mine, "x_kind": "land", "x_worth": "9.00"},
        )
        assert made.status_code == 201 and made.json["result"]["x_worth"] == "9.00", made.json
        second = made.json["id"]
        again = manager.post(
            "/api/v1/x_collateral/", json={"name": "三", "customer_id": mine, "x_kind": "land", "x_deed": "D-77"}
        )
        assert again.status_code == 422 and "x_deed" in str(again.json)
        put = {"json": {"x_worth": "10.00"}, "headers": {"If-Match": made.headers["ETag"]}}
        assert manager.put(f"/api/v1/x_collateral/{second}", **put).status_code == 200
        assert manager.put(f"/api/v1/x_collateral/{second}", **put).status_code in (409, 412)
        described = manager.get("/api/v1/openapi.json").json["components"]["schemas"]
        assert {"name", "customer_id", "x_worth"} <= set(described["XCollateral"]["properties"])
        # list, order, filters, search
        assert rows(manager.get(URL, query_string={"sort": "x_worth"})) == [second, pk]
        assert rows(manager.get(URL, query_string={"f.x_kind": "house"})) == [pk]
        assert rows(manager.get(URL, query_string={"f.x_worth.from": "1000000"})) == [pk]
        assert set(rows(manager.get(URL, query_string={"f.customer_id": mine}))) == {pk, second}
        assert rows(manager.get(URL, query_string={"q": "cygy"})) == [pk]
        assert f"/x_collateral/show/{pk}" in manager.get("/search/", query_string={"q": "朝阳公寓"}).text
        # page, history, menu
        page = manager.get(f"/x_collateral/show/{pk}").text
        assert "1,250,000.50" in page and "住宅" in page and "赵敏" in page
        edited = fields_of(manager.get(f"/x_collateral/edit/{pk}").text) | {"x_worth": "2"}
        assert manager.post(f"/x_collateral/edit/{pk}", data=edited).status_code == 303
        history = manager.get(f"/x_collateral/show/{pk}/tab/history", htmx=True).text
        assert "评估价值" in history and "1,250,000.50" in history
        assert f'href="{URL}"' in manager.get("/customer/list/").text
        # a field kept from the role
        with acting_as(SYSTEM), transaction() as current:
            place = {"role_id": people.manager.role_id, "entity": "x_collateral", "field": "x_worth"}
            current.add(FieldPermission(**place, level="hidden"))
        assert "评估价值" not in manager.get(f"/x_collateral/show/{pk}").text
        assert "x_worth" not in manager.get(f"/api/v1/x_collateral/{pk}").json["result"]
        assert manager.get(URL, query_string={"sort": "x_worth"}).status_code == 400
        # nobody of another branch reaches it, nor puts anything below a customer of somebody else's
        assert rows(stranger.get(URL)) == [] and stranger.get("/api/v1/x_collateral/").json["result"] == []
        for path in (f"show/{pk}", f"edit/{pk}", f"show/{pk}/tab/history"):
            assert stranger.get(f"/x_collateral/{path}").status_code == 404, path
        assert stranger.put(f"/api/v1/x_collateral/{pk}", json={"x_worth": "1"}).status_code == 404
        assert manager.get(f"/x_collateral/add?customer_id={other}").status_code == 404
        below = {"name": "别家房产", "customer_id": other, "x_kind": "land"}
        assert manager.post("/api/v1/x_collateral/", json=below).status_code == 422
        assert "x_collateral/show" not in stranger.get("/search/", query_string={"q": "朝阳公寓"}).text
        # a customer with such records is not deleted
        assert manager.post(f"/x_collateral/delete/{pk}").status_code == 403
        admin = login(site.test_client(), people.admin)
        admin.post(f"/customer/delete/{mine}")
        assert admin.get(f"/customer/show/{mine}").status_code == 200
        assert admin.post(f"/x_collateral/delete/{second}").status_code == 303
        assert rows(admin.get(URL)) == [pk]


def test_files_of_them(app: Flask, people: People) -> None:
    with shaped(app, people) as site:
        make_customer("赵敏", people.manager, code="C-1")
        admin = login(site.test_client(), people.admin)
        heads = ("Collateral", "Customer", "Appraised value", "抵押物类型", "权证号")
        good = [(f"房产{n}", "C-1", f"{n}.50", "住宅", f"D{n}") for n in range(1, 4)]
        pk = number(upload(admin, csv_bytes(heads, *good, ("坏", "C-9", "1", "住宅", "D9")), entity="x_collateral"))
        assert mapped(admin, pk).status_code == 303
        assert admin.post(f"/import/{pk}/run").status_code == 303
        run_pending()
        done = session.get_one(Import, pk)
        assert (done.status, done.created_count, done.failed_count) == ("done", 3, 1)
        columns = ["name", "customer_id", "x_worth", "x_kind", "x_deed"]
        sent = {"format": "csv", "column": columns, "reason": "核对抵押物"}
        answer = admin.post("/export/start/x_collateral", data=sent, follow_redirects=True, buffered=True)
        table = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
        assert sorted((row[0], *row[2:]) for row in table[1:]) == [(name, *rest) for name, _c, *rest in good]
        assert admin.post(f"/import/{pk}/undo").status_code == 303
        run_pending()
        assert session.get_one(Import, pk).status == "undone" and rows(admin.get(URL)) == []
        # those with a person in charge count for that person's unit
        plans = [("春访", people.manager.name), ("秋访", people.stranger.name)]
        pk = number(upload(admin, csv_bytes(("Visit plan", "Person in charge"), *plans), entity="x_visit_plan"))
        mapped(admin, pk)
        admin.post(f"/import/{pk}/run")
        run_pending()
        assert session.get_one(Import, pk).created_count == 2
        table_ = entity("x_visit_plan").model.__table__
        assert dict(session.execute(select(table_.c.name, table_.c.unit_id)).all()) == {
            "春访": people.manager.unit_id,
            "秋访": people.stranger.unit_id,
        }


def test_records_with_a_person_in_charge(app: Flask, people: People) -> None:
    make(people.admin, VISIT)
    with rebuilt(app) as site:
        clients = {
            n: login(site.test_client(), getattr(people, n)) for n in ("manager", "colleague", "head", "stranger")
        }
        answer = clients["manager"].post("/api/v1/x_visit_plan/", json={"name": "走访东区"})
        assert answer.status_code == 201, answer.json
        pk = answer.json["id"]
        assert (answer.json["result"]["owner_id"], answer.json["result"]["unit_id"]) == (
            people.manager.employee_id, people.manager.unit_id,
        )  # fmt: skip
        seen = {name: rows(client.get("/x_visit_plan/list/")) for name, client in clients.items()}
        assert seen == {"manager": [pk], "colleague": [], "head": [pk], "stranger": []}
        # the head gives it to a colleague; nobody gives anything to another branch
        to = {"json": {"owner_id": people.stranger.employee_id}}
        for who in ("manager", "head"):
            assert clients[who].put(f"/api/v1/x_visit_plan/{pk}", **to).status_code == 422
        assert clients["manager"].post("/api/v1/x_visit_plan/", json={"name": "一", **to["json"]}).status_code == 422
        to = {"json": {"owner_id": people.colleague.employee_id}}
        assert clients["head"].put(f"/api/v1/x_visit_plan/{pk}", **to).status_code == 200
        assert rows(clients["colleague"].get("/x_visit_plan/list/")) == [pk]
        # work that is handed over, and taken back
        done = hand_over(people.head, people.colleague, route_of("x_visit_plan", people.manager))
        assert states_of(done) == {("x_visit_plan", pk): "moved"}
        assert rows(clients["manager"].get("/x_visit_plan/list/")) == [pk]
        take_back(people.head, done)
        assert rows(clients["colleague"].get("/x_visit_plan/list/")) == [pk]


def test_who_receives_a_new_kind(app: Flask, people: People) -> None:
    shaper = people.add("shaper", "业管", people.head_office, "business_admin")
    officer = people.add("risk", "风控", people.head_office, "risk_officer")
    system = people.add("sys", "系统", people.head_office, "consultant")
    make(people.admin, COLLATERAL)
    make(shaper, VISIT)
    make(people.admin, {"label_zh": "网点", "label_en": "Outlet", "scoping": "public"})
    with rebuilt(app) as site:
        manager, read = people.manager.actor, officer.actor
        acts = {"can_list", "can_show", "can_add", "can_edit"}
        assert {act for act, view in manager.permissions if view == "XCollateralView"} == acts
        assert not manager.can("can_delete", "XCollateralView") and not manager.can("can_add", "XOutletView")
        assert read.can("can_export", "XCollateralView") and not read.can("can_add", "XCollateralView")
        assert manager.can("can_show", "XOutletView")
        # a business administrator gives nobody more than they hold: only their own role has it
        assert shaper.actor.can("can_import", "XVisitPlanView") and not manager.can("can_list", "XVisitPlanView")
        assert not any(view.startswith("X") for _act, view in system.actor.permissions)
        client = login(site.test_client(), people.admin)
        matrix = client.get(f"/roles/{people.manager.role_id}").text
        assert "can_export" in matrix and "XCollateralView" in matrix and 'x_visit_plan"' in matrix
        assert "x_collateral" in client.get(f"/roles/{people.manager.role_id}/fields?entity=x_collateral").text
        assert login(site.test_client(), people.manager).get("/custom_entity/list/").status_code == 403
        assert change_roles(client, "x_collateral", officer.role_id) == 303
        assert change_roles(client, "x_visit_plan", people.manager.role_id) == 303
        assert officer.actor.can("can_export", "XCollateralView")
        assert not people.manager.actor.can("can_list", "XCollateralView")
        assert people.manager.actor.can("can_add", "XVisitPlanView")
        assert people.manager.actor.widest("x_visit_plan") is Scope.OWN
        assert not shaper.actor.can("can_list", "XVisitPlanView")
        # nobody gives what was not offered; whoever was let give a role may give it what they make
        mine = login(site.test_client(), shaper)
        assert change_roles(mine, "x_collateral", people.manager.role_id) == 422
        with acting_as(SYSTEM), transaction() as current:
            current.add(Delegation(role_id=shaper.role_id, given_id=people.manager.role_id))
        assert change_roles(mine, "x_collateral", people.manager.role_id) == 303
        assert not officer.actor.can("can_add", "XCollateralView") and officer.actor.can("can_list", "XCollateralView")
        told = session.scalars(
            select(AuditEntry).where(AuditEntry.entity == "role", AuditEntry.action == "update")
        ).all()
        assert any("XCollateralView.can_add" in str(entry.changes) for entry in told)


def test_out_of_use_and_back(app: Flask, people: People) -> None:
    make(people.admin, VISIT, {"label_zh": "网点", "scoping": "public", "slug": "outlet"})
    with rebuilt(app):
        with acting_as(people.manager.actor):
            pk = create_record(entity("x_visit_plan"), {"name": "走访东区"}).id
        with acting_as(SYSTEM):
            link = {
                "entity": "customer",
                "label_zh": "来自走访",
                "key": "x_visit",
                "kind": "link",
                "target": "x_visit_plan",
            }
            create_record(entity("custom_field"), link)
            with pytest.raises(Refused):
                update_record(entity("custom_entity"), row_of("x_outlet"), {"label_zh": "走访计划"})
            with pytest.raises(Refused):
                delete_record(entity("custom_entity"), row_of("x_visit_plan"))
        change("x_visit_plan", active=False)
    with rebuilt(app) as site:
        client = login(site.test_client(), people.manager)
        assert entity("customer").field("x_visit") is None  # a link to nowhere is not asked for
        assert client.get("/x_visit_plan/list/").status_code == 404
        assert "走访计划" not in client.get("/customer/list/").text
        with acting_as(SYSTEM), transaction():  # leaves while the records are out of sight: they go to the unit's head
            session.get_one(Employee, people.manager.employee_id).left_on = date(2026, 1, 1)
            session.get_one(Unit, people.north.id).head_id = people.head.employee_id
        change("x_visit_plan", active=True, label_zh="走访安排")
    with rebuilt(app) as site:
        client = login(site.test_client(), people.head)
        customer = make_customer("赵敏", people.head).id
        with acting_as(people.head.actor):
            update_record(entity("customer"), session.get_one(entity("customer").model, customer), {"x_visit": pk})
        assert "赵敏" in client.get(f"/x_visit_plan/show/{pk}/tab/customer-x_visit", htmx=True).text
        with acting_as(SYSTEM):
            assert session.get_one(entity("x_visit_plan").model, pk).owner_id == people.head.employee_id
        assert rows(client.get("/x_visit_plan/list/")) == [pk] and "走访安排" in client.get("/x_visit_plan/list/").text
        before = enabled_modules()[0]
        with acting_as(SYSTEM):
            delete_record(entity("custom_entity"), row_of("x_outlet"))
        assert enabled_modules()[0] > before and "x_outlet" not in db.inspect(session.connection()).get_table_names()
        assert differences(session.connection(), KERNEL_LINE, set(context().installed)) == []
        with pytest.raises(Refused) as refused:  # old history and permissions speak of the one that is gone
            make(people.admin, {"label_zh": "新网点", "scoping": "public", "slug": "outlet"})
        assert "slug" in refused.value.errors


WRONG = (
    ({"slug": "x_a-b"}, "slug"),
    ({"slug": "customer'); drop table customer --"}, "slug"),
    ({"slug": "much_too_long_a_name"}, "slug"),
    ({"slug": "visit_plan"}, "slug"),
    ({"label_zh": "客户"}, "label_zh"),
    ({"label_zh": "走访计划"}, "label_zh"),
    ({"label_en": "customer"}, "label_en"),
    ({"scoping": "parent"}, "parent"),
    ({"scoping": "parent", "parent": "custom_field"}, "parent"),
    ({"scoping": "parent", "parent": "x_visit_plan"}, "parent"),
    ({"scoping": "shared"}, "scoping"),
    ({"icon": "skull"}, "icon"),
)


def test_what_cannot_be_made_is_refused_by_input(app: Flask, people: People) -> None:
    make(people.admin, VISIT)
    for values, where in WRONG:
        with pytest.raises(Refused) as refused:
            make(people.admin, {"label_zh": "甲", "scoping": "own", **values})
        assert where in refused.value.errors, values
    rows_ = [{"slug": f"x_full{n}", "label_zh": f"满{n}"} for n in range(MOST_ENTITIES - 1)]
    session.execute(insert(CustomEntity), rows_)
    with pytest.raises(Refused):
        make(people.admin, {"label_zh": "乙", "scoping": "own"})
    session.rollback()
    tables = [name for name in db.inspect(session.connection()).get_table_names() if name.startswith("x_")]
    assert tables == ["x_visit_plan"]


def test_slugs_are_made_of_names_and_stay_short() -> None:
    assert make_slug("A very long name of a record", ()) == "x_a_very_long_na"
    assert make_slug("A very long name of a record", {"x_a_very_long_na"}) == "x_a_very_long_2"
    assert make_slug("业务", ()) == "x_record"


def test_two_sites_of_one_process(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The same slug with another shape in each site; each site's app built anew keeps its class."""
    folder = tmp_path_factory.getbasetemp() / "templates"
    folder.mkdir(exist_ok=True)
    shapes = {"north": ("own", None), "south": ("parent", "customer")}
    sites = {
        name: site_in(tmp_path / name, copy_database(template("sqlite", folder), tmp_path), name) for name in shapes
    }
    models: dict[str, list[Any]] = {}
    for name, (scoping, parent) in shapes.items():
        with create_app(sites[name]).app_context(), acting_as(SYSTEM):
            values = {"label_zh": "走访", "slug": "visit", "scoping": scoping, "parent": parent}
            create_record(entity("custom_entity"), {key: value for key, value in values.items() if value})
            session.remove()
    apps = {name: create_app(site) for name, site in sites.items()}
    again = {name: create_app(site) for name, site in sites.items()}
    for name, app in (*apps.items(), *again.items(), *apps.items()):
        with app.app_context(), acting_as(None):
            described = entity("x_visit")
            models.setdefault(name, []).append(described.model)
            columns = set(described.model.__table__.c.keys())
            assert ("owner_id" in columns, "customer_id" in columns) == (name == "north", name == "south")
            with acting_as(SYSTEM):
                assert session.scalars(select(described.model)).all() == []
            session.remove()
            db.engine.dispose()
    assert all(len(set(made)) == 1 for made in models.values()) and models["north"] != models["south"]

"""A site's settings go out as a document and come in as one: equal, whole or not at all, within one's rights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from sqlalchemy import NullPool, create_engine, delete, select, update

from app import create_app
from app.access.actors import acting_as, load_actor
from app.access.audit import verify
from app.access.models import AuditEntry
from app.base.saved.models import SavedView
from app.blueprint.applying import site_parts
from app.blueprint.models import BlueprintDocument
from app.blueprint.rules import Unfit
from app.blueprint.services import (
    applied_documents,
    apply_document,
    begin_return,
    compare_document,
    export_document,
    read_text,
    upload,
)
from app.db import db, session, transaction
from app.fields.custom.models import CustomField
from app.fields.entities.models import CustomEntity
from app.host.models import VERSION, HostModule, HostState
from app.host.sites import Site, create_site
from app.testing.databases import copy_database
from app.testing.factories import make_customer, make_unit
from app.testing.people import People
from app.testing.plugin import template
from app.types import SYSTEM

TEMPLATES = Path(__file__).resolve().parents[3] / "examples" / "blueprints"
SHAPE = """
blueprint: 1
title: 小贷公司
modules: [loans, pools]
settings: {access.export_rows: 500, pools.claims_per_day: 7}
entities:
  x_visit: {label_zh: 走访, label_en: Visit, icon: map-pin}
fields:
  x_visit:
    x_purpose: {kind: text, label_zh: 来意, in_list: true}
  customer:
    x_job:
      kind: choice
      label_zh: 行当
      label_en: Trade
      choices: [retired | 退休 | Retired | green, student | 学生 | Student]
      in_list: true
    x_income: {kind: money, label_zh: 月进账, label_en: Takings, indexed: true}
roles:
  teller:
    label_zh: 柜员
    label_en: Teller
    permissions:
      CustomerView: [can_list, can_show]
      LoansDevelopmentView: [can_list]
      XVisitView: [can_list, can_show]
    scopes: {customer: unit, x_visit: own}
    fields: {customer: {x_income: masked, mobile: masked}, x_visit: {x_purpose: read}}
    may_give: [trainee]
    export_limit: 100
    second_factor: true
  trainee: {label_zh: 实习生, label_en: Trainee}
layouts:
  contact:
    lists: [{role: teller, columns: [name]}]
views:
  customer:
    退休客户: {role: teller, shows: [f.x_job=retired, sort=-x_income]}
    本部: {unit: HO, shows: [q=本部]}
  x_visit:
    全部走访: {default: true, shows: ["columns=name,x_purpose"]}
"""


@contextmanager
def standing(site: Site) -> Iterator[Flask]:
    """The site's app as the next request would find it."""
    app = create_app(site)
    with app.app_context(), acting_as(SYSTEM):
        yield app
        session.remove()
        db.engine.dispose()


def applied(text: str) -> int:
    """Upload and apply; how many changes that made."""
    row = upload("t.yaml", text)
    return len(apply_document(row.id, compare_document(read_text(text)).seen))


def without_roles_of_the_kernel(text: str) -> str:
    """The shape beside the roles the site has anyhow."""
    roles = site_parts({"roles": None})["roles"]
    content = yaml.safe_load(text)
    return yaml.safe_dump({**content, "roles": {**roles, **content["roles"]}}, allow_unicode=True, sort_keys=False)


def test_what_one_site_exports_another_becomes(site: Site, tmp_path: Path) -> None:
    with standing(site):
        with transaction() as current:
            make_unit("总行", level="head_office", code="HO")
            current.add(SavedView(entity="customer", name="只给自己", user_id=1, query="sort=name"))
            of_one = {"audience": "everyone", "query": "f.owner_id=1"}
            current.add(SavedView(entity="customer", name="某人的", user_id=1, **of_one))
        version = session.scalar(select(HostState.value).where(HostState.key == VERSION)) or 0
        count = applied(without_roles_of_the_kernel(SHAPE))
        assert count >= 12
        assert session.scalar(select(HostState.value).where(HostState.key == VERSION)) == version + 1
        row = applied_documents()[0]
        assert row.name == "小贷公司"
        assert row.summary["fields"] == {"added": 3} and row.summary["modules"] == {"added": 2}
        acts = set(session.scalars(select(AuditEntry.action).where(AuditEntry.entity.in_(("module", "blueprint")))))
        assert {"enable_module", "apply_blueprint"} <= acts
        assert verify(session())[1] == ""
    with standing(site):
        text = export_document()
        parts = read_text(text).parts
        for name in ("entities", "fields", "views"):
            assert parts[name] == yaml.safe_load(SHAPE)[name]
        assert parts["roles"]["teller"] == yaml.safe_load(SHAPE)["roles"]["teller"]
        assert parts["layouts"]["contact"]["lists"][0]["columns"] == ["name"]
        assert parts["settings"] == {"access.export_rows": 500, "pools.claims_per_day": 7}
        assert applied(text) == 0, "an export changes nothing"
        # to what it was before, and to the document once more: two sites' exports are equal
        back = begin_return(applied_documents()[-1].id, "before")
        apply_document(back.id, compare_document(read_text(back.text)).seen)
    with standing(site):
        parts = site_parts()
        assert parts["modules"] == [] and "teller" not in parts["roles"]
        assert parts["layouts"] == parts["entities"] == parts["views"] == {}
        field = session.scalar(select(CustomField).where(CustomField.key == "x_job"))
        kept = session.scalar(select(CustomEntity).where(CustomEntity.slug == "x_visit"))
        assert kept is not None and not kept.active
        assert field is not None and not field.active, "what a document does not name is kept, out of use"
        assert applied(text) > 0
    with standing(site):
        assert export_document() == text


WRONG = (
    ("roles: {}", "blueprint"),
    ("blueprint: 2", "blueprint"),
    ("blueprint: 1\nlogins: {}", "logins"),
    ("blueprint: 1\nmodules: [nosuch]", "modules.0"),
    ("blueprint: 1\nsettings: {pools.claims_per_day: many}", "settings.pools.claims_per_day"),
    ("blueprint: 1\nsettings: {secret.key: x}", "settings.secret.key"),
    ("blueprint: 1\nfields: {customer: {x_a: {kind: nosuch, label_zh: 甲}}}", "fields.customer.x_a.kind"),
    ("blueprint: 1\nfields: {customer: {x_a: {kind: text, label_zh: 甲, colour: red}}}", "fields.customer.x_a.colour"),
    ("blueprint: 1\nfields: {customer: {name: {kind: text, label_zh: 甲}}}", "fields.customer.name"),
    ("blueprint: 1\nfields: {nosuch: {x_a: {kind: text, label_zh: 甲}}}", "fields.nosuch"),
    ("blueprint: 1\nfields: [1]", "fields"),
    ("blueprint: 1\nroles: {t: {label_zh: 甲, label_en: A, scopes: {customer: moon}}}", "roles.t.scopes.customer"),
    ("blueprint: 1\nroles: {t: {label_zh: 甲, label_en: A, permissions: {CustomerView: [can_fly]}}}",
     "roles.t.permissions.CustomerView"),
    ("blueprint: 1\nroles: {Admin: {label_zh: 甲, label_en: A}}", "roles.Admin"),
    ("blueprint: 1\nentities: {visit: {label_zh: 甲}}", "entities.visit"),
    ("blueprint: 1\nentities: {x_a: {label_zh: 甲, scoping: parent, parent: nosuch}}", "entities.x_a.parent"),
    ("blueprint: 1\nentities:\nfields: {x_a: {x_b: {kind: text, label_zh: 甲}}}", "fields.x_a"),
    ("blueprint: 1\nentities: {x_a: {label_zh: 甲}}\nroles: {t: {label_zh: 甲, label_en: A, "
     "permissions: {XAView: [can_list, can_fly]}}}", "roles.t.permissions.XAView"),
    ("blueprint: 1\nviews: {customer: {甲: {unit: NOSUCH}}}", "views.customer.甲.unit"),
    ("blueprint: 1\nroles: {}\nviews: {customer: {甲: {role: account_manager}}}", "views.customer.甲.role"),
    ("blueprint: 1\nviews: {customer: {甲: {default: true}, 乙: {default: true}}}", "views.customer.乙.default"),
    ("blueprint: 1\nroles: &a {x: *a}", ""),
    ("blueprint: 1\nroles: {a: 1, a: 2}", ""),
    ("blueprint: 1\nroles: !!python/object:os.system {}", ""),
    ("blueprint: 1\nroles: " + "[" * 200 + "]" * 200, ""),
    ("blueprint: 1\nabout: " + "x" * 1_000_001, ""),
    ("blueprint: 1\nroles: {a: 1.5}", "roles.a"),
)  # fmt: skip


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_document_is_refused_where_it_is_wrong(app: Flask, as_system: None) -> None:
    for text, path in WRONG:
        with pytest.raises(Unfit) as unfit:
            comparison = compare_document(read_text(text))
            raise Unfit(comparison.problems) if comparison.problems else AssertionError(f"taken: {text}")
        assert path in [problem.where for problem in unfit.value.problems], text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["small-lender", "retail-desk", "wealth-team"])
def test_a_worked_template_makes_a_fresh_site_what_it_says(site: Site, name: str, tmp_path: Path) -> None:
    text = (TEMPLATES / f"{name}.yaml").read_text(encoding="utf-8")
    with standing(site):
        assert applied(text) >= 8
        after, parts = read_text(applied_documents()[0].after).parts, read_text(text).parts
        assert {part: data for part, data in after.items() if part in parts} == parts
    if name != "small-lender":
        return
    with standing(site):
        exported = export_document()
        assert read_text(exported).parts == after
    # and from there to a site that never saw the template
    other = create_site(tmp_path / "other", "other", database_url=empty_copy(tmp_path))
    with standing(other):
        assert export_document() != exported
        applied(exported)
    with standing(other):
        assert export_document() == exported


def empty_copy(folder: Path) -> str:
    """A database with all tables and no module on."""
    (folder / "b").mkdir()
    url = copy_database(template("sqlite", folder), folder / "b")
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(delete(HostModule))
    engine.dispose()
    return url


def test_all_or_nothing(app: Flask, as_system: None) -> None:
    # Two fields of one label: only the verb of the second finds out, when the first is written.
    shape = """
blueprint: 1
fields:
  customer:
    x_one: {kind: text, label_zh: 甲}
    x_two: {kind: text, label_zh: 甲}
"""
    rest = """
entities: {x_three: {label_zh: 丙}}
views: {customer: {经办: {shows: [f.owner_id=1]}}}
"""
    before, row = site_parts(), upload("t.yaml", shape + rest)
    seen = compare_document(read_text(shape)).seen
    with pytest.raises(Unfit) as unfit:
        apply_document(row.id, seen)
    wrong = ["fields.customer.x_two.label_zh", "views.customer.经办.shows"]
    assert [problem.where for problem in unfit.value.problems] == wrong
    assert "x_three" not in db.inspect(session.connection()).get_table_names()
    assert site_parts() == before and session.scalar(select(CustomField.id)) is None
    good = upload("t.yaml", shape.replace("x_two: {kind: text, label_zh: 甲}", "x_two: {kind: text, label_zh: 乙}"))
    assert len(apply_document(good.id, seen, dry_run=True)) == 2
    assert site_parts() == before and applied_documents() == []
    with transaction() as current:
        current.execute(update(BlueprintDocument).values(name="x"))
        current.add(CustomField(entity="contact", key="x_late", kind="text", label_zh="晚"))
    with pytest.raises(Unfit):
        apply_document(good.id, seen)
    assert session.scalar(select(CustomField.id).where(CustomField.key == "x_one")) is None


def test_it_says_whom_it_reaches_and_never_gives_more_than_one_may(app: Flask, people: People) -> None:
    branch = people.branch.id
    with acting_as(SYSTEM), transaction():
        security = people.add("security", "安全员", people.head_office, "security_admin").user_id
        shaper = people.add("shaper", "业务员", people.head_office, "business_admin").user_id
    with acting_as(load_actor(shaper)):
        made = "blueprint: 1\nentities: {x_b: {label_zh: 走访}}\nfields: {customer: {x_a: {kind: text, label_zh: 甲}}}"
        assert applied(made) == 2
    app = create_app(app.extensions["qiao"].site)
    with app.app_context(), acting_as(SYSTEM):
        with transaction():
            make_customer("甲公司", unit=branch, x_a="1")
            make_customer("乙公司", unit=branch)
        wanted: dict[str, Any] = {"blueprint": 1, "fields": {}, "roles": site_parts()["roles"]}
        wanted["roles"]["account_manager"]["permissions"]["AuditView"] = ["can_list"]
        text = yaml.safe_dump(wanted)
        found = {each.part.name: each.differences for each in compare_document(read_text(text)).parts}
        assert [impact.count for impact in found["fields"][0].impact] == [1]
        assert found["roles"][0].impact[0].count == 3
        with acting_as(load_actor(security)):
            comparison = compare_document(read_text(text))
            assert [each.hidden for each in comparison.parts] == [1, 0], "another's part is only counted"
            assert [p.where for p in comparison.problems] == ["fields.customer.x_a"]
            del wanted["fields"]
            row = upload("t.yaml", yaml.safe_dump(wanted))
            with pytest.raises(Unfit) as unfit:
                apply_document(row.id, comparison.seen)
        assert [p.where for p in unfit.value.problems] == ["roles.account_manager.permissions.AuditView"]
        having = [n for n, role in site_parts()["roles"].items() if "XBView" in role.get("permissions", {})]
        assert having == ["business_admin"], "a new kind of record goes to the roles of who made it"
        assert applied("blueprint: 1\nentities: {}") == 1
        after = read_text(applied_documents()[0].after).parts
        assert after["entities"] == {} and "XBView" not in str(after["roles"])
        session.remove()
        db.engine.dispose()

"""APR-1: drafts, versions that never change, two admins at once, flows that modules ship."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.approvals.models import Definition, DefinitionVersion
from app.approvals.rules.document import Document
from app.approvals.rules.writing import read_document
from app.approvals.services import definitions as flows
from app.approvals.services.known import known_of
from app.approvals.services.shipping import synchronise_flows
from app.db import session, transaction
from app.host.context import context
from app.testing.people import People
from app.types import SYSTEM, AssigneeRule, FlowDefinition, Refused

HEAD = {"find": "unit_head", "level": 1}
RULES = (("test.any", ""), ("test.customer", "customer"), ("test.contact", "contact"))


def document(*levels: int, **options: Any) -> Document:
    """A flow that asks heads one after another."""
    steps = [
        {"id": f"s{n}", "kind": "approve", "name": f"第{n}步", "assignees": [{"find": "unit_head", "level": n}]}
        for n in levels
    ]
    return read_document({"steps": steps, **options})


def test_a_flow_is_drafted_published_changed_and_gone_back_to(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    with acting_as(people.admin.actor):
        made = flows.create("客户准入", "Admission", "customer")
        assert made.code == "customer_1"
        with pytest.raises(Refused, match="还没有步骤"):
            flows.publish(made.id, made.version)
        flows.save_draft(made.id, document(1), made.version)
        seen = made.version
        flows.save_draft(made.id, document(1, 2), seen)
        with pytest.raises(flows.Stale):
            flows.save_draft(made.id, document(3), seen)
        assert flows.publish(made.id, made.version, "首版") == 1
        flows.save_draft(made.id, document(2), made.version)
        assert flows.working(made) == document(2)
        assert flows.publish(made.id, made.version) == 2
        flows.draft_from(made.id, 1, made.version)
        assert flows.working(made) == document(1, 2)
        flows.discard_draft(made.id, made.version)
        assert flows.working(made) == document(2)
        assert [(one.number, one.note, one.published_by) for one in flows.versions_of(made.id)] == [
            (2, "", people.admin.actor.name),
            (1, "首版", people.admin.actor.name),
        ]
        with pytest.raises(Refused):
            flows.delete(made.id, made.version)
        flows.set_active(made.id, False, made.version)
        assert [one.definition.code for one in flows.definitions("准入", state="retired")] == ["customer_1"]
        assert not flows.definitions("准入", state="active")
        assert flows.count_definitions("准入") == 1 and flows.definitions("准入", page=2) == []
        monkeypatch.setattr(context(), "assignee_rules", {name: AssigneeRule(name, name, of) for name, of in RULES})
        known = known_of("customer", document(1))
        assert known.rules == {"test.any", "test.customer"}, "the rules modules bring for this kind of record"
        acts = session.scalars(select(AuditEntry.action).where(AuditEntry.entity == "approval_definition"))
        assert sorted(acts) == ["create", "publish", "publish", "update"]


def test_a_published_version_is_never_changed_not_even_by_the_database(app: Flask, people: People) -> None:
    with acting_as(people.admin.actor):
        made = flows.create("准入", "", "customer", document=document(1))
        flows.publish(made.id, made.version)
        with pytest.raises(DBAPIError), transaction() as current:
            current.execute(update(DefinitionVersion).values(document="{}"))


def test_who_may_not_shape_flows_is_refused_and_nothing_is_kept(app: Flask, people: People) -> None:
    with acting_as(people.manager.actor), pytest.raises(Refused):
        flows.create("准入", "", "customer")
    with acting_as(people.admin.actor):
        made = flows.create("准入", "", "customer", code="admission", document=document(1))
        for name, entity, code, field in (
            ("", "customer", "", "name"),
            ("x", "nothing", "", "entity"),
            ("x", "customer", "No!", "code"),
            ("x", "customer", "admission", "code"),
        ):
            with pytest.raises(Refused) as refused:
                flows.create(name, "", entity, code)
            assert list(refused.value.errors) == [field]
    with acting_as(people.manager.actor), pytest.raises(Refused):
        flows.publish(made.id, made.version)
    with acting_as(people.admin.actor):
        flows.delete(made.id, made.version)
        assert not flows.definitions()


def test_a_module_ships_a_flow_once_and_offers_a_newer_one_as_a_draft(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ship(*levels: int) -> int:
        raw = flows.write_document(document(*levels))
        shipped = FlowDefinition("loans_approval", "放款审批", "Loan approval", "customer", raw)
        monkeypatch.setattr(context(app), "flow_definitions", {shipped.code: ("loans", shipped)})
        with acting_as(SYSTEM), transaction() as current:
            return synchronise_flows(current)

    def held() -> Definition:
        session.expire_all()
        return session.scalars(select(Definition).where(Definition.code == "loans_approval")).one()

    with acting_as(SYSTEM):
        assert (ship(1), ship(1)) == (1, 0)
        assert (held().published, held().draft, held().module) == (1, None, "loans")
        assert ship(1, 2) == 1
        assert held().published == 1
        assert flows.working(held()) == document(1, 2)
    with acting_as(people.admin.actor):
        flows.discard_draft(held().id, held().version)
        assert ship(1, 2) == 0
        flows.save_draft(held().id, document(3), held().version)
        assert ship(1, 2, 3) == 0
        assert flows.working(held()) == document(3)

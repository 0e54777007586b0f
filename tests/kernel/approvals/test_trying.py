"""APR-3: a flow tried on a record tells who would be asked, by which rule, who is left out; nothing is kept."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import func, select

from app.access.actors import acting_as
from app.approvals.models import Case, CaseEvent
from app.approvals.rules.writing import read_document
from app.approvals.services import definitions as flows
from app.approvals.services.trying import dry_run
from app.db import session, transaction
from app.organisation.models import Unit
from app.testing.factories import make_customer
from app.testing.people import People
from app.types import SYSTEM

DOCUMENT = read_document(
    {
        "steps": [
            {
                "id": "head", "kind": "approve", "name": "部门负责人", "nobody": "administrator",
                "assignees": [{"find": "unit_head"}, {"find": "applicant"}],
            },
            {
                "id": "size", "kind": "choice",
                "branches": [
                    {
                        "when": "level == 'a'",
                        "steps": [{"id": "city", "kind": "approve", "assignees": [{"find": "unit_head", "level": 2}]}],
                    },
                    {"steps": [{"id": "told", "kind": "notify", "assignees": [{"find": "applicant"}]}]},
                ],
            },
        ]
    }
)  # fmt: skip


def test_a_trial_tells_who_is_asked_and_why_and_keeps_nothing(app: Flask, people: People) -> None:
    manager, head, city = (one.employee_id for one in (people.manager, people.head, people.city_manager))
    with acting_as(SYSTEM), transaction() as current:
        for unit, leader in ((people.north, head), (people.branch, city)):
            current.get_one(Unit, unit.id).head_id = leader
    with acting_as(SYSTEM):
        record = make_customer("甲客户", people.colleague).id
    with acting_as(people.admin.actor):
        flow = flows.create("准入", "", "customer", document=DOCUMENT)
        tried = {one.step.id: one for one in dry_run(flow, DOCUMENT, record, manager).steps}
        assert [(p.employee, p.rules, p.left_out) for p in tried["head"].people] == [
            (head, [1], ""), (manager, [2], "own_case"),
        ]  # fmt: skip
        assert (tried["size"].branch, tried["city"].state, tried["told"].state) == (1, "untaken", "taken")
        other = dry_run(flow, DOCUMENT, record, head, {"size": 0})
        tried = {one.step.id: one for one in other.steps}
        assert (tried["head"].fallback, tried["head"].fallback_to) == ("administrator", people.admin.name)
        assert [p.name for p in tried["city"].people] == [people.city_manager.name]
        assert other.outcome == "approved"
        assert not session.scalar(select(func.count()).select_from(Case))
        assert not session.scalar(select(func.count()).select_from(CaseEvent))

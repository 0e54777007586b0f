"""APR-1, MOD-4: approval flows travel with a blueprint, by codes and names; running cases stay with their version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from sqlalchemy import select

from app.access.actors import acting_as, load_actor
from app.approvals.models import Case, Definition
from app.approvals.services import definitions as flows
from app.blueprint.applying import site_parts
from app.blueprint.rules import Unfit
from app.blueprint.services import (
    applied_documents,
    apply_document,
    begin_return,
    compare_document,
    export_document,
    read_text,
)
from app.db import session, transaction
from app.host.sites import create_site
from app.testing.factories import make_customer, make_employee, make_unit
from app.testing.people import People
from app.types import SYSTEM
from tests.kernel.approvals.flows import submit
from tests.kernel.blueprint.test_blueprint import applied, empty_copy, standing

FLOWS: dict[str, Any] = {
    "admission": {
        "name": "客户准入",
        "name_en": "Admission",
        "entity": "customer",
        "flow": {
            "steps": [
                {"id": "s1", "kind": "approve", "name": "指定",
                 "assignees": [{"find": "people", "employees": ["E-wu", "E-zhou"]}], "sign": "all", "share": "1/2"},
                {"id": "s2", "kind": "parallel", "name": "会签", "branches": [
                    {"name": "甲", "steps": [{"id": "s3", "kind": "approve", "name": "岗位",
                                             "assignees": [{"find": "role", "role": "city_manager"}]}]},
                    {"name": "乙", "steps": [{"id": "s4", "kind": "approve", "name": "另一人",
                                             "assignees": [{"find": "people", "employees": ["E-li"]}]}]},
                ]},
            ]
        },
    }
}  # fmt: skip


def document(**changed: Any) -> str:
    """The document of the flow, or with parts of it changed."""
    return yaml.safe_dump({"blueprint": 1, "flows": {"admission": {**FLOWS["admission"], **changed}}})


def held() -> Definition:
    statement = select(Definition).where(Definition.code == "admission")
    return session.scalars(statement.execution_options(populate_existing=True)).one()


def test_a_flow_goes_out_by_codes_comes_in_and_is_taken_back(app: Flask, people: People) -> None:
    with acting_as(SYSTEM):
        assert applied(document()) == 1
        made = held()
        first = flows.version_of(made.id, 1).step("s1").assignees[0].employees
        assert first == (people.head.employee_id, people.city_manager.employee_id)
        assert site_parts({"flows": None})["flows"] == FLOWS
        exported = export_document()
        assert applied(exported) == 0, "an export changes nothing"
        case = submit(people.manager, make_customer("甲", people.manager), "admission")
        draft = flows.save_draft(made.id, flows.version_of(made.id, 1), held().version)
        assert draft == held().version
        shorter = {"steps": FLOWS["admission"]["flow"]["steps"][:1]}
        comparison = compare_document(read_text(document(flow=shorter, name="准入")))
        [difference] = next(each.differences for each in comparison.parts if each.part.name == "flows")
        assert [(str(said.text), said.count) for said in difference.impact[:1]] == [("删除“会签”", None)]
        assert difference.impact[-1].count == 1, "a running case"
        assert applied(document(flow=shorter, name="准入")) == 1
        assert (held().published, held().name, session.get_one(Case, case.id).version) == (2, "准入", 1)
        assert len(flows.working(held()).steps) == 2, "a draft somebody works on stays"
        assert applied("blueprint: 1\nflows: {}") == 1
        assert not held().active and site_parts({"flows": None})["flows"] == {}
        assert applied("blueprint: 1\nflows: {}") == 0
        back = begin_return(applied_documents()[-1].id, "after")
        apply_document(back.id, compare_document(read_text(back.text)).seen)
        assert held().active and site_parts({"flows": None})["flows"] == FLOWS
        assert export_document() == exported


def test_what_cannot_be_a_flow_here_is_said_and_nothing_kept(app: Flask, people: People) -> None:
    step = FLOWS["admission"]["flow"]["steps"][0]

    def asking(*employees: Any, **changed: Any) -> dict[str, Any]:
        return {"steps": [{**step, "assignees": [{"find": "people", "employees": list(employees)}], **changed}]}

    with acting_as(SYSTEM):
        for changed, where in (
            ({"flow": asking("nobody")}, "flows.admission.flow"),
            ({"flow": asking("E-\x00")}, "flows.admission.flow"),
            ({"flow": asking(people.head.employee_id)}, "flows.admission.flow"),
            ({"flow": asking("E-wu", kind="dance")}, "flows.admission.flow.steps.0.kind"),
            ({"flow": {**asking("E-wu"), "ends": {"approved": {"values": {"owner_id": 1}}}}}, "flows.admission.flow"),
            ({"flow": "x"}, "flows.admission.flow"),
            ({"entity": "nosuch"}, "flows.admission.entity"),
            ({"name": ""}, "flows.admission.name"),
            ({"colour": "red"}, "flows.admission.colour"),
        ):
            found = compare_document(read_text(document(**changed))).problems
            assert where in [problem.where for problem in found], changed
        with pytest.raises(Unfit) as unfit:
            applied(document(flow=asking("E-wu", assignees=[{"find": "role", "role": "nosuch"}])))
        assert [problem.where for problem in unfit.value.problems] == ["flows.admission"]
        assert applied(document()) == 1
        with pytest.raises(Unfit):
            applied(document(entity="contact"))
        with transaction():
            other = people.add("other", "安全员", people.head_office, "security_admin").user_id
    with acting_as(load_actor(other)):
        assert "flows" not in read_text(export_document()).parts, "who may not see flows is shown none"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_another_site_gets_the_same_flow_with_its_own_people(app: Flask, people: People, tmp_path: Path) -> None:
    def asked() -> tuple[int, ...]:
        return flows.version_of(held().id, 1).step("s1").assignees[0].employees

    with acting_as(SYSTEM):
        applied(document())
        exported, mine = export_document(), asked()
    other = create_site(tmp_path / "other", "other", database_url=empty_copy(tmp_path))
    with standing(other):
        with transaction():
            unit = make_unit("总行", level="head_office", code="HO")
            there = {code: make_employee(unit, code, code=code).id for code in ("x", "y", "E-li", "E-zhou", "E-wu")}
        applied(exported)
    with standing(other):
        assert asked() == (there["E-wu"], there["E-zhou"]) != mine
        assert export_document() == exported
        assert applied(exported) == 0

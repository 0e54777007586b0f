"""APR-7, MOD-4: a blueprint with four eyes: put up instead of applied, shown whole, applied as it was shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from app.access.actors import acting_as
from app.access.models import AuditEntry
from app.access.scope import UNSCOPED
from app.approvals.models import Case, CaseEvent
from app.approvals.rules.document import Starts
from app.approvals.services import switch_flow
from app.approvals.services.ending import end_again, finish_now
from app.base.security.accounts import set_roles
from app.base.security.roles import role_list
from app.blueprint.applying import site_parts
from app.blueprint.document import write_document
from app.blueprint.models import BlueprintDocument
from app.blueprint.rules import Unfit
from app.blueprint.services import (
    applied_documents,
    apply_document,
    begin_return,
    compare_document,
    discard,
    read_text,
    site_fingerprint,
    upload,
)
from app.cli import qiao
from app.db import session
from app.fields.custom.models import CustomField
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, Person, login
from app.types import SYSTEM, Refused
from config import settings
from tests.kernel.approvals.flows import publish, step
from tests.kernel.approvals.test_four_eyes import GRANT, SQLITE, approve, case_held, shown

APPLY = Starts(button=False, apply=True)
SHAPE = """
blueprint: 1
title: 新行当
fields:
  customer:
    x_trade: {kind: text, label_zh: 行当, label_en: Trade}
"""
OTHER = SHAPE.replace("行当", "老本行")


@pytest.fixture
def flow(people: People) -> int:
    """Blueprints need the yes of the department head."""
    return publish(step("two", people.head), code="shape", entity="blueprint", starts=APPLY)


def put_up(person: Person, text: str) -> tuple[int, Any]:
    """Upload and apply, as the screen does: the document's number, and what applying answered."""
    with acting_as(person.actor):
        number = upload("t.yaml", text).id
        return number, apply_document(number, compare_document(read_text(text)).seen)


def fields_made() -> dict[str, str]:
    """{key: its name} of the custom fields of the site."""
    session.rollback()
    rows = session.execute(select(CustomField.key, CustomField.label_zh).execution_options(**{UNSCOPED: True}))
    return {row.key: row.label_zh for row in rows}


def with_a_role(text: str) -> str:
    """The document, and the roles of the site with one more."""
    with acting_as(SYSTEM):
        roles = site_parts({"roles": None})["roles"]
    roles["teller"] = {"label_zh": "柜员", "label_en": "Teller", "permissions": {"CustomerView": ["can_list"]}}
    return write_document({**read_text(text).parts, "roles": roles}, "新行当")


def test_it_is_applied_once_somebody_else_agrees(people: People, flow: int) -> None:
    publish(step("two", people.head), code="rights", entity="role", starts=GRANT)
    text = with_a_role(SHAPE)
    number, answer = put_up(people.admin, text)
    case_id = case_held(answer)
    assert fields_made() == {} and session.get_one(BlueprintDocument, number).applied_at is None
    assert "行当" in shown(case_id) and "+['列表']" in shown(case_id)
    with acting_as(people.admin.actor):
        with pytest.raises(Refused, match="审批"):
            discard(number)  # the case shows it
        with pytest.raises(Refused, match="重新上传"):
            apply_document(number, site_fingerprint())
    assert approve(case_id, people.head) == ["ended", "deferred"]
    run_pending()
    session.expire_all()
    row = session.get_one(BlueprintDocument, number)
    assert fields_made() == {"x_trade": "行当"} and row.applied_by == people.admin.user_id
    teller = next(role for role in role_list() if role.name == "teller")
    assert teller.permission_count == 1
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "apply_blueprint")).one()
    assert entry.changes is not None and entry.changes["case"] == [None, case_id]
    with acting_as(SYSTEM):
        assert end_again(None, case_id) == {"done": False}  # type: ignore[arg-type]
    assert "行当" in shown(case_id)  # the case goes on saying what it was about


@SQLITE
def test_a_site_that_has_changed_refuses_the_end_until_it_is_as_it_was(people: People, flow: int) -> None:
    case_id = case_held(put_up(people.admin, SHAPE)[1])
    with acting_as(SYSTEM):
        assert len(apply_document(upload("o.yaml", OTHER).id, site_fingerprint())) == 1  # type: ignore[arg-type]
    approve(case_id, people.head)
    with acting_as(SYSTEM), pytest.raises(Refused, match="x_trade"):
        end_again(None, case_id)  # type: ignore[arg-type]
    with acting_as(people.head.actor), pytest.raises(Refused):
        finish_now(case_id)  # not an administrator of approvals
    with acting_as(people.admin.actor), pytest.raises(Refused, match="x_trade"):
        finish_now(case_id)
    said = select(CaseEvent.kind).where(CaseEvent.case_id == case_id).order_by(CaseEvent.number)
    assert list(session.scalars(said))[-2:] == ["deferred", "unfinished"]  # once
    assert fields_made() == {"x_trade": "老本行"}


@SQLITE
def test_who_asked_must_still_be_able_to_apply_it(people: People, flow: int) -> None:
    shaper = people.add("shaper", "业务员", people.head_office, "business_admin")
    case_id = case_held(put_up(shaper, SHAPE)[1])
    approve(case_id, people.head)
    with acting_as(SYSTEM):
        set_roles(shaper.user_id, {people.manager.role_id})
        with pytest.raises(Refused, match="业务员"):
            end_again(None, case_id)  # type: ignore[arg-type]
        assert fields_made() == {}
        set_roles(shaper.user_id, {shaper.role_id})
    with acting_as(people.admin.actor):
        finish_now(case_id)
    assert fields_made() == {"x_trade": "行当"}


@SQLITE
def test_going_back_is_put_up_too_and_the_installation_is_not_asked(people: People, flow: int) -> None:
    with acting_as(SYSTEM):
        apply_document(upload("s.yaml", SHAPE).id, site_fingerprint())
    with acting_as(people.admin.actor):
        row = begin_return(applied_documents()[0].id, "before")
        case_held(apply_document(row.id, compare_document(read_text(row.text)).seen))
    assert fields_made() == {"x_trade": "行当"}
    with acting_as(SYSTEM):
        assert switch_flow("shape", False)
    assert isinstance(put_up(people.admin, OTHER)[1], list)


@SQLITE
def test_what_cannot_be_applied_is_not_put_up(people: People, flow: int) -> None:
    with acting_as(people.admin.actor), pytest.raises(Unfit):
        apply_document(upload("t.yaml", SHAPE).id, "another site")
    twice = SHAPE + "    x_other: {kind: text, label_zh: 行当, label_en: Other}\n"
    with pytest.raises(Unfit):
        put_up(people.admin, twice)  # only the verb finds out
    assert session.scalars(select(Case.id)).all() == []


@SQLITE
def test_rights_in_a_document_do_not_pass_by_their_own_approval(people: People) -> None:
    publish(step("two", people.head), code="rights", entity="role", starts=GRANT)
    text = with_a_role(SHAPE)
    with acting_as(people.admin.actor):
        problems = compare_document(read_text(text)).problems
        assert [problem.where for problem in problems] == ["roles.teller"]
        with pytest.raises(Unfit):
            put_up(people.admin, text)
    assert fields_made() == {}


@SQLITE
def test_commands_ask_for_a_person_and_are_the_way_out(
    people: People, flow: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "instance", tmp_path / "instance")
    (tmp_path / "shape.yaml").write_text(SHAPE, encoding="utf-8")

    def run(*words: str) -> Any:
        session.commit()
        return CliRunner().invoke(qiao, [*words, "--site", "test"])

    apply = ("blueprint", "apply", str(tmp_path / "shape.yaml"), "--yes")
    said = run(*apply, "--as", "admin")
    assert said.exit_code == 0 and "sent for approval" in said.output, said.output
    assert fields_made() == {} and len(session.scalars(select(Case.id)).all()) == 1
    said = run("approvals", "retire", "shape", "--reason", "无人可批")
    assert said.exit_code == 0, said.output
    log = select(AuditEntry.changes).where(AuditEntry.action == "approval.retire")
    assert session.scalars(log).one() == {"reason": [None, "无人可批"]}
    assert run("approvals", "retire", "none", "--reason", "x").exit_code == 1
    said = run(*apply, "--as", "admin")
    assert said.exit_code == 0 and fields_made() == {"x_trade": "行当"}, said.output


@SQLITE
def test_the_page_says_that_it_waits(client: Browser, people: People, flow: int) -> None:
    login(client, people.admin)
    with acting_as(people.admin.actor):
        number = upload("t.yaml", SHAPE).id
        seen = site_fingerprint()
    session.rollback()
    answer = client.post(f"/blueprint/{number}/apply", data={"seen": seen}, follow_redirects=True)
    assert 'id="blueprint-case"' in answer.text and "data-confirm" not in answer.text.partition("blueprint-case")[2]
    case_id = session.scalars(select(Case.id)).one()
    assert f"/approvals/cases/{case_id}" in answer.text
    assert "行当" in client.get(f"/approvals/cases/{case_id}").text
    assert f"/blueprint/{number}/discard" not in client.get("/blueprint/").text

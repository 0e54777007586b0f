"""“What would this person see?”: a form and its answer, which changes nothing."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import abort, request
from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from sqlalchemy import select

from app.base.page import PageView, expose, has_access
from app.base.security.audit_query import people_called
from app.base.security.explaining import LEVELS, explain
from app.base.security.roles import entities_with_fields
from app.db import Model, session
from app.types import Entity

_LONGEST = 60


class ExplainView(PageView):
    """For whoever looks after roles: what a person would see of an entity, and why."""

    route_base = "/roles"
    default_view = "show"
    class_permission_name = "RoleView"
    method_permission_name: ClassVar[dict[str, str]] = {"show": "list"}

    @expose("/explain")
    @has_access
    def show(self) -> Any:
        """The form, and the answer when person and entity are named."""
        asked = {name: request.args.get(name, "").strip() for name in ("who", "entity", "record")}
        entities = {entity.slug: entity for entity in entities_with_fields()}
        errors, people, answer = _errors(asked, entities), [], None
        if asked["who"] and asked["entity"] and not errors:
            people = _people(asked["who"])
            if not people:
                errors["who"] = _("There is no login of this name")
            elif len(people) == 1:
                number = int(asked["record"]) if asked["record"] else None
                answer = explain(people[0][0], entities[asked["entity"]], number)
                if answer is None:
                    errors["who"] = _("This login is switched off: it sees nothing")
                elif number is not None and answer.record is None:
                    errors["record"] = _("There is no record of this number")
        page = self.render_template(
            "access/explain.html",
            asked=asked,
            errors=errors,
            entities=entities,
            people=people if len(people) > 1 else (),
            answer=answer,
            levels=LEVELS,
        )
        return page, (400 if errors else 200)


def _errors(asked: dict[str, str], entities: dict[str, Entity]) -> dict[str, Any]:
    if len(asked["who"]) > _LONGEST or "\0" in asked["who"]:
        abort(400)
    errors: dict[str, Any] = {}
    if asked["entity"] and asked["entity"] not in entities:
        errors["entity"] = _("There is nothing of this kind")
    record = asked["record"]
    if record and not (record.isascii() and record.isdecimal() and len(record) < 10):
        errors["record"] = _("A record's number is a whole number")
    return errors


def _people(text: str) -> list[tuple[int, str, str]]:
    """(login id, name, login name) of the logins of that name; one whose login name it is exactly comes alone."""
    employee, user = Model.metadata.tables["org_employee"], User.__table__
    wanted = people_called(text)
    rows = session.execute(
        select(user.c.id, employee.c.name, user.c.username)
        .select_from(user.outerjoin(employee, employee.c.user_id == user.c.id))
        .where(user.c.id.in_(wanted))
        .order_by(user.c.username)
    )
    found = [(user_id, name or username, username) for user_id, name, username in rows]
    return [one for one in found if one[2] == text] or found

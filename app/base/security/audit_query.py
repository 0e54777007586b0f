"""What an address or a form asks of the audit log, read strictly: a question not understood finds nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from app.access.actors import require_actor
from app.access.audit.reading import AuditQuery
from app.base.views.cells import zone
from app.db import Model, session
from app.fields.rules import BadValue, read_date
from app.host.context import context
from app.types import SYSTEM, Level, Refused, Text

#: What is not an entity, but is written down.
THINGS: dict[str, Text] = {
    "user": _l("Login"),
    "role": _l("Role"),
    "api_key": _l("API key"),
    "module": _l("Module"),
    "address": _l("Network address"),
    "audit": _l("Audit log"),
}
#: As long as the log's own columns.
LONGEST = 60
ASKED = ("from", "to", "who", "entity", "record", "action", "field", "text", "before")


def read_asked(given: Mapping[str, str]) -> dict[str, str]:
    """The parameters of a question, empty where nothing is asked."""
    return {name: given.get(name, "").strip() for name in ASKED}


def things() -> dict[str, str]:
    """Everything entries can be about, by what people call it."""
    named = {entity.slug: str(entity.label) for entity in context().entities.values() if entity.audited}
    return {**named, **{slug: str(label) for slug, label in THINGS.items()}}


def read_query(asked: Mapping[str, str]) -> AuditQuery:
    """The question an address asks. Raises `Refused` by parameter for anything not understood."""
    errors: dict[str, Any] = {}
    clock = zone()

    def day(name: str) -> date | None:
        try:
            return read_date(asked[name]) if asked[name] else None
        except BadValue:
            errors[name] = _("This is not a date; write it like 2019-12-08")
            return None

    start, end = day("from"), day("to")
    if start and end and start > end:
        errors["to"] = _("The range begins after it ends")
    for name in ("entity", "record", "action", "who", "field", "text"):
        if len(asked[name]) > LONGEST or "\0" in asked[name]:
            errors[name] = _("This text is too long to search for")
    if asked["entity"] and asked["entity"] not in things():
        errors["entity"] = _("There is nothing of this kind")
    before = asked["before"]
    if before and not (before.isascii() and before.isdecimal() and len(before) < 19):
        errors["before"] = _("There is no such page")
    if errors:
        raise Refused(errors=errors)
    return AuditQuery(
        start=datetime.combine(start, time(), clock) if start else None,
        end=datetime.combine(end + timedelta(days=1), time(), clock) if end else None,
        users=people_called(asked["who"]) if asked["who"] else None,
        name=SYSTEM.name if asked["who"] == _("The system") else asked["who"],
        entity=asked["entity"],
        record_id=asked["record"],
        action=asked["action"],
        fields=fields_called(asked["field"]) if asked["field"] else None,
        text=asked["text"],
        untold=untold(),
        before=int(before) if before else None,
    )


def people_called(text: str) -> tuple[int, ...]:
    """Ids of the logins of that name: login name, employee's name or staff number; at most a hundred."""
    employee = Model.metadata.tables["org_employee"]
    named = or_(
        User.username == text,
        User.first_name == text,
        employee.c.name.icontains(text, autoescape=True),
        employee.c.code == text,
    )
    origin = User.__table__.outerjoin(employee, employee.c.user_id == User.__table__.c.id)
    return tuple(session.scalars(select(User.__table__.c.id).select_from(origin).where(named).limit(100)))


def fields_called(text: str) -> tuple[str, ...]:
    """Names under which the log has what people call a field: of entities, else of what it writes by itself."""
    named = {
        field.name
        for entity in context().entities.values()
        for field in entity.fields
        if text.casefold() in (field.name.casefold(), str(field.label).casefold())
    }
    return tuple(sorted(named)[:50]) or (text,)


def untold() -> dict[str, frozenset[str]]:
    """{entity: fields} the acting person does not read: the log is not searched by them, or they could be guessed."""
    kept = require_actor().fields
    if kept is None:
        return {}
    found = {
        slug: frozenset(name for name, level in levels.items() if level < Level.READ)
        for slug, levels in kept.levels.items()
    }
    return {slug: names for slug, names in found.items() if names}

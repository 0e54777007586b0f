"""What an address or a form asks of the audit log, read strictly: a question not understood finds nothing."""

from __future__ import annotations

from collections.abc import Mapping

from flask_appbuilder.security.sqla.models import User
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from app.access.actors import require_actor
from app.access.audit.reading import AuditQuery
from app.base.questions import Question
from app.base.views.cells import zone
from app.db import Model, now, session
from app.host.context import context
from app.transfer.services.sheets import FIGURES
from app.types import SYSTEM, Level, Refused, Text

#: What is not an entity, but is written down.
THINGS: dict[str, Text] = {
    "user": _l("Login"),
    "role": _l("Role"),
    "api_key": _l("API key"),
    "module": _l("Module"),
    "address": _l("Network address"),
    "audit": _l("Audit log"),
    "layout": _l("Layout"),
}
#: So many days are searched when no first day is asked for.
DAYS = 30
ASKED = ("from", "to", "who", "entity", "record", "action", "field", "text", "before")


def read_asked(given: Mapping[str, str]) -> dict[str, str]:
    """The parameters of a question, empty where nothing is asked."""
    return {name: given.get(name, "").strip() for name in ASKED}


def things() -> dict[str, str]:
    """Everything entries can be about, by what people call it."""
    named = {entity.slug: str(entity.label) for entity in context().entities.values() if entity.audited}
    return {**named, **{slug: str(label) for slug, label in {**THINGS, **FIGURES}.items()}}


def read_query(asked: Mapping[str, str]) -> AuditQuery:
    """The question an address asks. Raises `Refused` by parameter for anything not understood.

    Without a first day, `DAYS` are searched; the history of one record is read as a whole, by its index.
    """
    question = Question(asked, {})
    days = question.days(default=None if asked["record"] and asked["entity"] else DAYS)
    question.words("entity", "record", "action", "who", "field", "text")
    question.one_of("entity", things())
    before = question.before()
    if question.errors:
        raise Refused(errors=question.errors)
    return AuditQuery(
        start=days.start,
        end=days.end,
        users=people_called(asked["who"]) if asked["who"] else None,
        name=SYSTEM.name if asked["who"] == _("The system") else asked["who"],
        entity=asked["entity"],
        record_id=asked["record"],
        action=asked["action"],
        fields=fields_called(asked["field"]) if asked["field"] else None,
        text=asked["text"],
        untold=untold(),
        before=before,
    )


def range_in_words(asked: Mapping[str, str]) -> str:
    """What days a question that is understood searches, as the screen says it."""
    if asked["record"] and asked["entity"] and not asked["from"] and not asked["to"]:
        return _("Searched: all days, as one record is asked for.")
    days = Question(asked, {}).days(default=DAYS)
    last = days.last or now().astimezone(zone()).date()
    said = _("Searched: %(first)s to %(last)s.", first=f"{days.first}", last=f"{last}")
    if asked["from"]:
        return said
    usual = _("Without a first day, %(days)s days are searched.", days=DAYS)
    return f"{said} {usual}"


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

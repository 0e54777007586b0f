"""Who may hand over whose work to whom: what the actor reaches, and what a receiver needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Table, column, false, or_, select, table, true

from app.access.actors import ADMIN_ROLE, load_actor, require_actor
from app.access.policy import may_ask, title_text
from app.access.scope import UNSCOPED, scope_condition
from app.db import session
from app.fields.bulk import among
from app.host.context import context, entity
from app.organisation.models import Employee, Unit
from app.types import Actor, Holding, Refused, Scope

VIEW = "HandoverView"
PICKED = 20
_EMPLOYEE = cast(Table, Employee.__table__)
_user = table("ab_user", column("id"), column("username"), column("active"))


@dataclass(frozen=True, slots=True)
class Colleague:
    """An employee as a receiver of work."""

    id: int
    name: str
    code: str
    unit_id: int
    unit: str
    user_id: int | None
    active: bool
    left: bool


def within_reach() -> ColumnElement[bool]:
    """The employees whose work the actor may hand over and whom it may be given to, by the unit they work in."""
    return scope_condition(entity("handover"), require_actor(), target=_EMPLOYEE)


def find_giver(employee_id: int) -> Employee | None:
    """An employee within the actor's reach; None for anybody else, as if there were no such person."""
    if not 0 < employee_id < 2**31:
        return None
    return session.scalar(
        select(Employee).where(Employee.id == employee_id, within_reach()).execution_options(**{UNSCOPED: True})
    )


def colleagues(ids: Iterable[int], *, anywhere: bool = False) -> dict[int, Colleague]:
    """These employees by id, those within reach; all of them with `anywhere`. One statement."""
    chosen = among(session(), _EMPLOYEE.c.id, sorted(set(ids)))
    return {one.id: one for one in _read(chosen if anywhere else chosen & within_reach())}


def search_colleagues(text: str, but: int, *, left: bool = False) -> tuple[list[Colleague], bool]:
    """(the first ones within reach whose name or staff number has the text, whether there are more).

    Who has left is found only with `left`: they have work to hand over, but take none.
    """
    words = text.strip()[:100].replace("\x00", "")
    actor = require_actor()
    like = [_EMPLOYEE.c[name] for name in ("name", "code") if may_ask("employee", name, actor)]
    found = _read(
        within_reach()
        & (_EMPLOYEE.c.id != but)
        & (true() if left else _EMPLOYEE.c.left_on.is_(None))
        & or_(false(), *(each.contains(words, autoescape=True) for each in like)),
        PICKED + 1,
    )
    return found[:PICKED], len(found) > PICKED


def _read(condition: ColumnElement[bool], limit: int | None = None) -> list[Colleague]:
    statement = (
        select(
            *(_EMPLOYEE.c.id, _EMPLOYEE.c.name, _EMPLOYEE.c.code, _EMPLOYEE.c.unit_id),
            *(Unit.name.label("unit"), _EMPLOYEE.c.user_id, _user.c.active, _EMPLOYEE.c.left_on),
        )
        .select_from(_EMPLOYEE)
        .join(Unit, Unit.id == _EMPLOYEE.c.unit_id)
        .outerjoin(_user, _user.c.id == _EMPLOYEE.c.user_id)
        .where(condition)
        .order_by(_EMPLOYEE.c.name, _EMPLOYEE.c.id)
        .limit(limit)
    )
    return [
        Colleague(
            *(row.id, title_text("employee", row.name, row.id), row.code, row.unit_id, row.unit, row.user_id),
            bool(row.active),
            row.left_on is not None,
        )
        for row in session.execute(statement.execution_options(**{UNSCOPED: True}))
    ]


class Judge:
    """What speaks against a receiver, looked up once per person however many holdings go there."""

    def __init__(self, giver_id: int, people: dict[int, Colleague]) -> None:
        self._giver_id = giver_id
        self._people = people
        self._actors: dict[int, Actor | None] = {}

    def fault(self, receiver_id: int, holding: Holding) -> str:
        """Why a person cannot take over a holding; empty when they can."""
        if receiver_id == self._giver_id:
            return _("Nobody hands work over to themselves")
        person = self._people.get(receiver_id)
        if person is None:
            return _("There is no such employee within your reach")
        if person.left:
            return _("%(name)s has left", name=person.name)
        if not holding.needs_login:
            return ""
        actor = self._actor(person)
        if actor is None:
            return _("%(name)s has no login, or it is switched off", name=person.name)
        if holding.entity and not sees(actor, holding.entity):
            return _("%(name)s has no role that shows this to them", name=person.name)
        return ""

    def _actor(self, person: Colleague) -> Actor | None:
        if person.id not in self._actors:
            known = person.user_id is not None and person.active
            self._actors[person.id] = load_actor(person.user_id) if known and person.user_id is not None else None
        return self._actors[person.id]


def sees(actor: Actor, slug: str) -> bool:
    """Whether somebody may open an entity's list and has any rows of it in scope."""
    described = context().entities.get(slug)
    if described is None or not actor.can("can_list", described.view_name):
        return False
    while described.scoped_by.parent is not None:
        described = context().entities[described.scoped_by.parent[1]]
    return described.scoped_by.public or actor.widest(described.slug) is not Scope.NONE


def check_leaver(giver: Employee) -> None:
    """Raise `Refused` for oneself, for somebody who has left, and for an administrator one is not."""
    actor = require_actor()
    if actor.employee_id == giver.id:
        raise Refused(_("Nobody lets themselves leave; ask a colleague with this right"))
    if giver.left_on is not None:
        raise Refused(_("%(name)s has left", name=giver.name))
    if giver.user_id is None or actor.is_system or holds_all(actor):
        return
    found = load_actor(giver.user_id)
    if found is not None and holds_all(found):
        raise Refused(_("Only an administrator lets an administrator leave"))


def holds_all(actor: Actor) -> bool:
    """Whether the actor holds the role of administrators."""
    return any(grant.role == ADMIN_ROLE for grant in actor.grants)


def names_of(ids: Iterable[int]) -> dict[int, str]:
    """Names of employees by id, as the actor may read them."""
    rows: Sequence[Any] = session.execute(
        select(_EMPLOYEE.c.id, _EMPLOYEE.c.name).where(among(session(), _EMPLOYEE.c.id, sorted(set(ids))))
    ).all()
    return {row.id: title_text("employee", row.name, row.id) for row in rows}

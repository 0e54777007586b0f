"""Who would see more, or less, when a unit moves: whoever's roles reach a unit with all below it (docs/adr/0043)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, column, func, select, table, union_all

from app.access.actors import require_actor
from app.access.models import RoleScope
from app.access.scope import UNSCOPED
from app.base.security.roles.power import is_administrator, power_to_give
from app.db import session
from app.host.context import context
from app.organisation.models import Employee, Post, Unit
from app.organisation.rules import ancestors, changed_places
from app.types import Actor, Entity, Refused, Scope

_user = table("ab_user", column("id"), column("active"))
_user_role = table("ab_user_role", column("user_id"), column("role_id"))
_user_group = table("ab_user_group", column("user_id"), column("group_id"))
_group_role = table("ab_group_role", column("group_id"), column("role_id"))
_NAMED = 8


@dataclass(frozen=True, slots=True)
class Widening:
    """What moving a unit does to who sees the records of one entity: ids and names of employees."""

    entity: Entity
    rows: int
    more: dict[int, str]
    less: dict[int, str]

    def sentences(self) -> list[str]:
        """In words, with the first names."""
        said = []
        values = {"count": f"{self.rows:,}", "what": str(self.entity.label)}
        if self.more:
            text = _("%(people)s would see up to %(count)s more: %(what)s", people=_names(self.more), **values)
            said.append(text)
        if self.less:
            text = _("%(people)s would see up to %(count)s fewer: %(what)s", people=_names(self.less), **values)
            said.append(text)
        return said


def widenings(unit: Unit, parent: Unit | None) -> list[Widening]:
    """What the move would change, for each entity that is seen by unit; four statements an entity at most."""
    gained, lost = changed_places(unit.path, parent.path if parent is not None else "/")
    found = []
    for entity in context().entities.values():
        if entity.scoped_by.unit is None:
            continue
        more, less = _people(entity, unit, gained, lost), _people(entity, unit, lost, gained)
        if more or less:
            found.append(Widening(entity, _rows(entity, unit), more, less))
    return [one for one in found if one.rows]


def refuse_widening(unit: Unit, parent: Unit | None) -> None:
    """Refuse a move by which somebody would see more than the actor may give. Raises `Refused`.

    Nobody widens themselves, and nobody opens records to others whom their own roles, there, would not open them to.
    """
    actor = require_actor()
    if is_administrator(actor):
        return
    for one in widenings(unit, parent):
        if actor.employee_id in one.more:
            raise Refused(
                _("You would see more records by this move; another administrator has to make it"), field="parent_id"
            )
        if one.more and not _may_open(actor, one.entity.slug, parent):
            raise Refused(
                _(
                    "By this move %(people)s would see more (%(what)s) than you may give: your roles do not reach that "
                    "unit with all below it",
                    people=_names(one.more),
                    what=str(one.entity.label),
                ),
                field="parent_id",
            )


def _may_open(actor: Actor, slug: str, parent: Unit | None) -> bool:
    """Whether what the actor holds or may give others reaches everything below the new parent."""
    for grant in power_to_give(actor).grants:
        scope = grant.scope(slug)
        # a role that was delegated to the actor's is given in any place
        here = grant.unit_path is None or (parent is not None and parent.path.startswith(grant.unit_path))
        if scope is Scope.ALL or (scope is Scope.UNIT_AND_BELOW and here):
            return True
    return False


def _people(entity: Entity, unit: Unit, reached: Iterable[int], otherwise: Iterable[int]) -> dict[int, str]:
    """{id: name} of those whose roles reach the units below a place among `reached`, and the branch in no other way."""
    places = set(reached)
    if not places:
        return {}
    holders = _holders(entity.slug)
    kept = set(ancestors(unit.path)) - places - set(otherwise)
    elsewhere = select(holders.c.employee_id).where(
        (holders.c.scope == Scope.ALL.value)
        | ((holders.c.scope == Scope.UNIT_AND_BELOW.value) & holders.c.unit_id.in_(kept))
    )
    rows = session.execute(
        select(Employee.id, Employee.name)
        .join(holders, holders.c.employee_id == Employee.id)
        .where(
            holders.c.scope == Scope.UNIT_AND_BELOW.value,
            holders.c.unit_id.in_(places),
            Employee.id.not_in(elsewhere),
        )
        .distinct()
        .order_by(Employee.id)
        .execution_options(**{UNSCOPED: True})
    )
    return {row.id: row.name for row in rows}


def _holders(slug: str) -> Any:
    """(employee, unit, scope) of every role somebody who can log in holds somewhere."""
    direct: Select[Any] = select(_user_role.c.user_id, _user_role.c.role_id)
    groups = select(_user_group.c.user_id, _group_role.c.role_id).join(
        _group_role, _group_role.c.group_id == _user_group.c.group_id
    )
    own = union_all(direct, groups).subquery()
    main = select(Employee.id.label("employee_id"), Employee.unit_id, own.c.role_id).join(
        own, own.c.user_id == Employee.user_id
    )
    second = select(Post.employee_id, Post.unit_id, Post.role_id)
    held = union_all(main, second).subquery()
    return (
        select(held.c.employee_id, held.c.unit_id, RoleScope.scope)
        .join(RoleScope, RoleScope.role_id == held.c.role_id)
        .join(Employee, Employee.id == held.c.employee_id)
        .join(_user, _user.c.id == Employee.user_id)
        .where(RoleScope.entity == slug, Employee.left_on.is_(None), _user.c.active)
        .execution_options(**{UNSCOPED: True})
        .subquery()
    )


def _rows(entity: Entity, unit: Unit) -> int:
    """How many records of the entity belong to the unit and all below it, whoever sees them."""
    inside = select(Unit.id).where(Unit.path >= unit.path, Unit.path < unit.path[:-1] + "0")
    place = getattr(entity.model, entity.scoped_by.unit or "")
    statement = select(func.count()).select_from(entity.model).where(place.in_(inside))
    return int(session.scalar(statement.execution_options(**{UNSCOPED: True})) or 0)


def _names(people: dict[int, str]) -> str:
    first = "、".join(list(people.values())[:_NAMED])
    if len(people) <= _NAMED:
        return first
    return _("%(first)s and %(count)s others", first=first, count=f"{len(people) - _NAMED:,}")

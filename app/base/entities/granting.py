"""Who receives a new custom entity: permissions written under the site's lock, within docs/adr/0043.

A role gets the acts it has on the records the new ones belong to (customers, where they belong to none) and as wide
a scope as it has of customers; the roles of who made it get everything. Roles beyond what the maker may give get
nothing: whoever holds more gives it to them among the permissions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from flask_appbuilder.security.sqla.models import assoc_permissionview_role
from flask_babel import gettext as _
from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from app.access.actors import ADMIN_ROLE, require_actor
from app.access.audit import Act, record_acts
from app.access.models import RoleScope
from app.base.permissions import add_screens, give_pairs
from app.base.security.roles.asking import ask_entity
from app.base.security.roles.grants import Holding, holdings, is_within, role_labels
from app.base.security.roles.power import PUBLIC_ROLE, offices, power_over
from app.base.views.generated import generated_api, generated_view
from app.db import transaction
from app.fields.entities.rules import Given
from app.host.context import context
from app.host.lock import lock_site
from app.types import Entity, Held, Refused, Scope

Pair = tuple[str, str]
#: What everybody who works with customers may do with reference data.
_READ = ("can_list", "can_show")


def pairs_of(entity: Entity) -> set[Pair]:
    """(permission, view) of the screens and the REST resource an entity will have."""
    view, resource = generated_view(entity)(), generated_api(entity)()
    return {(act, entity.view_name) for act in (*view.base_permissions, *resource.base_permissions)}


def give_entity(current: Session, entity: Entity, given: str) -> None:
    """Write the permissions of a new entity and give them to the roles it is meant for.

    Where the site wants an approval for rights, roles other than the maker's own get them at the end of that.
    """
    ids = add_screens(current, pairs_of(entity))
    roles = holdings(role_labels())
    _give(current, entity, [role for role in roles if _is_own(role)], ids)
    others = [role for role in roles if not _is_own(role) and _acts_for(entity, role, set(ids))]
    if given != Given.ALIKE or not others:
        return
    having = {role_id for role_id, _label, has in offered_roles(entity) if has}
    after = having | {role.role_id for role in others}
    if ask_entity(entity.slug, str(entity.label), having, after) is None:
        _give(current, entity, others, ids)


def _give(current: Session, entity: Entity, roles: Iterable[Holding], ids: Mapping[Pair, int]) -> None:
    """Give these roles what each may receive; written to the history of each."""
    acts = {role.role_id: wanted for role in roles if (wanted := _acts_for(entity, role, set(ids)))}
    scopes = {role.role_id: _scope_for(role, acts[role.role_id] == set(ids)) for role in roles if role.role_id in acts}
    give_pairs(current, {(role_id, ids[pair]) for role_id, wanted in acts.items() for pair in wanted})
    if entity.scoped_by.owner is not None and scopes:
        mine = (RoleScope.entity == entity.slug, RoleScope.role_id.in_(scopes))
        current.execute(delete(RoleScope).where(*mine))
        rows = [{"role_id": i, "entity": entity.slug, "scope": scope.value} for i, scope in sorted(scopes.items())]
        current.execute(insert(RoleScope), rows)
    _note(current, {role_id: ((), wanted) for role_id, wanted in acts.items()})


def offered_roles(entity: Entity) -> list[tuple[int, str, bool]]:
    """(id, name, whether it has it) of the roles the actor may give an entity to or take it from."""
    labels, pairs = role_labels(), pairs_of(entity)
    found = [(role, bool(role.pairs & pairs)) for role in holdings(labels) if _may_change(role)]
    return [(role.role_id, labels[role.role_id], has) for role, has in found if has or _acts_for(entity, role, pairs)]


def set_roles(entity: Entity, wanted: Iterable[int], seen: Iterable[int]) -> int | Held:
    """Let exactly these of the roles offered have an entity; how many were changed. Written to the log.

    The answer may be the approval that stands for the change, where the site wants one.

    Raises `Refused` for a role that is not offered, and when somebody else has changed it meanwhile (`seen`).
    """
    chosen = set(wanted)
    with transaction() as current:
        lock_site(current.connection())
        offered = {role_id: has for role_id, _label, has in offered_roles(entity)}
        having = {role_id for role_id, has in offered.items() if has}
        if having != set(seen):
            raise Refused(_("Somebody else has changed this role meanwhile; reload to see the changes"))
        if not chosen <= offered.keys():
            raise Refused(_("You cannot give a role more than you hold yourself or may give"), field="roles")
        if chosen != having:
            held = ask_entity(entity.slug, str(entity.label), having, chosen)
            if held is not None:
                return held
        ids = add_screens(current, pairs_of(entity))
        _give(current, entity, holdings(chosen - having), ids)
        _take(current, entity, holdings(having - chosen), ids)
    return len(chosen ^ having)


def _take(current: Session, entity: Entity, roles: Sequence[Holding], ids: Mapping[Pair, int]) -> None:
    gone = {role.role_id: (role.pairs & set(ids), ()) for role in roles}
    if gone:
        held = assoc_permissionview_role.c
        ours = (held.role_id.in_(gone), held.permission_view_id.in_(ids.values()))
        current.execute(delete(assoc_permissionview_role).where(*ours))
        mine = (RoleScope.entity == entity.slug, RoleScope.role_id.in_(gone))
        current.execute(delete(RoleScope).where(*mine))
    _note(current, gone)


def _is_own(role: Holding) -> bool:
    return any(grant.role_id == role.role_id for grant in require_actor().grants)


def _may_change(role: Holding) -> bool:
    """Whether the actor may give the role something new: never the one that holds everything, never an office."""
    if role.name in (ADMIN_ROLE, PUBLIC_ROLE):
        return False
    beyond = bool(offices(role.pairs)) or not is_within(power_over(require_actor(), role.role_id), role)
    return _is_own(role) or not beyond


def _acts_for(entity: Entity, role: Holding, pairs: set[Pair]) -> set[Pair]:
    """The acts a role receives: all for the maker's own, else those it has on what the records belong to."""
    if not _may_change(role):
        return set()
    if _is_own(role):
        return pairs
    parent = context().entities.get((entity.scoped_by.parent or ("", "customer"))[1])
    alike = {act for act, view in role.pairs if parent is not None and view == parent.view_name}
    if entity.scoped_by.public:
        alike &= set(_READ)
    return {(act, view) for act, view in pairs if act in alike} if "can_list" in alike else set()


def _scope_for(role: Holding, whole: bool) -> Scope:
    """As wide as the role's of customers; these records are not shared, so what is shared counts as own.

    Whoever receives the `whole` entity sees at least their own records.
    """
    scope = role.scopes.get("customer", Scope.NONE)
    return Scope.OWN if scope is Scope.SHARED or (whole and scope is Scope.NONE) else scope


def _note(current: Session, changed: Mapping[int, tuple[Iterable[Pair], Iterable[Pair]]]) -> None:
    """Each role's history says what it lost and received."""
    labels = role_labels()
    record_acts(
        current,
        [
            Act("update", "role", str(role_id), labels[role_id], {"permissions": [_written(gone), _written(new)]})
            for role_id, (gone, new) in sorted(changed.items())
        ],
    )


def _written(pairs: Iterable[Pair]) -> list[str]:
    return sorted(f"{view}.{act}" for act, view in pairs)


__all__ = ["give_entity", "offered_roles", "pairs_of", "set_roles"]

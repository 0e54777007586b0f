"""Who receives a new custom entity: permissions written under the site's lock, within docs/adr/0043.

A role gets the acts it has on the records the new ones belong to (customers, where they belong to none) and as wide
a scope as it has of customers; the roles of who made it get everything. Roles beyond what the maker may give get
nothing: whoever holds more gives it to them among the permissions.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.access.actors import ADMIN_ROLE, require_actor
from app.access.audit import Act, record_acts
from app.access.models import RoleScope
from app.base.permissions import add_screens, give_pairs
from app.base.security.roles.grants import Holding, holdings, is_within, role_labels
from app.base.security.roles.power import PUBLIC_ROLE, offices, power_over
from app.base.views.generated import generated_api, generated_view
from app.fields.entities.rules import Given
from app.host.context import context
from app.types import Entity, Scope

Pair = tuple[str, str]
#: What everybody who works with customers may do with reference data.
_READ = ("can_list", "can_show")


def pairs_of(entity: Entity) -> set[Pair]:
    """(permission, view) of the screens and the REST resource an entity will have."""
    view, resource = generated_view(entity)(), generated_api(entity)()
    return {(act, entity.view_name) for act in (*view.base_permissions, *resource.base_permissions)}


def give_entity(current: Session, entity: Entity, given: str) -> list[str]:
    """Write the permissions of a new entity and give them to roles; the names of those that received it."""
    pairs = pairs_of(entity)
    ids = add_screens(current, pairs)
    labels = role_labels()
    acts: dict[int, set[Pair]] = {}
    scopes: dict[int, Scope] = {}
    for role in holdings(labels):
        wanted = _acts_for(entity, role, given, pairs)
        if wanted:
            acts[role.role_id] = wanted
            scopes[role.role_id] = _scope_for(role, wanted == pairs)
    give_pairs(current, {(role_id, ids[pair]) for role_id, wanted in acts.items() for pair in wanted})
    if entity.scoped_by.owner is not None:
        rows = [
            {"role_id": role_id, "entity": entity.slug, "scope": scope.value}
            for role_id, scope in sorted(scopes.items())
            if scope is not Scope.NONE
        ]
        if rows:
            current.execute(insert(RoleScope), rows)
    _note(current, entity, acts, labels)
    return [labels[role_id] for role_id in acts]


def _acts_for(entity: Entity, role: Holding, given: str, pairs: set[Pair]) -> set[Pair]:
    """The acts a role receives; none for the one that holds everything anyway, and for those beyond the maker."""
    actor = require_actor()
    if role.name in (ADMIN_ROLE, PUBLIC_ROLE):
        return set()
    if any(grant.role_id == role.role_id for grant in actor.grants):
        return pairs
    if given != Given.ALIKE or offices(role.pairs) or not is_within(power_over(actor, role.role_id), role):
        return set()
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


def _note(current: Session, entity: Entity, acts: Mapping[int, set[Pair]], labels: Mapping[int, str]) -> None:
    """Each role's history says what it received."""
    record_acts(
        current,
        [
            Act("update", "role", str(role_id), labels[role_id],
                {"permissions": [[], sorted(f"{view}.{act}" for act, view in wanted)]})
            for role_id, wanted in sorted(acts.items())
        ],
    )  # fmt: skip


__all__ = ["give_entity", "pairs_of"]

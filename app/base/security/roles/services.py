"""The verbs of roles: make from a template or a role, name, give and take in one transaction, delete."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_appbuilder.security.sqla.models import (
    Role,
    assoc_group_role,
    assoc_permissionview_role,
    assoc_user_role,
)
from flask_babel import gettext as _
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.actors import ADMIN_ROLE, require_actor
from app.access.audit import Act, record_acts
from app.access.exporting.limits import keep_limit, limit_of_role
from app.access.models import Delegation, FieldPermission, RoleInfo, RoleScope
from app.access.signin.factors import require_of_role
from app.base.security.roles.asking import ask_made, ask_matrix
from app.base.security.roles.grants import Holding, holdings, is_within, role_labels
from app.base.security.roles.matrix import matrix, pair_ids, shown_pairs, shown_scopes
from app.base.security.roles.power import (
    PUBLIC_ROLE,
    Pair,
    is_administrator,
    lacks_office,
    power_over,
    power_to_give,
)
from app.db import Model, session, transaction
from app.host.context import context
from app.types import Actor, Held, Level, Refused, Scope

LONGEST_NAME = 60
_given = assoc_permissionview_role
Levels = Mapping[str, Mapping[str, Level]]


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """A role as the screens show it. `holders` counts logins, groups and second posts."""

    id: int
    name: str
    label: str
    label_zh: str = ""
    label_en: str = ""
    template: str = ""
    pairs: frozenset[Pair] = frozenset()
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    #: Fields it may not write, by entity.
    fields: Mapping[str, Mapping[str, Level]] = field(default_factory=dict)
    holders: int = 0
    permission_count: int = 0

    @property
    def is_fixed(self) -> bool:
        """The role that holds everything is never edited."""
        return self.name == ADMIN_ROLE

    @property
    def seen(self) -> str:
        """A fingerprint of what the matrix showed, to find out that somebody else has saved meanwhile."""
        content = [sorted(self.pairs), sorted((e, s.value) for e, s in self.scopes.items())]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:24]


def role_list() -> list[RoleFacts]:
    """Every role but the guests', with how many hold it and how many permissions it has."""
    holders = _holders()
    counted = session.execute(select(_given.c.role_id, func.count()).group_by(_given.c.role_id))
    counts: dict[int, int] = {role_id: count for role_id, count in counted}  # noqa: C416
    infos = {info.role_id: info for info in session.scalars(select(RoleInfo))}
    labels = role_labels()
    return [
        RoleFacts(
            role_id,
            name,
            labels[role_id],
            infos[role_id].label_zh if role_id in infos else "",
            infos[role_id].label_en if role_id in infos else "",
            infos[role_id].template if role_id in infos else "",
            holders=holders.get(role_id, 0),
            permission_count=counts.get(role_id, 0),
        )
        for role_id, name in session.execute(select(Role.id, Role.name).order_by(Role.id))
        if name != PUBLIC_ROLE
    ]


def read_role(role_id: int) -> RoleFacts | None:
    """A role with its permissions and scopes, None when there is no such role."""
    found = holdings([role_id])
    if not found or found[0].name == PUBLIC_ROLE:
        return None
    held, info = found[0], session.get(RoleInfo, role_id)
    return RoleFacts(
        role_id,
        held.name,
        role_labels()[role_id],
        info.label_zh if info else "",
        info.label_en if info else "",
        info.template if info else "",
        held.pairs,
        held.scopes,
        held.fields,
        _holders().get(role_id, 0),
        len(held.pairs),
    )


def save_role(role_id: int, pairs: Iterable[Pair], scopes: Mapping[str, str], seen: str) -> Held | None:
    """Let a role hold exactly these of the permissions shown, and these scopes; what is not shown stays.

    Narrowing is always allowed; a role that is widened must be within what the actor may give as a whole. Raises
    `Refused` for more than that, for the administrator's role, for something the matrix does not offer, and when
    somebody else has saved since the matrix was shown (`seen`). The answer is the approval that stands for the change,
    where the site wants one; None: it is done.
    """
    actor = require_actor()
    with transaction() as current:
        current.execute(select(Role.id).where(Role.id == role_id).with_for_update())
        role = editable(role_id)
        if role.seen != seen:
            raise Refused(_("Somebody else has changed this role meanwhile; reload to see the changes"))
        groups, wanted = matrix(), set(pairs)
        offered, places = shown_pairs(groups), shown_scopes(groups)
        chosen = _read_scopes(scopes, places)
        if not wanted <= offered:
            raise Refused(_("The page offers no such permission; reload it"))
        added, removed = wanted - role.pairs, (role.pairs & offered) - wanted
        changed = {e: s for e, s in chosen.items() if s is not role.scopes.get(e, Scope.NONE)}
        if added or any(s.width > role.scopes.get(e, Scope.NONE).width for e, s in changed.items()):
            pairs_after = (role.pairs - removed) | added
            refuse_beyond(actor, Holding(role_id, role.name, pairs_after, {**role.scopes, **changed}, role.fields))
        if (held := ask_matrix(role, added, removed, changed)) is not None:
            return held
        store_pairs(current, role_id, added, removed)
        store_scopes(current, role_id, changed)
        changes: dict[str, list[Any]] = {}
        if added or removed:
            changes["permissions"] = [written(removed), written(added)]
        for entity, scope in changed.items():
            changes[f"scope.{entity}"] = [role.scopes.get(entity, Scope.NONE).value, scope.value]
        if changes:
            record_acts(current, [Act("update", "role", str(role_id), role.label, changes)])
    return None


def create_role(label_zh: str, label_en: str, source: str = "", *, name: str = "") -> int:
    """A new role; `source` is ``template:<slug>``, ``role:<id>`` or nothing. Returns its id.

    Its internal name is `name`, which no role may have (a blueprint brings it), or made of the English label. Where the
    site wants an approval for rights (`app.fields.gate.act_held`), it is made without any, and gets them at its end.

    Raises `Refused` for a missing or taken name, a source that does not exist or holds more than the actor.
    """
    actor = require_actor()
    labels = _read_labels(label_zh, label_en)
    with transaction() as current:
        _refuse_taken(labels, None)
        pairs, scopes, fields = _source(source)
        fields = _within(power_to_give(actor), fields)
        refuse_beyond(actor, Holding(0, "", frozenset(pairs), scopes, fields), field="source")
        role_id: int = current.execute(
            insert(Role).values(name=name or _internal_name(labels[1])).returning(Role.id)
        ).scalar_one()
        # No template: only the role the template itself made gets what its module offers later on.
        info = {"role_id": role_id, "template": "", "label_zh": labels[0], "label_en": labels[1]}
        current.execute(insert(RoleInfo).values(info))
        if pairs and ask_made(read_role(role_id), pairs, scopes, fields) is not None:
            pairs, scopes, fields = set(), {}, {}
        store_pairs(current, role_id, pairs, set())
        store_scopes(current, role_id, scopes)
        store_fields(current, role_id, fields)
        if source.startswith("role:"):
            keep_limit(role_id, limit_of_role(int(source[5:14])))
        changes: dict[str, list[Any]] = {"permissions": [None, written(pairs)], "source": [None, source]}
        record_acts(current, [Act("create", "role", str(role_id), labels[0], changes)])
    return role_id


def rename_role(role_id: int, label_zh: str, label_en: str) -> None:
    """Give a role other names. Raises `Refused`."""
    labels = _read_labels(label_zh, label_en)
    with transaction() as current:
        role = editable(role_id)
        _refuse_taken(labels, role_id)
        values = {"label_zh": labels[0], "label_en": labels[1]}
        if not current.execute(update(RoleInfo).where(RoleInfo.role_id == role_id).values(values)).rowcount:  # type: ignore[attr-defined]
            current.execute(insert(RoleInfo).values(role_id=role_id, template="", **values))
        changes = {name: [getattr(role, name), text] for name, text in values.items() if getattr(role, name) != text}
        if changes:
            record_acts(current, [Act("update", "role", str(role_id), labels[0], changes)])


def delete_role(role_id: int) -> None:
    """Delete a role nobody holds. Raises `Refused`."""
    try:
        with transaction() as current:
            role = editable(role_id)
            if role.holders:
                raise Refused(_still_held(role.holders))
            if not is_within(power_to_give(require_actor()), holdings([role_id])[0]):
                raise Refused(_("This role holds more than you do"))
            current.execute(delete(_given).where(_given.c.role_id == role_id))
            current.execute(delete(RoleScope).where(RoleScope.role_id == role_id))
            current.execute(delete(FieldPermission).where(FieldPermission.role_id == role_id))
            current.execute(
                delete(Delegation).where(or_(Delegation.role_id == role_id, Delegation.given_id == role_id))
            )
            current.execute(delete(RoleInfo).where(RoleInfo.role_id == role_id))
            require_of_role(role_id, False)
            keep_limit(role_id, None)
            current.execute(delete(Role).where(Role.id == role_id))
            record_acts(current, [Act("delete", "role", str(role_id), role.label)])
    except IntegrityError as held:  # given to somebody at this moment
        raise Refused(_still_held(1)) from held


def _still_held(count: int) -> str:
    return _("%(count)s still hold this role; take it away from them first", count=count)


def editable(role_id: int) -> RoleFacts:
    """The role, to be changed.

    Raises `Refused` when there is none, when it is the one that holds everything, and for an administrator's role
    with permissions of an office the actor does not hold: nobody disarms the auditor.
    """
    role = read_role(role_id)
    if role is None:
        raise Refused(_("There is no such role"))
    if role.is_fixed:
        raise Refused(_("The administrator's role holds everything and is not changed"))
    if lacks_office(require_actor(), role.pairs):
        raise Refused(_("This is the role of another administrator's office; you do not change it"))
    return role


def refuse_beyond(actor: Actor, after: Holding, *, field: str | None = None) -> None:
    """Raise `Refused` when a role would hold more than the actor may put into it."""
    if not is_within(power_over(actor, after.role_id), after):
        raise Refused(_("You cannot give a role more than you hold yourself or may give"), field=field)


def _holders() -> dict[int, int]:
    """How many logins, groups and second posts hold each role."""
    found: dict[int, int] = {}
    tables = [assoc_user_role, assoc_group_role]
    if (post := Model.metadata.tables.get("org_post")) is not None:
        tables.append(post)
    for table in tables:
        for role_id, count in session.execute(select(table.c.role_id, func.count()).group_by(table.c.role_id)):
            found[role_id] = found.get(role_id, 0) + count
    return found


def _read_labels(zh: str, en: str) -> tuple[str, str]:
    labels = (zh.strip(), en.strip())
    errors: dict[str, Any] = {}
    for name, text in zip(("label_zh", "label_en"), labels, strict=True):
        if not 1 <= len(text) <= LONGEST_NAME or any(ord(c) < 32 for c in text):
            errors[name] = _("Give a name of at most %(count)s characters", count=LONGEST_NAME)
    if errors:
        raise Refused(errors=errors)
    return labels


def _refuse_taken(labels: tuple[str, str], but: int | None) -> None:
    for name, column, text in zip(
        ("label_zh", "label_en"), (RoleInfo.label_zh, RoleInfo.label_en), labels, strict=True
    ):
        other = select(RoleInfo.role_id).where(column == text, RoleInfo.role_id != (but or 0)).limit(1)
        if session.scalar(other) is not None:
            raise Refused(_("There is a role of this name already"), field=name)


def _internal_name(label: str) -> str:
    """A name of FAB's own kind, different from every other."""
    base = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:50] or "role"
    taken = set(session.scalars(select(Role.name).where(Role.name.startswith(base, autoescape=True))))
    name, number = base, 2
    while name in taken or name.lower() in (ADMIN_ROLE.lower(), PUBLIC_ROLE.lower()):
        name, number = f"{base}_{number}", number + 1
    return name


def _within(actor: Actor, fields: Levels) -> dict[str, dict[str, Level]]:
    """The levels of a new role, no wider than those of whoever makes it."""
    made = {slug: dict(levels) for slug, levels in fields.items()}
    if actor.fields is not None and not is_administrator(actor):
        for slug, mine in actor.fields.levels.items():
            theirs = made.setdefault(slug, {})
            theirs |= {name: min(level, theirs.get(name, Level.WRITE)) for name, level in mine.items()}
    return made


def _source(source: str) -> tuple[set[Pair], dict[str, Scope], Levels]:
    """(permissions, scopes, levels of fields) a new role begins with."""
    kind, _colon, name = source.partition(":")
    if not source:
        return set(), {}, {}
    if kind == "template" and (template := context().role_templates.get(name)) is not None:
        known = pair_ids()
        offered = {(act, view) for view, acts in template.permissions.items() for act in acts}
        return offered & set(known), dict(template.scopes), {}
    if kind == "role" and name.isdecimal() and (role := read_role(int(name[:9]))) is not None:
        return set(role.pairs), dict(role.scopes), role.fields
    raise Refused(_("There is no such role to begin with"), field="source")


def _read_scopes(given: Mapping[str, str], places: Mapping[str, tuple[Scope, ...]]) -> dict[str, Scope]:
    chosen: dict[str, Scope] = {}
    for entity, text in given.items():
        if entity not in places or text not in {scope.value for scope in places[entity]}:
            raise Refused(_("The page offers no such scope; reload it"))
        chosen[entity] = Scope(text)
    return chosen


def store_pairs(current: Session, role_id: int, added: Iterable[Pair], removed: Iterable[Pair]) -> None:
    """Let the role have these permissions more, and those no longer."""
    ids = pair_ids()
    if removed:
        gone = _given.c.permission_view_id.in_({ids[pair] for pair in removed})
        current.execute(delete(_given).where(_given.c.role_id == role_id, gone))
    if added:
        rows = [{"role_id": role_id, "permission_view_id": ids[pair]} for pair in sorted(added)]
        current.execute(insert(_given), rows)


def store_scopes(current: Session, role_id: int, scopes: Mapping[str, Scope]) -> None:
    """Let the role have these scopes of these entities."""
    if not scopes:
        return
    current.execute(delete(RoleScope).where(RoleScope.role_id == role_id, RoleScope.entity.in_(scopes)))
    # "Nothing" is a row, too: a template then does not offer its scope once more.
    rows = [{"role_id": role_id, "entity": entity, "scope": scope.value} for entity, scope in scopes.items()]
    current.execute(insert(RoleScope), rows)


def store_fields(current: Session, role_id: int, levels: Levels) -> None:
    """Let the role have exactly these levels on these entities; what may be written has no row."""
    if not levels:
        return
    place = (FieldPermission.role_id == role_id, FieldPermission.entity.in_(levels))
    current.execute(delete(FieldPermission).where(*place))
    rows = [
        {"role_id": role_id, "entity": slug, "field": name, "level": level.word}
        for slug, held in levels.items()
        for name, level in held.items()
        if level is not Level.WRITE
    ]
    if rows:
        current.execute(insert(FieldPermission), rows)


def written(pairs: Iterable[Pair]) -> list[str]:
    """Permissions as the log has them: ``CustomerView.can_list``."""
    return [f"{view}.{permission}" for permission, view in sorted(pairs, key=lambda pair: pair[::-1])]

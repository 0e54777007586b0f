"""Changes of rights where the site decides about them with four eyes (docs/adr/0064): what is asked for, as plain data.

Every verb that gives or takes rights checks its change, then asks here; what is held is carried out later, by the same
verbs, from exactly this (`app.base.security.granting`). Nobody acts upon anything of it that a page does not show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_appbuilder.security.sqla.models import Role
from sqlalchemy import select

from app.access.models import RoleInfo
from app.base.security.roles.power import Pair
from app.db import session
from app.fields.gate import ask_act
from app.types import Held, Level, Scope

SUBJECT, ACT = "role", "grant"
Levels = Mapping[str, Mapping[str, Level]]
#: {entity: {what: (before, after)}} as text.
Steps = dict[str, list[str]]


def ask_matrix(role: Any, added: Iterable[Pair], removed: Iterable[Pair], scopes: Mapping[str, Scope]) -> Held | None:
    """Ask for other permissions and scopes of a role (its `RoleFacts`); nothing is asked where nothing differs."""
    payload = {
        "added": sorted(map(list, added)),
        "removed": sorted(map(list, removed)),
        "scopes": {e: [role.scopes.get(e, Scope.NONE).value, s.value] for e, s in sorted(scopes.items())},
        "seen": role.seen,
    }
    return _ask("matrix", role, payload) if any(payload[name] for name in ("added", "removed", "scopes")) else None


def ask_made(role: Any, pairs: Iterable[Pair], scopes: Mapping[str, Scope], levels: Levels) -> Held | None:
    """Ask for everything a role is to hold that was made a moment ago."""
    payload = {
        "added": sorted(map(list, pairs)),
        "scopes": {e: [Scope.NONE.value, s.value] for e, s in sorted(scopes.items()) if s is not Scope.NONE},
        "fields": {slug: _steps(role, slug, held) for slug, held in sorted(levels.items()) if held},
        "seen": role.seen,
    }
    return _ask("made", role, payload)


def ask_fields(role: Any, slug: str, changed: Mapping[str, Level], seen: str) -> Held | None:
    """Ask for other levels of fields of one entity."""
    return _ask("fields", role, {"entity": slug, "fields": {slug: _steps(role, slug, changed)}, "seen": seen})


def ask_giving(role: Any, before: Iterable[int], after: Iterable[int]) -> Held | None:
    """Ask to let the role's holders give other roles than before."""
    return _ask("giving", role, _roles_from_to(before, after))


def ask_login(
    user_id: int, username: str, name: str, employee_id: int | None, before: Iterable[int], after: Iterable[int]
) -> Held | None:
    """Ask to let a login hold other roles than before."""
    payload = {
        "kind": "login",
        "user": {"id": user_id, "username": username, "name": name},
        **_roles_from_to(before, after),
        "concerns": [employee_id] if employee_id is not None else [],
    }
    return ask_act(SUBJECT, ACT, None, name, payload)


def ask_entity(slug: str, label: str, before: Iterable[int], after: Iterable[int]) -> Held | None:
    """Ask to let other roles than before have the records of a custom entity."""
    payload = {"kind": "entity", "entity": slug, "label": label, **_roles_from_to(before, after)}
    return ask_act(SUBJECT, ACT, None, label, payload)


def _ask(kind: str, role: Any, payload: Mapping[str, Any]) -> Held | None:
    named = {"id": role.id, "name": role.name, "label_zh": role.label_zh, "label_en": role.label_en}
    return ask_act(SUBJECT, ACT, role.id, role.label, {"kind": kind, "role": named, **payload})


def _steps(role: Any, slug: str, levels: Mapping[str, Level]) -> Steps:
    held = role.fields.get(slug, {})
    return {name: [held.get(name, Level.WRITE).word, level.word] for name, level in sorted(levels.items())}


def _roles_from_to(before: Iterable[int], after: Iterable[int]) -> dict[str, Any]:
    """Roles by number, and by the names they have while it is asked."""
    was, will = sorted(before), sorted(after)
    return {"before": was, "after": will, "names": both_names({*was, *will})}


def both_names(role_ids: Iterable[int]) -> dict[str, list[str]]:
    """{role: [what it is called in Chinese, in English]}."""
    rows = session.execute(
        select(Role.id, Role.name, RoleInfo.label_zh, RoleInfo.label_en)
        .outerjoin(RoleInfo, RoleInfo.role_id == Role.id)
        .where(Role.id.in_(role_ids))
        .order_by(Role.id)
    )
    return {str(row.id): [row.label_zh or row.name, row.label_en or row.name] for row in rows}


__all__ = [
    "ACT", "SUBJECT", "ask_entity", "ask_fields", "ask_giving", "ask_login", "ask_made", "ask_matrix", "both_names",
]  # fmt: skip

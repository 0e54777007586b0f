"""Roles: their names, permissions, scopes, levels of fields, what they may give, their gates of export and login."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.access.actors import require_actor
from app.access.exporting.limits import limit_of_role
from app.access.exporting.rules import LARGEST
from app.access.signin.factors import role_requires
from app.approvals.services.holding import stands
from app.base.language import language
from app.base.permissions import needed_pairs
from app.base.security.exporting import limit_exports
from app.base.security.factors import require_factor
from app.base.security.roles.delegation import delegated, save_delegation
from app.base.security.roles.fields import fingerprint, save_fields
from app.base.security.roles.grants import Holding, holdings
from app.base.security.roles.holders import count_holders
from app.base.security.roles.matrix import ACTS, FURTHER, SCOPES, matrix, shown_pairs, shown_scopes
from app.base.security.roles.power import Pair, is_administrator, power_over
from app.base.security.roles.services import (
    RoleFacts,
    create_role,
    delete_role,
    read_role,
    rename_role,
    role_list,
    save_role,
)
from app.blueprint.parts.entities import known_pairs
from app.blueprint.parts.part import Impact, Part, is_new, mappings, not_a_mapping, said
from app.blueprint.rules import ADDED, CHANGED, REMOVED, Change, Leaf, Path, Problem
from app.db import session
from app.fields.gate import is_passing
from app.host.context import context
from app.types import Actor, Level, Refused, Scope, Text

LABELS = ("label_zh", "label_en")
MAPPINGS = ("permissions", "scopes", "fields")
KEYS = (*LABELS, *MAPPINGS, "may_give", "export_limit", "second_factor")
_NAMES = {
    "label_zh": _l("Name in Chinese"),
    "label_en": _l("Name in English"),
    "permissions": _l("Permissions"),
    "scopes": _l("Rows"),
    "fields": _l("Fields"),
    "may_give": _l("May give"),
    "export_limit": _l("Most rows of an export"),
    "second_factor": _l("Second factor required"),
}
_LEVELS = {"hidden": _l("Hidden"), "masked": _l("Masked"), "read": _l("Read only"), "write": _l("Read and write")}


class RolesPart(Part):
    """`{role: {…}}` by the role's internal name. One that is not in the document is deleted, if nobody holds it.

    The role that holds everything and the one of guests are the same in every site and never stand in a document.
    """

    name = "roles"
    label = _l("Roles and permissions")
    icon = "shield-lock"
    view = "RoleView"
    takes: ClassVar[Mapping[str, str]] = {ADDED: "can_add", CHANGED: "can_edit", REMOVED: "can_delete"}

    def read(self) -> dict[str, Any]:
        groups = matrix()
        pairs, places = shown_pairs(groups), shown_scopes(groups)
        roles = {facts.id: facts for facts in role_list() if not facts.is_fixed}
        return {
            held.name: _described(roles[held.role_id], held, pairs, places, roles)
            for held in sorted(holdings(roles), key=lambda held: held.name)
        }

    def check(self, wanted: Any, document: Mapping[str, Any]) -> Iterable[Problem]:
        roles, wrong = mappings((self.name,), wanted)
        yield from wrong
        known = known_pairs(needed_pairs(current_app), document)
        for path, role in roles:
            if not path[1].replace("_", "").isalnum() or len(path[1]) > 60 or path[1].lower() in ("admin", "public"):
                yield Problem(path, _("A role's name has Latin letters, digits and _ only; Admin and Public are fixed"))
            yield from _wrong_shape(path, role)
            for place, acts in _under(path, role, "permissions"):
                yield from _wrong_permissions(place, acts, known)
            for place, scope in _under(path, role, "scopes"):
                yield from _wrong_scope(place, scope, document)
            for place, levels in _under(path, role, "fields"):
                yield from _wrong_levels(place, levels, document)
            for given in _list(role.get("may_give")):
                if given not in wanted:
                    yield Problem((*path, "may_give"), _("There is no role %(role)s in the document", role=given))

    def impact(self, changes: Sequence[Change]) -> dict[Path, tuple[Impact, ...]]:
        ids = {facts.name: facts.id for facts in role_list()}
        counts = count_holders([ids[c.path[0]] for c in changes if c.path[0] in ids])
        text = _("people hold this role")
        return {
            change.path: (Impact(text, number, warns=number > 0),)
            for change in changes
            if (number := counts.get(ids.get(change.path[0], 0), 0)) or change.kind != ADDED
        }

    def barred(self) -> Text:
        if is_passing() or stands("role") is None or stands("blueprint") is not None:
            return ""
        return _("Rights are given by approval at this site, and blueprints are not: change roles on their screens")

    def apply(self, change: Change) -> None:
        name, wanted = change.path[0], change.after
        role_id = next((facts.id for facts in role_list() if facts.name == name), 0)
        if change.kind == REMOVED:
            delete_role(role_id)
            return
        labels = (wanted["label_zh"], wanted["label_en"])
        if not role_id:
            role_id = create_role(*labels, name=name)
        _save(role_id, labels, wanted)

    def applied(self) -> None:
        session.flush()

    def title(self, change: Change) -> Text:
        held = change.after or change.before
        return held.get(f"label_{language()}") or held.get("label_zh") or change.path[0]

    def property(self, change: Change, leaf: Leaf) -> Text:
        head, *rest = leaf.path
        name = str(_NAMES.get(head, head))
        if not rest:
            return name
        entity = context().entities.get(rest[0]) or next(
            (each for each in context().entities.values() if each.view_name == rest[0]), None
        )
        words = [str(entity.label) if entity else rest[0]]
        if len(rest) > 1:
            field = entity.field(rest[1]) if entity else None
            words.append(str(field.label) if field else rest[1])
        return f"{name} · {' · '.join(words)}"

    def said(self, change: Change, leaf: Leaf, value: Any) -> Text:
        if leaf.path[0] == "permissions":
            return str(ACTS.get(value) or FURTHER.get(value) or str(value).removeprefix("can_"))
        if leaf.path[0] == "scopes":
            return str(SCOPES[Scope(value or "none")])
        if leaf.path[0] == "fields":
            return str(_LEVELS.get(value or "write", value))
        return said(value)

    def fate(self, change: Change) -> Text:
        return _("Deleted, if nobody holds it")


def _described(
    facts: RoleFacts, held: Holding, shown: set[Pair], places: Mapping[str, Any], roles: Mapping[int, RoleFacts]
) -> dict[str, Any]:
    """A role as a document has it: only what this site's screens know, and no empty words."""
    permissions: dict[str, list[str]] = {}
    for act, view in sorted(held.pairs & shown, key=lambda pair: pair[::-1]):
        permissions.setdefault(view, []).append(act)
    scopes = {e: s.value for e, s in sorted(held.scopes.items()) if s is not Scope.NONE and e in places}
    fields: dict[str, dict[str, str]] = {}
    for slug, levels in sorted(held.fields.items()):
        entity = context().entities.get(slug)
        if entity is not None:
            told = {n: level.word for n, level in sorted(levels.items()) if level < Level.WRITE and entity.field(n)}
            fields |= {slug: told} if told else {}
    given = sorted(roles[i].name for i in delegated(facts.id) if i in roles)
    made: dict[str, Any] = {
        "label_zh": facts.label_zh or facts.name,
        "label_en": facts.label_en or facts.name,
        "permissions": permissions,
        "scopes": scopes,
        "fields": fields,
        "may_give": given,
        "export_limit": limit_of_role(facts.id),
        "second_factor": role_requires(facts.id) or None,
    }
    return {name: value for name, value in made.items() if value not in (None, {}, [])}


def _save(role_id: int, labels: tuple[str, str], wanted: Mapping[str, Any]) -> None:
    """Let a role be what the document says, by the verbs of its screens."""
    role, actor = _facts(role_id), require_actor()
    if (role.label_zh or role.name, role.label_en or role.name) != labels:
        rename_role(role_id, *labels)
    pairs = {(act, view) for view, acts in wanted.get("permissions", {}).items() for act in acts}
    places = shown_scopes(matrix())
    scopes = {slug: wanted.get("scopes", {}).get(slug, "none") for slug in places}
    levels = wanted.get("fields", {})
    if unknown := _unknown(wanted.get("scopes", {}), places, levels):
        raise Refused(errors=unknown)
    if beyond := _beyond(actor, role, pairs, scopes):
        raise Refused(errors=beyond)
    # What is kept from the role first: it never shows for a moment what it shall not.
    for slug in sorted({*levels, *role.fields}):
        entity = context().entities.get(slug)
        held = role.fields.get(slug, {})
        named = {*held, *levels.get(slug, {})}
        names = [field.name for field in entity.fields if field.name in named] if entity is not None else []
        chosen = {name: levels.get(slug, {}).get(name, "write") for name in names}
        if any(Level[word.upper()] is not held.get(name, Level.WRITE) for name, word in chosen.items()):
            save_fields(role_id, slug, chosen, fingerprint(held))
    save_role(role_id, pairs, scopes, _facts(role_id).seen)
    limit = wanted.get("export_limit")
    if limit_of_role(role_id) != limit:
        limit_exports(role_id, "" if limit is None else str(limit))
    if role_requires(role_id) != wanted.get("second_factor", False):
        require_factor(role_id, wanted.get("second_factor", False))
    _save_giving(role_id, wanted.get("may_give", []))


def _unknown(
    scopes: Mapping[str, str], places: Mapping[str, Any], levels: Mapping[str, Mapping[str, str]]
) -> dict[str, Text]:
    """What is said of records and fields the document itself should have made, and has not."""
    wrong = {f"scopes.{slug}": _("This site has no such records") for slug in scopes if slug not in places}
    for slug, named in levels.items():
        entity = context().entities.get(slug)
        missing = [name for name in named if entity is None or entity.field(name) is None]
        wrong |= {f"fields.{slug}.{name}": _("There is no such field") for name in missing}
    return wrong


def _save_giving(role_id: int, names: Sequence[str]) -> None:
    ids = {facts.name: facts.id for facts in role_list()}
    if missing := sorted(set(names) - set(ids)):
        raise Refused(_("There is no role %(role)s", role=", ".join(missing)), field="may_give")
    before, given = delegated(role_id), {ids[name] for name in names}
    if before != given:
        save_delegation(role_id, given, before)


def _facts(role_id: int) -> RoleFacts:
    role = read_role(role_id)
    if role is None:
        raise Refused(_("There is no such role"))
    return role


def _beyond(actor: Actor, role: RoleFacts, pairs: set[Pair], scopes: Mapping[str, str]) -> dict[str, Text]:
    """What the role would get that the actor may not give, by where it stands in the document."""
    if is_administrator(actor):
        return {}
    power, found = power_over(actor, role.id), {}
    for view in sorted({view for _act, view in pairs - role.pairs}):
        more = sorted(act for act, each in pairs - role.pairs if each == view and (act, view) not in power.permissions)
        if more:
            found[f"permissions.{view}"] = _("You may not give: %(permissions)s", permissions=", ".join(more))
    for slug, word in scopes.items():
        scope = Scope(word)
        if scope.width > max(role.scopes.get(slug, Scope.NONE).width, power.widest(slug).width):
            found[f"scopes.{slug}"] = _("You may not give: %(permissions)s", permissions=str(SCOPES[scope]))
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _under(path: Path, role: Mapping[str, Any], name: str) -> list[tuple[Path, Any]]:
    held = role.get(name, {})
    return [((*path, name, key), value) for key, value in held.items()] if isinstance(held, dict) else []


def _wrong_shape(path: Path, role: Mapping[str, Any]) -> Iterable[Problem]:
    for name in role:
        if name not in KEYS:
            yield Problem((*path, name), _("This is not known; a role has: %(names)s", names=", ".join(KEYS)))
    for name in LABELS:
        if not isinstance(role.get(name), str) or not role[name].strip():
            yield Problem((*path, name), _("This must be filled in"))
    for name in MAPPINGS:
        if not isinstance(role.get(name, {}), dict):
            yield not_a_mapping((*path, name))
    given = role.get("may_give", [])
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        yield Problem((*path, "may_give"), _("A list of texts is expected here"))
    limit = role.get("export_limit")
    if limit is not None and (type(limit) is not int or not 0 <= limit <= LARGEST):
        yield Problem((*path, "export_limit"), _("A whole number is expected here"))
    if not isinstance(role.get("second_factor", False), bool):
        yield Problem((*path, "second_factor"), _("true or false is expected here"))


def _wrong_permissions(path: Path, acts: Any, known: set[Pair]) -> Iterable[Problem]:
    if not isinstance(acts, list) or not all(isinstance(act, str) for act in acts):
        yield Problem(path, _("A list of texts is expected here"))
        return
    if missing := [act for act in acts if (act, path[-1]) not in known]:
        text = _("This site has no such permissions: %(permissions)s", permissions=", ".join(missing))
        yield Problem(path, text)


def _wrong_scope(path: Path, scope: Any, document: Mapping[str, Any]) -> Iterable[Problem]:
    offered = shown_scopes(matrix()).get(path[-1])
    if offered is None:
        if not is_new(path[-1], document) and path[-1] not in context().entities:
            yield Problem(path, _("This site has no such records"))
    elif scope not in {each.value for each in offered}:
        words = ", ".join(each.value for each in offered)
        yield Problem(path, _("There is no such scope here; there are: %(scopes)s", scopes=words))


def _wrong_levels(path: Path, levels: Any, document: Mapping[str, Any]) -> Iterable[Problem]:
    if not isinstance(levels, dict):
        yield not_a_mapping(path)
        return
    slug = path[-1]
    entity, new = context().entities.get(slug), document.get("fields", {})
    coming = new.get(slug, {}) if isinstance(new, dict) else {}
    if entity is None and not is_new(slug, document):
        yield Problem(path, _("This site has no such records"))
        return
    for name, level in levels.items():
        if level not in {each.word for each in Level}:
            yield Problem((*path, name), _("There is no such level; there are: hidden, masked, read, write"))
        elif entity is not None and entity.field(name) is None and name not in coming:
            yield Problem((*path, name), _("There is no such field"))

"""A change of rights as those who decide about it read it: exactly what is carried out, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.approvals.views.held import Group, Item, Row, Sheet, shows
from app.base.language import language
from app.base.security.roles.asking import ACT
from app.base.security.roles.grants import role_labels
from app.base.security.roles.holders import count_holders
from app.base.security.roles.matrix import ACTS, FURTHER, SCOPES, matrix
from app.base.security.roles.matrix import Row as View
from app.host.context import context
from app.types import Scope, Text

_LEVELS: dict[str, Text] = {
    "hidden": _l("Hidden"), "masked": _l("Masked"), "read": _l("Read only"), "write": _l("Read and write"),
}  # fmt: skip


def rights_sheet(case: Any) -> Sheet:
    """What a case about rights holds."""
    return _SHEETS[case.payload["kind"]](case.payload)


def _of_role(payload: Mapping[str, Any]) -> Sheet:
    """Permissions, scopes and levels of fields of one role."""
    groups = [*_permissions(payload.get("added", ()), payload.get("removed", ()))]
    labels = {slug: str(entity.label) for slug, entity in context().entities.items()}
    scopes = tuple(
        Row(labels.get(slug, slug), _scope(before), _scope(after))
        for slug, (before, after) in payload.get("scopes", {}).items()
    )
    groups += [Group(_("Which records they see"), (Item("", scopes),))] if scopes else []
    fields = tuple(
        Item(labels.get(slug, slug), tuple(_field(slug, name, steps) for name, steps in named.items()))
        for slug, named in payload.get("fields", {}).items()
    )
    groups += [Group(_("Fields"), fields)] if fields else []
    return _sheet_of_role(payload, _("The role “%(name)s” changes:", name=_role_name(payload["role"])), groups)


def _permissions(added: Iterable[Any], removed: Iterable[Any]) -> list[Group]:
    """By screen, in the order of the matrix; screens that are not there any more by their names."""
    come, gone = ([(act, view) for act, view in pairs] for pairs in (added, removed))
    rest, found = dict.fromkeys(view for _act, view in (*come, *gone)), []
    for group in matrix():
        views = [row for row in group.rows if row.view in rest]
        for row in views:
            del rest[row.view]
        if views:
            rows = tuple(_view_row(row, row.label, come, gone) for row in views)
            found.append(Group(group.label, (Item("", rows),), group.icon))
    if rest:
        rows = tuple(_view_row(None, view, come, gone) for view in rest)
        found.append(Group(_("Further screens"), (Item("", rows),)))
    return found


def _view_row(row: View | None, label: str, come: list[tuple[str, str]], gone: list[tuple[str, str]]) -> Row:
    name, own = (row.view, dict(row.others)) if row is not None else (label, {})
    acts = [[str(own.get(a) or ACTS.get(a) or FURTHER.get(a) or a) for a, view in pairs if view == name]
            for pairs in (gone, come)]  # fmt: skip
    return Row(label, gone=tuple(acts[0]), come=tuple(acts[1]))


def _scope(word: str) -> Text:
    return SCOPES[Scope(word)]


def _field(slug: str, name: str, steps: Any) -> Row:
    entity = context().entities.get(slug)
    described = entity.field(name) if entity is not None else None
    return Row(described.label if described is not None else name, *(_LEVELS[word] for word in steps))


def _giving(payload: Mapping[str, Any]) -> Sheet:
    lead = _("Whoever holds the role “%(name)s” may give others these roles:", name=_role_name(payload["role"]))
    return _sheet_of_role(payload, lead, [_roles_group(payload)])


def _login(payload: Mapping[str, Any]) -> Sheet:
    user = payload["user"]
    lead = _("%(name)s (login %(username)s) holds other roles:", name=user["name"], username=user["username"])
    return Sheet(lead, (_roles_group(payload),))


def _entity(payload: Mapping[str, Any]) -> Sheet:
    entity = context().entities.get(payload["entity"])
    label = str(entity.label) if entity is not None else payload["label"]
    notes = (_("A role receives the acts it has on the records these belong to, or on customers."),)
    return Sheet(_("Which roles have “%(name)s”:", name=label), (_roles_group(payload),), notes)


def _post(payload: Mapping[str, Any]) -> Sheet:
    employee, names = payload["employee"], payload["names"]
    rows = [Row(_("Unit"), after=names["unit"]), Row(_("Role"), after=names["role"][language() != "zh"])]
    rows += [Row(_("Title"), after=payload["values"]["title"])] if payload["values"].get("title") else []
    lead = _("%(name)s (%(code)s) receives a second post:", name=employee["name"], code=employee["code"])
    return Sheet(lead, (Group("", (Item("", tuple(rows)),)),))


def _roles_group(payload: Mapping[str, Any]) -> Group:
    """Roles by the names they had when it was asked; what they are called now beside it where that differs."""
    before, after, labels = payload["before"], payload["after"], role_labels()

    def named(role_id: int) -> str:
        asked, now = payload["names"][str(role_id)][language() != "zh"], labels.get(role_id, "")
        return f"{asked} ({now})" if now and now != asked else str(asked)

    kept = [named(each) for each in before if each in after]
    rows = [
        Row(
            _("Roles"), gone=tuple(named(each) for each in before if each not in after),
            come=tuple(named(each) for each in after if each not in before),
        )
    ]  # fmt: skip
    rows += [Row(_("Stay as they are"), after=", ".join(kept))] if kept else []
    return Group("", (Item("", tuple(rows)),))


def _sheet_of_role(payload: Mapping[str, Any], lead: str, groups: Iterable[Group]) -> Sheet:
    number = count_holders([payload["role"]["id"]]).get(payload["role"]["id"], 0)
    held = ngettext("%(num)s person holds this role", "%(num)s people hold this role", number)
    return Sheet(lead, tuple(groups), (held,) if number else ())


def _role_name(role: Mapping[str, Any]) -> str:
    own = role.get("label_zh" if language() == "zh" else "label_en")
    return str(own or role.get("label_zh") or role["name"])


_SHEETS = {
    "matrix": _of_role, "made": _of_role, "fields": _of_role, "giving": _giving, "login": _login, "entity": _entity,
    "post": _post,
}  # fmt: skip
shows(ACT, rights_sheet)

__all__ = ["rights_sheet"]

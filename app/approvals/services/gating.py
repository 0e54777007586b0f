"""What stands between a person and a write: a case that is open already, or one that begins instead (APR-7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.access.audit import plain
from app.approvals.services.binding import Bound, begins, bindings, open_cases, reason
from app.approvals.services.holding import held as _held
from app.approvals.services.holding import held_act, post_refused
from app.approvals.services.starting import start_case
from app.approvals.subjects import ACTS
from app.db import session
from app.host.context import context
from app.host.settings import setting
from app.transfer.services.writing import savepoint
from app.types import Begun, Entity, Held, Kind, Refused, Setting, Veto, Write

EXPORT_ROWS, EXPORT_PERSONAL = "approvals.export_rows", "approvals.export_personal"
SETTINGS = (
    Setting(
        EXPORT_ROWS,
        _l("Rows from which an export needs an approval"),
        Kind.INTEGER,
        1,
        help=_l("Only kinds of records with a flow that starts with exports"),
        minimum=1,
        maximum=100_000_000,
    ),
    Setting(
        EXPORT_PERSONAL,
        _l("Exports with personal data in clear need an approval however short"),
        Kind.BOOLEAN,
        True,
        help=_l("Only kinds of records with a flow that starts with exports"),
    ),
)

Answer = Veto | Held | Begun


def gate(slug: str, act: str, writes: Sequence[Write]) -> dict[int, Answer]:
    """What approvals answer to writes of an entity (`app.hookspecs.before_write`)."""
    entity = context().entities.get(slug)
    flows = bindings().flows.get(slug, ())
    if act in ACTS:
        return {place: answer for place, one in enumerate(writes) if (answer := held_act(slug, act, one)) is not None}
    refused = {place: Veto(why) for place, one in enumerate(writes) if (why := post_refused(slug, act, one))}
    if refused:
        return {**refused}
    if entity is None or not any(_starts(bound, act, ()) for bound in flows):
        return {}
    if act == "export":
        return {place: out for place, one in enumerate(writes) if (out := export_held(entity, flows, one)) is not None}
    if act == "create":
        found = ((place, _for(entity, flows, act, one)) for place, one in enumerate(writes))
        return {place: Begun(_beginning(entity, bound)) for place, bound in found if bound is not None}
    wanted = {place: bound for place, one in enumerate(writes) if (bound := _for(entity, flows, act, one)) is not None}
    taken = open_cases(slug, [writes[place].record.id for place in wanted])
    answers: dict[int, Answer] = {}
    for place, bound in wanted.items():
        one = writes[place]
        if (case := taken.get(one.record.id)) is not None:
            answers[place] = Veto(reason(case))
        elif any((field := entity.field(name)) and field.kind is Kind.FILES for name in one.values):
            answers[place] = Veto(_("This change needs an approval; add or remove files in a change of their own"))
        else:
            answers[place] = _opened(entity, bound, act, one)
    return answers


def _starts(bound: Bound, act: str, names: Sequence[str] | Mapping[str, Any]) -> bool:
    """Whether the flow begins with such an act; of changes without names: with any."""
    starts = bound.document.starts
    if act == "export":
        return starts.export
    if act == "update":
        return bool(starts.change) and (not names or "*" in starts.change or any(n in starts.change for n in names))
    return starts.create if act == "create" else starts.delete


def _for(entity: Entity, flows: Sequence[Bound], act: str, one: Write) -> Bound | None:
    """The first flow a write begins."""
    for bound in flows:
        if _starts(bound, act, one.values) and begins(entity, bound, one.record, one.values):
            return bound
    return None


def _beginning(entity: Entity, bound: Bound) -> Callable[[int], Held]:
    def begin(record_id: int) -> Held:
        return _held(start_case(bound.definition_id, entity.slug, record_id, asked="create"))

    return begin


def _opened(entity: Entity, bound: Bound, act: str, one: Write) -> Answer:
    """The case that stands for a write, or why none could be opened."""
    payload = change_asked(one) if act == "update" else {}
    asked = "change" if act == "update" else "delete"
    try:
        with savepoint(session()):
            return _held(start_case(bound.definition_id, entity.slug, one.record.id, asked=asked, payload=payload))
    except Refused as refused:
        return Veto(str(refused))


def change_asked(one: Write) -> dict[str, Any]:
    """The payload of a change: the new values and what stood there when they were asked for."""
    before = {name: plain(getattr(one.record, name, None)) for name in one.values}
    return {"values": {name: plain(value) for name, value in one.values.items()}, "before": before}


def export_held(entity: Entity, flows: Sequence[Bound], one: Write) -> Answer | None:
    """The case that stands for an export: of many rows, or with personal data in clear where the site says so."""
    bound = next((bound for bound in flows if bound.document.starts.export), None)
    asked = one.values
    personal = asked["personal"] and setting(EXPORT_PERSONAL)
    if bound is None or (asked["rows"] < setting(EXPORT_ROWS) and not personal):
        return None
    title = _("Export: %(entity)s, %(rows)s rows", entity=entity.label, rows=f"{asked['rows']:,}")
    return _held(start_case(bound.definition_id, entity.slug, None, asked="export", payload=dict(asked), title=title))


__all__ = ["change_asked", "gate"]

"""What a handover would do, counted before it is done: nothing here is saved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import Table, func, literal, or_, select, union_all

from app.access.actors import current_actor
from app.access.policy import may_ask
from app.db import now, session
from app.fields.bulk import among
from app.host.context import context, hooks
from app.organisation.handover.reach import Colleague, Judge, colleagues
from app.organisation.handover.rules import LEAVING, How, Route, nearest_head, shares
from app.organisation.models import Employee, Unit
from app.types import Holding, Place, Refused

#: Of whom an act has to speak at most.
MOST_RECEIVERS = 50
_EMPLOYEE, _UNIT = cast(Table, Employee.__table__), cast(Table, Unit.__table__)


@dataclass(frozen=True, slots=True)
class Held:
    """A holding of somebody with its number of records."""

    holding: Holding
    count: int
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One holding in the preview: how many records go to whom. `to` are (text, count)."""

    holding: Holding
    route: Route
    count: int
    to: tuple[tuple[str, int], ...]


def pieces_of(employee_id: int) -> tuple[list[Holding], list[Place]]:
    """(holdings, places) the rooms and modules name for an employee, holdings in the order they move."""
    found = hooks().gather("holdings", employee_id=employee_id)
    known = {"", *context().entities}
    kept = [each for each in found if isinstance(each, Holding) and each.entity in known]
    return sorted(kept, key=lambda each: (each.order, each.name)), [e for e in found if isinstance(e, Place)]


def held_by(employee_id: int) -> list[Held]:
    """Everything an employee holds, counted in one statement."""
    holdings, places = pieces_of(employee_id)
    counts = count_rows([(each.name, each.rows) for each in holdings])
    return [
        Held(each, counts.get(each.name, 0), tuple(p for p in places if p.holding == each.name)) for each in holdings
    ]


def count_rows(of: Sequence[tuple[str, Any]]) -> dict[str, int]:
    """How many rows each of these SELECTs has, in one statement."""
    if not of:
        return {}
    parts = [select(literal(name).label("name"), func.count().label("n")).select_from(r.subquery()) for name, r in of]
    return {row.name: row.n for row in session.execute(union_all(*parts))}


def rows_of(holding: Holding, route: Route) -> Any:
    """The SELECT of the records a route is about. Raises `Refused` for a field or value that is no choice."""
    described, rows = context().entities.get(holding.entity), holding.rows
    for name, value in route.narrowed.items():
        field = described.field(name) if described is not None else None
        known = field is not None and name in holding.filters and value in {c.value for c in field.choices}
        # who counted by a field kept from them would guess its values
        if described is None or not known or not may_ask(described, name, current_actor()):
            raise Refused(_("This is not one of the choices"), field=holding.name)
        rows = rows.where(cast(Table, described.model.__table__).c[name] == value)
    return rows


def today() -> date:
    """The business date now, on the site's clock."""
    return now().astimezone(ZoneInfo(context().site.timezone)).date()


def preview(kind: str, giver: Employee, routes: Sequence[Route]) -> list[Line]:
    """What would go where, by holding and receiver.

    Raises `Refused` by holding: a receiver who cannot take it over, a unit without a head, a leaving that leaves
    something behind, nothing chosen at all.
    """
    held = {each.holding.name: each for each in held_by(giver.id)}
    chosen = [route for route in routes if route.holding in held]
    if not chosen:
        raise Refused(_("Choose at least one thing to hand over"))
    wrong: dict[str, str] = {}
    if kind == LEAVING:
        given = {route.holding for route in chosen if not route.narrowed}
        wrong = {name: _("Who leaves keeps nothing") for name in held if name not in given}
    judge = Judge(giver.id, colleagues(number for route in chosen for number in route.receivers))
    customers_go = any(route.holding == "customers" and route.how is not How.PLACE for route in chosen)
    lines = []
    for route in sorted(chosen, key=lambda each: held[each.holding].holding.order):
        one = held[route.holding]
        try:
            lines.append(_line(one, route, giver, judge, customers_go))
        except Refused as refused:
            wrong[route.holding] = str(refused.reason) or "; ".join(map(str, refused.errors.values()))
    if wrong:
        raise Refused(errors=wrong)
    return lines


def _line(one: Held, route: Route, giver: Employee, judge: Judge, customers_go: bool) -> Line:
    holding, rows = one.holding, rows_of(one.holding, route)
    count = count_rows([(holding.name, rows)])[holding.name] if route.narrowed else one.count
    if len(set(route.receivers)) != len(route.receivers) or len(route.receivers) > MOST_RECEIVERS:
        raise Refused(_("Name each receiver once, at most %(count)s", count=MOST_RECEIVERS))
    if route.how is How.PLACE:
        place = next((each for each in one.places if each.name == route.place), None)
        if place is None:
            raise Refused(_("There is no such pool for these customers"))
        return Line(holding, route, count, ((str(place.label), count),))
    if route.how is How.HEADS:
        return Line(holding, route, count, _to_heads(rows, holding, giver, judge))
    if not route.receivers:
        raise Refused(_("Say who takes this over"))
    for receiver in route.receivers:
        if reason := judge.fault(receiver, holding):
            raise Refused(reason)
    people = colleagues(route.receivers, anywhere=True)
    along = _along(rows, giver.id, customers_go) if route.how is How.FOLLOW and holding.follows else 0
    spread = shares(count - along, route.receivers)
    to = [(_called(people[number]), amount) for number, amount in spread.items() if amount or not count]
    if along:
        to.insert(0, (_("With their customers"), along))
    return Line(holding, route, count, tuple(to))


def _along(rows: Any, giver_id: int, customers_go: bool) -> int:
    """How many records go along with their customers; those of the giver's own only when these are handed over."""
    found = rows.subquery()
    along = found.c.with_id.is_not(None)
    if not customers_go:
        along = along & (found.c.with_id != giver_id)
    return int(session.scalar(select(func.count()).select_from(found).where(along)) or 0)


def _to_heads(rows: Any, holding: Holding, giver: Employee, judge: Judge) -> tuple[tuple[str, int], ...]:
    found = rows.subquery()
    counted = session.execute(select(found.c.unit_id, func.count().label("n")).group_by(found.c.unit_id)).all()
    heads = heads_for([row.unit_id for row in counted], giver)
    people = colleagues(set(heads.values()))
    known = Judge(giver.id, people)
    to: dict[int, int] = {}
    for row in counted:
        head = heads.get(row.unit_id or giver.unit_id)
        if head is None:
            raise Refused(_("There is a unit without a head, and none above it either"))
        if reason := known.fault(head, holding):
            raise Refused(reason)
        to[head] = to.get(head, 0) + row.n
    return tuple((_called(people[head]), amount) for head, amount in sorted(to.items()))


def heads_for(unit_ids: Iterable[int | None], giver: Employee) -> dict[int, int]:
    """{unit: who heads it, or the nearest unit above it}; the giver and people who have left head nothing here.

    A record without a unit counts for the giver's. Two statements.
    """
    wanted = {number or giver.unit_id for number in unit_ids}
    paths = session.execute(select(_UNIT.c.id, _UNIT.c.path).where(among(session(), _UNIT.c.id, sorted(wanted)))).all()
    above = {int(part) for row in paths for part in row.path.strip("/").split("/") if part}
    working = or_(_EMPLOYEE.c.left_on.is_(None), _EMPLOYEE.c.left_on >= today())
    heads = session.execute(
        select(_UNIT.c.id, _UNIT.c.head_id)
        .join(_EMPLOYEE, _EMPLOYEE.c.id == _UNIT.c.head_id)
        .where(among(session(), _UNIT.c.id, sorted(above)), _UNIT.c.head_id != giver.id, working)
    ).all()
    known = {row.id: row.head_id for row in heads}
    return {row.id: head for row in paths if (head := nearest_head(row.path, known)) is not None}


def _called(person: Colleague) -> str:
    return f"{person.name} ({person.code}) · {person.unit}"

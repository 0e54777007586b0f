"""The form of a handover: what it shows of each holding, what it reads back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from app.access.actors import require_actor
from app.access.policy import may_ask
from app.fields.rules import BadValue
from app.fields.values import read_value
from app.host.context import context
from app.organisation.handover.planning import MOST_RECEIVERS, Held
from app.organisation.handover.reach import Colleague, colleagues
from app.organisation.handover.rules import LEAVING, How, Route
from app.types import Choice, Field, Kind, Refused, Text

_DAY = Field("day", "", Kind.DATE)


@dataclass(frozen=True, slots=True)
class HoldingRow:
    """One holding in the form, with what was chosen for it."""

    held: Held
    taken: bool
    how: str
    #: (value, label) of the ways it can go.
    ways: tuple[tuple[str, Text], ...]
    receivers: tuple[Colleague, ...]
    #: (field, label, choices, chosen value) it can be narrowed by.
    narrowed: tuple[tuple[str, Text, tuple[Choice, ...], str], ...]
    error: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form says."""

    routes: tuple[Route, ...]
    reason: str
    effective_on: date | None
    last_on: date | None


def read_form(kind: str, form: MultiDict[str, str], held: Sequence[Held]) -> Asked:
    """The form as routes. Raises `Refused` for a day that is none and for numbers that are none."""
    general = _numbers(form.getlist("to"))
    taken = {each.holding.name for each in held} if kind == LEAVING else set(form.getlist("take"))
    routes = []
    for each in held:
        name = each.holding.name
        if name not in taken:
            continue
        how, _colon, place = form.get(f"how:{name}", How.PEOPLE).partition(":")
        narrowed = {
            field: value
            for field in each.holding.filters
            if kind != LEAVING and (value := form.get(f"narrow:{name}:{field}", ""))
        }
        if how not in tuple(How):
            raise Refused(_("This is not one of the choices"), field=name)
        to = _numbers(form.getlist(f"to:{name}")) or general
        routes.append(Route(name, How(how), to, place[:40], narrowed))
    return Asked(
        tuple(routes),
        form.get("reason", "").strip(),
        _day(form, "effective_on") if kind != LEAVING else None,
        _day(form, "last_on") if kind == LEAVING else None,
    )


def holding_rows(
    kind: str, form: Mapping[str, Any] | MultiDict[str, str], held: Sequence[Held], errors: Mapping[str, Any]
) -> list[HoldingRow]:
    """The rows of the form with what was sent, or everything taken where nothing was sent yet."""
    sent = MultiDict(form)
    listed = {each.holding.name: _known(sent.getlist(f"to:{each.holding.name}")) for each in held}
    people = colleagues(number for numbers in listed.values() for number in numbers)
    rows = []
    for each in held:
        name, described = each.holding.name, context().entities.get(each.holding.entity)
        narrowed = tuple(
            (field.name, field.label, field.choices, sent.get(f"narrow:{name}:{field.name}", ""))
            for label in each.holding.filters
            if kind != LEAVING
            and described is not None
            and (field := described.field(label)) is not None
            and may_ask(described, label, require_actor())
        )
        rows.append(
            HoldingRow(
                each,
                kind == LEAVING or (name in sent.getlist("take") if sent else each.count > 0),
                sent.get(f"how:{name}", str(How.FOLLOW if each.holding.follows else How.PEOPLE)),
                _ways(each),
                tuple(people[number] for number in listed[name] if number in people),
                narrowed,
                str(errors.get(name, "")),
            )
        )
    return rows


def _ways(held: Held) -> tuple[tuple[str, Text], ...]:
    ways: list[tuple[str, Text]] = [(str(How.PEOPLE), _("Receivers, evenly"))]
    if held.holding.follows:
        ways.insert(0, (str(How.FOLLOW), _("With the customer, else receivers")))
    ways.append((str(How.HEADS), _("Head of each unit")))
    ways.extend((f"{How.PLACE}:{place.name}", _("Pool: %(name)s", name=place.label)) for place in held.places)
    return tuple(ways)


def chosen_people(form: MultiDict[str, str]) -> list[Colleague]:
    """The receivers of everything that names none of its own, as picked."""
    numbers = _known(form.getlist("to"))
    people = colleagues(numbers)
    return [people[number] for number in numbers if number in people]


def _known(texts: Sequence[str]) -> list[int]:
    """The numbers among these; what is none is left out."""
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 10][:MOST_RECEIVERS]


def _numbers(texts: Sequence[str]) -> tuple[int, ...]:
    given = [text for text in texts if text]
    numbers = _known(given)
    if len(numbers) != len(given):
        raise Refused(_("Name each receiver once, at most %(count)s", count=MOST_RECEIVERS), field="to")
    return tuple(numbers)


def _day(form: Mapping[str, str], name: str) -> date | None:
    try:
        found: date | None = read_value(_DAY, form.get(name, ""))
    except BadValue as error:
        raise Refused(_("This is not a day, e.g. 2026-03-31"), field=name) from error
    return found

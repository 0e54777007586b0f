"""A rule in sentences, also while it is being typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from app.base.views.inputs import leniently
from app.base.views.titles import read_titles
from app.customers.assignment.conditions import sentences
from app.customers.assignment.models import AssignmentRule
from app.customers.assignment.rules import Fallback, Method
from app.customers.assignment.schemas import ASSIGNMENT_RULE
from app.host.context import entity


def explain_texts(texts: Mapping[str, str]) -> list[str]:
    """The rule these inputs would make; what cannot be read yet is left out."""
    return explain({**leniently(ASSIGNMENT_RULE, texts), "condition": texts.get("condition", "")})


def explain_rule(rule: AssignmentRule) -> list[str]:
    """A rule that is kept."""
    return explain({field.name: getattr(rule, field.name) for field in ASSIGNMENT_RULE.fields})


def explain(values: Mapping[str, Any]) -> list[str]:
    """Which customers, when, to whom, and what when there is nobody: a sentence each."""
    titles = read_titles(
        {
            (slug, values[name])
            for name, slug in (("unit_id", "unit"), ("fallback_id", "employee"))
            if values.get(name) is not None
        }
    )
    unit = titles.get(("unit", values.get("unit_id") or 0), "")
    said = [
        _("It takes customers of %(unit)s and below that nobody looks after.", unit=unit)
        if values.get("unit_id") is not None
        else _("It takes customers of the whole institution that nobody looks after.")
    ]
    if conditions := sentences(values.get("condition") or ""):
        said.append(_("Only those where: %(conditions)s.", conditions=_("; ").join(conditions)))
    said.append(_when(values))
    said.append(_how(values))
    if values.get("most"):
        said.append(_("Nobody gets more than they would hold %(count)s customers with.", count=f"{values['most']:,}"))
    said.append(_otherwise(values, titles))
    return said


def _when(values: Mapping[str, Any]) -> str:
    words = {"on_create": _("for new customers"), "on_demand": _("when somebody asks"), "nightly": _("every night")}
    chosen = [word for name, word in words.items() if values.get(name)]
    return _("It applies %(when)s.", when=_(", ").join(chosen)) if chosen else _("It never applies: choose when.")


def _how(values: Mapping[str, Any]) -> str:
    field = entity("customer").field(values.get("by_field") or "")
    label = field.label if field is not None else "…"
    return {
        Method.REGION: _(
            "The line with the longest beginning of the region code counts; several people of a line take turns."
        ),
        Method.ROUND_ROBIN: _("The people of its lines take turns; who is away is passed over."),
        Method.LOAD: _("Whoever holds fewest customers for their capacity comes first, so that the loads level."),
        Method.PRODUCT: _("The line with the value of “%(field)s” counts; its people take turns.", field=label),
        Method.ATTRIBUTE: _("The line with the value of “%(field)s” counts; its people take turns.", field=label),
    }.get(values.get("method", ""), _("Choose how the person is found."))


def _otherwise(values: Mapping[str, Any], titles: Mapping[tuple[str, int], str]) -> str:
    person = titles.get(("employee", values.get("fallback_id") or 0), "…")
    return {
        Fallback.HEAD: _("When there is nobody, the head of the customer's unit gets it, or of the nearest above."),
        Fallback.PERSON: _("When there is nobody, %(name)s gets it.", name=person),
    }.get(values.get("fallback", ""), _("When there is nobody, it stays without an account manager, with the reason."))


__all__ = ["explain", "explain_rule", "explain_texts"]

"""What assignment rules, their lines and their runs look like on screen, in files and in REST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from marshmallow import Schema, fields, validate

from app.customers.assignment.models import AssignmentRule, AssignmentRun, AssignmentTarget
from app.customers.assignment.rules import KEYED, PRODUCT_FIELDS, Fallback, Method, Way
from app.customers.schemas import CUSTOMER
from app.types import Choice, Entity, Field, Kind, ScopedBy, Section

METHODS = (
    Choice(Method.REGION, _l("By region"), "teal"),
    Choice(Method.ROUND_ROBIN, _l("In turn"), "azure"),
    Choice(Method.LOAD, _l("By load"), "indigo"),
    Choice(Method.PRODUCT, _l("By product or source"), "orange"),
    Choice(Method.ATTRIBUTE, _l("By attribute"), "purple"),
)
FALLBACKS = (
    Choice(Fallback.LEAVE, _l("Leave without account manager")),
    Choice(Fallback.HEAD, _l("Head of the customer's unit")),
    Choice(Fallback.PERSON, _l("A named person")),
)
WAYS = (
    Choice(Way.PERSON, _l("A person"), "azure"),
    Choice(Way.UNIT, _l("The people of a unit, in turn"), "teal"),
    Choice(Way.HEAD, _l("The head of a unit"), "purple"),
)
RUN_KINDS = (Choice("nightly", _l("Every night"), "indigo"), Choice("demand", _l("On demand"), "azure"))
STATUSES = (
    Choice("waiting", _l("Waiting"), "secondary"),
    Choice("running", _l("Running"), "blue"),
    Choice("done", _l("Done"), "green"),
    Choice("undoing", _l("Being undone"), "amber"),
    Choice("undone", _l("Undone"), "secondary"),
)
#: What became of a customer.
STATES = (
    Choice("given", _l("Given"), "green"),
    Choice("left", _l("Left without"), "amber"),
    Choice("back", _l("Taken back"), "blue"),
    Choice("kept", _l("Not taken back"), "amber"),
)
#: The choice fields of customers a rule can go by.
BY_FIELDS = tuple(Choice(field.name, field.label) for field in CUSTOMER.fields if field.kind is Kind.CHOICE)


def _by_value(values: Mapping[str, Any]) -> bool:
    return values.get("method") in (Method.PRODUCT, Method.ATTRIBUTE)


def _to_person(values: Mapping[str, Any]) -> bool:
    return values.get("fallback") == Fallback.PERSON


def _names_person(values: Mapping[str, Any]) -> bool:
    return values.get("way", Way.PERSON) == Way.PERSON


def _names_unit(values: Mapping[str, Any]) -> bool:
    return values.get("way", Way.PERSON) in (Way.UNIT, Way.HEAD)


ASSIGNMENT_RULE = Entity(
    slug="assignment_rule",
    model=AssignmentRule,
    label=_l("Assignment rule"),
    icon="user-share",
    scoped_by=ScopedBy(unit="unit_id", below=True),
    fields=(
        Field("name", _l("Name"), required=True, max_length=100),
        Field(
            "active", _l("Active"), Kind.BOOLEAN, default=False, help=_l("Look at the preview before switching it on")
        ),
        Field("position", _l("Place in the order"), Kind.INTEGER, computed=True),
        Field(
            "unit_id", _l("Unit and below"), Kind.LINK, target="unit", relationship="unit",
            help=_l("It takes customers of this unit and below, for people there. Empty: the whole institution"),
        ),
        Field("on_create", _l("New customers"), Kind.BOOLEAN, default=True,
              help=_l("Created by form, REST or import without an account manager")),
        Field("on_demand", _l("On demand"), Kind.BOOLEAN, default=True),
        Field("nightly", _l("Every night"), Kind.BOOLEAN, default=False),
        Field("method", _l("Method"), Kind.CHOICE, required=True, choices=METHODS, default=Method.ROUND_ROBIN),
        Field("by_field", _l("By field"), Kind.CHOICE, choices=BY_FIELDS, choices_of="customer",
              visible_when=_by_value),
        Field("most", _l("Customers per person at most"), Kind.INTEGER,
              help=_l("Counted over everything they hold. Empty: no limit")),
        Field("fallback", _l("When there is nobody"), Kind.CHOICE, required=True, choices=FALLBACKS,
              default=Fallback.LEAVE),
        Field("fallback_id", _l("Named person"), Kind.LINK, target="employee", relationship="fallback_person",
              visible_when=_to_person),
        Field("condition", _l("Condition"), Kind.LONG_TEXT, max_length=4000, sortable=False, filterable=False,
              help=_l("Filters of the list of customers as they stand in its address; empty: every customer")),
        Field("version", _l("Rule version"), Kind.INTEGER, computed=True),
        Field("updated_at", _l("Changed at"), Kind.DATETIME, computed=True),
    ),
    list_fields=("position", "name", "active", "method", "unit_id", "on_create", "on_demand", "nightly", "fallback"),
    filter_fields=("name", "active", "method", "unit_id"),
    sections=(
        Section(_l("Rule"), ("name", "unit_id", "active")),
        Section(_l("When it applies"), ("on_create", "on_demand", "nightly")),
        Section(_l("Who gets the customer"), ("method", "by_field", "most", "fallback", "fallback_id")),
        Section(_l("Which customers"), ("condition",)),
    ),
    order_by=("position", "asc"),
    module="customers",
    actions=frozenset({"list", "show", "add", "edit"}),
)  # fmt: skip

ASSIGNMENT_TARGET = Entity(
    slug="assignment_target",
    model=AssignmentTarget,
    label=_l("Line of a rule"),
    icon="users",
    title="id",
    scoped_by=ScopedBy(parent=("rule_id", "assignment_rule")),
    fields=(
        Field("rule_id", _l("Assignment rule"), Kind.LINK, target="assignment_rule", relationship="rule",
              required=True, create_only=True),
        Field("key", _l("Region prefix or value"), max_length=60,
              help=_l("By region: the first digits of the region code. By product or attribute: the value")),
        Field("way", _l("Goes to"), Kind.CHOICE, required=True, choices=WAYS, default=Way.PERSON),
        Field("employee_id", _l("Employee"), Kind.LINK, target="employee", relationship="employee",
              visible_when=_names_person),
        Field("unit_id", _l("Unit"), Kind.LINK, target="unit", relationship="unit", visible_when=_names_unit),
        Field("weight", _l("Capacity"), Kind.INTEGER, default=1,
              help=_l("By load: who has 2 gets twice as many as who has 1")),
        Field("most", _l("Customers at most"), Kind.INTEGER, help=_l("Empty: as the rule says")),
        Field("position", _l("Place in the order"), Kind.INTEGER, default=0, help=_l("0: behind the others")),
    ),
    list_fields=("rule_id", "key", "way", "employee_id", "unit_id", "weight", "most", "position"),
    filter_fields=("rule_id", "key", "employee_id", "unit_id"),
    search_fields=("key",),
    sections=(
        Section(_l("Line of a rule"), ("rule_id", "key", "way", "employee_id", "unit_id")),
        Section(_l("Limits"), ("weight", "most", "position")),
    ),
    order_by=("position", "asc"),
    match_fields=(("rule_id", "key", "employee_id", "unit_id"),),
    module="customers",
    actions=frozenset({"list", "show", "add", "edit", "delete", "import"}),
)  # fmt: skip

ASSIGNMENT_RUN = Entity(
    slug="assignment_run",
    model=AssignmentRun,
    label=_l("Run of the rules"),
    icon="player-play",
    title="id",
    scoped_by=ScopedBy(unit="unit_id"),
    fields=(
        Field("id", _l("No."), Kind.INTEGER, computed=True),
        Field("kind", _l("Kind"), Kind.CHOICE, choices=RUN_KINDS, computed=True),
        Field("status", _l("Status"), Kind.CHOICE, choices=STATUSES, computed=True),
        Field("unit_id", _l("Unit"), Kind.LINK, target="unit", relationship="unit", computed=True),
        Field("given", _l("Customers assigned"), Kind.INTEGER, computed=True),
        Field("left", _l("Customers left without"), Kind.INTEGER, computed=True),
        Field("created_at", _l("Begun at"), Kind.DATETIME, computed=True),
        Field("finished_at", _l("Finished at"), Kind.DATETIME, computed=True),
    ),
    list_fields=("id", "kind", "status", "unit_id", "given", "left", "created_at", "finished_at"),
    filter_fields=("kind", "status", "unit_id", "created_at"),
    sections=(
        Section(_l("Run of the rules"), ("kind", "status", "unit_id", "given", "left", "created_at", "finished_at")),
    ),
    module="customers",
    actions=frozenset({"list", "show"}),
)


class RunArguments(Schema):
    """Which run a job is about."""

    run_id = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))


__all__ = [
    "ASSIGNMENT_RULE", "ASSIGNMENT_RUN", "ASSIGNMENT_TARGET", "KEYED", "PRODUCT_FIELDS", "STATES", "RunArguments",
]  # fmt: skip

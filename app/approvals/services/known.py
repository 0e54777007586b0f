"""What there is on this site that a flow may name: fields, people, roles, levels of units."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import column, select, table
from sqlalchemy.orm import Session

from app.access.models import RoleInfo
from app.access.scope import UNSCOPED
from app.approvals.checking.validating import Known
from app.approvals.rules.document import Document, Find
from app.approvals.subjects import SUBJECTS, Subject
from app.db import session
from app.host.context import context
from app.organisation.models import Employee
from app.types import AssigneeRule, Entity

# FAB's own table, read as a plain table: only app.base knows FAB's classes.
_role = table("ab_role", column("id"), column("name"))


def flow_entities() -> dict[str, Entity]:
    """The kinds of record a flow can be for, by slug: those people make, change or look at one by one."""
    able = {"show", "add", "edit"}
    found = (one for one in context().entities.values() if able & one.actions and one.audited)
    return {one.slug: one for one in sorted(found, key=lambda one: str(one.label))}


def flow_things() -> Mapping[str, Entity | Subject]:
    """Everything a flow can be for, by slug: kinds of record, and what is none."""
    return {**flow_entities(), **SUBJECTS}


def known_of(entity: str, document: Document, current: Session | None = None) -> Known:
    """What a document of this entity may name; only the people it does name are looked up."""
    current = current or session()
    described = context().entities.get(entity)
    named = {person for step in document.walk() for rule in step.assignees for person in rule.employees}
    levels = context().entities["unit"].field("level")
    return Known(
        fields={field.name: field for field in described.fields} if described is not None else {},
        employees=frozenset(_there(current, named)) if named else frozenset(),
        roles=role_names(current) if _asks_roles(document) else frozenset(),
        unit_levels=frozenset(choice.value for choice in levels.choices) if levels is not None else frozenset(),
        acts=frozenset(context().approval_acts),
        rules=frozenset(rule.name for rule in rules_for(entity)),
        starts=SUBJECTS[entity].starts if entity in SUBJECTS else "",
    )


def rules_for(entity: str) -> list[AssigneeRule]:
    """The rules modules bring for records of an entity, by their names."""
    found = (rule for rule in context().assignee_rules.values() if rule.entity in ("", entity))
    return sorted(found, key=lambda rule: rule.name)


def role_names(current: Session) -> frozenset[str]:
    """What a rule may call a role: its name, or the slug of the template it was made from."""
    names = current.scalars(select(_role.c.name))
    templates = current.scalars(select(RoleInfo.template).where(RoleInfo.template != ""))
    return frozenset((*names, *(slug for slug in templates)))


def _asks_roles(document: Document) -> bool:
    return any(rule.find is Find.ROLE for step in document.walk() for rule in step.assignees)


def _there(current: Session, named: set[int]) -> list[int]:
    statement = select(Employee.id).where(Employee.id.in_(named), Employee.left_on.is_(None))
    return list(current.scalars(statement.execution_options(**{UNSCOPED: True})))


__all__ = ["flow_entities", "flow_things", "known_of", "role_names", "rules_for"]

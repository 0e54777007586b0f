"""Assignment rules with their lines and turns, and what each run gave to whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.models import BigId
from app.db import Model, UtcDateTime, now
from app.organisation.models import Employee, Unit


class AssignmentRule(Model):
    """One rule: of the customers nobody looks after it takes those that match, and says who gets them.

    It is about its unit and everything below; without one about the whole institution.
    """

    __tablename__ = "customer_assignment_rule"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    active: Mapped[bool] = mapped_column(Boolean, default=False)
    #: The order rules are asked in; the first that matches takes the customer.
    position: Mapped[int] = mapped_column(Integer, default=0)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"), index=True)
    on_create: Mapped[bool] = mapped_column(Boolean, default=True)
    on_demand: Mapped[bool] = mapped_column(Boolean, default=True)
    nightly: Mapped[bool] = mapped_column(Boolean, default=False)
    #: Filters of the list of customers as they stand in its address: ``f.level=key&f.source=online``.
    condition: Mapped[str] = mapped_column(Text, default="")
    method: Mapped[str] = mapped_column(String(12))
    #: The choice field looked at by `product` and `attribute`.
    by_field: Mapped[str | None] = mapped_column(String(60))
    #: How many customers a person holds at most, where a line says nothing else.
    most: Mapped[int | None] = mapped_column(Integer)
    #: leave · head · person
    fallback: Mapped[str] = mapped_column(String(8), default="leave")
    fallback_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    created_by: Mapped[int | None] = mapped_column(Integer)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)
    version: Mapped[int] = mapped_column(Integer, default=1)

    unit: Mapped[Unit | None] = relationship()
    fallback_person: Mapped[Employee | None] = relationship()

    __mapper_args__ = {"version_id_col": version}

    def __repr__(self) -> str:
        return self.name


class AssignmentTarget(Model):
    """A line of a rule: a person, the people of a unit, or its head, for one region or value, or for all."""

    __tablename__ = "customer_assignment_target"
    __table_args__ = (Index("ix_customer_assignment_target_order", "rule_id", "position", "id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    rule_id: Mapped[int] = mapped_column(ForeignKey("customer_assignment_rule.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(Integer, default=0)
    #: A prefix of the region code, or the value of the rule's field; empty where the method has no key.
    key: Mapped[str] = mapped_column(String(60), default="")
    #: person · unit · head
    way: Mapped[str] = mapped_column(String(8), default="person")
    employee_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    #: The capacity: who has 2 gets twice as many by load.
    weight: Mapped[int] = mapped_column(Integer, default=1)
    most: Mapped[int | None] = mapped_column(Integer)

    rule: Mapped[AssignmentRule] = relationship()
    employee: Mapped[Employee | None] = relationship()
    unit: Mapped[Unit | None] = relationship()


class AssignmentTurn(Model):
    """Who was served last by the lines of a rule with one key; written under the lock of the rule's row."""

    __tablename__ = "customer_assignment_turn"

    rule_id: Mapped[int] = mapped_column(
        ForeignKey("customer_assignment_rule.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    last_id: Mapped[int | None] = mapped_column(Integer)


class AssignmentRun(Model):
    """One pass of the rules over many customers."""

    __tablename__ = "customer_assignment_run"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: nightly · demand
    kind: Mapped[str] = mapped_column(String(8))
    #: Whose reach covers that unit sees the run; none for the whole institution.
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"), index=True)
    #: {"ids": [...]} of customers, or {} for all nobody looks after.
    asked: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    #: waiting · running · done · undoing · undone
    status: Mapped[str] = mapped_column(String(8), default="waiting")
    given: Mapped[int] = mapped_column(Integer, default=0)
    left: Mapped[int] = mapped_column(Integer, default=0)
    job_id: Mapped[int | None] = mapped_column(BigId)
    undo_job_id: Mapped[int | None] = mapped_column(BigId)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    created_by: Mapped[int | None] = mapped_column(Integer)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    unit: Mapped[Unit | None] = relationship()


class AssignmentItem(Model):
    """A customer of a run: who got it, or why nobody did. Written with the change of owner, in one transaction."""

    __tablename__ = "customer_assignment_item"
    __table_args__ = (
        Index("ix_customer_assignment_item_order", "run_id", "id"),
        Index("ix_customer_assignment_item_customer", "customer_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("customer_assignment_run.id", ondelete="CASCADE"))
    rule_id: Mapped[int] = mapped_column(ForeignKey("customer_assignment_rule.id", ondelete="CASCADE"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    #: given · left · back (taken back with the run) · kept (could not be)
    state: Mapped[str] = mapped_column(String(8))
    to_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))
    #: Where the customer counted before.
    from_unit_id: Mapped[int | None] = mapped_column(Integer)
    #: The right of a share the person had: ``r`` or ``w``.
    share: Mapped[str] = mapped_column(String(1), default="")
    reason: Mapped[str] = mapped_column(String(300), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime)

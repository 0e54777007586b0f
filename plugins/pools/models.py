"""Pools, the rules that fill them, what is in them now, and the ledger of every movement."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String, UniqueConstraint, event
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column, relationship

from app.api import BigId, Customer, Employee, Model, Unit, UtcDateTime, now


class Pool(Model):
    """A pool of a unit (公共客户池). Its members are the people of that unit and below."""

    __tablename__ = "pools_pool"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"), index=True)
    #: Whether members may claim by themselves, or only heads assign.
    claimable: Mapped[bool] = mapped_column(Boolean, default=True)
    active: Mapped[bool] = mapped_column(Boolean, default=True)

    unit: Mapped[Unit] = relationship()

    def __repr__(self) -> str:
        return self.name


class PoolRule(Model):
    """When an owned customer is recycled: no effective follow-up for `days`. Each change raises `version`."""

    __tablename__ = "pools_rule"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    days: Mapped[int] = mapped_column(Integer)
    working_days: Mapped[bool] = mapped_column(Boolean, default=False)
    #: Only customers of this type; all types when empty.
    customer_kind: Mapped[str | None] = mapped_column(String(12))
    #: Only customers of this unit and below; of the pool's unit and below when empty.
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    pool_id: Mapped[int] = mapped_column(ForeignKey("pools_pool.id"))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    version: Mapped[int] = mapped_column(Integer, default=1)

    pool: Mapped[Pool] = relationship()
    unit: Mapped[Unit | None] = relationship()

    __mapper_args__ = {"version_id_col": version}

    def __repr__(self) -> str:
        return self.name


class PoolEntry(Model):
    """A customer that lies in a pool now; there is at most one entry per customer."""

    __tablename__ = "pools_entry"
    __table_args__ = (Index("ix_pools_entry_pool", "pool_id", "entered_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), unique=True)
    pool_id: Mapped[int] = mapped_column(ForeignKey("pools_pool.id"))
    #: The pool's unit, kept here for the row scope.
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"), index=True)
    from_employee_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    customer: Mapped[Customer] = relationship()
    pool: Mapped[Pool] = relationship()
    unit: Mapped[Unit] = relationship()
    from_employee: Mapped[Employee | None] = relationship()


class PoolMovement(Model):
    """The ledger: one row per movement, append-only. A rule moves a customer once per business date."""

    __tablename__ = "pools_movement"
    __table_args__ = (
        UniqueConstraint("customer_id", "rule_id", "business_date"),
        Index("ix_pools_movement_customer", "customer_id", "at"),
        Index("ix_pools_movement_claim", "to_employee_id", "act", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    #: recycle 收回 · claim 领取 · assign 分配 · return 返回原客户经理
    act: Mapped[str] = mapped_column(String(12))
    pool_id: Mapped[int] = mapped_column(ForeignKey("pools_pool.id"), index=True)
    from_employee_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))
    to_employee_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))
    #: Null for what people do; then `business_date` is null too and the unique key does not bind.
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("pools_rule.id"))
    rule_version: Mapped[int | None] = mapped_column(Integer)
    business_date: Mapped[date | None] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(String(300), default="")
    by_user_id: Mapped[int | None] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    customer: Mapped[Customer] = relationship()
    pool: Mapped[Pool] = relationship()
    rule: Mapped[PoolRule | None] = relationship()
    from_employee: Mapped[Employee | None] = relationship(foreign_keys=[from_employee_id])
    to_employee: Mapped[Employee | None] = relationship(foreign_keys=[to_employee_id])


@event.listens_for(PoolMovement, "before_update")
@event.listens_for(PoolMovement, "before_delete")
def _keep(_mapper: Any, _connection: Any, _row: PoolMovement) -> None:
    raise PermissionError("the ledger of pool movements is append-only")


@event.listens_for(Session, "do_orm_execute")
def _keep_all(state: ORMExecuteState) -> None:
    changes = state.is_update or state.is_delete
    if changes and state.bind_mapper is not None and state.bind_mapper.class_ is PoolMovement:
        raise PermissionError("the ledger of pool movements is append-only")

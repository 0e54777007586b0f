"""Customers of every kind in one id space, their contacts, shares, and the ownership ledger."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column, relationship

from app.access.models import BigId
from app.db import Model, Money, UtcDateTime, now
from app.fields.custom.stored import Extensible
from app.organisation.models import Employee, Unit
from app.search.ddl import keep_search_index, tail_index

_RULED = text("rule_id IS NOT NULL")


class Customer(Extensible):
    """A customer: personal (个人), corporate (企业), channel (渠道), or agent (中介).

    `owner_id` is the principal account manager, `unit_id` the unit the customer counts for (kept when
    there is no owner); both change only through `services.assign_customers`, which writes the ledger.
    """

    __tablename__ = "customer"
    __table_args__ = (
        Index("ix_customer_owner_followed", "owner_id", "last_followed_at", "id"),
        Index("ix_customer_unit_followed", "unit_id", "last_followed_at", "id"),
        Index("ix_customer_mobile_tail", "mobile_tail"),
        Index("ix_customer_mobile", "mobile"),
        Index("ix_customer_name", "name"),
        Index("ix_customer_followed", "last_followed_at", "id"),
        UniqueConstraint("code"),
        UniqueConstraint("id_number"),
        UniqueConstraint("uscc"),
        # An id is never used twice: the audit log and the ledger speak of customers that are gone.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(12), default="personal")
    name: Mapped[str] = mapped_column(String(200))
    mobile: Mapped[str | None] = mapped_column(String(20))
    mobile_tail: Mapped[str | None] = mapped_column(String(4))
    email: Mapped[str | None] = mapped_column(String(200))
    region: Mapped[str | None] = mapped_column(String(12))
    address: Mapped[str | None] = mapped_column(String(300))
    source: Mapped[str | None] = mapped_column(String(20))
    level: Mapped[str | None] = mapped_column(String(12))
    lifecycle: Mapped[str] = mapped_column(String(12), default="potential")
    # personal
    sex: Mapped[str | None] = mapped_column(String(6))
    birth_date: Mapped[date | None] = mapped_column(Date)
    id_number: Mapped[str | None] = mapped_column(String(18))
    occupation: Mapped[str | None] = mapped_column(String(60))
    employer: Mapped[str | None] = mapped_column(String(200))
    annual_income: Mapped[Decimal | None] = mapped_column(Money)
    # corporate
    uscc: Mapped[str | None] = mapped_column(String(18))
    industry: Mapped[str | None] = mapped_column(String(100))
    legal_representative: Mapped[str | None] = mapped_column(String(100))
    registered_capital: Mapped[Decimal | None] = mapped_column(Money)
    annual_revenue: Mapped[Decimal | None] = mapped_column(Money)
    staff_count: Mapped[int | None] = mapped_column(Integer)
    founded_on: Mapped[date | None] = mapped_column(Date)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), index=True)
    remark: Mapped[str | None] = mapped_column(Text)
    # set by the product
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    owned_since_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_followed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_effective_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    search_tokens: Mapped[str | None] = mapped_column(Text, deferred=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    created_by: Mapped[int | None] = mapped_column(Integer)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)
    version: Mapped[int] = mapped_column(Integer, default=1)

    owner: Mapped[Employee | None] = relationship(foreign_keys=[owner_id])
    unit: Mapped[Unit | None] = relationship(foreign_keys=[unit_id])
    parent: Mapped[Customer | None] = relationship(remote_side=[id], foreign_keys=[parent_id])

    __mapper_args__ = {"version_id_col": version}

    def __repr__(self) -> str:
        return self.name


class CustomerShare(Model):
    """A colleague who may see (or also change) a customer of somebody else."""

    __tablename__ = "customer_share"
    __table_args__ = (
        UniqueConstraint("customer_id", "employee_id"),
        Index("ix_customer_share_employee", "employee_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    employee_id: Mapped[int] = mapped_column(ForeignKey("org_employee.id"))
    can_write: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    customer: Mapped[Customer] = relationship()
    employee: Mapped[Employee] = relationship()


class CustomerOwnership(Model):
    """The ownership ledger: one row per change of owner, append-only. `cause` says by what act."""

    __tablename__ = "customer_ownership"
    __table_args__ = (
        Index("ix_customer_ownership_customer", "customer_id", "at"),
        Index("ix_customer_ownership_rule", "rule_id", "at", postgresql_where=_RULED, sqlite_where=_RULED),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    from_employee_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))
    to_employee_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"), index=True)
    from_unit_id: Mapped[int | None] = mapped_column(Integer)
    to_unit_id: Mapped[int | None] = mapped_column(Integer)
    cause: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(300), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    by_user_id: Mapped[int | None] = mapped_column(Integer)
    #: The assignment rule that gave it; its name stands in `reason`.
    rule_id: Mapped[int | None] = mapped_column(Integer)

    customer: Mapped[Customer] = relationship()
    from_employee: Mapped[Employee | None] = relationship(foreign_keys=[from_employee_id])
    to_employee: Mapped[Employee | None] = relationship(foreign_keys=[to_employee_id])


@event.listens_for(CustomerOwnership, "before_update")
@event.listens_for(CustomerOwnership, "before_delete")
def _keep(_mapper: Any, _connection: Any, _row: CustomerOwnership) -> None:
    raise PermissionError("the ownership ledger is append-only")


@event.listens_for(Session, "do_orm_execute")
def _keep_all(state: ORMExecuteState) -> None:
    changes = state.is_update or state.is_delete
    if changes and state.bind_mapper is not None and state.bind_mapper.class_ is CustomerOwnership:
        raise PermissionError("the ownership ledger is append-only")


class Contact(Extensible):
    """A person of a customer (CUS-3): main contact, shareholder, family member, managing staff."""

    __tablename__ = "contact"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(20), default="main")
    name: Mapped[str] = mapped_column(String(100), index=True)
    sex: Mapped[str | None] = mapped_column(String(6))
    mobile: Mapped[str | None] = mapped_column(String(20), index=True)
    email: Mapped[str | None] = mapped_column(String(200))
    id_number: Mapped[str | None] = mapped_column(String(18))
    title: Mapped[str | None] = mapped_column(String(60))
    #: Percent of the shares held, 0–100, for a shareholder.
    share_percent: Mapped[Decimal | None] = mapped_column(Money)
    relation: Mapped[str | None] = mapped_column(String(40))
    birth_date: Mapped[date | None] = mapped_column(Date)
    remark: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)

    customer: Mapped[Customer] = relationship()

    def __repr__(self) -> str:
        return self.name


keep_search_index(Customer.__table__)
tail_index("ix_customer_id_tail", Customer.id_number)

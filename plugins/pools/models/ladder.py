"""The rules of the ladder, where each customer stands on it, and who is left in peace."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Date, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.api import BigId, Customer, Employee, Model, Unit, UtcDateTime, now
from plugins.pools.models.pools import Pool


class PoolRule(Model):
    """A ladder: whom it watches, what its clock counts from, and how long each rung lasts.

    Of the active rules the first by `position` that matches a customer is the customer's. A rung without days is
    left out; without `pool_days` the rule only warns. Each change raises `version` and is kept (`PoolRuleVersion`).
    """

    __tablename__ = "pools_rule"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    position: Mapped[int] = mapped_column(Integer, default=100)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    #: Which customers, as a list's conditions are written (``where=`` in its address); everybody when empty.
    condition: Mapped[str] = mapped_column(String(2000), default="")
    #: Only customers of this unit and below; all units when empty.
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    #: follow_up · owned · protection · the name of a metric (no deal, no opportunity for so long)
    trigger: Mapped[str] = mapped_column(String(60), default="follow_up")
    #: Days before amber (黄), from amber to red (标红), from red to the pool, from there to the city's pool.
    amber_days: Mapped[int | None] = mapped_column(Integer)
    red_days: Mapped[int | None] = mapped_column(Integer)
    pool_days: Mapped[int | None] = mapped_column(Integer)
    city_days: Mapped[int | None] = mapped_column(Integer)
    working_days: Mapped[bool] = mapped_column(Boolean, default=False)
    #: The protection clock: ends so many days after the start, a follow-up extends it to at least so many, never past.
    protect_days: Mapped[int | None] = mapped_column(Integer)
    extend_days: Mapped[int | None] = mapped_column(Integer)
    hard_stop_days: Mapped[int | None] = mapped_column(Integer)
    #: Nothing before this day counts against anybody: a new rule takes nobody's customers in its first night.
    counts_from: Mapped[date | None] = mapped_column(Date)
    #: Who is spared: levels, customers with a deal, customers with a running approval.
    spared_levels: Mapped[list[str]] = mapped_column(JSON, default=list, nullable=True)
    spares_deals: Mapped[bool] = mapped_column(Boolean, default=False)
    spares_approvals: Mapped[bool] = mapped_column(Boolean, default=True)
    #: Calendar days before each step on which the account manager and the head are reminded of it; the site's where
    #: empty, never for 0.
    owner_amber_days: Mapped[int | None] = mapped_column(Integer)
    owner_red_days: Mapped[int | None] = mapped_column(Integer)
    owner_pool_days: Mapped[int | None] = mapped_column(Integer)
    head_amber_days: Mapped[int | None] = mapped_column(Integer)
    head_red_days: Mapped[int | None] = mapped_column(Integer)
    head_pool_days: Mapped[int | None] = mapped_column(Integer)
    head_city_days: Mapped[int | None] = mapped_column(Integer)
    #: How many days an extension (申请保留) gives.
    keep_days: Mapped[int] = mapped_column(Integer, default=15)
    #: Where to; the nearest pool of the kind at or above the customer's unit when empty.
    pool_id: Mapped[int | None] = mapped_column(ForeignKey("pools_pool.id"))
    city_pool_id: Mapped[int | None] = mapped_column(ForeignKey("pools_pool.id"))
    version: Mapped[int] = mapped_column(Integer, default=1)

    pool: Mapped[Pool | None] = relationship(foreign_keys=[pool_id])
    city_pool: Mapped[Pool | None] = relationship(foreign_keys=[city_pool_id])
    unit: Mapped[Unit | None] = relationship()

    __mapper_args__ = {"version_id_col": version}

    def __repr__(self) -> str:
        return self.name


class PoolRuleVersion(Model):
    """What a rule said under a version; never changed, so that the ledger's rule and version can always be read."""

    __tablename__ = "pools_rule_version"
    __table_args__ = (UniqueConstraint("rule_id", "version"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    rule_id: Mapped[int] = mapped_column(ForeignKey("pools_rule.id"))
    version: Mapped[int] = mapped_column(Integer)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    by_user_id: Mapped[int | None] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class PoolStanding(Model):
    """Where an owned customer stands on its rule's ladder, worked out anew whenever what it counts from changes.

    Dates are business dates: the night of `next_on` takes the next step. `next_on` is null for whoever is spared and
    past the last rung. `stage` says what the ledger says: only the nightly run raises it.
    """

    __tablename__ = "pools_standing"
    __table_args__ = (
        Index("ix_pools_standing_owner", "owner_id", "next_on"),
        Index("ix_pools_standing_unit", "unit_id", "next_on"),
        Index("ix_pools_standing_next", "next_on"),
    )

    customer_id: Mapped[int] = mapped_column(
        ForeignKey("customer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    rule_id: Mapped[int] = mapped_column(ForeignKey("pools_rule.id"))
    rule_version: Mapped[int] = mapped_column(Integer)
    owner_id: Mapped[int] = mapped_column(ForeignKey("org_employee.id"))
    unit_id: Mapped[int | None] = mapped_column(Integer)
    #: The day the clock counts from, on the site's calendar.
    basis_on: Mapped[date] = mapped_column(Date)
    #: green · amber · red
    stage: Mapped[str] = mapped_column(String(6), default="green")
    amber_on: Mapped[date | None] = mapped_column(Date)
    red_on: Mapped[date | None] = mapped_column(Date)
    pool_on: Mapped[date | None] = mapped_column(Date)
    next_on: Mapped[date | None] = mapped_column(Date)
    #: Why nothing happens: level · deal · locked · approval · asked (an extension is being decided); empty otherwise.
    spared: Mapped[str] = mapped_column(String(10), default="")
    #: An extension granted: not into the pool up to and including this day.
    kept_until: Mapped[date | None] = mapped_column(Date)

    customer: Mapped[Customer] = relationship()
    rule: Mapped[PoolRule] = relationship()
    owner: Mapped[Employee] = relationship()


class PoolLock(Model):
    """A customer no rule moves for a while, by a head's word (锁定)."""

    __tablename__ = "pools_lock"

    customer_id: Mapped[int] = mapped_column(
        ForeignKey("customer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    #: The last day it holds; for good when empty.
    until: Mapped[date | None] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(String(300), default="")
    by_user_id: Mapped[int | None] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class PoolKeep(Model):
    """An application to keep a red customer (申请保留), decided by an approval."""

    __tablename__ = "pools_keep"
    __table_args__ = (Index("ix_pools_keep_customer", "customer_id", "asked_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    employee_id: Mapped[int] = mapped_column(ForeignKey("org_employee.id"))
    rule_id: Mapped[int] = mapped_column(ForeignKey("pools_rule.id"))
    days: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String(300))
    #: The customer's unit when it was asked, whose head decides.
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"), index=True)
    #: asked · granted · refused · withdrawn · given (by a head, or a movement was taken back).
    #: Ended by itself: moved (to another owner) · cleared (followed up).
    state: Mapped[str] = mapped_column(String(10), default="asked")
    kept_until: Mapped[date | None] = mapped_column(Date)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))
    note: Mapped[str] = mapped_column(String(300), default="")

    customer: Mapped[Customer] = relationship()
    employee: Mapped[Employee] = relationship(foreign_keys=[employee_id])
    decided_by: Mapped[Employee | None] = relationship(foreign_keys=[decided_by_id])
    unit: Mapped[Unit | None] = relationship()
    rule: Mapped[PoolRule] = relationship()


class PoolTold(Model):
    """The last morning on which somebody was told of the ladder, so that nobody is told twice of a day."""

    __tablename__ = "pools_told"

    employee_id: Mapped[int] = mapped_column(
        ForeignKey("org_employee.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    #: The kind of notice.
    kind: Mapped[str] = mapped_column(String(60), primary_key=True)
    told_on: Mapped[date] = mapped_column(Date)


class PoolDay(Model):
    """The site's calendar as a table to join: which days are worked, and how many up to and including each."""

    __tablename__ = "pools_day"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    #: Midnight of the site's time zone.
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime, unique=True)
    worked: Mapped[bool] = mapped_column(Boolean)
    #: Working days from the table's first day to this one, both included.
    number: Mapped[int] = mapped_column(Integer, index=True)

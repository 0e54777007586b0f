"""Business developments, applications and their repayment schedules."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Date, ForeignKey, Index, Integer, Numeric, String, Text, UniqueConstraint, column
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.api import BigId, Customer, Employee, Extensible, Model, Money, Unit, UtcDateTime, now

_COUNTS = column("state") != "withdrawn"


class Development(Extensible):
    """A chance to do business with a customer (业务拓展), moved forward stage by stage."""

    __tablename__ = "loans_development"
    __table_args__ = (Index("ix_loans_development_owner", "owner_id", "stage"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    #: One of `rules.STAGES` or ``lost``; changes only through `services.move_stage`.
    stage: Mapped[str] = mapped_column(String(12), default="contact")
    expected_amount: Mapped[Decimal | None] = mapped_column(Money)
    expected_on: Mapped[date | None] = mapped_column(Date)
    need: Mapped[str | None] = mapped_column(Text)
    lost_reason: Mapped[str | None] = mapped_column(String(300))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"), index=True)
    stage_since_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    created_by: Mapped[int | None] = mapped_column(Integer)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)
    version: Mapped[int] = mapped_column(Integer, default=1)

    customer: Mapped[Customer] = relationship()
    owner: Mapped[Employee | None] = relationship()
    unit: Mapped[Unit | None] = relationship()

    __mapper_args__ = {"version_id_col": version}

    def __repr__(self) -> str:
        return self.name


class Application(Extensible):
    """A loan application (申请单), pre-filled from the customer and its development."""

    __tablename__ = "loans_application"
    __table_args__ = (
        UniqueConstraint("number"),
        Index("ix_loans_application_owner", "owner_id", "state"),
        # What was refused is reconsidered once at a time: two who ask in the same instant make one application.
        Index(
            "ux_loans_application_reconsiders", "reconsiders_id", unique=True,
            postgresql_where=_COUNTS, sqlite_where=_COUNTS,
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(String(20))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    development_id: Mapped[int | None] = mapped_column(ForeignKey("loans_development.id"), index=True)
    #: The refused application that is decided on again (复议).
    reconsiders_id: Mapped[int | None] = mapped_column(ForeignKey("loans_application.id"))
    amount: Mapped[Decimal] = mapped_column(Money)
    #: Percent a year.
    annual_rate: Mapped[Decimal] = mapped_column(Numeric(7, 4))
    months: Mapped[int] = mapped_column(Integer)
    method: Mapped[str] = mapped_column(String(20), default="equal_instalment")
    start_on: Mapped[date] = mapped_column(Date)
    purpose: Mapped[str | None] = mapped_column(String(200))
    #: draft · submitted · granted · refused · withdrawn; changes only through `services.change_state`.
    state: Mapped[str] = mapped_column(String(12), default="draft")
    remark: Mapped[str | None] = mapped_column(Text)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When it was granted: the moment the deal counts.
    granted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    #: Who granted or refused it, and what they said.
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))
    decision_note: Mapped[str | None] = mapped_column(String(300))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    #: The login that wrote it, which is never the one that decides it.
    created_by: Mapped[int | None] = mapped_column(Integer)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)
    version: Mapped[int] = mapped_column(Integer, default=1)

    customer: Mapped[Customer] = relationship()
    development: Mapped[Development | None] = relationship()
    reconsiders: Mapped[Application | None] = relationship(remote_side=[id])
    owner: Mapped[Employee | None] = relationship(foreign_keys=[owner_id])
    unit: Mapped[Unit | None] = relationship()
    decided_by: Mapped[Employee | None] = relationship(foreign_keys=[decided_by_id])

    __mapper_args__ = {"version_id_col": version}

    def __repr__(self) -> str:
        return self.number


class Instalment(Model):
    """One line of an application's repayment schedule, written by `services.write_schedule` only."""

    __tablename__ = "loans_instalment"
    __table_args__ = (UniqueConstraint("application_id", "number"), Index("ix_loans_instalment_due", "due_on"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("loans_application.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(Integer)
    due_on: Mapped[date] = mapped_column(Date)
    principal: Mapped[Decimal] = mapped_column(Money)
    interest: Mapped[Decimal] = mapped_column(Money)
    balance: Mapped[Decimal] = mapped_column(Money)

    application: Mapped[Application] = relationship()


class Counter(Model):
    """The last application number given in a year; its row lock makes numbers gapless."""

    __tablename__ = "loans_counter"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer, default=0)

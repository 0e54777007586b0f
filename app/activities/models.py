"""Activities: what was done with a customer, by whom, when, with what result."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Boolean, Date, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.models import BigId
from app.customers.models import Customer
from app.db import Money, UtcDateTime, now
from app.fields.custom.stored import Extensible
from app.organisation.models import Employee

_HANDED = text("next_for_id IS NOT NULL")


class Activity(Extensible):
    """One follow-up. `employee_id` is who did it, and keeps the credit whoever owns the customer later."""

    __tablename__ = "activity"
    __table_args__ = (
        Index("ix_activity_customer_at", "customer_id", "at"),
        Index("ix_activity_employee_at", "employee_id", "at"),
        Index("ix_activity_at", "at"),
        Index("ix_activity_next_for", "next_for_id", postgresql_where=_HANDED, sqlite_where=_HANDED),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    employee_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))
    #: call 电话 · meeting 见客 · visit_in 来访 · salon 沙龙 · invitation 邀约 · message · email · note
    kind: Mapped[str] = mapped_column(String(12))
    direction: Mapped[str] = mapped_column(String(4), default="out")
    subject: Mapped[str] = mapped_column(String(200), default="")
    content: Mapped[str | None] = mapped_column(Text)
    result: Mapped[str | None] = mapped_column(String(20))
    effective: Mapped[bool] = mapped_column(Boolean, default=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    duration_seconds: Mapped[int | None] = mapped_column(Integer)
    #: The amount won, when the follow-up closed a deal (result ``deal``), in the site's currency unit.
    amount: Mapped[Decimal | None] = mapped_column(Money)
    next_step: Mapped[str | None] = mapped_column(String(200))
    next_on: Mapped[date | None] = mapped_column(Date)
    #: Who is to do the next step where it was handed over; else it is whoever did the follow-up.
    next_for_id: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    created_by: Mapped[int | None] = mapped_column(Integer)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)

    customer: Mapped[Customer] = relationship()
    employee: Mapped[Employee | None] = relationship()

    def __repr__(self) -> str:
        return self.subject or self.kind

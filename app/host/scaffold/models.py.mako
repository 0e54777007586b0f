"""The table of items."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.api import BigId, Customer, Model, UtcDateTime, now


class ${cls}Item(Model):
    """Something to do for a customer by a day; `closed_at` says when it was done."""

    __tablename__ = "${slug}_item"
    __table_args__ = (Index("ix_${slug}_item_customer_due", "customer_id", "due_on"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200))
    due_on: Mapped[date] = mapped_column(Date)
    remark: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    customer: Mapped[Customer] = relationship()

    def __repr__(self) -> str:
        return self.title

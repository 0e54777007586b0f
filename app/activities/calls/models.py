"""What a call centre told, and the connections by which it may tell."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.models import BigId
from app.activities.calls.rules import FILE, UNMATCHED
from app.activities.models import Activity
from app.customers.models import Customer
from app.db import Model, UtcDateTime, now
from app.organisation.models import Employee

_WAITING = text("state IN ('unmatched', 'ambiguous')")


class CallRecord(Model):
    """One call. `number` is the customer's, as it was sent; `line` the same in the one way it is compared."""

    __tablename__ = "activity_call"
    __table_args__ = (
        UniqueConstraint("source", "call_id"),
        Index("ix_activity_call_customer", "customer_id", "started_at"),
        Index("ix_activity_call_started", "started_at", "id"),
        Index("ix_activity_call_activity", "activity_id"),
        Index("ix_activity_call_waiting", "started_at", "id", postgresql_where=_WAITING, sqlite_where=_WAITING),
        Index("ix_activity_call_line", "line", postgresql_where=_WAITING, sqlite_where=_WAITING),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: The code of the connection it came by (`CallSource.code`), or ``file``; with `call_id` it names one call.
    source: Mapped[str] = mapped_column(String(40), default=FILE)
    call_id: Mapped[str] = mapped_column(String(100))
    direction: Mapped[str] = mapped_column(String(4), default="out")
    number: Mapped[str] = mapped_column(String(40), default="")
    line: Mapped[str] = mapped_column(String(20), default="")
    extension: Mapped[str] = mapped_column(String(10), default="")
    #: Who spoke, as the call centre calls them: an extension or a staff number.
    agent: Mapped[str | None] = mapped_column(String(40))
    employee_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered: Mapped[bool] = mapped_column(Boolean, default=False)
    duration_seconds: Mapped[int | None] = mapped_column(Integer)
    result: Mapped[str | None] = mapped_column(String(100))
    #: Where the recording lies, as text: nothing here ever fetches it.
    recording: Mapped[str | None] = mapped_column(String(500))
    note: Mapped[str | None] = mapped_column(Text)
    #: unmatched · ambiguous · matched · ignored
    state: Mapped[str] = mapped_column(String(12), default=UNMATCHED)
    #: Why somebody ignored it.
    reason: Mapped[str | None] = mapped_column(String(300))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    activity_id: Mapped[int | None] = mapped_column(ForeignKey("activity.id", ondelete="SET NULL"))
    #: The login that matched, ignored or took back; empty where the product matched it by itself.
    decided_by: Mapped[int | None] = mapped_column(Integer)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: When the request was signed by whose content it stands here; empty for what no connection sent.
    signed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Who imported it; empty for what a connection sent.
    created_by: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)

    customer: Mapped[Customer | None] = relationship()
    employee: Mapped[Employee | None] = relationship()
    activity: Mapped[Activity | None] = relationship()

    def __repr__(self) -> str:
        return self.call_id


class CallSource(Model):
    """A call centre's connection. Its secret follows from `salt` and the site's secret, and is kept nowhere."""

    __tablename__ = "activity_call_source"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    #: What a request names itself by; no secret.
    key: Mapped[str] = mapped_column(String(40), unique=True)
    #: Empty until a secret was issued; another one makes another secret.
    salt: Mapped[str | None] = mapped_column(String(40))
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    issued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_by: Mapped[int | None] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)

    def __repr__(self) -> str:
        return self.name

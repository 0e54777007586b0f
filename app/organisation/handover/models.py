"""Handovers (工作移交) and leavings (离职): what was asked, and what became of each record."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.models import BigId
from app.db import Model, UtcDateTime, now
from app.organisation.models import Employee, Unit


class Handover(Model):
    """One handover of an employee's work, or one leaving with the handover that goes with it."""

    __tablename__ = "org_handover"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: handover 移交 · leaving 离职
    kind: Mapped[str] = mapped_column(String(12))
    giver_id: Mapped[int] = mapped_column(ForeignKey("org_employee.id"), index=True)
    #: Where the giver worked then; whose reach covers that unit sees the handover.
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"), index=True)
    #: A list of `rules.Route` as JSON.
    routes: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    #: What a leaving ended besides: login, second posts, headships, to be brought back by an undo.
    ended: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    reason: Mapped[str] = mapped_column(String(300), default="")
    #: The business date it takes effect; for a leaving the day after the last one.
    effective_on: Mapped[date] = mapped_column(Date)
    last_on: Mapped[date | None] = mapped_column(Date)
    #: planned · running · done · undoing · undone · cancelled
    status: Mapped[str] = mapped_column(String(12), default="planned")
    job_id: Mapped[int | None] = mapped_column(BigId)
    undo_job_id: Mapped[int | None] = mapped_column(BigId)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    created_by: Mapped[int | None] = mapped_column(Integer)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    giver: Mapped[Employee] = relationship()
    unit: Mapped[Unit] = relationship()


class HandoverItem(Model):
    """One record of a handover: where it went, or why it stayed. Written with the move, in one transaction."""

    __tablename__ = "org_handover_item"
    __table_args__ = (
        UniqueConstraint("handover_id", "holding", "record_id"),
        Index("ix_org_handover_item_order", "handover_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    handover_id: Mapped[int] = mapped_column(ForeignKey("org_handover.id", ondelete="CASCADE"))
    holding: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int] = mapped_column(BigId)
    #: moved · stayed · back (moved back by the undo) · kept (could not be)
    state: Mapped[str] = mapped_column(String(8))
    to_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))
    place: Mapped[str] = mapped_column(String(40), default="")
    #: What the holding needs to know to bring it back.
    memo: Mapped[str] = mapped_column(String(40), default="")
    reason: Mapped[str] = mapped_column(String(300), default="")
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    to: Mapped[Employee | None] = relationship()

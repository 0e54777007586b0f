"""Pools and their people."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Boolean, CheckConstraint, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.api import Employee, Model, Unit


def _not_of_a_head(made: Any) -> bool:
    return made.get_current_parameters().get("kind") != "head"


class Pool(Model):
    """A pool of a unit. Its members are whom `PoolMember` names; while it names nobody, the unit's people and below."""

    __tablename__ = "pools_pool"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    #: head 部门主管客户池 · city 城市经理公共客户池 · public 公共客户池
    kind: Mapped[str] = mapped_column(String(12), default="public")
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"), index=True)
    #: Whether members may claim by themselves, or only heads assign; a head's pool says so of itself.
    claimable: Mapped[bool] = mapped_column(Boolean, default=_not_of_a_head)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    #: Limits of this pool; the site's settings where empty, 0 for no limit.
    claims_per_day: Mapped[int | None] = mapped_column(Integer)
    owned_limit: Mapped[int | None] = mapped_column(Integer)
    cool_down_days: Mapped[int | None] = mapped_column(Integer)
    #: Names of customer fields members do not see before they have claimed.
    hidden_fields: Mapped[list[str]] = mapped_column(JSON, default=list, nullable=True)

    unit: Mapped[Unit] = relationship()

    def __repr__(self) -> str:
        return self.name


class PoolMember(Model):
    """Somebody of a pool: an employee, or a unit with everybody in it and below. Administrators give away, too."""

    __tablename__ = "pools_member"
    __table_args__ = (
        UniqueConstraint("pool_id", "employee_id"),
        UniqueConstraint("pool_id", "unit_id"),
        CheckConstraint("(employee_id IS NULL) <> (unit_id IS NULL)", name="one_of_both"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    pool_id: Mapped[int] = mapped_column(ForeignKey("pools_pool.id", ondelete="CASCADE"))
    employee_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"), index=True)
    administers: Mapped[bool] = mapped_column(Boolean, default=False)

    pool: Mapped[Pool] = relationship()
    employee: Mapped[Employee | None] = relationship()
    unit: Mapped[Unit | None] = relationship()

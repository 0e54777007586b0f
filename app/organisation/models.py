"""Units as a tree by materialised path, employees, second posts."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Boolean, Date, ForeignKey, Integer, String, UniqueConstraint, column, select, table
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from app.db import Model, Path
from app.fields.custom.stored import Extensible

# FAB's own table, read as a plain table: only app.base knows FAB's classes.
_role = table("ab_role", column("id", Integer), column("name", String))


class Unit(Extensible):
    """An institution or department (机构). `path` is ``/1/5/``: the ids from the root to itself."""

    __tablename__ = "org_unit"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"), index=True)
    path: Mapped[str] = mapped_column(Path, index=True, default="")
    depth: Mapped[int] = mapped_column(Integer, default=0)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(100), index=True)
    #: 总行 head_office · 一级分行 branch_1 · 二级分行 branch_2 · 支行 sub_branch · 分理处 outlet ·
    #: 城市 city · 部门 department
    level: Mapped[str] = mapped_column(String(20), default="department")
    sort: Mapped[int] = mapped_column(Integer, default=0)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    head_id: Mapped[int | None] = mapped_column(Integer)

    parent: Mapped[Unit | None] = relationship(remote_side=[id])

    def __repr__(self) -> str:
        return self.name


class Employee(Extensible):
    """A person of the client's staff, with or without a login (`user_id` is FAB's ``ab_user.id``)."""

    __tablename__ = "org_employee"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(100), index=True)
    user_id: Mapped[int | None] = mapped_column(Integer, unique=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"), index=True)
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("org_employee.id"))
    position: Mapped[str] = mapped_column(String(60), default="")
    mobile: Mapped[str | None] = mapped_column(String(20))
    email: Mapped[str | None] = mapped_column(String(200))
    #: The short number a call centre knows them by.
    extension: Mapped[str | None] = mapped_column(String(20), index=True)
    joined_on: Mapped[date | None] = mapped_column(Date)
    left_on: Mapped[date | None] = mapped_column(Date)
    #: The first and last day of leave (休假): who is away gets no customers by rule.
    away_from: Mapped[date | None] = mapped_column(Date)
    away_until: Mapped[date | None] = mapped_column(Date)

    unit: Mapped[Unit] = relationship()
    manager: Mapped[Employee | None] = relationship(remote_side=[id])

    def __repr__(self) -> str:
        return self.name


class Post(Model):
    """A second place of an employee (兼岗) with the role held there."""

    __tablename__ = "org_post"
    __table_args__ = (UniqueConstraint("employee_id", "unit_id", "role_id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("org_employee.id", ondelete="CASCADE"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"), index=True)
    role_id: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(String(60), default="")
    #: The role's name, read along with the post.
    role_name: Mapped[str | None] = column_property(select(_role.c.name).where(_role.c.id == role_id).scalar_subquery())

    employee: Mapped[Employee] = relationship()
    unit: Mapped[Unit] = relationship()

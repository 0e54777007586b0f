"""Row scope per role and entity, and the append-only, hash-chained audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model, UtcDateTime

#: Big on PostgreSQL, the rowid on SQLite.
BigId = BigInteger().with_variant(Integer, "sqlite")


class RoleScope(Model):
    """How far a role sees an entity (数据权限); no row means nothing. `role_id` is FAB's ``ab_role.id``."""

    __tablename__ = "access_role_scope"
    __table_args__ = (UniqueConstraint("role_id", "entity"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    role_id: Mapped[int] = mapped_column(Integer, index=True)
    entity: Mapped[str] = mapped_column(String(60))
    scope: Mapped[str] = mapped_column(String(20))


class RoleInfo(Model):
    """What FAB's role table has no column for: the template a role came from and its Chinese name."""

    __tablename__ = "access_role_info"

    role_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    template: Mapped[str] = mapped_column(String(60), default="")
    label_zh: Mapped[str] = mapped_column(String(100), default="")
    label_en: Mapped[str] = mapped_column(String(100), default="")


class AuditEntry(Model):
    """One change of one record, or one act; never updated, never deleted.

    `changes` maps a field to [from, to]. `hash` covers the entry's content and the hash before it, so an edited,
    deleted or reordered entry breaks the chain from there on.
    """

    __tablename__ = "access_audit"
    __table_args__ = (Index("ix_access_audit_record", "entity", "record_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    user_id: Mapped[int | None] = mapped_column(Integer, index=True)
    user_name: Mapped[str] = mapped_column(String(128))
    action: Mapped[str] = mapped_column(String(40))
    entity: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[str] = mapped_column(String(60))
    label: Mapped[str] = mapped_column(String(200), default="")
    changes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    trace_id: Mapped[str] = mapped_column(String(40), default="")
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(Model):
    """The last link of the chain: one row, locked by whoever appends."""

    __tablename__ = "access_audit_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last_id: Mapped[int] = mapped_column(BigInteger, default=0)
    hash: Mapped[str] = mapped_column(String(64), default="")


class Preference(Model):
    """A person's own settings of the screen: language, theme, list columns (JSON text by key)."""

    __tablename__ = "access_preference"
    __table_args__ = (UniqueConstraint("user_id", "key"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id: Mapped[int] = mapped_column(Integer, index=True)
    key: Mapped[str] = mapped_column(String(80))
    value: Mapped[str] = mapped_column(Text, default="")

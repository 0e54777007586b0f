"""Row scope per role and entity, and the append-only, hash-chained audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model, UtcDateTime, extra_ddl

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


class FieldPermission(Model):
    """What a role may do with one field of an entity (字段权限); no row means everything the act allows."""

    __tablename__ = "access_field_permission"
    __table_args__ = (UniqueConstraint("role_id", "entity", "field"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    role_id: Mapped[int] = mapped_column(Integer)
    entity: Mapped[str] = mapped_column(String(60))
    field: Mapped[str] = mapped_column(String(60))
    level: Mapped[str] = mapped_column(String(20))


class Delegation(Model):
    """Whoever holds the role may give others what `given_id` holds, without holding it (docs/adr/0043)."""

    __tablename__ = "access_delegation"

    role_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    given_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)


class RoleVersion(Model):
    """One row whose random token changes with anything a role holds; triggers of the database see to it.

    Random, so that a token seen before a rollback never comes back meaning something else.
    """

    __tablename__ = "access_role_version"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    token: Mapped[str] = mapped_column(String(40))


class RoleInfo(Model):
    """What FAB's role table has no column for: the template a role came from and its Chinese name."""

    __tablename__ = "access_role_info"

    role_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    template: Mapped[str] = mapped_column(String(60), default="")
    label_zh: Mapped[str] = mapped_column(String(100), default="")
    label_en: Mapped[str] = mapped_column(String(100), default="")


#: Acts the log has so many of that a page of them is found without an index.
FREQUENT_ACTS = ("create", "update", "delete", "assign")
RARE_ACTS = "action NOT IN ('create', 'update', 'delete', 'assign')"


class AuditEntry(Model):
    """One change of one record, or one act; never updated, never deleted.

    `changes` maps a field to [from, to]. `hash` covers the entry's content and the hash before it, so an
    edited, deleted or reordered entry breaks the chain from there on. The database itself refuses changes.
    """

    __tablename__ = "access_audit"
    __table_args__ = (
        Index("ix_access_audit_record", "entity", "record_id", "id"),
        Index("ix_access_audit_entity", "entity", "id"),
        Index("ix_access_audit_by", "user_id", "id"),
        Index("ix_access_audit_act", "action", "id", postgresql_where=text(RARE_ACTS), sqlite_where=text(RARE_ACTS)),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    user_id: Mapped[int | None] = mapped_column(Integer)
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
    """The last link of the chain: one row, locked by whoever appends.

    `seal` is a MAC of it under the site's secret: who can write the database but does not know the secret can
    make a chain that fits, not its seal. `sealed_id` and `sealed_hash` are the last entry sealed outside the database,
    so that a file of seals that is gone is missed.
    """

    __tablename__ = "access_audit_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last_id: Mapped[int] = mapped_column(BigInteger, default=0)
    hash: Mapped[str] = mapped_column(String(64), default="")
    seal: Mapped[str] = mapped_column(String(64), default="")
    sealed_id: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    sealed_hash: Mapped[str] = mapped_column(String(64), default="", server_default="")


def _append_only(table: str, *acts: str) -> None:
    """Let the database itself refuse these acts on a table, whoever asks."""
    words = "the audit log is append-only"
    extra_ddl(
        Model.metadata.tables[table],
        "sqlite",
        create=[
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} BEGIN SELECT RAISE(ABORT, '{words}'); END"
            for act in acts
        ],
    )
    extra_ddl(
        Model.metadata.tables[table],
        "postgresql",
        create=[
            f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$BEGIN RAISE EXCEPTION '{words}'; END$$",
            f"CREATE TRIGGER {table}_no_change BEFORE {' OR '.join(acts)} OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()",
        ],
        drop=[f"DROP TRIGGER {table}_no_change ON {table}", f"DROP FUNCTION {table}_refuse()"],
    )


_append_only("access_audit", "UPDATE", "DELETE")
_append_only("access_audit_head", "DELETE")


def _watched(*tables: str) -> None:
    """Let every change of these tables give `RoleVersion` a new token. (FAB's own tables: migration 0002.)"""
    acts = ("INSERT", "UPDATE", "DELETE")
    extra_ddl(
        RoleVersion.__table__,
        "postgresql",
        create=[
            "CREATE FUNCTION access_role_version_next() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN UPDATE access_role_version SET token = gen_random_uuid()::text; RETURN NULL; END$$",
            *(
                f"CREATE TRIGGER {table}_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION access_role_version_next()"
                for table in tables
            ),
        ],
        drop=[
            *(f"DROP TRIGGER {table}_version ON {table}" for table in tables),
            "DROP FUNCTION access_role_version_next()",
        ],
    )
    extra_ddl(
        RoleVersion.__table__,
        "sqlite",
        create=[
            f"CREATE TRIGGER {table}_version_{act.lower()} AFTER {act} ON {table} "  # noqa: S608 (our own names)
            "BEGIN UPDATE access_role_version SET token = lower(hex(randomblob(16))); END"
            for table in tables
            for act in acts
        ],
        drop=[f"DROP TRIGGER {table}_version_{act.lower()}" for table in tables for act in acts],
    )


_watched("access_role_scope", "access_field_permission")


class Preference(Model):
    """A person's own settings of the screen: language, theme, list columns (JSON text by key)."""

    __tablename__ = "access_preference"
    __table_args__ = (UniqueConstraint("user_id", "key"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id: Mapped[int] = mapped_column(Integer, index=True)
    key: Mapped[str] = mapped_column(String(80))
    value: Mapped[str] = mapped_column(Text, default="")

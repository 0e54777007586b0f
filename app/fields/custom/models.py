"""The descriptions of custom fields, one row each."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Index, Integer, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from app.access.models import BigId
from app.db import Model, UtcDateTime, now


class CustomField(Model):
    """One custom field of one entity. `choices` and `default` are kept as the admin typed them."""

    __tablename__ = "fields_field"
    __table_args__ = (
        UniqueConstraint("entity", "key"),
        Index("ix_fields_field_order", "entity", "position", "id"),
        # A key is never used for another field: old history speaks of it.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entity: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(48))
    kind: Mapped[str] = mapped_column(String(20))
    label_zh: Mapped[str] = mapped_column(String(60))
    label_en: Mapped[str | None] = mapped_column(String(60))
    help_zh: Mapped[str | None] = mapped_column(String(300))
    help_en: Mapped[str | None] = mapped_column(String(300))
    section: Mapped[str | None] = mapped_column(String(60))
    choices: Mapped[str | None] = mapped_column(Text)
    target: Mapped[str | None] = mapped_column(String(60))
    default: Mapped[str | None] = mapped_column(String(200))
    unit: Mapped[str | None] = mapped_column(String(20))
    max_length: Mapped[int | None] = mapped_column(Integer)
    #: Files one field holds at most.
    most: Mapped[int | None] = mapped_column(Integer)
    #: What it takes besides: bounds as typed, a pattern with what to say of others, the field its choices go with.
    smallest: Mapped[str | None] = mapped_column(String(40))
    largest: Mapped[str | None] = mapped_column(String(40))
    regex: Mapped[str | None] = mapped_column(String(200))
    regex_zh: Mapped[str | None] = mapped_column(String(200))
    regex_en: Mapped[str | None] = mapped_column(String(200))
    depends_on: Mapped[str | None] = mapped_column(String(60))
    #: How the numbers are made up that the product counts, and whether records made before the field get one.
    pattern: Mapped[str | None] = mapped_column(String(60))
    number_old: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    #: Where its values come from: people, or a formula over other fields of the record.
    source: Mapped[str] = mapped_column(String(12), default="people", server_default="people")
    formula: Mapped[str | None] = mapped_column(Text)
    #: A roll-up: over which records by which link (``contact.customer_id``), how, over which field, of which records.
    rollup_of: Mapped[str | None] = mapped_column(String(120))
    rollup_by: Mapped[str | None] = mapped_column(String(12))
    rollup_field: Mapped[str | None] = mapped_column(String(60))
    rollup_where: Mapped[str | None] = mapped_column(Text)
    required_when: Mapped[str | None] = mapped_column(Text)
    visible_when: Mapped[str | None] = mapped_column(Text)
    position: Mapped[int] = mapped_column(Integer, default=0)
    required: Mapped[bool] = mapped_column(Boolean, default=False)
    sole: Mapped[bool] = mapped_column(Boolean, default=False)
    indexed: Mapped[bool] = mapped_column(Boolean, default=False)
    #: Whether the search finds records by it.
    sought: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    in_list: Mapped[bool] = mapped_column(Boolean, default=False)
    in_filter: Mapped[bool] = mapped_column(Boolean, default=True)
    in_import: Mapped[bool] = mapped_column(Boolean, default=True)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}

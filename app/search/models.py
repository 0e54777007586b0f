"""The tables of the search index that serves every entity without a column of its own for it."""

from __future__ import annotations

from sqlalchemy import BigInteger, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.access.models import BigId
from app.db import Model
from app.search.ddl import keep_search_index


class SearchTerm(Model):
    """The tokens of one text of one record. `field` is the field they are of: it decides who may ask for them."""

    __tablename__ = "search_term"
    __table_args__ = (UniqueConstraint("entity", "record_id", "field"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entity: Mapped[str] = mapped_column(String(64))
    record_id: Mapped[int] = mapped_column(BigInteger)
    field: Mapped[str] = mapped_column(String(64))
    search_tokens: Mapped[str] = mapped_column(Text)


class SearchMark(Model):
    """How an entity's records were last cut into tokens: another way of cutting means doing them again."""

    __tablename__ = "search_mark"

    entity: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[str] = mapped_column(String(500))


keep_search_index(SearchTerm.__table__)

"""The most rows of one export, by role."""

from __future__ import annotations

from sqlalchemy import Integer
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Model


class ExportLimit(Model):
    """The most rows an export of this role may hold; a role without one has the site's own (`limits.DEFAULT`)."""

    __tablename__ = "access_export_limit"

    role_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    rows: Mapped[int] = mapped_column(Integer)

"""Form tokens: each form that creates a record may do so once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.access.models import BigId
from app.db import Model, UtcDateTime, now


class FormToken(Model):
    """A used form: whoever sends it again is shown the record it made. Rows live for two days."""

    __tablename__ = "base_form_token"

    token: Mapped[str] = mapped_column(String(40), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(Integer)
    entity: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[int | None] = mapped_column(BigId)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)

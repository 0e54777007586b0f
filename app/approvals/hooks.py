"""What approvals bring to every site."""

from __future__ import annotations

from app.approvals import models

__all__ = ["models"]

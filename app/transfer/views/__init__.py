"""Screens of import, export and attachments."""

from __future__ import annotations

from app.transfer.views.attachments import AttachmentView, attachments_tab
from app.transfer.views.exports import ExportView
from app.transfer.views.imports import ImportView

__all__ = ["AttachmentView", "ExportView", "ImportView", "attachments_tab"]

"""Screens of import, export and attachments."""

from __future__ import annotations

from app.transfer.views.attachments import AttachmentView, attachments_tab
from app.transfer.views.export_log import ExportLogView
from app.transfer.views.exports import ExportView
from app.transfer.views.imports import ImportView

__all__ = ["AttachmentView", "ExportLogView", "ExportView", "ImportView", "attachments_tab"]

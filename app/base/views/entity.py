"""The screens of one entity, generated from its description."""

from __future__ import annotations

from app.base.views.board import BoardScreen
from app.base.views.charting import ChartScreen
from app.base.views.deletion import DeleteScreen
from app.base.views.forms import FormScreen
from app.base.views.lists import ListScreen
from app.base.views.pages import RecordScreen
from app.base.views.unmasking import UnmaskScreen


class EntityView(ListScreen, BoardScreen, ChartScreen, RecordScreen, UnmaskScreen, FormScreen, DeleteScreen):
    """List, page, form and deletion of one entity, and masked values in full.

    A module subclasses it to add routes of its own.

    A subclass is named like its entity's `view_name`, sets `entity` and `route_base`, and may override what
    `app.base.views.screen.EntityScreen` lists first (columns, marks, badges, figures).
    """

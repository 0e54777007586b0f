"""The screens of one entity, generated from its description."""

from __future__ import annotations

from typing import ClassVar

from flask_appbuilder import BaseView, expose, has_access

from app.types import Entity


class EntityView(BaseView):  # type: ignore[misc]
    """List, detail, form and acts of one entity. A module subclasses it to add routes of its own."""

    entity: ClassVar[Entity]
    default_view = "list"

    @expose("/list/")
    @has_access
    def list(self) -> str:
        """The list."""
        raise NotImplementedError

"""REST over one entity, generated from its description."""

from __future__ import annotations

from typing import ClassVar

from flask_appbuilder.api import BaseApi

from app.types import Entity


class EntityApi(BaseApi):  # type: ignore[misc]
    """Read and write records of one entity under the same permissions, scope and rules as the screens."""

    entity: ClassVar[Entity]

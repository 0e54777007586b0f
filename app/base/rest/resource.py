"""REST resources that are not about one entity: what a room's own resource is made from."""

from __future__ import annotations

from flask_appbuilder.api import BaseApi, expose
from flask_appbuilder.utils.limit import Limit

__all__ = ["Limit", "Resource", "expose"]


class Resource(BaseApi):
    """Routes under ``/api/v1/<resource_name>``; each is guarded with `app.base.rest.access.api_needs`."""

    base_permissions: list[str] = []

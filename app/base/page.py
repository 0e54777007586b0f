"""Screens that are not about one entity: what a room's or module's own page is made from."""

from __future__ import annotations

from flask_appbuilder import BaseView, expose, has_access

from app.base.marked import Marked
from app.base.protection import public

__all__ = ["PageView", "expose", "has_access", "public"]


class PageView(Marked, BaseView):
    """A group of routes under `route_base`.

    `@expose("/path/")` makes a method a route; below it `@has_access` asks for the permission `can_<method>`
    on the class name. Without `@has_access` everybody who is logged in may open it; `@public` lets guests in.
    """

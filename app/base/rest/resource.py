"""REST resources that are not about one entity: what a room's own resource is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask_appbuilder.api import BaseApi, expose
from flask_appbuilder.utils.limit import Limit

from app.base.marked import Marked

_Route = TypeVar("_Route", bound=Callable[..., Any])


class Resource(Marked, BaseApi):
    """Routes under ``/api/v1/<resource_name>``; each is guarded with `app.base.rest.access.api_needs`.

    The OpenAPI document names every route, with the first line of its docstring and what it says by `told`.
    """

    base_permissions: list[str] = []


@dataclass(frozen=True, slots=True)
class Told:
    """What a route takes and gives, as JSON schemas; `kind` is the type of the body, `refusals` status codes."""

    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    kind: str = "application/json"
    status: str = "200"
    answer: Mapping[str, Any] = field(default_factory=dict)
    gives: str = "application/json"
    refusals: Sequence[str] = ()
    #: Whether a login, a token or a key is asked for; else the route has a way of its own.
    login: bool = True


def told(**said: Any) -> Callable[[_Route], _Route]:
    """Let a route of a resource say what it takes and gives: the fields of `Told`. Stands next to the function."""

    def note(route: _Route) -> _Route:
        route._told = Told(**said)  # type: ignore[attr-defined]
        return route

    return note


__all__ = ["Limit", "Resource", "Told", "expose", "told"]

"""What an actor sees under a given scope, and a module that narrows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType
from typing import Any

from sqlalchemy import select

from app.access.actors import acting_as
from app.activities.models import Activity
from app.customers.models import Customer
from app.db import session
from app.hookspecs import hookimpl
from app.host.context import context
from app.testing.people import Person
from app.types import Actor, Scope

#: The names of the customers of the fixture `bank`.
EVERYTHING = {"本人", "同事", "南边", "分行", "无主"}


def scoped(person: Person, scope: Scope, entity_slug: str = "customer") -> Actor:
    """The person as they would be if all their roles gave `scope` on the entity."""
    actor = person.actor
    return replace(actor, grants=tuple(replace(g, scopes={entity_slug: scope}) for g in actor.grants))


def names(actor: Actor | None, model: Any = Customer) -> set[str]:
    title = model.subject if model is Activity else model.name
    with acting_as(actor):
        return set(session.scalars(select(title)))


@contextmanager
def filtering(answer: Any) -> Iterator[None]:
    """A module whose `scope_filters` hook answers with `answer(entity, write)`."""

    @hookimpl
    def scope_filters(entity: str, write: bool) -> Any:
        return answer(entity, write)

    module = ModuleType("narrowing")
    module.scope_filters = scope_filters  # type: ignore[attr-defined]
    context().hooks.register("narrowing", module)
    try:
        yield
    finally:
        context().hooks.manager.unregister(name="narrowing")
        context().hooks.modules.pop("narrowing")

"""What the room brings to every site."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import true

from app.hookspecs import hookimpl
from app.jobs.models import Job
from app.jobs.services import VIEW
from app.types import Actor, ScopeFilter


@hookimpl
def scope_filters(entity: str, actor: Actor) -> Sequence[ScopeFilter]:
    """A job is seen by whoever asked for it, and by those who may list all."""
    if entity != "job":
        return ()
    if actor.can("can_list_all", VIEW):
        return (ScopeFilter(also=true()),)
    return (ScopeFilter(also=Job.created_by == actor.user_id),) if actor.user_id is not None else ()

"""What approvals bring to every site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l

from app.approvals import models, screens, shaping
from app.approvals.services import granting, moving, time_outs
from app.approvals.services.binding import assignment_refused, locks_of_cases, transition_refused
from app.approvals.services.ending import EndOf, end_again
from app.approvals.services.finishing import END_JOB
from app.approvals.services.gating import SETTINGS, gate
from app.approvals.services.handing import approval_holdings
from app.approvals.services.telling import KINDS, TELL_JOB, Tell, tell_module
from app.approvals.views import granted
from app.approvals.views.designer import ApprovalDefinitionView
from app.hookspecs import hookimpl
from app.types import (
    Action,
    Actor,
    Begun,
    Card,
    Held,
    Holding,
    JobSpec,
    Lock,
    MenuGroup,
    NoticeKind,
    RoleTemplate,
    Setting,
    Tab,
    Veto,
    Write,
)


@hookimpl
def jobs() -> Sequence[JobSpec]:
    return (
        JobSpec(TELL_JOB, _l("The end of an approval for a module"), tell_module, schema=Tell, retries=10),
        JobSpec(END_JOB, _l("What an approval could not carry out at its end"), end_again, schema=EndOf, retries=5),
        JobSpec(moving.JOB, _l("Running cases move to another version"), moving.move_job, schema=moving.Move),
        JobSpec(time_outs.JOB, _l("Deadlines of approvals"), time_outs.sweep, schedule="*/5 * * * *"),
    )


@hookimpl
def holdings(employee_id: int) -> Sequence[Holding]:
    return approval_holdings(employee_id)


@hookimpl
def notice_kinds() -> Sequence[NoticeKind]:
    return KINDS


@hookimpl
def settings() -> Sequence[Setting]:
    return SETTINGS


@hookimpl
def locks(entity: str, ids: Sequence[int]) -> Mapping[int, Lock]:
    return locks_of_cases(entity, ids)


@hookimpl
def before_write(entity: str, act: str, writes: Sequence[Write]) -> Mapping[int, Veto | Held | Begun]:
    return gate(entity, act, writes)


@hookimpl
def before_transition(entity: str, record: Any, transition: str) -> Veto | None:
    return transition_refused(entity, record, transition)


@hookimpl
def before_assign(customer_ids: Sequence[int]) -> Veto | None:
    return assignment_refused(customer_ids)


@hookimpl
def views() -> Sequence[type]:
    return (*screens.VIEWS, ApprovalDefinitionView)


@hookimpl
def menu() -> Sequence[MenuGroup]:
    return (screens.MENU, shaping.designer_menu())


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    return (*screens.roles(), *shaping.ROLES)


@hookimpl
def home_cards(actor: Actor) -> Sequence[Card]:
    return screens.cards(actor)


@hookimpl
def record_tabs(entity: str, actor: Actor) -> Sequence[Tab]:
    return screens.tabs(entity, actor)


@hookimpl
def record_actions(entity: str, actor: Actor) -> Sequence[Action]:
    return screens.actions(entity, actor)


__all__ = ["granted", "granting", "models"]

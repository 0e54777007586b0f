"""Deciding again on what was refused (复议): a new application that refers to the refused one and differs from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.api import UNSCOPED, entity, find_record, readable, require_actor, session
from app.types import Field, Refused
from plugins.loans.clock import today
from plugins.loans.models import Application, Development
from plugins.loans.rules import LOST

_ENTITY = "loans_application"
_OPEN = {UNSCOPED: True}
#: What an application asks for, and so what may differ from the one refused.
TERMS = ("amount", "annual_rate", "months", "method", "start_on", "purpose", "remark", "development_id")


@dataclass(frozen=True, slots=True)
class Difference:
    """One term of an application beside that of the refused one."""

    field: Field
    before: Any
    after: Any

    @property
    def changed(self) -> bool:
        return bool((self.before or None) != (self.after or None))


def check_reconsidered(current: Session, customer_id: int, reconsiders_id: int | None) -> None:
    """That an application may be decided on again, in the running transaction. Raises `Refused` by field.

    It was refused, it is the same customer's, the actor sees it, and no other application does so already. Its row
    stays locked until the commit.
    """
    if reconsiders_id is None:
        return
    locked = select(Application).where(Application.id == reconsiders_id).with_for_update()
    refused = current.scalar(locked.execution_options(populate_existing=True, **_OPEN))
    if refused is None or refused.customer_id != customer_id or find_record(entity(_ENTITY), refused.id) is None:
        raise Refused(_("The application to reconsider belongs to another customer"), field="reconsiders_id")
    if refused.state != "refused":
        raise Refused(_("Only a refused application can be reconsidered"), field="reconsiders_id")
    again = select(Application.number).where(
        Application.reconsiders_id == refused.id, Application.state != "withdrawn"
    )  # fmt: skip
    number = current.scalar(again.execution_options(**_OPEN))
    if number is not None:
        raise Refused(_("%(number)s reconsiders it already", number=number), field="reconsiders_id")


def refill(refused: Application) -> dict[str, Any]:
    """What a reconsideration starts with: the terms refused, from today, without a development lost meanwhile.

    Only what the actor reads of the refused one.
    """
    actor = require_actor()
    values = {name: getattr(refused, name) for name in ("customer_id", *TERMS) if readable(_ENTITY, name, actor)}
    lost = select(Development.id).where(Development.id == refused.development_id, Development.stage == LOST)
    if session.scalar(lost.execution_options(**_OPEN)) is not None:
        values["development_id"] = None
    if "start_on" in values:
        values["start_on"] = max(refused.start_on, today())
    values["reconsiders_id"] = refused.id
    return {name: value for name, value in values.items() if value is not None}


def differences(record: Application) -> tuple[Application, tuple[Difference, ...]] | None:
    """The refused application that this one reconsiders, and its terms beside these. None: it reconsiders none.

    An application the actor does not see is none.
    """
    if record.reconsiders_id is None:
        return None
    refused: Application | None = find_record(entity(_ENTITY), record.reconsiders_id)
    if refused is None:
        return None
    fields = {field.name: field for field in entity(_ENTITY).fields}
    found = (Difference(fields[name], getattr(refused, name), getattr(record, name)) for name in TERMS)
    return refused, tuple(found)


def reconsiderations(record: Application) -> Sequence[Application]:
    """The applications that reconsider this one, the newest first, as far as the actor sees them."""
    wanted = select(Application).where(Application.reconsiders_id == record.id).order_by(Application.id.desc())
    return session.scalars(wanted).all()


__all__ = ["TERMS", "Difference", "check_reconsidered", "differences", "reconsiderations", "refill"]

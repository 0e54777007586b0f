"""What a customer's list and page show of the ladder: the stage, the day of the next step, the days left until then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, cast

from flask_babel import lazy_gettext as _l
from sqlalchemy import Date, Integer, Table, case, func, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from app.types import AddedFields, Choice, Field, Kind
from plugins.pools.models import PoolEntry, PoolStanding
from plugins.pools.schemas.movements import STAGES as LADDER
from plugins.pools.services import business_today

#: From so few days on, the countdown is red, and amber.
RED_DAYS, AMBER_DAYS = 3, 7

STAGES = (*LADDER, Choice("pool", _l("In a pool"), "secondary"))

_STANDING, _ENTRY = (cast(Table, model.__table__) for model in (PoolStanding, PoolEntry))


class days_between(FunctionElement[int]):
    """Whole days from the first date to the second: negative when that came before."""

    type = Integer()
    inherit_cache = True


@compiles(days_between, "postgresql")
def _subtract(element: Any, compiler: Any, **options: Any) -> str:
    first, second = (compiler.process(each, **options) for each in element.clauses)
    return f"({second} - {first})"


@compiles(days_between, "sqlite")
def _julian(element: Any, compiler: Any, **options: Any) -> str:
    first, second = (compiler.process(each, **options) for each in element.clauses)
    return f"CAST(julianday({second}) - julianday({first}) AS INTEGER)"


def _of(model: Any, table: Table, value: Any) -> Any:
    """A value of the customer's row in a table of this module; at most one row by its key."""
    return select(value).where(table.c.customer_id == model.id).correlate_except(table).scalar_subquery()


def _of_either(model: Any, value: Callable[[Table], Any]) -> Any:
    """The same of its standing, else of its entry in a pool."""
    return func.coalesce(*(_of(model, table, value(table)) for table in (_STANDING, _ENTRY)))


def stage(model: Any) -> Any:
    """Where the customer stands; nothing for whoever no rule watches."""
    lying = _of(model, _ENTRY, literal("pool"))
    return func.coalesce(_of(model, _STANDING, _STANDING.c.stage), lying)


def next_on(model: Any) -> Any:
    """The day whose night takes the next step, of an owned customer and of one in a pool."""
    return _of_either(model, lambda table: table.c.next_on)


def days_left(model: Any) -> Any:
    """Days until then; 0 from the day itself on, until the run has been."""
    today = literal(business_today(), Date)

    def left(table: Table) -> Any:
        # inside, so that the row is looked up once
        days = days_between(today, table.c.next_on)
        return case((days < 0, 0), else_=days)

    return _of_either(model, left)


def urgency(days: int) -> str | None:
    """The colour of a countdown.

    >>> urgency(2), urgency(3), urgency(7), urgency(8)
    ('red', 'amber', 'amber', None)
    """
    if days < RED_DAYS:
        return "red"
    return "amber" if days <= AMBER_DAYS else None


def until(day: date) -> int:
    """Days from today to a day, on the site's calendar; 0 for one that has passed."""
    return max((day - business_today()).days, 0)


COUNTDOWN = AddedFields(
    "customer",
    _l("Pools"),
    (
        Field("pools_stage", _l("Warning"), Kind.CHOICE, choices=STAGES, computed=True, expression=stage),
        Field(
            "pools_days_left",
            _l("Days left"),
            Kind.INTEGER,
            computed=True,
            expression=days_left,
            tone=urgency,
            help=_l("Until the next step of the pool rules; an effective follow-up starts it anew"),
        ),
        Field("pools_next_on", _l("Next step on"), Kind.DATE, computed=True, expression=next_on),
    ),
    list_fields=("pools_stage", "pools_days_left"),
    filter_fields=("pools_stage", "pools_days_left"),
    behind="lifecycle",
)

__all__ = ["COUNTDOWN", "RED_DAYS", "STAGES", "days_left", "next_on", "stage", "until", "urgency"]

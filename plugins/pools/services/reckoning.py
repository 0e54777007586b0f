"""Working out anew where customers stand on the ladder: set-based, in the transaction of what has changed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    Table,
    any_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.api import UNSCOPED, ArrayText, UtcDateTime, current_actor, enqueue, now, transaction
from app.types import SYSTEM
from plugins.pools.models import PoolMovement, PoolStanding
from plugins.pools.services.ladders import Ladders, customer_column, read_ladders
from plugins.pools.services.standings import COLUMNS, CUSTOMER, STANDING, Which, held_by, standings

#: The job that does it for all customers (`plugins.pools.jobs.upkeep`).
RECKON_JOB = "pools.reckon"
#: Customers looked at in one go.
CHUNK = 20_000
_OPEN = {UNSCOPED: True, "synchronize_session": False}
_MOVEMENT = cast(Table, PoolMovement.__table__)


@dataclass(frozen=True, slots=True)
class Span:
    """Customers by the range of their ids, both ends included."""

    first: int
    last: int


def reckon(current: Session, customer_ids: Collection[int] | None, on: date | None = None) -> None:
    """Work the standings of these customers (None: of all, in spans) out anew, in the running transaction.

    Whoever a rule watches gets its standing, others lose theirs; a stage that falls leaves a `clear` in the ledger
    (not where the customer lost its owner: what took it tells that). `on`: the business date to judge by, today
    when left out. The customers that differ are locked, so that what somebody does to one of them meanwhile comes
    before or after.
    """
    ladders, today = read_ladders(current, on)
    if customer_ids is None:
        for part in spans(current):
            reckon_span(current, part, ladders, today)
        return
    wanted = sorted(set(customer_ids))
    for start in range(0, len(wanted), CHUNK):
        _settle(current, ladders, today, wanted[start : start + CHUNK])


def reckon_approved(slug: str, record_id: int) -> None:
    """The same for the customer of a record (or the record itself) whose approval began, went on or ended.

    Nothing is to be done where no rule spares customers for an approval.
    """
    column = CUSTOMER.c.id if slug == "customer" else customer_column(slug)
    if column is None:
        return
    with transaction() as current:
        if read_ladders(current)[0].uses("approvals"):
            found = select(column).where(column.table.c.id == record_id, column.is_not(None))
            reckon(current, current.scalars(found).all())


def reckon_soon(cause: str) -> None:
    """Let the standings of all customers be worked out anew once the running transaction has committed.

    `cause` says what has changed (a rule and its version): what is asked for twice is done once.
    """
    enqueue(RECKON_JOB, actor=SYSTEM, unique_key=cause)


def reckon_span(current: Session, part: Span, ladders: Ladders, today: date) -> int:
    """The same for a span, of which mostly nothing has changed: looked at first, written where it differs; how many."""
    given = {"first": part.first, "last": part.last, "today": today}
    differing = sorted(current.scalars(_statements(ladders)["differing"], given))
    _settle(current, ladders, today, differing)
    return len(differing)


def spans(current: Session, after: int = 0) -> Iterator[Span]:
    """All customers beyond an id, `CHUNK` at a time: memory does not grow with their number."""
    while (part := next_span(current, after)) is not None:
        yield part
        after = part.last


def next_span(current: Session, after: int) -> Span | None:
    """The next `CHUNK` customers beyond an id; None when there are no more."""
    ids = CUSTOMER.c.id
    beyond = select(ids).where(ids > after).order_by(ids)
    last = current.scalar(beyond.offset(CHUNK - 1).limit(1)) or current.scalar(select(func.max(ids)).where(ids > after))
    return None if last is None else Span(after + 1, last)


def _settle(current: Session, ladders: Ladders, today: date, ids: list[int]) -> None:
    """Write what differs of these customers, whose rows are locked in the order of ids."""
    if not ids:
        return
    actor = current_actor()
    given = {
        "ids": ids if ladders.calendar.is_postgresql else json.dumps(ids), "today": today, "moment": now(),
        "actor": actor.user_id if actor is not None else None,
    }  # fmt: skip
    made = _statements(ladders)
    if current.scalar(made["lock"], given):  # else nobody owns any of them: a night has just taken them
        if current.scalar(made["warned"], given):
            current.execute(made["clear"], given)
        current.execute(made["write"], given)
    current.execute(made["gone"], given)
    for record in list(current.identity_map.values()):
        if isinstance(record, PoolStanding):
            current.expire(record)


# --- the statements, made once for the rules in force --------------------------------------------------------------


def _statements(ladders: Ladders) -> dict[str, Any]:
    """By name: five that settle the customers of the parameter `ids`, and ``differing`` ones of a span.

    The lock counts those somebody owns.
    """
    kept = ladders.statements
    if not kept:
        which = _given if ladders.calendar.is_postgresql else _given_as_text
        id_ = CUSTOMER.c.id
        locked = select(CUSTOMER.c.owner_id).where(which(id_)).order_by(id_).with_for_update(key_share=True)
        lock = select(func.count(locked.subquery("locked").c.owner_id))
        every = {
            "lock": lock,
            "warned": select(_warned(which).exists()),
            "clear": _clear(ladders, which),
            "write": _write(ladders, which),
            "gone": delete(STANDING).where(_unwatched(ladders, which)),
            "differing": _differing(ladders),
        }
        kept.update({name: statement.execution_options(**_OPEN) for name, statement in every.items()})
    return kept


def _given(column: Any) -> ColumnElement[bool]:
    return column == any_(bindparam("ids", type_=ArrayText("BIGINT")))


def _given_as_text(column: Any) -> ColumnElement[bool]:
    return column.in_(select(func.json_each(bindparam("ids", type_=String)).table_valued("value").c.value))


def _within(column: Any) -> ColumnElement[bool]:
    return column.between(bindparam("first", type_=BigInteger), bindparam("last", type_=BigInteger))


def _differing(ladders: Ladders) -> Select[Any]:
    """The ids of customers of a span whose standing is missing, different, or one they should not have."""
    if not ladders.calendar.is_postgresql:  # an older SQLite joins one way only
        changed = _changed(ladders, _within).subquery()
        gone = select(STANDING.c.customer_id).where(_unwatched(ladders, _within))
        return select(union_all(select(changed.c.customer_id), gone).subquery().c.customer_id)
    held = held_by(_within, "held")
    new = standings(ladders, _within, held, full=True)
    found = func.coalesce(new.selected_columns["customer_id"], held.c.customer_id)
    return new.with_only_columns(found).where(_differs(new, held))


def _changed(ladders: Ladders, which: Which) -> Select[Any]:
    """The standings that are not in the table as they should be."""
    held = held_by(which, "held")
    new = standings(ladders, which, held)
    return new.where(_differs(new, held))


def _differs(new: Select[Any], held: Any) -> ColumnElement[bool]:
    return or_(*(new.selected_columns[name].is_distinct_from(held.c[name]) for name in COLUMNS))


def _unwatched(ladders: Ladders, which: Which) -> ColumnElement[bool]:
    """The standings of customers meant whom no rule watches, or nobody owns, or who are closed."""
    watched = select(CUSTOMER.c.id).where(ladders.watched, which(CUSTOMER.c.id))
    return which(STANDING.c.customer_id) & STANDING.c.customer_id.not_in(watched)


def _write(ladders: Ladders, which: Which) -> Any:
    dialect = postgresql if ladders.calendar.is_postgresql else sqlite
    new = dialect.insert(STANDING).from_select(COLUMNS, _changed(ladders, which), include_defaults=False)
    values = {name: new.excluded[name] for name in COLUMNS if name != "customer_id"}
    return new.on_conflict_do_update(index_elements=["customer_id"], set_=values)


def _warned(which: Which) -> Select[Any]:
    held = STANDING.c
    return select(held.customer_id).where(held.stage != "green", which(held.customer_id))


def _clear(ladders: Ladders, which: Which) -> Any:
    """A ledger row for each stage that falls while somebody goes on owning the customer."""
    held = STANDING.c
    warned = _warned(which)
    before = held_by(which, "before")
    new = standings(ladders, lambda column: which(column) & column.in_(warned), before).subquery("new")
    fell = or_(new.c.customer_id.is_(None), _rank(new.c.stage) < _rank(held.stage))
    given: dict[str, Any] = {
        "customer_id": held.customer_id, "act": literal("clear"), "from_employee_id": held.owner_id,
        "rule_id": held.rule_id, "rule_version": held.rule_version, "reason": literal(""),
        "by_user_id": bindparam("actor", type_=Integer), "at": bindparam("moment", type_=UtcDateTime),
    }  # fmt: skip
    source = STANDING.join(CUSTOMER, CUSTOMER.c.id == held.customer_id)
    source = source.outerjoin(new, new.c.customer_id == held.customer_id)
    rows = (
        select(*given.values())
        .select_from(source)
        .where(held.stage != "green", which(held.customer_id), CUSTOMER.c.owner_id.is_not(None), fell)
    )
    return insert(_MOVEMENT).from_select(list(given), rows, include_defaults=False)


def _rank(stage: Any) -> ColumnElement[int]:
    return case((stage == "red", 2), (stage == "amber", 1), else_=0)


__all__ = [
    "CHUNK", "RECKON_JOB", "Span", "next_span", "reckon", "reckon_approved", "reckon_soon", "reckon_span", "spans",
]  # fmt: skip

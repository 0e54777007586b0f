"""Creating and changing customers, one or a hundred thousand."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.scope import UNSCOPED, scope_condition
from app.activities.models import Activity
from app.customers.models import Customer, CustomerOwnership
from app.customers.rules import CREATED, customer_number, foreign_fields, is_person, mobile_tail
from app.db import after_commit, now, transaction
from app.fields.bulk import among, insert_rows, next_ids
from app.fields.messages import message
from app.fields.rules import id_number_facts
from app.host.context import entity, hooks
from app.organisation.models import Employee
from app.search.ddl import indexed_at_once
from app.search.tokens import tokens
from app.types import Actor, Refused

#: Exact keys: no two customers share one, whoever may see them.
KEYS = ("code", "id_number", "uscc")
_TABLE = Customer.__table__
_LEDGER = (
    "customer_id",
    "from_employee_id",
    "to_employee_id",
    "from_unit_id",
    "to_unit_id",
    "cause",
    "reason",
    "at",
    "by_user_id",
)


def create_customer(values: dict[str, Any], *, ownerless: bool = False) -> Customer:
    """One customer from typed values; fills in number, owner, unit and what an ID number tells.

    With `ownerless` who makes it does not become the owner where none is named: it only counts for their unit.
    Raises `Refused` by field for fields of another kind of customer, a key that exists already, an owner
    or unit the actor may not create customers for, and for a veto of `before_assign`.
    """
    with transaction() as current:
        rows, named = _prepared(current, [values], ownerless)
        customer = Customer(**next(_searchable(rows)))
        current.add(customer)
        try:
            current.flush()
        except IntegrityError as error:
            raise Refused(errors=_duplicate(error)) from error
        _settle(current, rows, named)
        if customer.owner_id is not None:
            current.flush()
    return customer


def create_customers(rows: Sequence[dict[str, Any]], *, ownerless: bool = False) -> list[int]:
    """Many customers in one pass; returns their ids in the order of the rows. Same rules as for one.

    A row may say when it was made (`created_at`): history brought along from elsewhere.
    Raises `Refused`; then none is kept. The audit log gets one entry for all.
    """
    if not rows:
        return []
    with transaction() as current:
        prepared, named = _prepared(current, rows, ownerless)
        _check_keys(current, prepared)
        names = list(dict.fromkeys(name for row in prepared for name in row))
        try:
            with indexed_at_once(current.connection(), _TABLE.name):  # type: ignore[attr-defined]
                insert_rows(current, _TABLE, _searchable(prepared), names)  # type: ignore[arg-type]
        except IntegrityError as error:
            raise Refused(errors=_duplicate(error)) from error
        ids = [row["id"] for row in prepared]
        span = f"{min(ids)}-{max(ids)}"
        record_acts(current, [Act("create_many", "customer", "", f"{len(ids)}", {"id": [None, span]})])
        _settle(current, prepared, named)
    return ids


def update_customer(customer: Customer, values: dict[str, Any]) -> None:
    """Change a customer; keeps what is derived from name, mobile and ID number. Raises `Refused` by field."""
    update_customers([(customer, values)])


def update_customers(changes: Sequence[tuple[Customer, dict[str, Any]]]) -> None:
    """Change customers as `update_customer` does, all in one go. Raises `Refused` by field; then none is changed."""
    with transaction() as current:
        try:
            for customer, values in changes:
                _check_kind(customer.kind, values)
                _change(customer, values)
                if values.get("parent_id") is not None:
                    _check_parent(current, customer.id, values["parent_id"])
                    current.flush()  # the next ones may be above or below it
            current.flush()
        except IntegrityError as error:
            raise Refused(errors=_duplicate(error)) from error
        changed = sorted({customer.id for customer, _values in changes})
        hooks().gate("customers_changed", customer_ids=changed, what="fields")


def _change(customer: Customer, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(customer, name, value)
    if "mobile" in values:
        customer.mobile_tail = mobile_tail(values["mobile"])
    if "name" in values:
        customer.search_tokens = tokens(values["name"])
    if values.get("id_number"):
        born, sex = id_number_facts(values["id_number"])
        customer.birth_date = customer.birth_date or born
        customer.sex = customer.sex or sex


def delete_customer(customer: Customer) -> None:
    """Remove a customer created by mistake. Raises `Refused` when there have been follow-ups with it."""
    with transaction() as current:
        followed = select(Activity.id).where(Activity.customer_id == customer.id).limit(1)
        if current.scalar(followed.execution_options(**{UNSCOPED: True})) is not None:
            raise Refused(_("There have been follow-ups with this customer; it is closed, not deleted"))
        current.delete(customer)
        current.flush()


def _prepared(
    current: Session, rows: Sequence[Mapping[str, Any]], ownerless: bool
) -> tuple[list[dict[str, Any]], list[int]]:
    """Complete rows with ids, and the ids of those whose owner or unit was named rather than filled in."""
    actor = require_actor()
    ids = next_ids(current, _TABLE, len(rows))  # type: ignore[arg-type]
    units = _units_of(current, {row.get("owner_id") or actor.employee_id for row in rows})
    moment, named, ready = now(), list[int](), []
    for number, given in zip(ids, rows, strict=True):
        row = dict(given)
        _check_kind(row.get("kind"), row)
        if row.get("owner_id") is not None or row.get("unit_id") is not None:
            named.append(number)
        else:
            row["unit_id" if ownerless else "owner_id"] = actor.unit_id if ownerless else actor.employee_id
        owner = row.get("owner_id")
        if owner is not None:
            if owner not in units:
                raise Refused(_("This employee has left or does not exist"), field="owner_id")
            row["unit_id"] = units[owner]
            row["owned_since_at"] = row.get("created_at") or moment
        row.update(
            id=number,
            code=row.get("code") or customer_number(number),
            kind=row.get("kind") or "personal",
            lifecycle=row.get("lifecycle") or "potential",
            mobile_tail=mobile_tail(row.get("mobile")),
            search_tokens=None,
            created_by=actor.user_id,
            created_at=row.get("created_at") or moment,
        )
        if is_person(row["kind"]) and row.get("id_number"):
            born, sex = id_number_facts(row["id_number"])
            row["birth_date"] = row.get("birth_date") or born
            row["sex"] = row.get("sex") or sex
        ready.append(row)
    _free_numbers(current, ready, rows)
    owned: dict[int, list[int]] = defaultdict(list)
    for row in ready:
        if row.get("owner_id") is not None:
            owned[row["owner_id"]].append(row["id"])
    for owner, held in owned.items():
        hooks().gate("before_assign", customer_ids=held, employee_id=owner, cause=CREATED, actor=actor)
    return ready, named


def _searchable(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows with their search tokens, made while the database takes the rows before."""
    for row in rows:
        row["search_tokens"] = tokens(row["name"])
        yield row


def _settle(current: Session, rows: list[dict[str, Any]], named: list[int]) -> None:
    """What follows the insert: the ledger, the check that the actor may create there, the event."""
    actor = require_actor()
    if named and not actor.is_system:
        _check_reach(current, named, actor)
    owned = [row for row in rows if row.get("owner_id") is not None]
    ledger = [
        {
            "customer_id": row["id"],
            "to_employee_id": row["owner_id"],
            "to_unit_id": row["unit_id"],
            "cause": CREATED,
            "reason": "",
            "at": row["owned_since_at"],
            "by_user_id": actor.user_id,
        }
        for row in owned
    ]
    insert_rows(current, CustomerOwnership.__table__, ledger, _LEDGER)  # type: ignore[arg-type]
    by_owner: dict[int, list[int]] = defaultdict(list)
    for row in owned:
        by_owner[row["owner_id"]].append(row["id"])

    def tell() -> None:
        for owner, ids in by_owner.items():
            hooks().event("assigned", customer_ids=ids, employee_id=owner, cause=CREATED)

    if by_owner:
        after_commit(tell)
    hooks().gate("customers_changed", customer_ids=[row["id"] for row in rows], what="created")


def _check_kind(kind: str | None, values: Mapping[str, Any]) -> None:
    if alien := foreign_fields(kind, values):
        reason = _("A customer of this type has no such field")
        raise Refused(errors=dict.fromkeys(alien, reason))


def _units_of(current: Session, employees: set[int | None]) -> dict[int, int]:
    """Unit of each employee who is still there."""
    wanted = [e for e in employees if e is not None]
    statement = select(Employee.id, Employee.unit_id).where(
        among(current, Employee.id, wanted), Employee.left_on.is_(None) | (Employee.left_on >= now().date())
    )
    return {row.id: row.unit_id for row in current.execute(statement.execution_options(**{UNSCOPED: True}))}


def _free_numbers(current: Session, ready: list[dict[str, Any]], given: Sequence[Mapping[str, Any]]) -> None:
    """A number filled in may have been typed by somebody for another customer: it then gets a suffix."""
    filled = [row for row, raw in zip(ready, given, strict=True) if not raw.get("code")]
    typed = {raw["code"] for raw in given if raw.get("code")}
    taken = typed | _existing(current, "code", [row["code"] for row in filled])
    for row in filled:
        number, suffix = row["code"], 1
        while row["code"] in taken:
            suffix += 1
            row["code"] = f"{number}-{suffix}"


def _existing(current: Session, key: str, values: Sequence[str]) -> set[str]:
    if not values:
        return set()
    column = _TABLE.c[key]
    return set(current.scalars(select(column).where(among(current, column, values))))


def _check_keys(current: Session, rows: list[dict[str, Any]]) -> None:
    errors: dict[str, str] = {}
    for key in KEYS:
        values = [row[key] for row in rows if row.get(key)]
        twice = _existing(current, key, values)
        if len(set(values)) < len(values):
            twice |= {value for value, count in Counter(values).items() if count > 1}
        if twice:
            errors[key] = f"{message('duplicate')}: {', '.join(sorted(twice)[:5])}"
    if errors:
        raise Refused(errors=errors)


def _duplicate(error: IntegrityError) -> dict[str, str]:
    """The field behind a constraint somebody else's insert has just filled."""
    said = str(error.orig)
    for key in KEYS:
        if f"customer.{key}" in said or f"uq_customer_{key}" in said:
            return {key: message("duplicate")}
    raise error


def _check_reach(current: Session, ids: list[int], actor: Actor) -> None:
    condition = scope_condition(entity("customer"), actor, write=True)
    statement = select(func.count()).select_from(_TABLE).where(among(current, _TABLE.c.id, ids), condition)
    if current.scalar(statement) != len(ids):
        raise Refused(_("You may not create customers for this colleague or unit"), field="owner_id")


def _check_parent(current: Session, customer_id: int, parent_id: int) -> None:
    """A company is not its own parent, at any distance."""
    seen = {customer_id}
    step: int | None = parent_id
    while step is not None:
        if step in seen:
            raise Refused(_("A company cannot be its own parent company"), field="parent_id")
        seen.add(step)
        step = current.scalar(select(_TABLE.c.parent_id).where(_TABLE.c.id == step))

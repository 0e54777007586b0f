"""Verbs of relations: tie two parties together, change the tie, and read a party's neighbourhood."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, union_all

from app.api import (
    UNSCOPED,
    Contact,
    Customer,
    current_actor,
    entity,
    readable,
    reading,
    scope_condition,
    session,
    title_text,
    transaction,
)
from app.types import Actor, Refused
from plugins.relations.models import Relation
from plugins.relations.rules import Edge, Node, Walk, walk


def create_relation(values: dict[str, Any]) -> Relation:
    """Store a relation. Raises `Refused`: an end missing or doubled, one party twice, a twin, odd figures."""
    source = _end(values, "from")
    target = _end(values, "to")
    if source == target:
        raise Refused(_("A party cannot be related to itself"), field=f"to_{target[0]}_id")
    _check_figures(values)
    with transaction() as current:
        twin = select(Relation.id).where(
            Relation.kind == values["kind"],
            *(
                getattr(Relation, f"{end}_{kind}_id") == number
                for end, (kind, number) in (("from", source), ("to", target))
            ),
        )
        if current.scalar(twin.limit(1).execution_options(**{UNSCOPED: True})) is not None:
            raise Refused(_("This relation exists already"))
        record = Relation(**values)
        current.add(record)
        current.flush()
    return record


def change_relation(record: Relation, values: dict[str, Any]) -> None:
    """Change kind, strength, share or remark of a relation. Raises `Refused`."""
    _check_figures({"kind": record.kind, "strength": record.strength, "percent": record.percent, **values})
    for name, value in values.items():
        setattr(record, name, value)


def _end(values: dict[str, Any], end: str) -> Node:
    given = [(kind, values.get(f"{end}_{kind}_id")) for kind in ("customer", "contact")]
    named = [(kind, int(number)) for kind, number in given if number is not None]
    if len(named) != 1:
        raise Refused(_("Name either a customer or a contact at this end"), field=f"{end}_customer_id")
    return named[0]


def _check_figures(values: dict[str, Any]) -> None:
    strength = values.get("strength")
    if strength is not None and not 1 <= strength <= 5:
        raise Refused(_("The strength goes from 1 to 5"), field="strength")
    percent = values.get("percent")
    if percent is not None and not Decimal(0) <= percent <= Decimal(100):
        raise Refused(_("A share goes from 0 to 100 percent"), field="percent")
    if percent is not None and values.get("kind") != "shareholder":
        raise Refused(_("Only a shareholder has a share"), field="percent")


def visible_condition(actor: Actor) -> ColumnElement[bool]:
    """Relations with both ends within the actor's scope: no stranger's name shows at the other end."""
    parts = []
    for end in ("from", "to"):
        either = []
        for slug, model in (("customer", Customer), ("contact", Contact)):
            table = model.__table__.alias()
            column = getattr(Relation, f"{end}_{slug}_id")
            seen = select(table.c.id).where(table.c.id == column, scope_condition(entity(slug), actor, target=table))
            either.append(and_(column.is_not(None), seen.exists()))
        parts.append(or_(*either))
    return and_(*parts)


def neighbourhood(start: Node, *, depth: int, kinds: Sequence[str] = (), min_strength: int = 1) -> Walk:
    """What is around a customer or contact, within the actor's scope; one statement per step.

    At most 100 edges per node and 300 nodes: see `rules.walk`. Contacts count as tied to their customer.
    """

    def neighbours(frontier: Sequence[Node], per_node: int) -> Iterable[Edge]:
        rows = session.execute(_edges(frontier, per_node, kinds, min_strength).execution_options(**{UNSCOPED: True}))
        for row in rows:
            yield Edge(
                row.id,
                (row.source, row.source_id),
                (row.target, row.target_id),
                row.kind,
                row.strength,
                row.percent,
            )

    with reading():
        return walk(start, neighbours, depth=depth)


def _edges(frontier: Sequence[Node], per_node: int, kinds: Sequence[str], min_strength: int) -> Select[Any]:
    """Edges touching the frontier, at most `per_node` for each node and direction, the strongest first."""
    actor = current_actor()
    customers = [number for kind, number in frontier if kind == "customer"]
    contacts = [number for kind, number in frontier if kind == "contact"]
    parts = []
    for column, numbers in (
        (Relation.from_customer_id, customers),
        (Relation.to_customer_id, customers),
        (Relation.from_contact_id, contacts),
        (Relation.to_contact_id, contacts),
    ):
        if not numbers:
            continue
        place = func.row_number().over(partition_by=column, order_by=(Relation.strength.desc(), Relation.id))
        ranked = select(Relation.id.label("id"), place.label("place")).where(
            column.in_(numbers), Relation.strength >= min_strength
        )
        if kinds:
            ranked = ranked.where(Relation.kind.in_(kinds))
        if actor is None or not actor.is_system:
            ranked = ranked.where(scope_condition(entity("relations_relation"), actor))
        inner = ranked.subquery()
        parts.append(select(inner.c.id).where(inner.c.place <= per_node + 1))
    chosen = union_all(*parts).subquery()
    return (
        select(
            Relation.id,
            Relation.kind,
            Relation.strength,
            Relation.percent,
            _name(Relation.from_customer_id).label("source"),
            func.coalesce(Relation.from_customer_id, Relation.from_contact_id).label("source_id"),
            _name(Relation.to_customer_id).label("target"),
            func.coalesce(Relation.to_customer_id, Relation.to_contact_id).label("target_id"),
        )
        .where(Relation.id.in_(select(chosen.c.id)))
        .order_by(Relation.strength.desc(), Relation.id)
    )


def _name(column: Any) -> Any:
    return case((column.is_not(None), "customer"), else_="contact")


def names_of(nodes: Iterable[Node]) -> dict[Node, tuple[str, str]]:
    """(name, customer type or contact role) of the nodes the actor may see, in two statements."""
    found: dict[Node, tuple[str, str]] = {}
    wanted = list(nodes)
    for slug, model, kind in (("customer", Customer, Customer.kind), ("contact", Contact, Contact.role)):
        numbers = [number for one, number in wanted if one == slug]
        if not numbers:
            continue
        rows = session.execute(select(model.id, model.name, kind).where(model.id.in_(numbers)))
        told = readable(slug, kind.key, current_actor())
        found.update({(slug, n): (title_text(slug, name, n), what if told else "") for n, name, what in rows})
    return found

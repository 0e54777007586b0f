"""Demonstration data: companies with shareholders, guarantors and suppliers, families, a few long chains."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import insert, select

from app.api import Contact, Customer, acting_as, session, transaction
from app.types import SYSTEM
from plugins.relations.models import Relation

#: How many companies and persons are tied together.
COMPANIES, PERSONS = 120, 240


def write_demo(random: Random, progress: Callable[[str], None]) -> None:
    """Write the relations; the same customers give the same graph."""
    with acting_as(SYSTEM), transaction() as current:
        companies = _ids("corporate", COMPANIES)
        persons = _ids("personal", PERSONS)
        contacts = list(
            session.execute(
                select(Contact.id, Contact.customer_id)
                .where(Contact.customer_id.in_(companies))
                .order_by(Contact.id)
            )
        )
        rows = [*_owners(random, companies, persons), *_trade(random, companies), *_families(random, persons)]
        rows += [
            _row("influence", random.randint(1, 5), from_contact_id=contact, to_customer_id=customer)
            for contact, customer in contacts
            if random.random() < 0.6
        ]
        unique = {
            tuple(row[name] for name in row if name not in ("strength", "percent")): row for row in rows
        }
        if unique:
            current.execute(insert(Relation), list(unique.values()))
        progress(_("%(count)s relations", count=len(unique)))


def _ids(kind: str, count: int) -> list[int]:
    return list(
        session.scalars(select(Customer.id).where(Customer.kind == kind).order_by(Customer.id).limit(count))
    )


def _owners(random: Random, companies: list[int], persons: list[int]) -> list[dict[str, Any]]:
    """Each company has one to three shareholders, together at most 100 %, and somebody who runs it."""
    rows = []
    for company in companies:
        left = 100
        for person in random.sample(persons, min(len(persons), random.randint(1, 3))):
            percent = random.randint(5, max(5, left - 5)) if left > 10 else 5
            left -= percent
            rows.append(
                _row(
                    "shareholder",
                    5,
                    percent=Decimal(percent),
                    from_customer_id=person,
                    to_customer_id=company,
                )
            )
        if persons:
            rows.append(
                _row("management", 4, from_customer_id=random.choice(persons), to_customer_id=company)
            )
    return rows


def _trade(random: Random, companies: list[int]) -> list[dict[str, Any]]:
    """Suppliers, guarantees, and holding companies, between different companies."""
    rows = []
    for company in companies:
        for kind, likely in (("supply", 0.7), ("guarantee", 0.4)):
            other = random.choice(companies)
            if other != company and random.random() < likely:
                rows.append(_row(kind, random.randint(2, 5), from_customer_id=company, to_customer_id=other))
    return rows


def _families(random: Random, persons: list[int]) -> list[dict[str, Any]]:
    pairs = zip(persons[::4], persons[1::4], strict=False)
    return [_row("family", random.randint(3, 5), from_customer_id=a, to_customer_id=b) for a, b in pairs]


def _row(kind: str, strength: int, percent: Decimal | None = None, **ends: int) -> dict[str, Any]:
    names = ("from_customer_id", "from_contact_id", "to_customer_id", "to_contact_id")
    return {
        "kind": kind,
        "strength": strength,
        "percent": percent,
        **{name: ends.get(name) for name in names},
    }

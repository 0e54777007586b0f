"""Pure decisions about custom entities: slugs, how their records are scoped, icons, limits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

#: Every slug begins so: no module or later version can bring an entity, table or address of that name.
PREFIX = "x_"
#: Safe as a table's name and in an address; so short that names of indexes stay within PostgreSQL's 63 characters.
SLUG = re.compile(r"x_[a-z](?:_?[a-z0-9]){0,13}")
LONGEST_SLUG = 16
#: More kinds of records than this no menu can show; each is a table and two dozen routes of every process.
MOST_ENTITIES = 60
#: The longest name of a record.
LONGEST_NAME = 200


class Scoping(StrEnum):
    """Who sees a record: by its owner and unit, whoever sees the record it belongs to, or everybody."""

    OWN = "own"
    PARENT = "parent"
    PUBLIC = "public"


class Given(StrEnum):
    """Who receives a new entity: the roles that work with what it belongs to, or only those of who made it."""

    ALIKE = "alike"
    MINE = "mine"


ICONS = (
    "folder", "file-text", "clipboard-list", "checklist", "calendar-event", "map-pin", "home", "building",
    "building-bank", "building-store", "briefcase", "cash", "coins", "credit-card", "receipt", "certificate",
    "shield-check", "gift", "flag", "users-group", "heart-handshake", "phone-call", "notebook", "star", "tool",
)  # fmt: skip


def make_slug(words: str, taken: Iterable[str]) -> str:
    """A free slug out of a name's words in Latin letters; ``x_record`` where they say nothing.

    >>> make_slug("Visit plan", ()), make_slug("Visit plan", {"x_visit_plan"}), make_slug("2024", ())
    ('x_visit_plan', 'x_visit_plan_2', 'x_record_2024')
    """
    plain = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    base = PREFIX + (plain if plain[:1].isalpha() else f"record_{plain}")
    base = base[:LONGEST_SLUG].strip("_")
    used, slug, number = set(taken), base, 2
    while slug in used:
        slug = f"{base[: LONGEST_SLUG - len(str(number)) - 1].strip('_')}_{number}"
        number += 1
    return slug


def is_slug(text: str) -> bool:
    """Whether a text can be a slug.

    >>> is_slug("x_collateral"), is_slug("collateral"), is_slug("x_a__b"), is_slug("x_much_too_long_1")
    (True, False, False, False)
    """
    return len(text) <= LONGEST_SLUG and SLUG.fullmatch(text) is not None


def view_name(slug: str) -> str:
    """The name of its screens, by which permissions are kept (`Entity.view_name`).

    >>> view_name("x_visit_plan")
    'XVisitPlanView'
    """
    return "".join(part.capitalize() for part in slug.split("_")) + "View"

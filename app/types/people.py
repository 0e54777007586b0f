"""Who acts, how far they see, and what an act answers when it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

#: Text for a person: a plain string or a lazily translated one.
Text = Any


class Scope(StrEnum):
    """How far a role sees the records of an entity (数据权限), from narrow to wide."""

    NONE = "none"
    OWN = "own"
    SHARED = "shared"
    UNIT = "unit"
    UNIT_AND_BELOW = "unit_and_below"
    ALL = "all"

    @property
    def width(self) -> int:
        """Rank for comparing two scopes: a wider one contains every narrower one."""
        return tuple(Scope).index(self)


class Level(IntEnum):
    """What a role may do with a field (字段权限), from narrow to wide; each includes the ones before it.

    HIDDEN: the field does not exist for them. MASKED: part of the value is shown (138****5678), and nobody can ask
    by it. READ: seen, and asked by. WRITE: changed, too, as far as the act on the record is permitted.
    """

    HIDDEN = 0
    MASKED = 1
    READ = 2
    WRITE = 3

    @property
    def word(self) -> str:
        """How it is stored and posted: ``masked``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, eq=False)
class FieldLevels:
    """The fields an actor may not write, by entity; people with the same roles share one."""

    levels: Mapping[str, Mapping[str, Level]]
    #: Descriptions and schemas of entities narrowed to these levels, made when first asked for.
    made: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grant:
    """A role held in a place: its scope per entity counts from that unit (兼岗 gives several)."""

    role_id: int
    role: str
    unit_id: int | None
    unit_path: str | None
    scopes: Mapping[str, Scope]
    #: The rest of the scopes: entities the role does not name.
    default: Scope = Scope.NONE

    def scope(self, entity: str) -> Scope:
        return self.scopes.get(entity, self.default)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: everything a decision about permission or scope needs to know."""

    user_id: int | None
    name: str
    employee_id: int | None = None
    unit_id: int | None = None
    unit_path: str | None = None
    grants: tuple[Grant, ...] = ()
    permissions: frozenset[tuple[str, str]] = frozenset()
    is_system: bool = False
    #: What is kept from the actor of single fields; None: nothing.
    fields: FieldLevels | None = None
    locale: str = "zh"
    timezone: str = "Asia/Shanghai"
    #: The name of whoever looks as this actor, read-only; empty when the actor acts in person.
    viewer: str = ""

    def can(self, permission: str, view: str) -> bool:
        """Whether a role grants `permission` (e.g. ``can_list``) on `view` (a class name or menu)."""
        return self.is_system or (permission, view) in self.permissions

    def widest(self, entity: str) -> Scope:
        """The widest scope any grant gives on an entity; NONE when there is none."""
        if self.is_system:
            return Scope.ALL
        return max((grant.scope(entity) for grant in self.grants), key=lambda s: s.width, default=Scope.NONE)

    def field_level(self, entity: str, name: str) -> Level:
        """What the actor may do with a field of an entity; without a rule: everything."""
        if self.fields is None or self.is_system:
            return Level.WRITE
        return self.fields.levels.get(entity, {}).get(name, Level.WRITE)


#: Work the installation does by itself, named where it is used (`acting_as(SYSTEM)`).
SYSTEM = Actor(user_id=None, name="system", is_system=True)


@dataclass(frozen=True, slots=True)
class Placement:
    """One place of a login in the organisation, with the roles held there (the main one first)."""

    employee_id: int
    name: str
    unit_id: int
    unit_path: str
    role_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ScopeFilter:
    """A module's condition on an entity's rows: `also` widens, `only` narrows (SQL expressions)."""

    also: Any = None
    only: Any = None


@dataclass(frozen=True, slots=True)
class Veto:
    """A gate hook's refusal; `reason` is shown to the person."""

    reason: Text


class Refused(Exception):
    """A verb's refusal. `reason` is translated and shown; `field` names the input it belongs to.

    `errors` maps field names to reasons where several are wrong at once. Nothing has been saved.
    """

    def __init__(
        self, reason: Text = "", *, field: str | None = None, errors: Mapping[str, Text] | None = None
    ):
        self.reason = reason
        self.errors: dict[str, Text] = dict(errors or {})
        if field is not None:
            self.errors.setdefault(field, reason)
        super().__init__(reason)

    def __str__(self) -> str:
        if self.reason:
            return str(self.reason)
        return "; ".join(f"{name}: {text}" for name, text in self.errors.items())

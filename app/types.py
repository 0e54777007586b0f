"""The small frozen values that cross the door between the kernel and its modules.

Nothing here imports Flask, SQLAlchemy or another room, so a `rules.py` may use it and stay pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
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
    locale: str = "zh"
    timezone: str = "Asia/Shanghai"

    def can(self, permission: str, view: str) -> bool:
        """Whether a role grants `permission` (e.g. ``can_list``) on `view` (a class name or menu)."""
        return self.is_system or (permission, view) in self.permissions

    def widest(self, entity: str) -> Scope:
        """The widest scope any grant gives on an entity; NONE when there is none."""
        if self.is_system:
            return Scope.ALL
        return max((grant.scope(entity) for grant in self.grants), key=lambda s: s.width, default=Scope.NONE)


#: Work the installation does by itself, named where it is used (`acting_as(SYSTEM)`).
SYSTEM = Actor(user_id=None, name="system", is_system=True)


@dataclass(frozen=True, slots=True)
class Veto:
    """A gate hook's refusal; `reason` is shown to the person."""

    reason: Text


class Kind(StrEnum):
    """What a field holds; decides its widget, filter, validation, format and REST type."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    PERCENT = "percent"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    LINK = "link"
    PHONE = "phone"
    EMAIL = "email"
    ID_NUMBER = "id_number"
    USCC = "uscc"
    BANK_CARD = "bank_card"


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a choice field. `colour` is a Tabler colour name (green, amber, red, blue, secondary)."""

    value: str
    label: Text
    colour: str = "secondary"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an entity, described once for list, filter, form, detail, import, export, REST.

    `name` is the mapped attribute. A LINK names the foreign-key attribute (``owner_id``), the
    `relationship` that loads it (``owner``) and the `target` entity's slug.
    """

    name: str
    label: Text
    kind: Kind = Kind.TEXT
    required: bool = False
    choices: tuple[Choice, ...] = ()
    target: str | None = None
    relationship: str | None = None
    help: Text = ""
    unit: Text = ""
    max_length: int | None = None
    unique: bool = False
    #: Set by the product, never typed: shown, exported, refused on write.
    computed: bool = False
    #: Written at creation only (or by a verb of its own, like the owner).
    create_only: bool = False
    sortable: bool = True
    filterable: bool = True
    importable: bool = True
    #: Other column headings the import wizard recognises, in any case.
    aliases: tuple[str, ...] = ()
    default: Any = None
    #: Only for records where this answers true (e.g. corporate customers), given the values.
    visible_when: Callable[[Mapping[str, Any]], bool] | None = None
    #: A filter by an indexed expression of its own: (value) -> SQL condition.
    match: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of fields on form and detail page."""

    label: Text
    fields: tuple[str, ...]
    #: Only for records where this answers true, given the values.
    visible_when: Callable[[Mapping[str, Any]], bool] | None = None


@dataclass(frozen=True, slots=True)
class ScopedBy:
    """Which columns place a record in someone's scope.

    Either the record has an `owner` (employee id) and a `unit` (unit id) of its own and perhaps
    `shares` (a table with record id and employee id), or it follows a `parent` entity through
    a foreign key: whoever sees the customer sees its contacts. `public` entities are reference
    data: seen by whoever may open their screen.
    """

    owner: str | None = None
    unit: str | None = None
    #: (share table name, its record column, its employee column)
    shares: tuple[str, str, str] | None = None
    #: (foreign-key attribute, parent entity slug)
    parent: tuple[str, str] | None = None
    public: bool = False


@dataclass(frozen=True, slots=True)
class Verbs:
    """What happens on write where plain storing is not enough; each takes typed values.

    create(values) -> record; update(record, values) -> None; delete(record) -> None. They run inside the
    caller's transaction and raise `app.types.Refused` with a translated reason.
    `create_many(rows) -> list[int]` is the set-based form used by imports: ids in order of the rows.
    """

    create: Callable[[dict[str, Any]], Any] | None = None
    update: Callable[[Any, dict[str, Any]], None] | None = None
    delete: Callable[[Any], None] | None = None
    create_many: Callable[[Sequence[dict[str, Any]]], list[int]] | None = None


@dataclass(frozen=True, slots=True)
class Entity:
    """The one description that drives list, filter, form, detail, import, export, REST, scope, audit."""

    slug: str
    model: type[Any]
    label: Text
    fields: tuple[Field, ...]
    scoped_by: ScopedBy
    #: The attribute shown as the record's name, a blue link in lists.
    title: str = "name"
    list_fields: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    #: Fields offered as filters first; every filterable field can be asked for.
    filter_fields: tuple[str, ...] = ()
    #: Attributes the search box of the list and the pickers look in (substring or indexed).
    search: Callable[[str], Any] | None = None
    search_fields: tuple[str, ...] = ()
    order_by: tuple[str, str] = ("id", "desc")
    icon: str = "list"
    #: The module (room or plugin slug) the entity belongs to.
    module: str = "kernel"
    #: Allowed screen acts; reference or ledger data leave some out.
    actions: frozenset[str] = frozenset({"list", "show", "add", "edit", "delete", "export", "import"})
    #: Fields by which an import recognises an existing record, in order of preference.
    match_fields: tuple[tuple[str, ...], ...] = ()
    verbs: Verbs = field(default_factory=Verbs)
    audited: bool = True
    #: Name of the view class; None lets the kernel generate plain screens and REST.
    view: str | None = None

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((f for f in self.fields if f.name == name), None)

    @property
    def view_name(self) -> str:
        """The permission name of its screens (FAB's view menu): ``CustomerView``."""
        return self.view or "".join(p.capitalize() for p in self.slug.split("_")) + "View"


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A line of the left rail: `endpoint` is a Flask endpoint, `permission` what shows it."""

    name: str
    label: Text
    endpoint: str
    view: str
    permission: str = "can_list"
    icon: str = "list"
    order: int = 100
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MenuGroup:
    """A module's heading in the rail with its items."""

    name: str
    label: Text
    icon: str
    items: tuple[MenuItem, ...]
    order: int = 100


@dataclass(frozen=True, slots=True)
class RoleTemplate:
    """A role a module ships: cloned on the matrix screen, never changed behind an admin's back.

    permissions: {view name: actions}, e.g. ``{"CustomerView": ("can_list", "can_show")}``.
    """

    slug: str
    label: Text
    permissions: Mapping[str, tuple[str, ...]]
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    description: Text = ""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A background handler, looked up by name. `schema` is a marshmallow Schema class for its arguments.

    `handler(run, **arguments)` receives `app.jobs.services.Run` (progress, chunks, log, cancelled).
    `schedule` is a cron expression in the site's time zone for a job that runs by itself.
    """

    name: str
    label: Text
    handler: Callable[..., Any]
    schema: type[Any] | None = None
    schedule: str | None = None
    timeout: timedelta = timedelta(hours=1)
    #: How often a failed run is tried again by itself.
    retries: int = 2
    #: The queue that carries its hint.
    queue: str = "default"


@dataclass(frozen=True, slots=True)
class Setting:
    """One module setting, edited on screen: `name` is `slug.key`."""

    name: str
    label: Text
    kind: Kind
    default: Any
    help: Text = ""
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """A home-page card: `render()` returns HTML (markupsafe) for the current actor."""

    name: str
    label: Text
    render: Callable[[], Any]
    view: str | None = None
    permission: str = "can_list"
    width: int = 4
    order: int = 100


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab on a record's page, loaded when opened: `render(record)` returns HTML (markupsafe)."""

    name: str
    label: Text
    render: Callable[[Any], Any]
    view: str | None = None
    permission: str = "can_list"
    order: int = 100


@dataclass(frozen=True, slots=True)
class Action:
    """A button on a record's page and in the list's bulk bar.

    `endpoint` gets a POST with `ids` (one or more). `confirm` is asked first. `dialog_endpoint` serves a form
    fragment shown in a dialog instead (GET with ids), which then posts to `endpoint`.
    """

    name: str
    label: Text
    endpoint: str
    view: str
    permission: str
    icon: str = "bolt"
    confirm: Text = ""
    dialog_endpoint: str | None = None
    bulk: bool = True
    single: bool = True
    danger: bool = False


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One line of a record's timeline."""

    at: Any
    title: Text
    text: Text = ""
    icon: str = "point"
    who: str = ""
    url: str | None = None
    kind: str = ""


class Refused(Exception):
    """A verb's refusal. `reason` is translated and shown; `field` names the input it belongs to.

    `errors` maps field names to reasons where several are wrong at once. Nothing has been saved.
    """

    def __init__(self, reason: Text = "", *, field: str | None = None, errors: Mapping[str, Text] | None = None):
        self.reason = reason
        self.errors: dict[str, Text] = dict(errors or {})
        if field is not None:
            self.errors.setdefault(field, reason)
        super().__init__(reason)

    def __str__(self) -> str:
        if self.reason:
            return str(self.reason)
        return "; ".join(f"{name}: {text}" for name, text in self.errors.items())


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
class Metric:
    """Something that can be ranked: `facts()` is a SELECT of employee_id, customer_id, at, value.

    `value` is 1 for a count, an amount in the site's currency unit for a sum.
    """

    name: str
    label: Text
    unit: Text
    facts: Callable[[], Any]
    order: int = 100

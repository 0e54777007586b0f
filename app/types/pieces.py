"""What a module adds to the product besides entities: menus, jobs, settings, cards, tabs, acts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app.types.entities import Choice, Field, Kind
from app.types.people import Scope, Text


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
    #: An endpoint that answers with a short number as text, shown beside the line.
    count: str = ""


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
    #: An administrator's office: the screens only such templates name are never given by delegation.
    administers: bool = False


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
class Metric:
    """Something that can be ranked: `facts()` is a SELECT of employee_id, customer_id, at, value.

    `value` is 1 for a count, an amount in the site's currency unit for a sum.
    """

    name: str
    label: Text
    unit: Text
    facts: Callable[[], Any]
    order: int = 100


@dataclass(frozen=True, slots=True)
class AddedFields:
    """Fields a module adds to the records of `entity`, each with an `expression` and named ``<slug>_…``; read only.

    `list_fields` are columns of its list from the start (behind the column `behind` where it is one of them, else at
    the end), `filter_fields` offered as filters first; `section` is the
    title under which the detail page shows all of them. `choices` are values the module itself writes into fields
    the entity has (field: choices, each ``<slug>.…``), so that lists, filters and pages say them in words.
    """

    entity: str
    section: Text = ""
    fields: tuple[Field, ...] = ()
    list_fields: tuple[str, ...] = ()
    filter_fields: tuple[str, ...] = ()
    choices: Mapping[str, tuple[Choice, ...]] = field(default_factory=dict)
    behind: str = ""


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
    """A tab on a record's page, loaded when opened: `render(record)` returns HTML (markupsafe).

    `badge(record)` returns what stands beside the record's name in the head of its page, as HTML; nothing: no badge.
    """

    name: str
    label: Text
    render: Callable[[Any], Any]
    view: str | None = None
    permission: str = "can_list"
    order: int = 100
    badge: Callable[[Any], Any] | None = None


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
    #: What the address of its dialog carries besides.
    args: Mapping[str, Any] = field(default_factory=dict)


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


@dataclass(frozen=True, slots=True)
class FlowDefinition:
    """An approval flow a module ships: published when the site first has it, an admin's from then on.

    `code` is unique in a site and begins with the module's slug; `entity` is the slug of the records it is for.
    `document` is the flow as JSON (`app.approvals.rules.writing`); it names roles and units, never people.
    """

    code: str
    name: str
    name_en: str
    entity: str
    document: Mapping[str, Any]
    #: In force at once; else an administrator switches it on, once the roles and heads it asks are there.
    active: bool = True


@dataclass(frozen=True, slots=True)
class NoticeKind:
    """A kind of notice people are told and may want by some ways and not by others: `name` is `slug.what`.

    `ways` are those used where a person has chosen nothing: ``app`` (the bell), ``mail``, ``robots`` (all channels
    of the site). A `mandatory` kind is always told in the product, whatever a person chose.
    """

    name: str
    label: Text
    icon: str = "bell"
    ways: tuple[str, ...] = ("app",)
    mandatory: bool = False
    help: Text = ""

    def __post_init__(self) -> None:
        if len(self.name) > 60 or not re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", self.name):
            raise ValueError(f"a kind of notice is called like 'approvals.task', not {self.name!r}")


@dataclass(frozen=True, slots=True)
class Named:
    """A record's name as a value of a notice (`app.notices.services.notify`): each reader reads what they may of it."""

    entity: str
    record_id: int
    title: str

    def __str__(self) -> str:
        return f"#{self.record_id}"

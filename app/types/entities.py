"""The one description of an entity that drives every screen, file and resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.types.people import Level, Text


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
    CHOICES = "choices"
    LINK = "link"
    #: A province, city or county by its code of six digits.
    REGION = "region"
    #: Files kept with the record.
    FILES = "files"
    #: Counted by the product when a record is made, never typed.
    AUTO_NUMBER = "auto_number"
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
    #: Offered only beside these values of the field its field depends on; beside all of them when empty.
    parents: tuple[str, ...] = ()


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
    #: Slug of an entity whose fields with one choice are choices of this one: those admins add come by themselves.
    #: ``metric``: the metrics of the site are.
    choices_of: str | None = None
    relationship: str | None = None
    help: Text = ""
    unit: Text = ""
    max_length: int | None = None
    #: At most so many, of a kind that holds several.
    most: int | None = None
    #: How a number the product counts is made up (`app.fields.numbering`).
    pattern: str = ""
    #: The smallest and the largest value it takes, of the field's own type.
    smallest: Any = None
    largest: Any = None
    #: Whether a text looks as it must, and what whoever typed another reads.
    fits: Callable[[str], bool] | None = None
    fits_help: Text = ""
    #: The field with one choice that decides which choices this one offers (`Choice.parents`).
    depends_on: str = ""
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
    #: Must be filled in where this answers true, given the values.
    required_when: Callable[[Mapping[str, Any]], bool] | None = None
    #: How a computed field follows from others of its record (`app.fields.custom.derived.Formula`).
    compute: Any = None
    #: A field a module adds to another's records: (model) -> the SQL expression that reads it (`app.fields.added`).
    expression: Callable[[Any], Any] | None = None
    #: The colour its value is shown in, as a badge: (value) -> a Tabler colour name, or None for plain text.
    tone: Callable[[Any], str | None] | None = None
    #: A filter by an indexed expression of its own: (value) -> SQL condition.
    match: Callable[[Any], Any] | None = None
    #: A kept text as whoever acts may read it (a condition, say): (text, exactly) -> in words, or with `exactly`
    #: the text itself, None where it names what is kept from them.
    said: Callable[[str, bool], str | None] | None = None
    #: The (entity slug, field) of a linked record it repeats: who may not read that does not read this.
    shows: tuple[str, str] | None = None
    #: How it is written for whoever sees only part of it (`app.access.masks`: phone, id_number, bank_card, email,
    #: name); by its kind when None.
    mask: str | None = None
    #: What the actor may do with it. Never said in a description: `app.access.policy` fills it in.
    level: Level = Level.WRITE


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of fields on form and detail page."""

    label: Text
    fields: tuple[str, ...]
    #: Only for records where this answers true, given the values.
    visible_when: Callable[[Mapping[str, Any]], bool] | None = None
    #: How a layout arranges it: fields beside each other, folded at first, on which own tab of the detail page.
    columns: int = 2
    collapsed: bool = False
    tab: str = ""


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
    #: A record that acts on its unit and all below (a rule, say): who changes it reaches all of these units.
    below: bool = False
    #: (share table name, its record column, its employee column)
    shares: tuple[str, str, str] | None = None
    #: (foreign-key attribute, parent entity slug)
    parent: tuple[str, str] | None = None
    public: bool = False


@dataclass(frozen=True, slots=True)
class Undoing:
    """How an import is undone where deleting what it created does not tell the whole story: a ledger, say.

    `marks(ids) -> list[int]`, in the transaction that created the records: what the import remembers of them in place
    of their ids; marks outlive the records and are never given twice.
    `take_back(marks) -> {mark: (name, reason)}` of those that stay as they are; the others are as before the import.
    It raises `app.types.Refused` where one holds up all: each is then asked about alone.
    """

    marks: Callable[[Sequence[int]], list[int]]
    take_back: Callable[[Sequence[int]], Mapping[int, tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Verbs:
    """What happens on write where plain storing is not enough; each takes typed values.

    create(values) -> record; update(record, values) -> None; delete(record) -> None. They run inside the
    caller's transaction and raise `app.types.Refused` with a translated reason.
    `create_many(rows) -> list[int]` is the set-based form used by imports: ids in order of the rows.
    `update_many([(record, values), …])` is that of `update`: all of them, or none and `Refused`.
    `undo` says how an import of them is undone, where it is not by deleting them.
    """

    create: Callable[[dict[str, Any]], Any] | None = None
    update: Callable[[Any, dict[str, Any]], None] | None = None
    delete: Callable[[Any], None] | None = None
    create_many: Callable[[Sequence[dict[str, Any]]], list[int]] | None = None
    update_many: Callable[[Sequence[tuple[Any, dict[str, Any]]]], None] | None = None
    undo: Undoing | None = None


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
    #: A search of its own: (term) -> SQL condition, from indexes of its own.
    search: Callable[[str], Any] | None = None
    #: The texts its records are found by: kept in the search index, in lists, pickers and the search over everything
    #: (Ctrl-K). Text by any part, pinyin and initials; phones, ID numbers and cards by their end.
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

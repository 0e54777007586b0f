"""What a custom entity looks like on the admin's screens, in REST and in history."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.fields.entities.models import CustomEntity
from app.fields.entities.rules import ICONS, LONGEST_SLUG, Given, Scoping
from app.types import Choice, Entity, Field, Kind, ScopedBy, Section

ICON_LABELS = {
    "folder": _l("Folder"), "file-text": _l("Document"), "clipboard-list": _l("Clipboard"),
    "checklist": _l("Checklist"), "calendar-event": _l("Calendar"), "map-pin": _l("Place"), "home": _l("House"),
    "building": _l("Building"), "building-bank": _l("Bank building"), "building-store": _l("Shop"),
    "briefcase": _l("Briefcase"), "cash": _l("Cash"), "coins": _l("Coins"), "credit-card": _l("Bank card"),
    "receipt": _l("Receipt"), "certificate": _l("Certificate"), "shield-check": _l("Shield"), "gift": _l("Gift"),
    "flag": _l("Flag"), "users-group": _l("Group of people"), "heart-handshake": _l("Handshake"),
    "phone-call": _l("Telephone"), "notebook": _l("Notebook"), "star": _l("Star"), "tool": _l("Tool"),
}  # fmt: skip
SCOPINGS = (
    Choice(Scoping.OWN.value, _l("By person in charge and unit"), "blue"),
    Choice(Scoping.PARENT.value, _l("By the record it belongs to"), "teal"),
    Choice(Scoping.PUBLIC.value, _l("Whoever may open the list"), "secondary"),
)
GIVENS = (
    Choice(Given.ALIKE.value, _l("Roles concerned")),
    Choice(Given.MINE.value, _l("Only my own roles")),
)

#: `describing.offer` fills in what records can belong to and the headings of the menu.
CUSTOM_ENTITY = Entity(
    slug="custom_entity",
    model=CustomEntity,
    label=_l("Custom entity"),
    icon="database",
    title="label_zh",
    scoped_by=ScopedBy(public=True),
    fields=(
        Field("label_zh", _l("Name in Chinese"), required=True, max_length=30,
              help=_l("What one record is called, for example Collateral")),
        Field("label_en", _l("Name in English"), max_length=30),
        Field("slug", _l("Short name"), max_length=LONGEST_SLUG, unique=True, create_only=True,
              help=_l("Its name in addresses, files and REST; made from the name when left empty. It never changes.")),
        Field("icon", _l("Icon"), Kind.CHOICE, required=True, default=ICONS[0], filterable=False,
              choices=tuple(Choice(name, ICON_LABELS[name]) for name in ICONS)),
        Field("scoping", _l("Who sees a record"), Kind.CHOICE, required=True, create_only=True, choices=SCOPINGS,
              default=Scoping.OWN.value),
        Field("parent", _l("Each belongs to"), Kind.CHOICE, create_only=True,
              visible_when=lambda v: v.get("scoping") == Scoping.PARENT,
              help=_l("Whoever sees that record sees this one; they are listed on its page")),
        Field("title_zh", _l("Label of the name, in Chinese"), max_length=30, filterable=False,
              help=_l("What the name of a record is called, for example Address")),
        Field("title_en", _l("Label of the name, in English"), max_length=30, filterable=False),
        Field("sole", _l("No two records share a name"), Kind.BOOLEAN, default=False, filterable=False),
        Field("menu_group", _l("Heading of the menu"), Kind.CHOICE, filterable=False),
        Field("position", _l("Sort order"), Kind.INTEGER, default=0, filterable=False),
        Field("given", _l("Who receives it"), Kind.CHOICE, create_only=True, choices=GIVENS, filterable=False,
              sortable=False, default=Given.ALIKE.value,
              help=_l("Concerned are the roles that work with what it belongs to, or with customers, as far as you may "
                      "give them. Choose among them afterwards on its page.")),
        Field("active", _l("In use"), Kind.BOOLEAN, default=True,
              help=_l("One out of use is nowhere to be seen; its records and their history are kept")),
    ),
    list_fields=("label_zh", "label_en", "slug", "scoping", "parent", "active"),
    filter_fields=("scoping", "parent", "active"),
    search_fields=("label_zh", "label_en", "slug"),
    sections=(
        Section(_l("Kind of record"), ("label_zh", "label_en", "slug", "icon", "active")),
        Section(_l("Who works with it"), ("scoping", "parent", "given")),
        Section(_l("Name of a record"), ("title_zh", "title_en", "sole")),
        Section(_l("Where it stands"), ("menu_group", "position")),
    ),
    order_by=("position", "asc"),
    module="fields",
    actions=frozenset({"list", "show", "add", "edit", "delete"}),
    view="CustomEntityView",
)  # fmt: skip

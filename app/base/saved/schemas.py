"""What a saved view looks like in REST, in its history and among one's own views."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.base.saved.models import SavedView
from app.base.saved.rules import LONGEST_NAME, LONGEST_QUERY, VIEW, Audience
from app.types import Choice, Entity, Field, Kind, ScopedBy, Section

AUDIENCES = (
    Choice(Audience.PRIVATE.value, _l("Only me"), "secondary"),
    Choice(Audience.UNIT.value, _l("A unit and below"), "blue"),
    Choice(Audience.ROLE.value, _l("A role"), "azure"),
    Choice(Audience.EVERYONE.value, _l("Everybody"), "green"),
)

#: Everybody sees and changes their own here; what is shared with them they see above the list it is of.
SAVED_VIEW = Entity(
    slug="saved_view",
    model=SavedView,
    label=_l("Saved view"),
    icon="bookmark",
    scoped_by=ScopedBy(public=True),
    fields=(
        Field("name", _l("Name"), required=True, max_length=LONGEST_NAME),
        Field("entity", _l("List"), required=True, create_only=True, max_length=60,
              help=_l("The kind of record as in addresses and REST, for example “customer”")),
        Field("audience", _l("For whom"), Kind.CHOICE, choices=AUDIENCES, default="private"),
        Field("unit_id", _l("Unit"), Kind.LINK, target="unit",
              visible_when=lambda v: v.get("audience") == Audience.UNIT.value),
        Field("role_id", _l("Number of the role"), Kind.INTEGER,
              visible_when=lambda v: v.get("audience") == Audience.ROLE.value),
        Field("is_default", _l("Opens by default for everybody"), Kind.BOOLEAN, default=False),
        Field("query", _l("What it shows"), Kind.LONG_TEXT, max_length=LONGEST_QUERY, filterable=False,
              help=_l("Conditions, order, page size and columns, as they stand in the address of the list")),
        Field("updated_at", _l("Changed at"), Kind.DATETIME, computed=True),
    ),
    list_fields=("name", "entity", "audience", "unit_id", "is_default", "updated_at"),
    filter_fields=("entity", "audience"),
    sections=(Section(_l("Saved view"), ("name", "entity", "audience", "unit_id", "role_id", "is_default", "query")),),
    order_by=("name", "asc"),
    module="base",
    actions=frozenset({"list", "show", "add", "edit", "delete"}),
    view=VIEW,
)  # fmt: skip

"""What a relation looks like on screen, in files and in REST."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.types import Choice, Entity, Field, Kind, ScopedBy, Section
from plugins.relations.models import Relation

KINDS = (
    Choice("influence", _l("Influence"), "orange"),
    Choice("family", _l("Family"), "pink"),
    Choice("shareholder", _l("Shareholder"), "purple"),
    Choice("management", _l("Management"), "teal"),
    Choice("supply", _l("Supply chain"), "cyan"),
    Choice("guarantee", _l("Guarantee"), "red"),
    Choice("agent", _l("Agent"), "azure"),
    Choice("colleague", _l("Colleague"), "secondary"),
    Choice("other", _l("Other"), "secondary"),
)

RELATION = Entity(
    slug="relations_relation",
    model=Relation,
    label=_l("Relation"),
    icon="affiliate",
    title="id",
    # whoever sees one end may see the relation; see `hooks.scope_filters`
    scoped_by=ScopedBy(),
    fields=(
        Field("kind", _l("Relation type"), Kind.CHOICE, choices=KINDS, required=True, default="influence"),
        Field(
            "from_customer_id",
            _l("From customer"),
            Kind.LINK,
            target="customer",
            relationship="from_customer",
            create_only=True,
        ),
        Field(
            "from_contact_id",
            _l("From contact"),
            Kind.LINK,
            target="contact",
            relationship="from_contact",
            create_only=True,
        ),
        Field(
            "to_customer_id",
            _l("To customer"),
            Kind.LINK,
            target="customer",
            relationship="to_customer",
            create_only=True,
        ),
        Field(
            "to_contact_id",
            _l("To contact"),
            Kind.LINK,
            target="contact",
            relationship="to_contact",
            create_only=True,
        ),
        Field("strength", _l("Strength"), Kind.INTEGER, default=3, help=_l("1 (weak) to 5 (decisive)")),
        Field("percent", _l("Shareholding"), Kind.PERCENT, unit="%", help=_l("For shareholders, 0 to 100")),
        Field("remark", _l("Remark"), Kind.LONG_TEXT, max_length=2000),
        Field("created_at", _l("Created at"), Kind.DATETIME, computed=True),
    ),
    list_fields=(
        "kind",
        "from_customer_id",
        "from_contact_id",
        "to_customer_id",
        "to_contact_id",
        "strength",
        "percent",
    ),
    filter_fields=("kind", "strength", "from_customer_id", "to_customer_id"),
    sections=(
        Section(_l("Relation"), ("kind", "strength", "percent", "remark")),
        Section(_l("From"), ("from_customer_id", "from_contact_id")),
        Section(_l("To"), ("to_customer_id", "to_contact_id")),
    ),
    module="relations",
)

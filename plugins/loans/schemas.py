"""What developments, applications and instalments look like on screen, in files and in REST."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.api import setting
from app.types import Choice, Entity, Field, Kind, ScopedBy, Section
from plugins.loans.clock import today
from plugins.loans.models import Application, Development, Instalment

STAGES = (
    Choice("contact", _l("First contact"), "secondary"),
    Choice("need", _l("Need confirmed"), "azure"),
    Choice("proposal", _l("Proposal"), "blue"),
    Choice("negotiation", _l("Negotiation"), "indigo"),
    Choice("won", _l("Won"), "green"),
    Choice("lost", _l("Lost business"), "red"),
)
STATES = (
    Choice("draft", _l("Draft"), "secondary"),
    Choice("submitted", _l("Submitted"), "blue"),
    Choice("granted", _l("Granted"), "green"),
    Choice("refused", _l("Not granted"), "red"),
    Choice("withdrawn", _l("Withdrawn"), "amber"),
)
METHODS = (
    Choice("equal_instalment", _l("Equal instalments")),
    Choice("equal_principal", _l("Equal principal")),
)

DEVELOPMENT = Entity(
    slug="loans_development",
    model=Development,
    label=_l("Business development"),
    icon="trending-up",
    scoped_by=ScopedBy(owner="owner_id", unit="unit_id"),
    fields=(
        Field("name", _l("Name"), required=True, max_length=200),
        Field(
            "customer_id",
            _l("Customer"),
            Kind.LINK,
            target="customer",
            relationship="customer",
            required=True,
            create_only=True,
        ),
        Field("stage", _l("Stage"), Kind.CHOICE, choices=STAGES, computed=True),
        Field("expected_amount", _l("Expected amount"), Kind.MONEY),
        Field("expected_on", _l("Expected on"), Kind.DATE),
        Field("need", _l("Need"), Kind.LONG_TEXT, max_length=4000),
        Field("lost_reason", _l("Why it was lost"), computed=True),
        Field("owner_id", _l("Account manager"), Kind.LINK, target="employee", relationship="owner", computed=True),
        Field("unit_id", _l("Unit"), Kind.LINK, target="unit", relationship="unit", computed=True),
        Field("stage_since_at", _l("In this stage since"), Kind.DATETIME, computed=True),
        Field("created_at", _l("Created at"), Kind.DATETIME, computed=True),
    ),
    list_fields=("name", "customer_id", "stage", "expected_amount", "expected_on", "owner_id", "unit_id"),
    filter_fields=("name", "stage", "owner_id", "unit_id", "expected_amount", "expected_on"),
    search_fields=("name",),
    sections=(
        Section(_l("Business development"), ("name", "customer_id", "stage", "expected_amount", "expected_on", "need")),
        Section(_l("Course"), ("stage_since_at", "lost_reason", "owner_id", "unit_id", "created_at")),
    ),
    module="loans",
    actions=frozenset({"list", "show", "add", "edit", "export", "import"}),
)

APPLICATION = Entity(
    slug="loans_application",
    model=Application,
    label=_l("Loan application"),
    icon="file-dollar",
    title="number",
    scoped_by=ScopedBy(owner="owner_id", unit="unit_id"),
    fields=(
        Field("number", _l("Application number"), computed=True),
        Field(
            "customer_id",
            _l("Customer"),
            Kind.LINK,
            target="customer",
            relationship="customer",
            required=True,
            create_only=True,
        ),
        Field(
            "development_id",
            _l("Business development"),
            Kind.LINK,
            target="loans_development",
            relationship="development",
        ),
        Field(
            "reconsiders_id",
            _l("Reconsiders"),
            Kind.LINK,
            target="loans_application",
            relationship="reconsiders",
            create_only=True,
            help=_l("The refused application that is to be decided on again"),
        ),
        Field("amount", _l("Loan amount"), Kind.MONEY, required=True),
        Field("annual_rate", _l("Annual rate"), Kind.PERCENT, required=True, unit="%"),
        Field(
            "months",
            _l("Loan term"),
            Kind.INTEGER,
            required=True,
            unit=_l("months"),
            default=lambda: setting("loans.months"),
        ),
        Field(
            "method",
            _l("Repayment method"),
            Kind.CHOICE,
            choices=METHODS,
            required=True,
            default=lambda: setting("loans.method"),
        ),
        Field("start_on", _l("Loan start"), Kind.DATE, required=True, default=today),
        Field("purpose", _l("Purpose"), max_length=200),
        Field("state", _l("State"), Kind.CHOICE, choices=STATES, computed=True),
        Field("remark", _l("Remark"), Kind.LONG_TEXT, max_length=4000),
        Field("submitted_at", _l("Submitted at"), Kind.DATETIME, computed=True),
        Field("granted_at", _l("Granted at"), Kind.DATETIME, computed=True),
        Field(
            "decided_by_id", _l("Decided by"), Kind.LINK, target="employee", relationship="decided_by", computed=True
        ),
        Field("decision_note", _l("Decision note"), computed=True),
        Field("owner_id", _l("Account manager"), Kind.LINK, target="employee", relationship="owner", computed=True),
        Field("unit_id", _l("Unit"), Kind.LINK, target="unit", relationship="unit", computed=True),
        Field("created_at", _l("Created at"), Kind.DATETIME, computed=True),
    ),
    list_fields=(
        "number",
        "customer_id",
        "amount",
        "annual_rate",
        "months",
        "method",
        "state",
        "owner_id",
        "created_at",
    ),
    filter_fields=("number", "state", "amount", "method", "owner_id", "unit_id", "created_at"),
    search_fields=("number",),
    sections=(
        Section(_l("Loan application"), ("number", "customer_id", "development_id", "reconsiders_id", "state")),
        Section(_l("Loan terms"), ("amount", "annual_rate", "months", "method", "start_on", "purpose")),
        Section(_l("Remark"), ("remark",)),
        Section(
            _l("Course"),
            ("submitted_at", "granted_at", "decided_by_id", "decision_note", "owner_id", "unit_id", "created_at"),
        ),
    ),
    module="loans",
    actions=frozenset({"list", "show", "add", "edit", "export", "import"}),
)

INSTALMENT = Entity(
    slug="loans_instalment",
    model=Instalment,
    label=_l("Instalment"),
    icon="calendar-dollar",
    title="number",
    scoped_by=ScopedBy(parent=("application_id", "loans_application")),
    fields=(
        Field(
            "application_id",
            _l("Loan application"),
            Kind.LINK,
            target="loans_application",
            relationship="application",
            computed=True,
        ),
        Field("number", _l("Instalment no."), Kind.INTEGER, computed=True),
        Field("due_on", _l("Due on"), Kind.DATE, computed=True),
        Field("principal", _l("Principal"), Kind.MONEY, computed=True),
        Field("interest", _l("Interest"), Kind.MONEY, computed=True),
        Field("balance", _l("Principal left"), Kind.MONEY, computed=True),
    ),
    list_fields=("application_id", "number", "due_on", "principal", "interest", "balance"),
    filter_fields=("application_id", "due_on"),
    sections=(Section(_l("Instalment"), ("application_id", "number", "due_on", "principal", "interest", "balance")),),
    order_by=("due_on", "asc"),
    module="loans",
    actions=frozenset({"list", "show", "export"}),
    audited=False,
)

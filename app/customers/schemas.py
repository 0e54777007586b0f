"""What customers, contacts, shares and the ownership ledger look like on screen, in files and in REST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.customers.models import Contact, Customer, CustomerOwnership, CustomerShare
from app.customers.search import name_contains, search_customers
from app.types import Choice, Entity, Field, Kind, ScopedBy, Section

KINDS = (
    Choice("personal", _l("Personal"), "azure"),
    Choice("corporate", _l("Corporate"), "indigo"),
    Choice("channel", _l("Channel"), "teal"),
    Choice("agent", _l("Agent"), "orange"),
)
SEXES = (Choice("female", _l("Female")), Choice("male", _l("Male")))
LIFECYCLES = (
    Choice("potential", _l("Potential"), "blue"),
    Choice("active", _l("Engaged"), "green"),
    Choice("dormant", _l("Dormant"), "amber"),
    Choice("lost", _l("Lost"), "secondary"),
)
LEVELS = (
    Choice("key", _l("Key account"), "purple"),
    Choice("important", _l("Important"), "blue"),
    Choice("normal", _l("Normal"), "secondary"),
)
SOURCES = (
    Choice("walk_in", _l("Walk-in")),
    Choice("phone", _l("Phone")),
    Choice("referral", _l("Referral")),
    Choice("channel", _l("Channel")),
    Choice("campaign", _l("Campaign")),
    Choice("online", _l("Online")),
    Choice("import", _l("Import")),
)
CAUSES = (
    Choice("create", _l("Created"), "blue"),
    Choice("handover", _l("Handed over"), "azure"),
    Choice("handover_undone", _l("Handover undone"), "amber"),
    Choice("leaving", _l("Leaving"), "orange"),
    Choice("import", _l("Import")),
    Choice("rule", _l("By rule"), "teal"),
    Choice("rule_undone", _l("Rules undone"), "amber"),
)
CONTACT_ROLES = (
    Choice("main", _l("Main contact"), "blue"),
    Choice("shareholder", _l("Shareholder"), "purple"),
    Choice("family", _l("Family member"), "pink"),
    Choice("manager", _l("Managing staff"), "teal"),
)


def _personal(values: Mapping[str, Any]) -> bool:
    return values.get("kind", "personal") in ("personal", "agent")


def _organisation(values: Mapping[str, Any]) -> bool:
    return values.get("kind") in ("corporate", "channel")


CUSTOMER = Entity(
    slug="customer",
    model=Customer,
    label=_l("Customer"),
    icon="user-heart",
    scoped_by=ScopedBy(owner="owner_id", unit="unit_id", shares=("customer_share", "customer_id", "employee_id")),
    fields=(
        Field(
            "name",
            _l("Customer name"),
            required=True,
            max_length=200,
            aliases=("客户", "名称", "姓名", "account", "client"),
            match=name_contains,
            mask="name",
        ),
        Field(
            "code",
            _l("Customer number"),
            unique=True,
            max_length=40,
            create_only=True,
            aliases=("客户号", "client_id"),
        ),
        Field(
            "kind",
            _l("Type"),
            Kind.CHOICE,
            required=True,
            choices=KINDS,
            default="personal",
            create_only=True,
        ),
        Field("mobile", _l("Mobile"), Kind.PHONE, max_length=20, aliases=("手机", "手机号", "phone"), mask="phone"),
        Field("email", _l("E-mail"), Kind.EMAIL, max_length=200, mask="email"),
        Field("region", _l("Region code"), max_length=12),
        Field("address", _l("Address"), max_length=300),
        Field("source", _l("Source"), Kind.CHOICE, choices=SOURCES),
        Field("level", _l("Customer level"), Kind.CHOICE, choices=LEVELS),
        Field("lifecycle", _l("Lifecycle"), Kind.CHOICE, choices=LIFECYCLES, default="potential"),
        Field("sex", _l("Sex"), Kind.CHOICE, choices=SEXES, visible_when=_personal),
        Field("birth_date", _l("Birth date"), Kind.DATE, visible_when=_personal),
        Field(
            "id_number",
            _l("ID number"),
            Kind.ID_NUMBER,
            unique=True,
            max_length=18,
            visible_when=_personal,
            mask="id_number",
        ),
        Field("occupation", _l("Occupation"), max_length=60, visible_when=_personal),
        Field("employer", _l("Employer"), max_length=200, visible_when=_personal),
        Field("annual_income", _l("Annual income"), Kind.MONEY, visible_when=_personal),
        Field(
            "uscc",
            _l("Unified social credit code"),
            Kind.USCC,
            unique=True,
            max_length=18,
            visible_when=_organisation,
            mask="id_number",
        ),
        Field("industry", _l("Industry"), max_length=100, visible_when=_organisation, aliases=("sector",)),
        Field(
            "legal_representative",
            _l("Legal representative"),
            max_length=100,
            visible_when=_organisation,
            mask="name",
        ),
        Field("registered_capital", _l("Registered capital"), Kind.MONEY, visible_when=_organisation),
        Field(
            "annual_revenue",
            _l("Annual revenue"),
            Kind.MONEY,
            visible_when=_organisation,
            aliases=("revenue",),
        ),
        Field(
            "staff_count",
            _l("Number of employees"),
            Kind.INTEGER,
            visible_when=_organisation,
            aliases=("employees",),
        ),
        Field("founded_on", _l("Founded on"), Kind.DATE, visible_when=_organisation),
        Field(
            "parent_id",
            _l("Parent company"),
            Kind.LINK,
            target="customer",
            relationship="parent",
            visible_when=_organisation,
        ),
        Field("remark", _l("Remark"), Kind.LONG_TEXT, max_length=4000),
        Field(
            "owner_id",
            _l("Account manager"),
            Kind.LINK,
            target="employee",
            relationship="owner",
            create_only=True,
        ),
        Field("unit_id", _l("Unit"), Kind.LINK, target="unit", relationship="unit", create_only=True),
        Field("last_followed_at", _l("Last follow-up"), Kind.DATETIME, computed=True),
        Field("last_effective_at", _l("Last effective follow-up"), Kind.DATETIME, computed=True),
        Field("owned_since_at", _l("Owned since"), Kind.DATETIME, computed=True),
        Field("created_at", _l("Created at"), Kind.DATETIME, computed=True),
        Field("closed_at", _l("Closed at"), Kind.DATETIME, computed=True),
    ),
    list_fields=("name", "kind", "mobile", "level", "lifecycle", "owner_id", "unit_id", "last_followed_at"),
    filter_fields=("name", "mobile", "kind", "level", "lifecycle", "owner_id", "unit_id", "last_followed_at"),
    sections=(
        Section(_l("Basic data"), ("name", "code", "kind", "mobile", "email", "level", "source", "lifecycle")),
        Section(
            _l("Personal data"),
            ("sex", "birth_date", "id_number", "occupation", "employer", "annual_income"),
            _personal,
        ),
        Section(
            _l("Company data"),
            (
                "uscc",
                "industry",
                "legal_representative",
                "registered_capital",
                "annual_revenue",
                "staff_count",
                "founded_on",
                "parent_id",
            ),
            _organisation,
        ),
        Section(_l("Address and remark"), ("region", "address", "remark")),
        Section(
            _l("Ownership"),
            (
                *("owner_id", "unit_id", "owned_since_at", "last_followed_at", "last_effective_at"),
                *("created_at", "closed_at"),
            ),
        ),
    ),
    search=search_customers,
    search_fields=("name",),
    order_by=("id", "desc"),
    match_fields=(("id_number",), ("uscc",), ("code",), ("name", "mobile")),
    module="customers",
)

CONTACT = Entity(
    slug="contact",
    model=Contact,
    label=_l("Contact"),
    icon="address-book",
    scoped_by=ScopedBy(parent=("customer_id", "customer")),
    fields=(
        Field("name", _l("Full name"), required=True, max_length=100, mask="name"),
        Field(
            "customer_id",
            _l("Customer"),
            Kind.LINK,
            target="customer",
            relationship="customer",
            required=True,
            create_only=True,
        ),
        Field("role", _l("Contact type"), Kind.CHOICE, required=True, choices=CONTACT_ROLES, default="main"),
        Field("relation", _l("Relation"), max_length=40),
        Field("sex", _l("Sex"), Kind.CHOICE, choices=SEXES),
        Field("mobile", _l("Mobile"), Kind.PHONE, max_length=20, mask="phone"),
        Field("email", _l("E-mail"), Kind.EMAIL, max_length=200, mask="email"),
        Field("id_number", _l("ID number"), Kind.ID_NUMBER, max_length=18, mask="id_number"),
        Field("title", _l("Position"), max_length=60),
        Field("share_percent", _l("Shareholding"), Kind.PERCENT, unit="%"),
        Field("birth_date", _l("Birth date"), Kind.DATE),
        Field("remark", _l("Remark"), Kind.LONG_TEXT, max_length=4000),
        Field("created_at", _l("Created at"), Kind.DATETIME, computed=True),
    ),
    list_fields=("name", "role", "customer_id", "mobile", "title", "share_percent"),
    filter_fields=("name", "role", "customer_id", "mobile"),
    search_fields=("name", "mobile", "id_number"),
    sections=(
        Section(
            _l("Basic data"),
            ("name", "customer_id", "role", "relation", "sex", "birth_date", "mobile", "email"),
        ),
        Section(_l("Details"), ("title", "share_percent", "id_number", "remark")),
    ),
    match_fields=(("id_number",), ("customer_id", "name")),
    module="customers",
)

SHARE = Entity(
    slug="customer_share",
    model=CustomerShare,
    label=_l("Sharing"),
    icon="share",
    title="id",
    scoped_by=ScopedBy(parent=("customer_id", "customer")),
    fields=(
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
            "employee_id",
            _l("Colleague"),
            Kind.LINK,
            target="employee",
            relationship="employee",
            required=True,
            create_only=True,
        ),
        Field("can_write", _l("May change"), Kind.BOOLEAN, default=False),
        Field("created_at", _l("Created at"), Kind.DATETIME, computed=True),
    ),
    list_fields=("customer_id", "employee_id", "can_write", "created_at"),
    sections=(Section(_l("Sharing"), ("customer_id", "employee_id", "can_write")),),
    module="customers",
    actions=frozenset({"list", "show", "add", "edit", "delete"}),
)

OWNERSHIP = Entity(
    slug="customer_ownership",
    model=CustomerOwnership,
    label=_l("Ownership ledger"),
    icon="history",
    title="id",
    scoped_by=ScopedBy(parent=("customer_id", "customer")),
    fields=(
        Field(
            "customer_id",
            _l("Customer"),
            Kind.LINK,
            target="customer",
            relationship="customer",
            computed=True,
        ),
        Field(
            "from_employee_id",
            _l("Former account manager"),
            Kind.LINK,
            target="employee",
            relationship="from_employee",
            computed=True,
        ),
        Field(
            "to_employee_id",
            _l("New account manager"),
            Kind.LINK,
            target="employee",
            relationship="to_employee",
            computed=True,
        ),
        Field("cause", _l("Cause"), Kind.CHOICE, choices=CAUSES, computed=True),
        Field("reason", _l("Reason"), computed=True),
        Field("rule_id", _l("Assignment rule"), Kind.LINK, target="assignment_rule", computed=True),
        Field("at", _l("When"), Kind.DATETIME, computed=True),
    ),
    list_fields=("customer_id", "from_employee_id", "to_employee_id", "cause", "reason", "at"),
    filter_fields=("customer_id", "to_employee_id", "at"),
    sections=(
        Section(
            _l("Ownership"), ("customer_id", "from_employee_id", "to_employee_id", "cause", "reason", "rule_id", "at")
        ),
    ),
    order_by=("at", "desc"),
    module="customers",
    actions=frozenset({"list", "show", "export"}),
    audited=False,
)

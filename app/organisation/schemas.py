"""What units, employees and posts look like on screen, in files and in REST."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.organisation.models import Employee, Post, Unit
from app.types import Choice, Entity, Field, Kind, ScopedBy, Section

LEVELS = (
    Choice("head_office", _l("Head office"), "blue"),
    Choice("branch_1", _l("Tier-1 branch"), "azure"),
    Choice("branch_2", _l("Tier-2 branch"), "azure"),
    Choice("sub_branch", _l("Sub-branch"), "cyan"),
    Choice("outlet", _l("Outlet"), "teal"),
    Choice("city", _l("City"), "azure"),
    Choice("department", _l("Department"), "secondary"),
)

UNIT = Entity(
    slug="unit",
    model=Unit,
    label=_l("Institution"),
    icon="building-bank",
    scoped_by=ScopedBy(public=True),
    fields=(
        Field("code", _l("Code"), required=True, unique=True, max_length=40),
        Field("name", _l("Name"), required=True, max_length=100),
        Field("level", _l("Level"), Kind.CHOICE, choices=LEVELS, default="department"),
        Field("parent_id", _l("Parent unit"), Kind.LINK, target="unit", relationship="parent", create_only=True),
        Field("sort", _l("Sort order"), Kind.INTEGER, default=0),
        Field("active", _l("In use"), Kind.BOOLEAN, default=True),
        Field("depth", _l("Depth"), Kind.INTEGER, computed=True),
        Field("path", _l("Path"), computed=True, filterable=False),
    ),
    list_fields=("name", "code", "level", "parent_id", "active"),
    filter_fields=("name", "level", "parent_id", "active"),
    search_fields=("name", "code"),
    sections=(Section(_l("Basic data"), ("name", "code", "level", "parent_id", "sort", "active")),),
    order_by=("path", "asc"),
    match_fields=(("code",),),
    module="organisation",
)

EMPLOYEE = Entity(
    slug="employee",
    model=Employee,
    label=_l("Employee"),
    icon="users",
    scoped_by=ScopedBy(public=True),
    fields=(
        Field("code", _l("Staff number"), required=True, unique=True, max_length=40),
        Field("name", _l("Full name"), required=True, max_length=100),
        Field("unit_id", _l("Unit"), Kind.LINK, target="unit", relationship="unit", required=True),
        Field("position", _l("Position"), max_length=60),
        Field("manager_id", _l("Manager"), Kind.LINK, target="employee", relationship="manager"),
        Field("mobile", _l("Mobile"), Kind.PHONE, max_length=20),
        Field("email", _l("E-mail"), Kind.EMAIL, max_length=200),
        Field("extension", _l("Extension"), max_length=20, aliases=("分机", "分机号", "坐席号")),
        Field("joined_on", _l("Joined on"), Kind.DATE),
        Field("left_on", _l("Left on"), Kind.DATE),
        Field("away_from", _l("On leave from"), Kind.DATE),
        Field("away_until", _l("On leave until"), Kind.DATE, help=_l("Who is on leave gets no customers by rule")),
    ),
    list_fields=("name", "code", "unit_id", "position", "manager_id", "joined_on", "left_on"),
    filter_fields=("name", "unit_id", "position", "joined_on"),
    search_fields=("name", "code", "mobile"),
    sections=(
        Section(_l("Basic data"), ("name", "code", "unit_id", "position", "manager_id")),
        Section(_l("Contact"), ("mobile", "email", "extension")),
        Section(_l("Employment"), ("joined_on", "left_on", "away_from", "away_until")),
    ),
    order_by=("code", "asc"),
    match_fields=(("code",),),
    module="organisation",
)

POST = Entity(
    slug="post",
    model=Post,
    label=_l("Second post"),
    icon="briefcase",
    title="title",
    scoped_by=ScopedBy(public=True),
    fields=(
        Field(
            "employee_id",
            _l("Employee"),
            Kind.LINK,
            target="employee",
            relationship="employee",
            required=True,
        ),
        Field("unit_id", _l("Unit"), Kind.LINK, target="unit", relationship="unit", required=True),
        Field("role_id", _l("Role number"), Kind.INTEGER, required=True),
        Field("role_name", _l("Role"), computed=True, sortable=False, filterable=False),
        Field("title", _l("Title"), max_length=60),
    ),
    list_fields=("title", "employee_id", "unit_id", "role_name"),
    sections=(Section(_l("Second post"), ("employee_id", "unit_id", "role_id", "role_name", "title")),),
    module="organisation",
    actions=frozenset({"list", "show", "add", "edit", "delete"}),
)

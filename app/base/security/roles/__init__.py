"""Roles (SEC-1): what each may do and how far it sees, made from templates, edited as one matrix."""

from __future__ import annotations

from app.base.security.roles.fields import FieldRow, FieldSheet, entities_with_fields, field_sheet, save_fields
from app.base.security.roles.grants import holdings, may_give, may_manage, roles_to_give
from app.base.security.roles.matrix import Group, Row, matrix
from app.base.security.roles.services import (
    RoleFacts,
    create_role,
    delete_role,
    read_role,
    rename_role,
    role_list,
    save_role,
)

__all__ = [
    "FieldRow",
    "FieldSheet",
    "Group",
    "RoleFacts",
    "Row",
    "create_role",
    "delete_role",
    "entities_with_fields",
    "field_sheet",
    "holdings",
    "matrix",
    "may_give",
    "may_manage",
    "read_role",
    "rename_role",
    "role_list",
    "roles_to_give",
    "save_fields",
    "save_role",
]

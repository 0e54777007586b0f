"""Verbs of the organisation: the tree of units, employees and their posts, where a login stands."""

from __future__ import annotations

from app.organisation.services.placements import placements_of
from app.organisation.services.staff import (
    create_employee,
    create_post,
    roles_to_give,
    update_employee,
    update_post,
)
from app.organisation.services.units import branch_size, create_unit, delete_unit, move_unit, update_unit

__all__ = [
    "branch_size",
    "create_employee",
    "create_post",
    "create_unit",
    "delete_unit",
    "move_unit",
    "placements_of",
    "roles_to_give",
    "update_employee",
    "update_post",
    "update_unit",
]

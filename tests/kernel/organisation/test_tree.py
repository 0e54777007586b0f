"""ORG-1: a tree of any depth; moving a branch moves everything under it."""

from __future__ import annotations

import pytest

from app.db import session
from app.fields.records import create_record
from app.host.context import entity
from app.organisation.models import Unit
from app.organisation.services import move_unit
from app.types import Refused


def grow(code: str, parent: Unit | None = None) -> Unit:
    return create_record(entity("unit"), {"code": code, "name": f"机构{code}", "parent_id": parent and parent.id})


@pytest.mark.usefixtures("as_system")
def test_moving_a_branch_moves_everything_below() -> None:
    root, east, west = grow("0"), None, None
    east, west = grow("E", root), grow("W", root)
    leaf = grow("E1a", grow("E1", east))

    assert move_unit(east.id, west.id) == 3

    session.expire_all()
    assert leaf.path == f"/{root.id}/{west.id}/{east.id}/{leaf.parent_id}/{leaf.id}/"
    assert leaf.depth == 4


@pytest.mark.usefixtures("as_system")
def test_a_unit_cannot_be_moved_below_itself() -> None:
    root = grow("0")
    branch = grow("1", root)
    with pytest.raises(Refused):
        move_unit(root.id, branch.id)
    session.expire_all()
    assert branch.path == f"/{root.id}/{branch.id}/"

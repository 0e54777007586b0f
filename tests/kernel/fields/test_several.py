"""Several choices in one field: asked by any and by all, and none in use is lost."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.access.actors import acting_as
from app.db import session
from app.fields.records import create_record
from app.host.context import entity
from app.testing.people import People, login
from app.types import SYSTEM, Refused
from tests.kernel.base.lists import URL, rows
from tests.kernel.fields.shaping import add_fields, rebuilt
from tests.kernel.fields.test_shaping import change

TAGS = {"key": "x_tags", "label_zh": "标签", "kind": "choices", "choices": "red | 红\nblue | 蓝\ngreen | 绿"}


def made(owner: int, **values: Any) -> int:
    with acting_as(SYSTEM):
        record = create_record(entity("customer"), {"name": "甲", "owner_id": owner, **values})
        session.commit()
        return int(record.id)


def test_asked_by_any_and_by_all(app: Flask, people: People) -> None:
    add_fields(TAGS | {"default": "green; blue"})
    with rebuilt(app) as new:
        owner = people.manager.employee_id
        both, one = (made(owner, x_tags=tags) for tags in (["blue", "red", "red"], "红"))
        first = made(owner)
        manager = login(new.test_client(), people.manager)

        def found(values: list[str], op: str = "") -> list[int]:
            query = {"f.x_tags": values, **({"op.x_tags": op} if op else {})}
            return sorted(rows(manager.get(URL, query_string=query)))

        assert found(["red", "green"]) == [both, one, first]
        assert found(["red", "blue"], "all") == [both] and found(["green", "blue"], "all") == [first]
        every = {"f.x_tags": ["red", "blue"], "op.x_tags": "all"}
        assert "标签 含有全部 红、蓝" in manager.get(URL, query_string=every).text
        for wrong in ({"f.x_tags": "pink"}, {"f.x_tags": "red", "op.x_tags": "no"}, {"f.name": "a", "op.name": "all"}):
            assert manager.get(URL, query_string=wrong).status_code == 400, wrong
        with pytest.raises(Refused) as refused:
            change("x_tags", choices="red | 红\ngreen | 绿", default="green")
        assert "“blue”" in str(refused.value.errors["choices"]) and "2" in str(refused.value.errors["choices"])
        change("x_tags", choices="red | 红\ngreen | 绿\nblue | 天蓝\nblack | 黑")
        change("x_tags", choices="blue | 天蓝\nred | 红\ngreen | 绿")


@pytest.mark.parametrize(
    ("values", "where"),
    [({"choices": "red | 红、黑"}, "choices"), ({"choices": "a, b"}, "choices"), ({"choices": ""}, "choices"),
     ({"indexed": True}, "indexed"), ({"sole": True}, "sole"), ({"default": "red;pink"}, "default")],
)  # fmt: skip
def test_what_cannot_be(app: Flask, values: dict[str, Any], where: str) -> None:
    with pytest.raises(Refused) as refused:
        add_fields(TAGS | values)
    assert list(refused.value.errors) == [where]

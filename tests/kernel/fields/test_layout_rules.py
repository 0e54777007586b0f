"""Layouts as plain data: reading documents, which arrangement counts, fitting it to the fields there are."""

from __future__ import annotations

from typing import Any

import pytest

from app.fields.layouts.fitting import fitted, left_out, list_for, page_for, with_page, without_page
from app.fields.layouts.rules import EMPTY, BadLayout, Layout, PagePlan, SectionPlan, Title, layout_data, read_layout

WHOLE: dict[str, Any] = {
    "by": "kind",
    "roles": ["head", "seller"],
    "pages": [
        {
            "role": "seller",
            "value": "corporate",
            "sections": [
                {"of": "Basic data", "en": "Basics", "columns": 1, "collapsed": True, "fields": ["name", "code"]},
                {"zh": "财务", "columns": 2, "tab": "money", "fields": ["income"]},
            ],
            "hidden": ["remark"],
            "tabs": [{"name": "contact"}, {"name": "money", "own": True, "zh": "财务"}],
            "hidden_tabs": ["history"],
        }
    ],
    "lists": [{"role": "head", "columns": ["name"], "filter": [["f.kind", "personal"], ["op.code", "filled"]]}],
}


def test_a_document_is_read_and_written_the_same() -> None:
    layout = read_layout(WHOLE)
    assert read_layout(layout_data(layout)) == layout
    assert layout.pages[0].sections[0].title == Title("", "Basics") and layout.pages[0].sections[0].collapsed
    assert read_layout({}) == EMPTY and not EMPTY and layout_data(EMPTY) == {}


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ([], "shape"),
        ({"page": []}, "shape"),
        ({"pages": {}}, "shape"),
        ({"pages": [{"value": "corporate"}]}, "by"),
        ({"pages": [{}, {}]}, "twice"),
        ({"lists": [{"role": "a"}, {"role": "a"}]}, "twice"),
        ({"lists": [{"filter": [["drop", "x"]]}]}, "shape"),
        ({"lists": [{"filter": [["f.kind"]]}]}, "shape"),
        ({"pages": [{"sections": [{"fields": []}]}]}, "title"),
        ({"pages": [{"sections": [{"zh": "一", "fields": ["a", "a"]}]}]}, "twice"),
        ({"pages": [{"sections": [{"zh": "一", "fields": ["a"]}], "hidden": ["a"]}]}, "twice"),
        ({"pages": [{"sections": [{"zh": "一", "columns": True}]}]}, "shape"),
        ({"pages": [{"sections": [{"zh": "一", "columns": 3}]}]}, "shape"),
        ({"pages": [{"sections": [{"zh": "一" * 61}]}]}, "long"),
        ({"pages": [{"sections": [{"zh": "\0"}]}]}, "shape"),
        ({"pages": [{"sections": [{"zh": "一", "fields": [7]}]}]}, "shape"),
        ({"pages": [{"sections": [{"zh": "一", "tab": "gone"}]}]}, "tab"),
        ({"pages": [{"tabs": [{"name": "../x", "own": True, "zh": "一"}]}]}, "shape"),
        ({"pages": [{"tabs": [{"name": "t", "own": True}]}]}, "title"),
        ({"pages": [{"sections": [{"zh": str(n)} for n in range(61)]}]}, "many"),
    ],
)
def test_documents_that_cannot_be_read(document: Any, code: str) -> None:
    with pytest.raises(BadLayout) as refused:
        read_layout(document)
    assert refused.value.code == code


def page(role: str | None, value: str | None) -> PagePlan:
    return PagePlan(role, value, sections=(SectionPlan(of=f"{role} {value}"),))


@pytest.mark.parametrize(
    ("roles", "value", "counts"),
    [
        ({"seller"}, "corporate", ("seller", "corporate")),  # role and type before role
        ({"seller"}, "personal", ("seller", None)),  # role before type
        ({"seller"}, None, ("seller", None)),
        ({"clerk"}, "corporate", (None, "corporate")),  # type before everybody's
        ({"clerk"}, "agent", (None, None)),
        (set(), "personal", (None, "personal")),
        ({"head", "seller"}, "personal", ("head", None)),  # the role first in order
        ({"head", "seller"}, "corporate", ("seller", "corporate")),  # more exact before first in order
    ],
)
def test_which_arrangement_counts(roles: set[str], value: str | None, counts: tuple[str | None, str | None]) -> None:
    targets = [("seller", "corporate"), ("seller", None), ("head", None)]
    targets += [(None, "corporate"), (None, "personal"), (None, None)]  # type: ignore[list-item]
    layout = Layout("kind", ("head", "seller"), tuple(page(*target) for target in targets))
    assert page_for(layout, roles, value) == page(*counts)
    without = without_page(layout, None, None)
    assert page_for(without, {"clerk"}, "agent") is None


def test_the_list_of_the_first_role_counts() -> None:
    layout = read_layout({"roles": ["b", "a"], "lists": [{"role": "a"}, {"role": "b"}, {}]})
    assert [found.role for roles in ("ab", "a", "c") if (found := list_for(layout, roles))] == ["b", "a", None]
    assert list_for(EMPTY, "ab") is None


def test_an_arrangement_takes_in_what_came_later_and_forgets_what_is_gone() -> None:
    plan = PagePlan(
        sections=(
            SectionPlan(of="Basic", fields=("b", "gone", "x")),
            SectionPlan(title=Title("我的", "Mine"), fields=("c",)),
            SectionPlan(title=Title("空", "")),
        ),
        hidden=("a", "must", "gone"),
    )
    built_in = [(("Basic",), ("a", "b", "new", "must")), (("其他", "Other"), ("c", "late")), (("我的",), ("custom",))]
    known = ["a", "b", "c", "x", "new", "late", "must", "custom"]
    assert [(one.of or one.title.zh, one.fields) for one in fitted(plan, built_in, known, ["must"])] == [
        ("Basic", ("b", "x", "new", "must")),
        ("我的", ("c", "custom")),
        ("其他", ("late",)),
    ]
    assert left_out(plan, ["must", "b"]) == ["must"]


def test_one_arrangement_is_put_in_place_of_another() -> None:
    layout = with_page(with_page(EMPTY, page("a", None)), PagePlan("a"))
    assert layout.pages == (PagePlan("a"),) and layout.roles == ("a",)
    assert not without_page(layout, "a", None)

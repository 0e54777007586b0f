"""Conditions joined by and / or: the line they are written in, what they mean, every door, and what is refused."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.access.models import FieldPermission
from app.base.groups.rules import MAX_CONDITIONS, MAX_LENGTH, BadGroup, Condition, Group, read_group, write_group
from app.base.views.filters import Filter
from app.base.views.groups import Branch, branch_condition, read_where
from app.base.views.state import read_state
from app.customers.models import Customer
from app.db import session
from app.host.context import entity
from app.testing.people import Browser, People, login
from tests.kernel.base.lists import URL, names, rows

VALUES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=6).filter(str.strip)
NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True)
CONDITIONS = st.one_of(
    st.builds(Condition, NAMES, st.just("in"), st.lists(VALUES, min_size=1, max_size=3).map(tuple)),
    st.builds(Condition, NAMES, st.sampled_from(("contains", "equals")), st.tuples(VALUES)),
    st.builds(Condition, NAMES, st.just("range"), st.tuples(st.text(max_size=3), VALUES)),
    st.builds(Condition, NAMES, st.sampled_from(("empty", "filled"))),
)


def groups_of(items: Any) -> Any:
    return st.builds(Group, st.sampled_from(("and", "or")), st.lists(items, min_size=1, max_size=3).map(tuple))


@settings(derandomize=True, max_examples=150, deadline=None)
@given(groups_of(st.one_of(CONDITIONS, groups_of(st.one_of(CONDITIONS, groups_of(CONDITIONS))))))
def test_what_is_written_is_read_back(group: Group) -> None:
    line = write_group(group)
    try:
        assert read_group(line) == group
    except BadGroup as bad:
        assert bad.code == "long" and len(line) > MAX_LENGTH


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("name:empty", "syntax"), ("and()", "syntax"), ("and(name:empty", "syntax"), ("and(name:empty))", "syntax"),
        ("xor(name:empty)", "syntax"), ("and(name:empty,)", "syntax"), ("and(name)", "syntax"),
        ("and(:empty)", "syntax"),
        ("and( name:empty)", "syntax"), ('and(name:equals:"x)', "syntax"), ("and(name:equals:x y)", "syntax"),
        ("and(name:like:x)", "operator"), ("and(name:equals)", "values"), ("and(name:equals:a|b)", "values"),
        ("and(name:equals:)", "values"), ('and(name:contains:"  ")', "values"), ("and(name:empty:x)", "values"),
        ("and(income:range:1)", "values"), ("and(income:range:|)", "values"), ("and(kind:in:a|)", "values"),
        ("and(" * 4 + "name:empty" + ")" * 4, "deep"),
        (f"and({','.join(['a:empty'] * (MAX_CONDITIONS + 1))})", "many"),
        (f"and(a:equals:{'x' * MAX_LENGTH})", "long"),
    ],
)  # fmt: skip
def test_anything_else_is_no_group(line: str, code: str) -> None:
    with pytest.raises(BadGroup) as bad:
        read_group(line)
    assert bad.value.code == code


#: Conditions on customers that hold for some and not for others, an empty value among them.
ASKED = (
    "level:in:key|important", "kind:in:corporate", "mobile:empty", "mobile:filled", "name:contains:李",
    "name:equals:张伟", "annual_income:range:80000|10万", "birth_date:range:1980-01-01|",
)  # fmt: skip


def holds(item: Filter | Branch, record: Any) -> bool:
    """What the conditions mean, without a database."""
    if isinstance(item, Branch):
        return (all if item.joined == "and" else any)(holds(part, record) for part in item.items)
    value = getattr(record, item.field.name)
    if item.op in ("empty", "filled"):
        return (value in (None, "")) == (item.op == "empty")
    if value is None:
        return False
    if item.op == "range":
        low, high = item.values
        return (low is None or value >= low) and (high is None or value <= high)
    if item.op == "contains":
        return str(item.values[0]) in value
    return value in item.values


def test_a_group_means_what_it_says(customers: list[Customer]) -> None:
    lines = [f"{a}({x},{y})" for x, y in combinations(ASKED, 2) for a in ("and", "or")]
    lines += [f"{a}({lines[n]},{b}({lines[-n - 1]},{ASKED[n % len(ASKED)]}))" for n in range(0, 40, 3)
              for a, b in (("and", "or"), ("or", "and"))]  # fmt: skip
    some = 0
    for line in lines:
        where = read_where(entity("customer"), [line], ZoneInfo("Asia/Shanghai"))
        assert where is not None
        found = session.scalars(select(Customer.id).where(branch_condition(entity("customer"), where)))
        wanted = {customer.id for customer in customers if holds(where, customer)}
        assert set(found) == wanted, line
        some += 0 < len(wanted) < len(customers)
    assert some > len(lines) / 2


GROUP = "or(level:in:normal,and(kind:in:corporate,mobile:empty))"
FOUND = ["李秀英", "北京瑞丰贸易有限公司"]


def test_every_door_honours_it(seen_all: Browser, customers: list[Customer]) -> None:
    answer = seen_all.get(URL, query_string={"where": GROUP, "sort": "level"})
    assert names(answer) == FOUND[::-1]
    assert 'id="list-count">2<' in answer.text
    assert re.search(r"普通\S* 或 \(\S+ 为 \S+ 且 手机\S* 为空\)<", answer.text)
    wanted = {customer.id for customer in customers if customer.name in FOUND}
    assert set(seen_all.get("/customer/ids/", query_string={"where": GROUP}).json["ids"]) == wanted
    rest = seen_all.get("/api/v1/customer/", query_string={"where": GROUP}).json
    assert {one["id"] for one in rest["result"]} == wanted and rest["count"] == 2
    assert "2" in seen_all.get("/export/start/customer", query_string={"where": GROUP}).text
    # what stands alone and the group hold together
    assert names(seen_all.get(URL, query_string={"where": GROUP, "f.kind": "corporate"})) == FOUND[1:]
    file = seen_all.post(
        "/export/start/customer", query_string={"where": GROUP},
        data={"format": "csv", "column": ["name"], "reason": "月度复核"}, follow_redirects=True,
    )  # fmt: skip
    lines = file.get_data().decode("utf-8-sig")
    file.close()
    assert all(name in lines for name in FOUND) and "张伟" not in lines
    panel = seen_all.get("/customer/filters/", query_string={"where": GROUP}, htmx=True).text
    assert f'name="where" value="{GROUP}"' in panel


def test_it_goes_on_in_every_address_of_the_list(seen_all: Browser) -> None:
    text = seen_all.get(URL, query_string={"where": "and(level:in:normal,kind:in:personal)", "q": "李"}).text
    assert "where=and%28level%3Ain%3Anormal%2Ckind%3Ain%3Apersonal%29&amp;q=%E6%9D%8E&amp;sort=" in text
    # each part of an “and” can be taken away by itself
    assert "where=and%28kind%3Ain%3Apersonal%29" in text and "where=and%28level%3Ain%3Anormal%29" in text


REFUSED = (
        "or(name:empty", "and(password:filled)", "and(search_tokens:contains:x)", "and(level:in:nothing)",
        "and(name:range:1|2)", "and(annual_income:contains:1)", "and(annual_income:range:x|)", "and(owner_id:in:x)",
        "and(annual_income:range:5|1)", "and(owner_id:in:999999)",
)  # fmt: skip


def test_what_is_not_understood_shows_no_row(seen_all: Browser) -> None:
    for line in REFUSED:
        for address in (URL, "/customer/ids/", "/api/v1/customer/"):
            answer = seen_all.get(address, query_string={"where": line})
            assert answer.status_code == 400 and rows(answer) == [], (line, address)


def test_a_field_kept_back_cannot_be_asked_for(client: Browser, people: People, customers: list[Customer]) -> None:
    role, asked = people.manager.role_id, {"where": "or(mobile:equals:13800135678,name:filled)"}
    login(client, people.manager)
    assert len(rows(client.get(URL, query_string=asked))) == 2
    for name, level in (("mobile", "hidden"), ("name", "masked")):
        session.add(FieldPermission(role_id=role, entity="customer", field=name, level=level))
        session.commit()
        for address in (URL, "/customer/ids/", "/api/v1/customer/"):
            answer = client.get(address, query_string=asked if level == "hidden" else {"where": "and(name:filled)"})
            assert answer.status_code == 400 and rows(answer) == [], (level, address)


def test_a_state_keeps_its_group(customers: list[Customer], as_system: None) -> None:
    state = read_state(entity("customer"), MultiDict({"where": GROUP, "q": "x"}), ZoneInfo("Asia/Shanghai"))
    assert ("where", GROUP) in state.narrowing and state.is_narrowed and not state.cleared().is_narrowed
    assert [one.field.name for one in state.asked] == ["level", "kind", "mobile"]
    assert state.where is not None and state.without(state.where).where is None

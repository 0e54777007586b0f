"""Columns of one's own: chosen, ordered, kept for the person, carried by an address, offered to an export."""

from __future__ import annotations

import re

from app.access.models import FieldPermission
from app.customers.models import Customer
from app.db import session
from app.testing.people import Browser, People, login
from app.testing.statements import heard
from tests.kernel.base.lists import URL, many, rows

HEAD = re.compile(r'<td data-label="[^"]*" data-field="(\w+)"')
DESK = "/desk/customer/columns"


def shown(client: Browser, **asked: str) -> list[str]:
    """The columns of the list, in order."""
    answer = client.get(URL, query_string=asked)
    assert answer.status_code == 200, answer.text
    names = HEAD.findall(answer.text)
    return names[: len(names) // max(len(rows(answer)), 1)]


def choose(client: Browser, *names: str, address: str = DESK) -> str:
    """Post the dialog; where it leads."""
    others = [name for name in ("name", "kind", "mobile") if name not in names]
    data = {"order": [*names, *others], "shown": list(names)}
    answer = client.post(address, data=data)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def test_they_are_the_persons_and_survive_a_login(client: Browser, people: People, customers: list[Customer]) -> None:
    login(client, people.manager)
    usual = shown(client)
    assert choose(client, "owner_id", "name", "created_at") == URL
    assert shown(client) == ["owner_id", "name", "created_at"]
    login(client, people.colleague)
    assert shown(client) == usual
    login(client, people.manager)
    assert shown(client) == ["owner_id", "name", "created_at"]
    answer = client.post(DESK, data={"reset": "1"}, htmx=True)
    assert answer.headers["HX-Redirect"] == URL and shown(client) == usual
    # nothing chosen is told, and changes nothing
    assert client.post(DESK, data={"order": ["name"]}).status_code == 422 and shown(client) == usual


def test_an_address_carries_them(client: Browser, people: People, customers: list[Customer]) -> None:
    login(client, people.admin)
    assert shown(client, columns="mobile,name,nothing,name", sort="name") == ["mobile", "name"]
    text = client.get(URL, query_string={"columns": "mobile,name", "f.name": "张"}).text
    assert "columns=mobile%2Cname&amp;page=" not in text and "columns=mobile%2Cname" in text
    assert "不可用" in client.get(URL, query_string={"columns": "name,nothing"}).text
    page = client.get("/export/start/customer", query_string={"columns": "mobile,name"}).text
    assert re.findall(r'name="column" value="(\w+)" checked', page) == ["mobile", "name"]
    choose(client, "kind", "name")
    page = client.get("/export/start/customer").text
    assert re.findall(r'name="column" value="(\w+)" checked', page) == ["kind", "name"]
    assert client.get("/api/v1/customer/", query_string={"columns": "name"}).status_code == 400


def test_a_field_kept_back_is_no_column(client: Browser, people: People, customers: list[Customer]) -> None:
    login(client, people.manager)
    choose(client, "name", "mobile", "id_number")
    role = people.manager.role_id
    session.add(FieldPermission(role_id=role, entity="customer", field="id_number", level="hidden"))
    session.add(FieldPermission(role_id=role, entity="customer", field="mobile", level="masked"))
    session.commit()
    login(client, people.manager)
    assert shown(client) == shown(client, columns="id_number,name,mobile") == ["name", "mobile"]
    text = client.get(URL).text
    assert "138****5678" in text and "13800135678" not in text
    assert "id_number" not in client.get(DESK).text
    choose(client, "id_number", "name")
    assert shown(client) == ["name"]


def test_nobody_chooses_for_a_list_they_may_not_open(client: Browser, people: People) -> None:
    login(client, people.manager)
    for slug in ("custom_field", "nothing"):
        assert client.get(f"/desk/{slug}/columns").status_code == 404
        assert client.post(f"/desk/{slug}/columns", data={"order": "label_zh", "shown": "label_zh"}).status_code == 404


def test_links_among_them_take_no_more_statements(client: Browser, people: People, customers: list[Customer]) -> None:
    many(people, 40)
    login(client, people.admin)
    choose(client, "name", "mobile")
    client.get(URL)
    counts = []
    for columns in ("name", "name,owner_id,unit_id,remark"):
        with heard() as seen:
            assert client.get(URL, query_string={"columns": columns}).status_code == 200
        counts.append(len(seen))
    assert counts[1] <= counts[0] + 1 and counts[1] <= 8  # one for all names of linked records

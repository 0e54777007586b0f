"""REL-1, REL-2: typed relations between customers and contacts, their graph, within scope."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import func, select

from app.api import acting_as, session
from app.testing.factories import make_contact, make_customer, make_record
from app.testing.people import Browser, People, login
from app.types import SYSTEM, Refused
from plugins.relations.models import Relation


def relate(**values: object) -> Relation:
    made: Relation = make_record("relations_relation", **values)
    return made


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"to_customer_id": 1}, "from_customer_id"),
        ({"from_customer_id": 1}, "to_customer_id"),
        ({"from_customer_id": 1, "from_contact_id": 1, "to_customer_id": 2}, "from_customer_id"),
        ({"from_customer_id": 1, "to_customer_id": 1}, "to_customer_id"),
        ({"from_customer_id": 1, "to_customer_id": 2, "strength": 6}, "strength"),
        ({"from_customer_id": 1, "to_customer_id": 2, "kind": "shareholder", "percent": "100.5"}, "percent"),
        ({"from_customer_id": 1, "to_customer_id": 2, "kind": "family", "percent": "10"}, "percent"),
        ({"from_customer_id": 1, "to_customer_id": 2, "kind": "enemy"}, "kind"),
        ({"from_customer_id": 1, "to_customer_id": 999}, "to_customer_id"),
    ],
)
def test_what_is_no_relation_is_refused_at_its_field(values: dict[str, object], field: str) -> None:
    first, second = make_customer("甲"), make_customer("乙")
    make_contact(first)
    known = {1: first.id, 2: second.id}
    asked = {
        name: known.get(value, value) if name.endswith("customer_id") and isinstance(value, int) else value
        for name, value in values.items()
    }
    with pytest.raises(Refused) as refused:
        relate(**{"kind": "influence", **asked})
    assert field in refused.value.errors
    with acting_as(SYSTEM):
        assert session.scalar(select(func.count(Relation.id))) == 0


@pytest.mark.usefixtures("app")
def test_the_same_relation_is_kept_once() -> None:
    first, second = make_customer("甲"), make_customer("乙")
    relate(kind="family", from_customer_id=first.id, to_customer_id=second.id)
    with pytest.raises(Refused):
        relate(kind="family", from_customer_id=first.id, to_customer_id=second.id)
    relate(kind="guarantee", from_customer_id=first.id, to_customer_id=second.id)


def family(people: People) -> dict[str, int]:
    """甲 (north) – 乙 (north) – 丙 (south), and a contact of 甲 who influences 乙."""
    first = make_customer("甲公司", people.manager, kind="corporate")
    second = make_customer("乙", people.manager)
    third = make_customer("丙", people.stranger)
    contact = make_contact(first, "联系人丁")
    relate(kind="shareholder", percent="25", from_customer_id=second.id, to_customer_id=first.id, strength=5)
    relate(kind="family", from_customer_id=second.id, to_customer_id=third.id)
    relate(kind="influence", from_contact_id=contact.id, to_customer_id=second.id, strength=1)
    return {"甲": first.id, "乙": second.id, "丙": third.id, "丁": contact.id}


def drawn(client: Browser, customer_id: int, query: str = "depth=2") -> set[str]:
    answer = client.get(f"/relations/graph/customer/{customer_id}?{query}")
    assert answer.status_code == 200, answer.text
    return {node["name"] for node in answer.get_json().get("nodes", [])}


def test_the_graph_shows_what_is_near_with_its_share(client: Browser, people: People) -> None:
    ids = family(people)
    login(client, people.admin)
    assert drawn(client, ids["甲"]) == {"甲公司", "乙", "丙", "联系人丁"}
    assert drawn(client, ids["甲"], "depth=1") == {"甲公司", "乙"}
    assert drawn(client, ids["甲"], "depth=2&kinds=shareholder") == {"甲公司", "乙"}
    assert drawn(client, ids["甲"], "depth=2&strength=3") == {"甲公司", "乙", "丙"}
    links = client.get(f"/relations/graph/customer/{ids['甲']}").get_json()["links"]
    assert any(link["text"].endswith("25%") for link in links)


def test_nobody_sees_a_strangers_customer_through_the_graph(client: Browser, people: People) -> None:
    ids = family(people)
    login(client, people.manager)
    assert drawn(client, ids["乙"]) == {"甲公司", "乙", "联系人丁"}
    assert client.get(f"/relations/graph/customer/{ids['丙']}").status_code == 404
    login(client, people.stranger)
    assert client.get(f"/relations/graph/customer/{ids['乙']}").status_code == 404
    assert drawn(client, ids["丙"]) == set()
    page = client.get("/relations/list/")
    assert page.status_code == 200 and "乙" not in page.text


@pytest.mark.parametrize(
    "query", ["depth=9", "depth=-1", "depth=x", "strength=6", "kinds=enemy", "kinds=%27--"]
)
def test_odd_filters_are_refused(client: Browser, people: People, query: str) -> None:
    ids = family(people)
    login(client, people.admin)
    assert client.get(f"/relations/graph/customer/{ids['甲']}?{query}").status_code == 400


def test_a_party_of_no_kind_or_huge_number_is_not_found(client: Browser, people: People) -> None:
    login(client, people.admin)
    assert client.get("/relations/graph/employee/1").status_code == 404
    assert client.get("/relations/graph/customer/99999999999999999999").status_code == 404


def test_a_customer_without_relations_has_a_hint(client: Browser, people: People) -> None:
    lonely = make_customer("孤", people.manager)
    login(client, people.manager)
    assert "empty" in client.get(f"/relations/graph/customer/{lonely.id}").get_json()
    tab = client.get(f"/customer/show/{lonely.id}/tab/relations", htmx=True)
    assert tab.status_code == 200 and "data-graph" in tab.text


def submit(client: Browser, **values: object) -> Any:
    """The form of a new relation as a person sends it, with the token that makes it count once."""
    token = re.search(r'name="_token" value="([^"]+)"', client.get("/relations/add").text)
    assert token is not None
    return client.post("/relations/add", data={"_token": token[1], **values})


def test_a_relation_is_made_on_the_form(client: Browser, people: People) -> None:
    first, second = make_customer("甲", people.manager), make_customer("乙", people.manager)
    other = make_customer("丙", people.stranger)
    login(client, people.manager)
    made = submit(client, kind="family", from_customer_id=first.id, to_customer_id=second.id)
    assert made.status_code in (302, 303), made.text
    refused = submit(client, kind="family", from_customer_id=first.id, to_customer_id=other.id)
    assert refused.status_code == 422
    with acting_as(SYSTEM):
        assert session.scalar(select(func.count(Relation.id))) == 1

"""Long lists: every way of paging shows the same rows once; the number of statements stays small."""

from __future__ import annotations

import re

import pytest

from app.base.views import listing
from app.customers.models import Customer
from app.testing.factories import make_activity, make_contact
from app.testing.people import Browser, People, login
from app.testing.statements import heard
from tests.kernel.base.lists import ROW, URL, many, rows

COUNT = re.compile(r'id="list-count">([^<]*)<')


def test_going_on_shows_every_row_once_and_back_again(client: Browser, people: People) -> None:
    many(people, 70)
    login(client, people.manager)
    for sort in ("", "last_followed_at", "-last_followed_at", "-name", "level", "-owner_id"):
        walk(client, sort)


def walk(client: Browser, sort: str) -> None:
    """Go through a list of 70 rows by its links forward and back, by page numbers, and by its ids."""
    address: str | None = f"{URL}?sort={sort}" if sort else URL
    forward: list[list[int]] = []
    back_link = None
    while address:
        text = client.get(address).text
        forward.append([int(found) for found in ROW.findall(text)])
        back_link = link(text, "prev")
        address = link(text, "next")
    assert [len(page) for page in forward] == [20] * 3 + [10]
    everything = [pk for page in forward for pk in page]
    assert len(set(everything)) == 70
    backward = []
    while back_link:
        text = client.get(back_link).text
        backward.append([int(found) for found in ROW.findall(text)])
        back_link = link(text, "prev")
    assert backward == forward[:-1][::-1]
    by_number = [
        rows(client.get(URL, query_string={"sort": sort, "page": n} if sort else {"page": n})) for n in range(1, 5)
    ]
    assert by_number == forward
    whole = client.get("/customer/ids/", query_string={"sort": sort} if sort else {}).json
    assert whole["ids"] == everything


def link(text: str, rel: str) -> str | None:
    """The address of the previous or next page."""
    found = re.search(rf'href="([^"]+)"[^>]*rel="{rel}"', text)
    return found[1].replace("&amp;", "&") if found else None


def test_a_long_list_is_walked_in_the_same_order(
    client: Browser, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(people, 70)
    login(client, people.manager)
    monkeypatch.setattr(listing, "COUNT_CAP", 25)
    for sort in ("last_followed_at", "-last_followed_at", "id"):
        walk(client, sort)


def test_deep_pages_hold_the_same_rows(client: Browser, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    many(people, 70)
    login(client, people.manager)
    for sort in ("id", "-last_followed_at", "owner_id", "level"):
        plain = [rows(client.get(f"{URL}?sort={sort}&page={page}")) for page in range(1, 5)]
        with monkeypatch.context() as patched:
            patched.setattr(listing, "DEEP", 20)
            assert [rows(client.get(f"{URL}?sort={sort}&page={page}")) for page in range(1, 5)] == plain


def test_a_page_beyond_the_end_says_so(client: Browser, people: People) -> None:
    many(people, 25)
    answer = login(client, people.manager).get(f"{URL}?page=400")
    assert answer.status_code == 200
    assert "已超出列表末页" in answer.text and rows(answer) == []


def test_the_count_stops_at_its_cap(client: Browser, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    many(people, 45)
    monkeypatch.setattr("app.base.views.listing.COUNT_CAP", 30)
    answer = login(client, people.manager).get(f"{URL}?page=2")
    assert 'id="list-count">30+<' in answer.text
    assert "21～40 / 30+" in answer.text


def test_the_count_of_one_scope_is_that_of_its_rows(
    client: Browser, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Own, shared and unit records overlap: counted once, below the cap as well as at it."""
    many(people, 30)
    many(people, 5, people.stranger)
    for person, seen in ((people.head, 30), (people.city_manager, 35), (people.stranger, 5), (people.admin, 35)):
        login(client, person)
        for cap in (seen, seen + 1, seen - 1, 3):
            monkeypatch.setattr(listing, "COUNT_CAP", cap)
            shown = f"{cap}+" if seen > cap else str(seen)
            assert COUNT.findall(client.get(URL).text) == [shown], (person.name, cap)


def test_a_request_stays_within_eight_statements(client: Browser, people: People, customers: list[Customer]) -> None:
    many(people, 60)
    for customer in customers[:2]:
        make_contact(customer)
        make_activity(customer, people.manager)
    pk = customers[0].id
    login(client, people.admin).get(URL)
    counts = {}
    for address in (
        URL, f"{URL}?sort=-last_followed_at&page=3",
        f"{URL}?f.owner_id={people.manager.employee_id}&sort=name",
        "/activity/list/", "/contact/list/", "/customer_ownership/list/", "/employee/list/", "/unit/list/",
        f"/customer/show/{pk}", f"/customer/show/{pk}/tab/history", f"/customer/edit/{pk}", "/customer/add",
        "/customer/pick/owner_id?q=张", "/customer/form-state?kind=corporate",
    ):  # fmt: skip
        with heard() as seen:
            assert client.get(address, htmx="/tab/" in address).status_code == 200
        counts[address] = len(seen)
    assert {address: number for address, number in counts.items() if number > 8} == {}

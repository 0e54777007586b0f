"""SEC-7: a file made under wider rights is not handed out once they are narrower; it can be made anew."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from app.access.actors import acting_as
from app.access.models import FieldPermission, RoleScope
from app.db import session, transaction
from app.organisation.models import Employee
from app.testing.factories import make_customer
from app.testing.people import Browser, People, login
from app.transfer.models import Export
from app.types import SYSTEM


@pytest.fixture
def file(client: Browser, people: People) -> str:
    """The address of a file the head of a department has made of two columns."""
    make_customer("张三", people.manager, mobile="13800135678")
    login(client, people.head)
    asked = {"format": "csv", "column": ["name", "mobile"], "reason": "季度核对"}
    answer = client.post("/export/start/customer?f.name=张", data=asked)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def restrict(people: People, name: str) -> None:
    values = {"role_id": people.head.role_id, "entity": "customer", "field": name, "level": "masked"}
    with acting_as(SYSTEM), transaction() as current:
        current.add(FieldPermission(**values))


def fetch(client: Browser, address: str) -> Any:
    return client.get(address, buffered=True)


def test_a_field_masked_since_keeps_the_file_back_and_offers_another(
    client: Browser, people: People, file: str
) -> None:
    assert "13800135678" in fetch(client, file).text
    restrict(people, "mobile")
    refused = fetch(client, file)
    assert refused.status_code == 403 and "13800135678" not in refused.text
    assert "/export/start/customer?f.name=" in refused.text
    assert client.get(file.removesuffix("file")).status_code == 403
    assert session.query(Export.download_count).scalar() == 1
    asked = {"format": "csv", "column": ["name", "mobile"], "reason": "季度核对"}
    again = client.post("/export/start/customer?f.name=张", data=asked, follow_redirects=True, buffered=True)
    assert again.status_code == 200 and "张三" in again.text and "13800135678" not in again.text


def test_a_field_that_only_filtered_counts_too_and_another_does_not(client: Browser, people: People, file: str) -> None:
    restrict(people, "id_number")
    assert fetch(client, file).status_code == 200
    restrict(people, "name")
    assert fetch(client, file).status_code == 403


def test_a_narrower_scope_or_another_place_keeps_the_file_back(client: Browser, people: People, file: str) -> None:
    place = RoleScope.role_id == people.head.role_id, RoleScope.entity == "customer"
    for scope, code in (("all", 200), ("unit_and_below", 200), ("own", 403), ("unit", 200)):
        with transaction() as current:
            current.execute(update(RoleScope).where(*place).values(scope=scope))
        assert fetch(client, file).status_code == code, scope
    for unit, code in ((people.south.id, 403), (people.north.id, 200)):
        with acting_as(SYSTEM), transaction() as current:
            employee = Employee.id == people.head.employee_id
            current.execute(update(Employee).where(employee).values(unit_id=unit))
        assert fetch(client, file).status_code == code


def test_a_file_of_which_nothing_is_known_is_kept_back(client: Browser, people: People, file: str) -> None:
    with transaction() as current:
        current.execute(update(Export).values(reach=None))
    assert fetch(client, file).status_code == 403

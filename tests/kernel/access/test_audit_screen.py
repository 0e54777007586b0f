"""SEC-5: the audit administrator finds who did what, when, and reads it as people say it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from app.access.actors import acting_as
from app.access.audit import Act, record_acts
from app.access.audit.reading import PAGE_SIZE, AuditQuery, read_entries
from app.access.models import AuditEntry
from app.db import session, transaction
from app.fields.records import update_record
from app.host.context import entity
from app.testing.factories import make_customer
from app.testing.people import Browser, People, Person, login
from app.types import SYSTEM


@pytest.fixture
def auditor(people: People) -> Person:
    return people.add("shen", "沈审计", people.head_office, "audit_admin")


def test_the_log_is_for_the_audit_administrator(client: Browser, people: People, auditor: Person) -> None:
    for person, code in ((people.manager, 403), (people.head, 403), (auditor, 200), (people.admin, 200)):
        login(client, person)
        assert client.get("/audit/").status_code in (code, 302 if code == 403 else code)


def test_a_change_is_read_as_people_say_it(client: Browser, people: People, auditor: Person) -> None:
    customer = make_customer("赵六", people.manager, level="normal")
    with acting_as(people.manager.actor):
        update_record(entity("customer"), customer, {"level": "key", "name": "<script>alert(1)</script>"})
    login(client, auditor)
    text = client.get(f"/audit/?entity=customer&record={customer.id}&action=update").text
    assert "张经理" in text
    assert "客户级别" in text
    assert "重点" in text
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_entries_are_found_by_time_person_thing_and_act(client: Browser, people: People, auditor: Person) -> None:
    with time_machine.travel(datetime(2026, 3, 1, 20, tzinfo=UTC), tick=False):
        customer = make_customer("赵六", people.manager)
    with acting_as(people.head.actor):
        update_record(entity("customer"), customer, {"remark": "改"})
    login(client, auditor)

    def found(query: str) -> int:
        response = client.get(f"/audit/?entity=customer&{query}")
        assert response.status_code == 200
        return response.text.count('id="entry-')

    assert found("from=2026-03-01") == 2
    # 20:00 UTC on the first of March is the second in Shanghai
    assert found("from=2026-03-02&to=2026-03-02") == 1
    assert found("from=2026-03-01&to=2026-03-01") == 0
    assert found("action=update") == 1
    assert found("who=wu") == found("who=吴主管") == found("who=E-wu") == 1
    assert found("who=system&from=2026-01-01") == 1
    assert found("who=nobody-of-this-name") == 0
    assert found("record=999999") == 0


def test_without_a_first_day_thirty_days_are_searched_and_the_screen_says_so(
    client: Browser, people: People, auditor: Person
) -> None:
    with time_machine.travel(datetime(2026, 3, 1, 20, tzinfo=UTC), tick=False):
        customer = make_customer("赵六", people.manager)
    login(client, auditor)

    def found(query: str) -> tuple[int, str]:
        page = client.get(f"/audit/?{query}").text
        return page.count('id="entry-'), page.partition('id="searched-range">')[2].partition("</p>")[0]

    with time_machine.travel(datetime(2026, 3, 20, 20, tzinfo=UTC), tick=False):
        login(client, auditor)
        searched = "查询范围：2026-02-20 至 2026-03-21。 未填写开始日期时，默认查询 30 天。"
        assert found("entity=customer") == (1, searched)
    with time_machine.travel(datetime(2026, 4, 20, 20, tzinfo=UTC), tick=False):
        login(client, auditor)
        assert found("entity=customer")[0] == 0
        assert found("entity=customer&to=2026-03-02")[0] == 1
        assert found("entity=customer&from=2026-03-01") == (1, "查询范围：2026-03-01 至 2026-04-21。")
        assert found(f"entity=customer&record={customer.id}") == (1, "查询范围：全部日期（已指定一条记录）。")


def test_a_question_not_understood_shows_nothing(client: Browser, auditor: Person) -> None:
    login(client, auditor)
    for query in (
        "from=gestern",
        "from=2026-02-02&to=2026-02-01",
        "entity=bogus",
        "who=" + "x" * 61,
        "before=-1",
        "before=1e9",
    ):
        response = client.get(f"/audit/?{query}")
        assert response.status_code == 400, query
        assert 'id="entry-' not in response.text


def test_pages_go_on_from_an_entry(people: People) -> None:
    with acting_as(SYSTEM), transaction() as current:
        record_acts(current, (Act("tested", "customer", str(i)) for i in range(PAGE_SIZE * 2 + 5)))
    seen: list[int] = []
    before = None
    while True:
        rows, more = read_entries(AuditQuery(action="tested", before=before))
        seen += [row.id for row in rows]
        if not more:
            break
        before = rows[-1].id
    everything = session.scalars(select(AuditEntry.id).where(AuditEntry.action == "tested")).all()
    assert seen == sorted(everything, reverse=True)


def test_keys_by_hand(client: Browser, people: People) -> None:
    login(client, people.admin)
    ends = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    asked = {"name": "呼叫中心", "expires_on": ends, "scopes": ["customer:read", "activity:create"]}
    made = client.post("/keys/add", data=asked)
    assert made.status_code == 200
    raw = made.text.partition('id="once" value="')[2].partition('"')[0]
    assert raw.startswith("qk_")
    page = client.get("/keys/").text
    assert raw not in page
    assert "呼叫中心" in page
    assert client.get("/api/v1/customer/", headers={"Authorization": f"Bearer {raw}"}).status_code == 200
    bad = client.post("/keys/add", data={"name": "", "expires_on": "bald", "scopes": []})
    assert bad.status_code == 422
    from app.base.security.keys import keys_of

    key_id = keys_of(people.admin.user_id)[0].id
    assert client.post(f"/keys/{key_id}/revoke", csrf=False).status_code == 400
    assert client.post(f"/keys/{key_id}/revoke").status_code == 302
    assert client.get("/api/v1/customer/", headers={"Authorization": f"Bearer {raw}"}).status_code == 401

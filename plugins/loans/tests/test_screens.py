"""Loans as people meet them: forms filled in, acts that fit, schedules shown and exported, files, REST."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.api import Customer, Model, acting_as, session
from app.testing.people import Browser, People, login
from app.types import SYSTEM
from plugins.loans.models import Application, Development
from plugins.loans.services import change_state
from plugins.loans.tests.conftest import apply_for, develop

TERMS = {"amount": "120000", "annual_rate": "6", "months": "12", "method": "equal_principal", "start_on": "2026-01-31"}


def reread(record):
    with acting_as(SYSTEM):
        return session.get(type(record), record.id)


def token_in(page: str) -> str:
    return page.partition('name="_token" value="')[2].partition('"')[0]


def test_the_form_starts_with_customer_development_and_settings(
    people: People, customer: Customer, client: Browser
) -> None:
    development = develop(people.manager, customer, expected_amount="300000", name="设备贷款")
    login(client, people.manager)
    page = client.get(f"/loans_application/add?development_id={development.id}")
    assert page.status_code == 200
    for text in ("桥江商贸有限公司", "设备贷款", 'value="12"', 'value="4.35"', "300"):
        assert text in page.text, text
    page = client.get(f"/loans_application/add?customer_id={customer.id}")
    assert "桥江商贸有限公司" in page.text
    login(client, people.stranger)
    assert client.get(f"/loans_application/add?customer_id={customer.id}").status_code == 404
    assert client.get(f"/loans_application/add?development_id={development.id}").status_code == 404


def test_an_application_is_written_and_shown(people: People, customer: Customer, client: Browser) -> None:
    login(client, people.manager)
    token = token_in(client.get("/loans_application/add").text)
    wrong = client.post(
        "/loans_application/add", data={**TERMS, "amount": "0", "customer_id": customer.id, "_token": token}
    )
    assert wrong.status_code == 422
    assert "0.01" in wrong.text
    foreign = client.post(
        "/loans_application/add", data={**TERMS, "state": "granted", "customer_id": customer.id, "_token": token}
    )
    assert foreign.status_code == 422
    saved = client.post("/loans_application/add", data={**TERMS, "customer_id": customer.id, "_token": token})
    assert saved.status_code == 303
    with acting_as(SYSTEM):
        made = session.scalars(select(Application)).one()
    page = client.get(f"/loans_application/show/{made.id}").text
    for text in (made.number, "桥江商贸有限公司", "12.00万元", "10,600.00 元", "3,900.00 元"):
        assert text in page, text
    tab = client.get(f"/loans_application/show/{made.id}/tab/loans_schedule", htmx=True).text
    for text in ("10,600.00", "2026-02-28", "123,900.00", "合计"):
        assert text in tab, text


def test_the_schedule_is_seen_while_typing(people: People, client: Browser) -> None:
    login(client, people.manager)
    shown = client.get("/loans_application/terms", query_string=TERMS, htmx=True)
    assert "10,600.00" in shown.text
    long = client.get("/loans_application/terms", query_string={**TERMS, "months": "360"}, htmx=True)
    assert "…" in long.text
    for wrong in ({"amount": ""}, {"months": "601"}, {"annual_rate": "x"}, {"start_on": "9999-12-31"}):
        answer = client.get("/loans_application/terms", query_string={**TERMS, **wrong}, htmx=True)
        assert answer.status_code == 200
        assert "schedule-missing" in answer.text


def test_the_schedule_as_a_file(people: People, customer: Customer, client: Browser) -> None:
    made = apply_for(people.manager, customer, method="equal_principal", annual_rate="6")
    address = f"/loans_application/schedule/{made.id}.csv"
    login(client, people.manager)
    assert client.get(address).status_code == 403
    login(client, people.head)
    file = client.get(address)
    lines = file.data.decode("utf-8-sig").splitlines()
    assert lines[1] == "1,2026-02-28,10600.00,10000.00,600.00,110000.00"
    assert lines[-1] == "合计,,123900.00,120000.00,3900.00,"
    assert made.number in file.headers["Content-Disposition"]
    log = Model.metadata.tables["access_audit"].c
    entry = session.execute(select(log.record_id, log.label, log.changes).where(log.action == "export")).one()
    assert (entry.record_id, entry.label, entry.changes["rows"]) == (str(made.id), made.number, [None, 12])
    other = people.add("south", "南主管", people.south, "department_head")
    login(client, other)
    assert client.get(address).status_code == 404


def test_only_the_acts_that_fit_are_offered(people: People, customer: Customer, client: Browser) -> None:
    made = apply_for(people.manager, customer)
    address = f"/loans_application/show/{made.id}"

    def offered(person) -> set[str]:
        login(client, person)
        page = client.get(address).text
        names = ("submit", "take_back", "withdraw", "grant", "refuse", f"edit/{made.id}")
        return {name for name in names if f"/loans_application/{name}" in page}

    assert offered(people.manager) == {"submit", "withdraw", f"edit/{made.id}"}
    login(client, people.manager)
    client.post("/loans_application/submit", data={"ids": made.id})
    assert reread(made).state == "submitted"
    assert offered(people.manager) == {"take_back", "withdraw"}
    assert {"grant", "refuse"} <= offered(people.head)
    client.post("/loans_application/grant", data={"ids": made.id, "note": "同意"}, htmx=True)
    assert reread(made).state == "granted"
    assert offered(people.head) == set()


def test_deciding_in_a_dialog(people: People, customer: Customer, client: Browser) -> None:
    made, other = apply_for(people.manager, customer), apply_for(people.manager, customer)
    with acting_as(people.manager.actor):
        change_state(made, "submitted")
    login(client, people.manager)
    assert client.post("/loans_application/grant", data={"ids": made.id}).status_code == 403
    login(client, people.head)
    assert client.get(f"/loans_application/refuse?ids={made.id}", htmx=True).status_code == 200
    assert client.post("/loans_application/refuse", data={"ids": made.id}, htmx=True).status_code == 422
    both = client.post("/loans_application/refuse", data={"ids": f"{made.id},{other.id}", "note": "负债率过高"})
    assert both.status_code == 303
    assert (reread(made).state, reread(other).state) == ("refused", "draft")
    assert f"{other.number}: " in client.get("/loans_application/list/").text
    login(client, people.stranger)
    client.post("/loans_application/withdraw", data={"ids": other.id})
    assert reread(other).state == "draft"
    assert client.post("/loans_application/withdraw", data={"ids": other.id}, csrf=False).status_code == 400


def test_stages_move_on_the_screen(people: People, customer: Customer, client: Browser) -> None:
    made = develop(people.manager, customer)
    login(client, people.manager)
    assert "下一阶段" in client.get(f"/loans_development/show/{made.id}").text
    client.post("/loans_development/forward", data={"ids": made.id})
    assert reread(made).stage == "need"
    client.post("/loans_development/forward", data={"ids": made.id})
    assert reread(made).stage == "need", "the proposal needs an amount"
    assert client.post("/loans_development/lose", data={"ids": made.id}, htmx=True).status_code == 422
    client.post("/loans_development/lose", data={"ids": made.id, "reason": "无意向"}, htmx=True)
    assert reread(made).stage == "lost"
    page = client.get(f"/loans_development/show/{made.id}").text
    assert "/loans_development/forward" not in page
    assert "无意向" in page


def test_an_application_carries_files(people: People, customer: Customer, client: Browser) -> None:
    made = apply_for(people.manager, customer)
    login(client, people.manager)
    file = (io.BytesIO(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"), "财务报表.pdf")
    sent = client.post(
        f"/attachment/loans_application/{made.id}", data={"file": file}, content_type="multipart/form-data"
    )
    assert sent.status_code in (200, 303), sent.text
    assert "财务报表.pdf" in client.get(f"/loans_application/show/{made.id}/tab/attachments", htmx=True).text
    login(client, people.stranger)
    assert client.get(f"/loans_application/show/{made.id}/tab/attachments").status_code == 404


def test_the_customer_and_the_home_page_tell_of_loans(people: People, customer: Customer, client: Browser) -> None:
    development = develop(people.manager, customer, name="流动资金贷款")
    made = apply_for(people.manager, customer, development_id=development.id)
    with acting_as(people.manager.actor):
        change_state(made, "submitted")
    login(client, people.manager)
    assert "流动资金贷款" in client.get(f"/customer/show/{customer.id}/tab/loans_developments", htmx=True).text
    tab = client.get(f"/customer/show/{customer.id}/tab/loans_applications", htmx=True).text
    assert made.number in tab
    assert f"/loans_application/add?customer_id={customer.id}" in tab
    timeline = client.get(f"/customer/show/{customer.id}/timeline").text
    assert "业务拓展立项" in timeline
    assert made.number in timeline
    assert made.number in client.get("/").text
    login(client, people.head)
    assert made.number in client.get("/").text
    login(client, people.stranger)
    assert made.number not in client.get("/").text
    with acting_as(people.manager.actor):
        tab = client_tab(client, people, development)
    assert f"development_id={development.id}" in tab
    assert f"customer_id={customer.id}" in tab


def client_tab(client: Browser, people: People, development: Development) -> str:
    login(client, people.manager)
    return client.get(f"/loans_development/show/{development.id}/tab/loans_applications", htmx=True).text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_opens(people: People, customer: Customer, client: Browser, language: str) -> None:
    development = develop(people.manager, customer)
    made = apply_for(people.manager, customer)
    login(client, people.admin)
    client.get(f"/language/{language}")
    for path in (
        "/loans_development/list/", "/loans_development/add", f"/loans_development/show/{development.id}",
        f"/loans_development/edit/{development.id}", "/loans_application/list/", "/loans_application/add",
        f"/loans_application/show/{made.id}", f"/loans_application/edit/{made.id}", "/loans_instalment/list/",
        f"/loans_application/show/{made.id}/tab/loans_schedule", "/",
    ):  # fmt: skip
        assert client.get(path).status_code == 200, path


# --- REST ---------------------------------------------------------------------------------------------------


def test_over_rest(people: People, customer: Customer, client: Browser) -> None:
    login(client, people.manager)
    sent = {
        "customer_id": customer.id,
        "amount": "120000.00",
        "annual_rate": "4.35",
        "months": 12,
        "start_on": "2026-01-31",
    }
    made = client.post("/api/v1/loans_application/", json=sent)
    assert made.status_code == 201, made.text
    number = made.json["id"]
    assert client.get(f"/api/v1/loans_application/{number}").json["result"]["state"] == "draft"
    for name, value in {"state": "granted", "owner_id": 1, "number": "A1", "amount": "0"}.items():
        assert client.post("/api/v1/loans_application/", json={**sent, name: value}).status_code == 422, name
        assert client.put(f"/api/v1/loans_application/{number}", json={name: value}).status_code == 422, name
    assert client.delete(f"/api/v1/loans_application/{number}").status_code in (404, 405)
    lines = client.get("/api/v1/loans_instalment/").json
    assert lines["count"] == 12
    login(client, people.stranger)
    assert client.get(f"/api/v1/loans_application/{number}").status_code == 404
    assert client.post("/api/v1/loans_application/", json=sent).status_code == 422
    assert client.get("/api/v1/loans_instalment/").json["count"] == 0
    with acting_as(SYSTEM):
        assert session.scalar(select(Application.amount)) == Decimal(120_000)

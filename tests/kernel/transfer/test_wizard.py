"""TRF-1 on screen: upload, columns, check, run, result, errors, review, undo; nobody reaches what is
another's."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from sqlalchemy import func, select

from app.access.models import AuditEntry
from app.customers.models import Customer
from app.db import session
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, login
from app.transfer.models import Import
from tests.kernel.transfer.tables import csv_bytes, xlsx_bytes

HEAD = ("name", "code", "mobile", "kind")


def upload(client: Browser, content: bytes, name: str = "a.csv", entity: str = "customer") -> Any:
    return client.post(f"/import/start/{entity}", data={"file": (io.BytesIO(content), name)})


def number(answer: Any) -> int:
    found = re.search(r"/import/(\d+)/", answer.headers["Location"])
    assert found
    return int(found[1])


def count(model: type = Customer) -> int:
    return session.scalar(select(func.count()).select_from(model).execution_options(qiao_unscoped=True)) or 0


def mapped(client: Browser, pk: int, duplicates: str = "skip", **fields: str) -> Any:
    page = client.get(f"/import/{pk}/columns")
    chosen = {}
    for place, options in enumerate(re.findall(r'<select[^>]*name="column-\d+".*?</select>', page.text, re.S)):
        found = re.search(r'value="(\w+)" selected', options)
        chosen[f"column-{place}"] = found[1] if found else ""
    return client.post(f"/import/{pk}/columns", data={**chosen, "duplicates": duplicates, **fields})


def test_the_whole_way(client: Browser, people: People) -> None:
    login(client, people.admin)
    assert client.get("/import/start/customer").status_code == 200
    answer = upload(client, csv_bytes(HEAD, ("张三", "K1", "13800138000", "personal"), ("李四", "K2", "?", "")))
    assert answer.status_code == 303
    pk = number(answer)
    page = client.get(f"/import/{pk}/columns").text
    assert page.count("selected") >= 4 and "张三" in page

    assert mapped(client, pk).status_code == 303
    page = client.get(f"/import/{pk}/").text
    assert "张三" not in page and count() == 0
    assert client.post(f"/import/{pk}/run").status_code == 303
    run_pending()
    made = session.get_one(Import, pk)
    assert (made.status, made.created_count, made.failed_count) == ("done", 1, 1)
    assert client.get(f"/import/{pk}/").status_code == 200
    assert "a.csv" in client.get("/import/").text

    errors = client.get(f"/import/{pk}/errors", buffered=True)
    assert errors.data.startswith(b"\xef\xbb\xbf") and "attachment" in errors.headers["Content-Disposition"]
    lines = errors.data.decode("utf-8-sig").splitlines()
    assert lines[1].startswith("李四,K2,?,,") and len(lines) == 2
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "export")).one()
    assert (entry.entity, entry.changes["rows"]) == ("customer", [None, 1])

    again = number(upload(client, errors.data.replace(b"?", b"13900139000"), "mended.csv"))
    mapped(client, again)
    client.post(f"/import/{again}/run")
    run_pending()
    assert session.get_one(Import, again).created_count == 1 and count() == 2

    assert client.post(f"/import/{pk}/undo").status_code == 303
    run_pending()
    assert session.get_one(Import, pk).status == "undone" and count() == 1
    assert client.get(f"/import/{pk}/").status_code == 200
    assert "fields:" in client.get(f"/import/{pk}/mapping").text


def test_columns_are_remembered_for_the_next_file(client: Browser, people: People) -> None:
    login(client, people.admin)
    rows = (("Wie heißt er", "Nr"), ("张三", "K1"))
    pk = number(upload(client, csv_bytes(*rows)))
    refused = mapped(client, pk)
    assert refused.status_code == 400 and "alert-danger" in refused.text
    data = {"column-0": "name", "column-1": "code", "duplicates": "update"}
    assert client.post(f"/import/{pk}/columns", data=data).status_code == 303
    second = number(upload(client, csv_bytes(rows[0], ("李四", "K2"))))
    page = client.get(f"/import/{second}/columns").text
    assert re.search(r'value="name" selected', page) and re.search(r'value="code" selected', page)


def test_duplicates_are_decided_on_screen(client: Browser, people: People) -> None:
    login(client, people.admin)
    for rows, duplicates in (
        ((("张三", "K1"), ("李四", "K2"), ("王五", "K3")), "skip"),
        ((("张三丰", "K1"), ("李四光", "K2"), ("王五一", "K3")), "ask"),
    ):
        pk = number(upload(client, csv_bytes(("name", "code"), *rows)))
        mapped(client, pk, duplicates)
        client.post(f"/import/{pk}/run")
        run_pending()
    assert session.get_one(Import, pk).status == "review"
    page = client.get(f"/import/{pk}/review").text
    rows = re.findall(r'name="row-(\d+)" value="update"', page)
    assert len(rows) == 3 and "张三丰" in page and ">张三<" in page
    client.post(f"/import/{pk}/review", data={f"row-{rows[0]}": "update", f"row-{rows[1]}": "skip", "rest": ""})
    run_pending()
    assert session.get_one(Import, pk).status == "review"
    client.post(f"/import/{pk}/review", data={"rest": "update"})
    run_pending()
    made = session.get_one(Import, pk)
    assert (made.status, made.updated_count, made.skipped_count) == ("done", 2, 1)
    names = set(session.scalars(select(Customer.name).execution_options(qiao_unscoped=True)))
    assert names == {"张三丰", "李四", "王五一"}


def test_bad_files_are_refused_in_words_and_leave_nothing(client: Browser, people: People) -> None:
    login(client, people.admin)
    for content, name in (
        (csv_bytes(HEAD, ("a", "b", "c", "d")), "a.xlsx"),
        (b"%PDF-1.7", "a.csv"),
        (b"", "a.csv"),
        (xlsx_bytes(HEAD), "../../etc/passwd.csv"),
    ):
        answer = upload(client, content, name)
        assert answer.status_code == 400 and "alert-danger" in answer.text
    assert count(Import) == 0
    from app.transfer.services import storage

    assert not list(storage.folder("imports").iterdir())


def test_a_path_in_a_name_stays_a_name(client: Browser, people: People) -> None:
    login(client, people.admin)
    pk = number(upload(client, csv_bytes(("name",), ("张三",)), "..\\..\\secret/../a\u202egpj.csv"))
    assert session.get_one(Import, pk).file_name == "agpj.csv"


def test_imports_belong_to_who_made_them(client: Browser, people: People) -> None:
    login(client, people.admin)
    pk = number(upload(client, csv_bytes(("name", "kind"), ("", "?"))))
    mapped(client, pk)
    client.post(f"/import/{pk}/run")
    run_pending()
    assert client.get(f"/import/{pk}/errors", buffered=True).status_code == 200
    login(client, people.add("other", "另管理", people.head_office, "Admin"))
    for path in ("", "columns", "errors", "review", "mapping"):
        assert client.get(f"/import/{pk}/{path}").status_code == 404
    for path in ("run", "undo", "check", "discard"):
        assert client.post(f"/import/{pk}/{path}").status_code == 404
    login(client, None)
    assert client.get(f"/import/{pk}/").status_code == 302


def test_without_the_right_nothing_can_be_imported(client: Browser, people: People) -> None:
    login(client, people.manager)
    for entity in ("customer", "unit", "customer_ownership", "nonsense"):
        assert client.get(f"/import/start/{entity}").status_code == 403
        assert upload(client, csv_bytes(("code", "name"), ("1", "x")), entity=entity).status_code == 403
    assert count(Import) == 0


def test_an_import_stays_within_the_scope(client: Browser, people: People) -> None:
    """A department head may import for the own unit: neither put customers elsewhere nor touch them there."""
    login(client, people.admin)
    before = csv_bytes(("name", "code", "owner_id"), ("旧客户", "S0", "E-wang"))
    pk = number(upload(client, before))
    mapped(client, pk)
    client.post(f"/import/{pk}/run")
    run_pending()

    login(client, people.head)
    rows = (("甲", "S1", "E-wang"), ("乙", "S2", "E-zhang"), ("改名", "S0", "E-zhang"))
    pk = number(upload(client, csv_bytes(("name", "code", "owner_id"), *rows)))
    mapped(client, pk, "update")
    client.post(f"/import/{pk}/run")
    run_pending()
    made = session.get_one(Import, pk)
    assert (made.created_count, made.updated_count, made.failed_count) == (1, 0, 2)
    names = select(Customer.code, Customer.name).execution_options(qiao_unscoped=True)
    assert dict(map(tuple, session.execute(names))) == {"S0": "旧客户", "S2": "乙"}


@pytest.mark.parametrize("target", ["id", "created_at", "last_followed_at", "bogus", "password"])
def test_fields_of_the_system_cannot_be_filled(client: Browser, people: People, target: str) -> None:
    login(client, people.admin)
    pk = number(upload(client, csv_bytes(("name", "x"), ("张三", "1"))))
    data = {"column-0": "name", "column-1": target, "duplicates": "skip"}
    assert client.post(f"/import/{pk}/columns", data=data).status_code == 400


def test_progress_is_seen_by_who_asked(client: Browser, people: People) -> None:
    """A department head, who sees no other tasks, sees how far the own import is."""
    login(client, people.head)
    pk = number(upload(client, csv_bytes(("name", "code"), ("张三", "K1"))))
    mapped(client, pk)
    client.post(f"/import/{pk}/run")
    job_id = session.get_one(Import, pk).job_id
    page = client.get(f"/import/{pk}/").text
    address = re.search(r'hx-get="([^"]*progress[^"]*)"', page)
    assert address and client.get(address[1]).status_code == 200
    run_pending()
    assert client.get(address[1]).status_code == 200
    login(client, people.stranger)
    assert client.get(address[1]).status_code in (403, 404) and job_id

"""SEC-7: what leaves the product says why, by whom and how many; roles and days have limits; files expire."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import unquote
from zipfile import ZipFile

import pytest
from python_calamine import load_workbook
from sqlalchemy import select, update

from app.access.actors import acting_as
from app.access.exporting.limits import DEFAULT, keep_limit, limit_of, limit_of_role
from app.access.models import AuditEntry, FieldPermission
from app.db import now, session, transaction
from app.fields.records import create_record
from app.host.context import entity
from app.host.settings import change_settings
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, login
from app.transfer.models import Export
from app.transfer.services import control, exports
from app.types import SYSTEM

REASON = "季度核对 & 对账"


@pytest.fixture
def cast(people: People) -> Iterator[People]:
    with acting_as(SYSTEM):
        for number, name in enumerate(("张三", "李四", "王五"), 1):
            values = {"code": f"K{number}", "name": name, "owner_id": people.manager.employee_id}
            create_record(entity("customer"), values)
    yield people


def export(client: Browser, file_format: str = "csv", query: str = "", follow: bool = True, **data: Any) -> Any:
    wanted = {"format": file_format, "column": ["code", "name"], "reason": REASON, **data}
    return client.post(f"/export/start/customer?{query}", data=wanted, follow_redirects=follow, buffered=True)


def made() -> list[Export]:
    session.expire_all()
    return list(session.scalars(select(Export).order_by(Export.id)))


def acts(action: str) -> list[AuditEntry]:
    return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)))


@pytest.mark.parametrize("reason", ["", "   ", "abc", "因" * 201])
def test_without_a_reason_nothing_is_exported(client: Browser, cast: People, reason: str) -> None:
    login(client, cast.admin)
    assert export(client, reason=reason).status_code == 400
    assert made() == [] and acts("export") == []


def test_a_site_may_do_without_a_reason(client: Browser, cast: People) -> None:
    with acting_as(SYSTEM):
        change_settings({control.REASON: "0"})
    login(client, cast.admin)
    assert "required minlength" not in client.get("/export/start/customer").text
    assert export(client, reason="").status_code == 200
    assert made()[0].reason == ""
    assert export(client, reason="x").status_code == 400


def test_reason_number_and_rows_are_written_down(client: Browser, cast: People) -> None:
    login(client, cast.admin)
    assert export(client, query="f.name=张", reason=f"  {REASON} ").status_code == 200
    kept = made()[0]
    assert (kept.reason, kept.row_count, kept.login, kept.created_by_name) == (REASON, 1, "admin", "管理员")
    changes = acts("export")[0].changes
    assert changes["reason"] == [None, REASON] and changes["rows"] == [None, 1]
    assert changes["export_number"] == [None, kept.id] and changes["masked"] == [None, ""]


def test_a_csv_carries_number_and_login_in_its_name_and_nothing_in_its_rows(client: Browser, cast: People) -> None:
    login(client, cast.admin)
    answer = export(client, query="sort=code")
    name = unquote(answer.headers["Content-Disposition"])
    assert f"-no{made()[0].id}-admin.csv" in name
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == ["K1", "K2", "K3"]


def test_an_xlsx_says_who_when_how_many_why_beside_its_rows(client: Browser, cast: People) -> None:
    login(client, cast.admin)
    answer = export(client, "xlsx", "sort=code")
    assert f"-no{made()[0].id}-admin.xlsx" in unquote(answer.headers["Content-Disposition"])
    book = load_workbook(io.BytesIO(answer.data))
    assert len(book.sheet_names) == 2
    assert [row[0] for row in book.get_sheet_by_index(0).to_python()[1:]] == ["K1", "K2", "K3"]
    about = [row[1] for row in book.get_sheet_by_index(1).to_python()]
    assert about[0] == str(made()[0].id) and about[3] == "管理员 (admin)" and about[5:] == ["3", REASON]
    with ZipFile(io.BytesIO(answer.data)) as parts:
        sheet, core = parts.read("xl/worksheets/sheet1.xml").decode(), parts.read("docProps/core.xml").decode()
    footer = sheet[sheet.index("<oddFooter>") : sheet.index("</oddFooter>")]
    assert "管理员 (admin)" in footer and "季度核对 &amp;&amp; 对账" in footer
    assert "管理员 (admin)" in core


def test_what_is_exported_can_be_imported_again(client: Browser, cast: People) -> None:
    login(client, cast.admin)
    for kind in ("csv", "xlsx"):
        content = export(client, kind, "sort=code").data
        posted = {"file": (io.BytesIO(content), f"customers.{kind}")}
        answer = client.post("/import/start/customer", data=posted, content_type="multipart/form-data")
        assert answer.status_code in (302, 303), answer.text
        page = client.get(answer.headers["Location"]).text
        assert "K1" in page and REASON not in page


def test_the_widest_limit_of_the_exporting_roles_counts(client: Browser, cast: People) -> None:
    role_id = cast.head.role_id
    with acting_as(SYSTEM):
        keep_limit(role_id, 2)
        keep_limit(cast.manager.role_id, None)  # gives no export, so opens nothing
    login(client, cast.head)
    page = export(client)
    assert page.status_code == 400 and "3" in page.text and "2" in page.text
    assert made() == [] and acts("export") == []
    assert export(client, query="f.name=张").status_code == 200
    with acting_as(SYSTEM):
        keep_limit(role_id, 3)
    assert export(client).status_code == 200
    with acting_as(SYSTEM):
        keep_limit(role_id, 0)
    assert export(client, query="f.name=张").status_code == 400


def test_a_role_without_a_limit_has_that_of_the_site(client: Browser, cast: People) -> None:
    assert limit_of(cast.head.actor, "CustomerView") == 10_000
    change_settings({DEFAULT: "2"})
    login(client, cast.head)
    assert export(client).status_code == 400 and made() == []
    keep_limit(cast.head.role_id, 3)
    assert export(client).status_code == 200
    login(client, cast.admin)
    page = client.get(f"/roles/{cast.manager.role_id}").text
    assert "最多 2 行（站点默认）" in page
    change_settings({DEFAULT: "0"})
    keep_limit(cast.head.role_id, None)
    assert limit_of(cast.head.actor, "CustomerView") is None


def test_a_list_that_grows_beyond_the_limit_leaves_no_file(
    client: Browser, cast: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    with acting_as(SYSTEM):
        keep_limit(cast.head.role_id, 3)
    login(client, cast.head)
    assert export(client, "xlsx").status_code == 200
    with acting_as(SYSTEM):
        values = {"code": "K9", "name": "赵六", "owner_id": cast.manager.employee_id}
        create_record(entity("customer"), values)
    run_pending()
    assert [one.stored for one in made()] == [""] and acts("export") == []


def test_rows_of_a_day(client: Browser, cast: People) -> None:
    with acting_as(SYSTEM):
        change_settings({control.PER_DAY: "4"})
    login(client, cast.admin)
    assert export(client).status_code == 200
    page = export(client)
    assert page.status_code == 400 and len(made()) == 1
    assert export(client, query="f.name=张").status_code == 200
    login(client, cast.head)
    assert export(client).status_code == 200  # each person has their own
    with transaction() as current:
        current.execute(update(Export).values(created_at=now() - timedelta(days=2)))
    login(client, cast.admin)
    assert export(client).status_code == 200


def test_the_site_says_how_long_a_file_is_kept(client: Browser, cast: People) -> None:
    with acting_as(SYSTEM):
        change_settings({control.HOURS: "5"})
    login(client, cast.admin)
    assert export(client).status_code == 200
    kept = made()[0]
    assert timedelta(hours=4, minutes=59) < kept.expires_at - kept.created_at < timedelta(hours=5, minutes=1)


def test_every_fetching_is_counted_and_written_down(client: Browser, cast: People) -> None:
    login(client, cast.admin)
    export(client)
    address = f"/export/{made()[0].id}/file"
    assert client.head(address, buffered=True).status_code == 200
    assert client.get(address, buffered=True).status_code == 200
    assert made()[0].download_count == 2 and made()[0].downloaded_at is not None
    assert [entry.changes["rows"] for entry in acts(control.FETCHED)] == [[None, 3], [None, 3]]
    login(client, cast.head)
    assert client.get(address).status_code == 404
    assert made()[0].download_count == 2


def test_who_looks_as_somebody_else_fetches_none_of_their_files(client: Browser, cast: People) -> None:
    login(client, cast.head)
    export(client)
    login(client, cast.admin)
    assert client.post(f"/view-as/login/{cast.head.user_id}").status_code == 302
    assert client.get(f"/export/{made()[0].id}/").status_code == 200
    assert client.get(f"/export/{made()[0].id}/file").status_code == 403
    assert made()[0].download_count == 1


def test_the_log_is_for_auditors(client: Browser, cast: People) -> None:
    auditor = cast.add("shen", "沈审计", cast.head_office, "audit_admin")
    login(client, cast.admin)
    with acting_as(SYSTEM), transaction() as current:
        current.add(FieldPermission(role_id=cast.head.role_id, entity="customer", field="name", level="masked"))
    assert export(client, query=f"f.owner_id={cast.manager.employee_id}").status_code == 200
    login(client, cast.head)
    assert export(client).status_code == 200
    assert client.get("/export-log/").status_code == 403
    login(client, auditor)
    page = client.get("/export-log/").text
    assert page.index('id="export-2"') < page.index('id="export-1"')
    assert "张经理" in page and "管理员" in page and "季度核对 &amp; 对账" in page
    assert made()[1].masked == ["name"]
    assert 'id="export-1"' not in client.get("/export-log/?who=wu").text
    assert 'id="export-2"' in client.get("/export-log/?who=wu").text
    assert 'id="export-1"' not in client.get("/export-log/?before=1").text
    assert 'id="export-1"' in client.get("/export-log/?state=done&entity=customer").text
    only_first = client.get("/export-log/?before=2").text
    assert 'id="export-1"' in only_first and 'id="export-2"' not in only_first
    for state in ("failed", "expired", "queued"):
        assert 'id="export-1"' not in client.get(f"/export-log/?state={state}").text
    for wrong in ("entity=nonsense", "state=x", "from=yesterday", "before=-1", "from=2026-02-02&to=2026-01-01"):
        assert client.get(f"/export-log/?{wrong}").status_code == 400, wrong


def test_a_filter_by_a_field_the_reader_may_not_read_is_kept_back(client: Browser, cast: People) -> None:
    auditor = cast.add("shen", "沈审计", cast.head_office, "audit_admin")
    login(client, cast.admin)
    export(client, query="f.name=张三")
    login(client, auditor)
    assert "张三" in client.get("/export-log/").text
    with acting_as(SYSTEM), transaction() as current:
        current.add(FieldPermission(role_id=auditor.role_id, entity="customer", field="name", level="masked"))
    page = client.get("/export-log/").text
    assert "张三" not in page and "***" in page


def test_a_role_gets_its_limit_on_its_page(client: Browser, cast: People) -> None:
    role_id = cast.head.role_id
    login(client, cast.admin)
    page = client.post(f"/roles/{role_id}/limit", data={"rows": "5,000"}, follow_redirects=True)
    assert page.status_code == 200 and "5,000" in page.text and limit_of_role(role_id) == 5000
    assert acts("update")[-1].changes == {"export_limit": [None, 5000]}
    for wrong in ("-1", "many", "1e3", "9999999999"):
        assert client.post(f"/roles/{role_id}/limit", data={"rows": wrong}).status_code == 422
    assert limit_of_role(role_id) == 5000
    assert client.post(f"/roles/{role_id}/limit", data={"rows": ""}).status_code == 302
    assert limit_of_role(role_id) is None
    login(client, cast.head)
    assert client.post(f"/roles/{role_id}/limit", data={"rows": "1"}).status_code == 403


def test_nobody_widens_their_own_exports(client: Browser, cast: People) -> None:
    keeper = cast.add("ren", "任安全", cast.head_office, "security_admin")
    with acting_as(SYSTEM):
        keep_limit(keeper.role_id, 10)
    login(client, keeper)
    for wider in ("20", ""):
        assert client.post(f"/roles/{keeper.role_id}/limit", data={"rows": wider}).status_code == 422
    assert client.post(f"/roles/{cast.head.role_id}/limit", data={"rows": "20"}).status_code == 422
    assert limit_of_role(keeper.role_id) == 10 and limit_of_role(cast.head.role_id) is None
    assert client.post(f"/roles/{keeper.role_id}/limit", data={"rows": "5"}).status_code == 302
    assert limit_of_role(keeper.role_id) == 5

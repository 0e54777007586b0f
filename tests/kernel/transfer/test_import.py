"""TRF-1: files become records; what is wrong is told by row and column; duplicates do what was chosen."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import event, func, select

from app.customers.models import Customer, CustomerOwnership
from app.db import session
from app.host.context import entity
from app.organisation.models import Unit
from app.transfer.messages import problems_text
from app.transfer.models import ImportRow
from app.transfer.services import imports
from tests.kernel.transfer.tables import again, csv_bytes, imported, place, uploaded, xlsx_bytes

pytestmark = pytest.mark.usefixtures("as_system")
HEAD = ("姓名", "客户号", "手机号", "birth_date", "owner_id", "sex")


def counts(made: object) -> tuple[int, int, int, int]:
    return made.created_count, made.updated_count, made.skipped_count, made.failed_count


def failures(made: object) -> dict[int, str]:
    rows = session.scalars(select(ImportRow).where(ImportRow.import_id == made.id, ImportRow.outcome == "failed"))
    return {row.number: problems_text(entity(made.entity), row.problems) for row in rows}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_becomes_customers_with_owner_unit_and_ledger(kind: str) -> None:
    unit, employee = place()
    placed = (employee.id, unit.id)
    rows = [
        HEAD,
        ("张三", "K1", "138 0013 8000", "1980-02-03", "E1", "女"),
        ("李四", "K2", "", "", "王经理", "male"),
    ]
    content = csv_bytes(*rows) if kind == "csv" else xlsx_bytes(*rows)
    made = imported(content, f"客户.{kind}")

    assert counts(made) == (2, 0, 0, 0)
    assert made.status == "done"
    first = session.scalar(select(Customer).where(Customer.code == "K1"))
    assert (first.mobile, first.mobile_tail, first.birth_date, first.sex) == (
        "13800138000",
        "8000",
        date(1980, 2, 3),
        "female",
    )
    assert (first.owner_id, first.unit_id) == placed
    assert session.scalar(select(func.count()).select_from(CustomerOwnership)) == 2


def test_every_wrong_cell_is_told_and_the_rest_is_imported() -> None:
    place()
    made = imported(
        csv_bytes(
            HEAD,
            ("", "K1", "", "", "", ""),
            ("张三", "K2", "电话", "1980-13-01", "", ""),
            ("李四", "K3", "", "", "E404", "中性"),
            ("王五", "K4", "", "", "", ""),
            ("赵六", "K4", "", "", "", ""),
        )
    )
    assert counts(made) == (1, 0, 1, 3)
    told = failures(made)
    assert set(told) == {2, 3, 4}
    assert "name" in told[2].lower() or "姓名" in told[2] or "客户名称" in told[2]
    assert "手机号" in told[3] and "birth_date" in told[3]
    assert "E404" in told[4] and "中性" in told[4]


def test_duplicates_skip_update_create_ask() -> None:
    content = csv_bytes(("name", "code", "mobile"), ("张三", "K1", "13800138000"), ("李四", "K2", ""))
    assert counts(imported(content)) == (2, 0, 0, 0)
    assert counts(imported(content)) == (0, 0, 2, 0)

    changed = csv_bytes(("name", "code", "mobile"), ("张三丰", "K1", ""), ("李四", "K2", ""))
    made = imported(changed, duplicates="update")
    assert counts(made) == (0, 1, 1, 0)
    record = session.scalar(select(Customer).where(Customer.code == "K1").execution_options(populate_existing=True))
    assert (record.name, record.mobile) == ("张三丰", "13800138000")

    made = imported(changed, duplicates="create")
    assert counts(made) == (0, 0, 0, 2)

    made = imported(changed, duplicates="ask")
    assert counts(made) == (0, 0, 0, 0)
    assert made.status == "review"


def test_a_record_twice_in_one_file() -> None:
    head = ("name", "code", "mobile", "email")
    content = csv_bytes(head, ("张三", "K1", "", "a@b.cn"), ("张三", "K1", "13800138000", ""))
    made = imported(content, duplicates="update")
    assert counts(made) == (1, 1, 0, 0)
    record = session.scalar(select(Customer).where(Customer.code == "K1"))
    assert (record.mobile, record.email) == ("13800138000", "a@b.cn")


def test_many_changes_are_few_flushes_and_a_wrong_one_stops_no_other() -> None:
    people = [(f"K{n}", f"客户{n}", f"1380013{n:04}") for n in range(60)]
    assert counts(imported(csv_bytes(("code", "name", "mobile"), *people))) == (60, 0, 0, 0)
    changed = [(code, name + "改", mobile) for code, name, mobile in people]
    flushes: list[int] = []
    event.listen(session(), "after_flush", lambda *_given: flushes.append(1))
    assert counts(imported(csv_bytes(("code", "name", "mobile"), *changed), duplicates="update")) == (0, 60, 0, 0)
    assert len(flushes) < 20

    companies = [("A", "甲公司", "corporate", ""), ("B", "乙公司", "corporate", ""), ("C", "丙公司", "corporate", "")]
    head = ("code", "name", "kind", "parent_id")
    assert counts(imported(csv_bytes(head, *companies))) == (3, 0, 0, 0)
    circle = csv_bytes(
        head, ("A", "甲", "corporate", "B"), ("B", "乙", "corporate", "A"), ("C", "丙", "corporate", "B")
    )
    assert counts(imported(circle, duplicates="update")) == (0, 2, 0, 1)
    named = session.execute(select(Customer.code, Customer.name).where(Customer.code.in_(("A", "B", "C"))))
    assert dict(list(named)) == {"A": "甲", "B": "乙公司", "C": "丙"}


def test_two_rows_that_change_one_record_are_undone_to_where_it_was() -> None:
    head = ("code", "name", "kind", "id_number", "email")
    imported(csv_bytes(head, ("K1", "张三", "personal", "11010519491231002X", "")))
    twice = csv_bytes(head, ("K1", "张三", "", "", "a@b.cn"), ("", "张三丰", "", "11010519491231002X", "c@d.cn"))
    made = imported(twice, duplicates="update")
    assert counts(made) == (0, 2, 0, 0)
    changes = session.scalars(select(ImportRow.changes).where(ImportRow.import_id == made.id).order_by(ImportRow.id))
    assert [one["email"] for one in changes] == [[None, "a@b.cn"], ["a@b.cn", "c@d.cn"]]


def test_links_to_rows_further_down_are_found_and_loops_told() -> None:
    made = imported(
        csv_bytes(
            ("code", "name", "parent_id"),
            ("3", "支行", "2"),
            ("2", "分行", "1"),
            ("1", "总行", ""),
            ("8", "甲", "9"),
            ("9", "乙", "8"),
        ),
        slug="unit",
    )
    assert counts(made) == (3, 0, 0, 2)
    leaf = session.scalar(select(Unit).where(Unit.code == "3"))
    assert leaf.depth == 2 and leaf.path.count("/") == 4


def test_links_across_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.transfer.services.running.CHUNK", 2)
    rows = [(str(n), f"机构{n}", str(n + 1) if n < 9 else "") for n in range(1, 10)]
    made = imported(csv_bytes(("code", "name", "parent_id"), *rows), slug="unit")
    assert counts(made) == (9, 0, 0, 0)
    assert session.scalar(select(Unit.depth).where(Unit.code == "1")) == 8


def test_a_check_tells_all_and_keeps_nothing() -> None:
    made = uploaded(csv_bytes(("name", "code", "sex"), ("张三", "K1", "女"), ("李四", "K1", "女"), ("王五", "K2", "?")))
    answer = imports.check(made.id)
    assert answer["counts"] == {"created": 1, "updated": 0, "skipped": 1, "failed": 1, "asked": 0}
    assert answer["failed"][0]["number"] == 4
    assert session.scalar(select(func.count()).select_from(Customer)) == 0
    assert again(made).checked == answer


def test_a_file_is_not_started_twice() -> None:
    made = imported(csv_bytes(("name",), ("张三",)))
    with pytest.raises(imports.Refused):
        imports.begin(made.id)


def test_amounts_steps_and_constants() -> None:
    fields = {
        "name": {"column": "firm", "steps": ["trim"]},
        "kind": {"constant": "corporate"},
        "annual_revenue": {"column": "revenue", "steps": [["multiply", 1000000]]},
        "industry": {"column": "sector", "values": {"technolgy": "technology"}},
        "code": {"row_number": True, "steps": [["pad", 4], ["prefix", "A-"]]},
        "remark": {"concat": "{firm} / {sector}"},
    }
    imported(csv_bytes(("firm", "sector", "revenue"), (" Acme ", "technolgy", "1100.04")), fields=fields)
    record = session.scalar(select(Customer))
    assert (record.name, record.industry, record.annual_revenue) == (
        "Acme",
        "technology",
        Decimal("1100040000.00"),
    )
    assert (record.code, record.remark) == ("A-0002", "Acme  / technolgy")

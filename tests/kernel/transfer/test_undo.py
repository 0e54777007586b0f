"""TRF-1: an import is undone as a whole; what somebody has touched since is left and told."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.access.audit import verify
from app.customers.models import Contact, Customer
from app.db import session
from app.fields.records import create_record, find_record, update_record
from app.host.context import entity
from app.organisation.models import Unit
from app.testing.jobs import run_pending
from app.transfer.models import Import
from app.transfer.services.undo import may_undo, start_undo
from app.types import Refused
from tests.kernel.transfer.tables import again, csv_bytes, imported, place

pytestmark = pytest.mark.usefixtures("as_system")


def undo(made: Import) -> dict[str, int]:
    start_undo(made.id)
    run_pending()
    answer = again(made).undone
    return {key: answer[key] for key in ("deleted", "restored", "kept")}


def by_code(code: str) -> Customer | None:
    statement = select(Customer).where(Customer.code == code)
    return session.scalar(statement.execution_options(populate_existing=True))


def test_created_records_go_and_updated_ones_are_as_before() -> None:
    place()
    imported(csv_bytes(("name", "code", "mobile"), ("张三", "K1", "13800138000")))
    content = csv_bytes(("name", "code", "owner_id"), ("张三丰", "K1", ""), ("李四", "K2", "E1"), ("王五", "K3", ""))
    made = imported(content, duplicates="update")
    assert (made.created_count, made.updated_count) == (2, 1)

    assert undo(made) == {"deleted": 2, "restored": 1, "kept": 0}
    assert by_code("K1").name == "张三"
    assert by_code("K2") is None and by_code("K3") is None
    assert again(made).status == "undone"
    assert not may_undo(again(made))
    assert verify(session)[1] == ""


def test_what_was_touched_since_is_left_and_named() -> None:
    imported(csv_bytes(("name", "code"), ("旧", "K0")))
    content = csv_bytes(("name", "code"), ("新", "K0"), ("甲", "K1"), ("乙", "K2"), ("丙", "K3"))
    made = imported(content, duplicates="update")
    customer = entity("customer")
    update_record(customer, find_record(customer, by_code("K0").id), {"name": "更新"})
    update_record(customer, find_record(customer, by_code("K1").id), {"email": "a@b.cn"})
    create_record(entity("contact"), {"customer_id": by_code("K2").id, "name": "联系人"})

    assert undo(made) == {"deleted": 1, "restored": 0, "kept": 3}
    told = {one["label"]: one["code"] for one in again(made).undone["list"]}
    assert told == {"甲": "changed", "乙": "in_use", "更新": "changed"}
    assert by_code("K0").name == "更新"
    assert session.scalar(select(func.count()).select_from(Contact)) == 1


def test_a_tree_made_by_one_import_goes_with_its_root() -> None:
    rows = [("1", "总行", ""), ("2", "分行", "1"), ("3", "支行", "2")]
    made = imported(csv_bytes(("code", "name", "parent_id"), *rows), slug="unit")
    assert undo(made) == {"deleted": 3, "restored": 0, "kept": 0}
    assert session.scalar(select(func.count()).select_from(Unit)) == 0


def test_an_import_that_did_nothing_has_nothing_to_undo() -> None:
    made = imported(csv_bytes(("name", "sex"), ("张三", "?")))
    assert made.failed_count == 1
    with pytest.raises(Refused):
        start_undo(made.id)

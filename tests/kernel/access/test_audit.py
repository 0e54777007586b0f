"""SEC-5: every change is written down, in one chain whoever writes, and any tampering is found."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from app.access.actors import acting_as
from app.access.audit import Act, entry_hash, record_acts, reseal, verify
from app.access.audit.chain import last_link
from app.access.models import AuditEntry, AuditHead
from app.cli import qiao
from app.customers.models import Customer
from app.db import db, session, transaction
from app.fields.records import create_record, delete_record, update_record
from app.host.context import context, entity
from app.testing.factories import make_contact, make_customer
from app.testing.people import People
from app.types import SYSTEM, Refused


def entries(**where: Any) -> list[AuditEntry]:
    return list(session.scalars(select(AuditEntry).filter_by(**where).order_by(AuditEntry.id)))


def write(count: int = 3) -> None:
    """Some entries of their own transactions."""
    for number in range(count):
        with transaction() as current:
            record_acts(current, [Act("tested", "customer", str(number), f"第{number}条")])


def tamper(statement: Any) -> None:
    """Change the log as someone with full rights on the database would: without the triggers."""
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            for table in ("access_audit", "access_audit_head"):
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        else:
            for name in ("access_audit_no_update", "access_audit_no_delete", "access_audit_head_no_delete"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
        connection.execute(statement)


def test_creating_changing_and_deleting_are_written_with_who_and_from_and_to(people: People) -> None:
    customer = make_customer("赵六", people.manager)
    with acting_as(people.manager.actor):
        raw = {"name": "钱七", "customer_id": customer.id, "share_percent": "12.5"}
        contact = create_record(entity("contact"), raw)
        update_record(entity("contact"), contact, {"name": "钱八", "share_percent": "30"})
        delete_record(entity("contact"), contact)
    made, changed, gone = entries(entity="contact", record_id=str(contact.id))
    assert (made.action, made.user_id, made.user_name) == ("create", people.manager.user_id, "张经理")
    assert made.changes["name"] == [None, "钱七"]
    assert Decimal(made.changes["share_percent"][1]) == Decimal("12.5")
    assert changed.action == "update"
    assert changed.changes == {"name": ["钱七", "钱八"], "share_percent": ["12.5", "30"]}
    assert (gone.action, gone.label) == ("delete", "钱八")
    assert gone.changes["name"] == ["钱八", None]
    assert verify(session()) == (gone.id, "")


@pytest.mark.usefixtures("as_system")
def test_a_field_set_without_being_read_still_says_what_it_was(people: People) -> None:
    contact = make_contact(make_customer(), "孙九")
    session.expire_all()
    with transaction():
        contact.name = "周十"
    assert entries(entity="contact")[-1].changes == {"name": ["孙九", "周十"]}


def test_a_refused_change_leaves_no_entry(people: People) -> None:
    customer = make_customer("赵六", people.manager)
    before = verify(session())
    with acting_as(people.manager.actor), pytest.raises(Refused):
        update_record(entity("customer"), customer, {"name": "改了", "id_number": "123"})
    with acting_as(people.manager.actor), pytest.raises(RuntimeError), transaction() as current:
        record_acts(current, [Act("tested", "customer", "1")])
        current.flush()
        raise RuntimeError("half-way")
    write(1)
    assert verify(session()) == (before[0] + 1, "")


@pytest.mark.usefixtures("as_system")
def test_a_rolled_back_savepoint_takes_only_its_own_entries_along(app: Flask) -> None:
    with transaction() as current:
        record_acts(current, [Act("before", "customer", "1")])
        with pytest.raises(RuntimeError), current.begin_nested():
            record_acts(current, [Act("inside", "customer", "2")])
            raise RuntimeError("this row cannot be imported")
        with current.begin_nested():
            record_acts(current, [Act("kept", "customer", "3")])
        record_acts(current, [Act("after", "customer", "4")])
    assert [entry.action for entry in entries()] == ["before", "kept", "after"]
    assert verify(session()) == (3, "")


@pytest.mark.usefixtures("as_system")
def test_bulk_acts_are_one_insert_in_order(app: Flask) -> None:
    with transaction() as current:
        change = {"owner_id": [1, 2]}
        record_acts(current, (Act("assign", "customer", str(i), changes=change) for i in range(500)))
    assert verify(session(), batch=70) == (500, "")
    assert [entry.record_id for entry in entries()] == [str(i) for i in range(500)]


@pytest.mark.usefixtures("as_system")
def test_an_empty_log_is_whole(app: Flask) -> None:
    assert verify(session()) == (0, "")


TAMPERINGS: dict[str, Callable[[], Any]] = {
    "an edited text": lambda: update(AuditEntry).where(AuditEntry.id == 2).values(label="别的"),
    "an edited author": lambda: update(AuditEntry).where(AuditEntry.id == 3).values(user_name="别人"),
    "edited changes": lambda: update(AuditEntry).where(AuditEntry.id == 1).values(changes={"a": [1, 2]}),
    "an edited time": lambda: text("UPDATE access_audit SET at = '2020-01-01 00:00:00' WHERE id = 2"),
    "a deleted entry": lambda: delete(AuditEntry).where(AuditEntry.id == 2),
    "a deleted beginning": lambda: delete(AuditEntry).where(AuditEntry.id == 1),
    "a cut end": lambda: delete(AuditEntry).where(AuditEntry.id >= 3),
    "an emptied log": lambda: delete(AuditEntry),
    "a reordered log": lambda: text(
        "UPDATE access_audit SET label = "
        "(SELECT other.label FROM access_audit other WHERE other.id = 5 - access_audit.id) WHERE id IN (2, 3)"
    ),
    "an inserted entry": lambda: insert(AuditEntry).values(
        id=4,
        at=func.now(),
        user_name="别人",
        action="tested",
        entity="customer",
        record_id="9",
        changes={},
        previous="",
        hash="0" * 64,
    ),
    "a lost head": lambda: delete(AuditHead),
    "an edited head": lambda: update(AuditHead).values(last_id=2),
}


@pytest.mark.usefixtures("as_system")
def test_tampering_is_found(app: Flask) -> None:
    write(3)
    session.commit()
    tables = (AuditEntry.__table__, AuditHead.__table__)
    whole = {table: [dict(row) for row in session.execute(select(table)).mappings()] for table in tables}
    session.commit()
    for how, statement in TAMPERINGS.items():
        tamper(statement())
        number, problem = verify(session())
        assert problem, how
        assert number <= 3, how
        session.rollback()
        for table, rows in whole.items():
            tamper(delete(table))
            for row in rows:
                tamper(insert(table).values(row))
        assert verify(session()) == (3, ""), how
        session.rollback()


@pytest.mark.usefixtures("as_system")
def test_a_log_written_anew_by_someone_without_the_secret_is_found(app: Flask) -> None:
    """Every hash fits, the head too; only the seal cannot be made."""
    write(3)
    link = ""
    in_order = select(AuditEntry.__table__).order_by(AuditEntry.id)
    rows = [dict(row) for row in session.execute(in_order).mappings()]
    rows[1]["label"] = "别的"
    session.commit()
    for row in rows:
        row["previous"], link = link, entry_hash(link, row)
        tamper(update(AuditEntry).where(AuditEntry.id == row["id"]).values(**{**row, "hash": link}))
    tamper(update(AuditHead).values(hash=link))
    assert verify(session(), sealed=False) == (3, "")
    number, problem = verify(session())
    assert number == 3
    assert problem
    with transaction() as current:
        reseal(current)
    assert verify(session()) == (3, "")


@pytest.mark.usefixtures("as_system")
@pytest.mark.parametrize(
    "statement",
    [
        lambda: update(AuditEntry).values(label="别的"),
        lambda: delete(AuditEntry).where(AuditEntry.id == 1),
        lambda: delete(AuditHead),
    ],
)
def test_the_database_refuses_to_change_the_log(app: Flask, statement: Any) -> None:
    write(2)
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(statement())
    session.rollback()
    assert verify(session()) == (2, "")


def test_concurrent_writers_keep_one_chain(app: Flask) -> None:
    """Threads begin on the empty log together; each entry finds its place and none is lost."""
    writers, each, failures = 6, 8, []
    together = threading.Barrier(writers)

    def work(writer: int) -> None:
        with app.app_context(), acting_as(SYSTEM):
            try:
                together.wait(10)
                for number in range(each):
                    with transaction() as current:
                        record_acts(current, [Act("tested", "customer", f"{writer}.{number}")])
            except Exception as error:
                failures.append(error)
            finally:
                session.remove()

    threads = [threading.Thread(target=work, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    assert verify(session()) == (writers * each, "")
    assert len({entry.record_id for entry in entries()}) == writers * each


@pytest.mark.usefixtures("as_system")
def test_secrets_and_derived_fields_stay_out(people: People) -> None:
    customer = make_customer("吴一", people.manager)
    made = entries(entity="customer", record_id=str(customer.id))[0]
    assert not {"search_tokens", "version", "created_at", "password"} & set(made.changes)


@pytest.mark.usefixtures("as_system")
def test_an_entry_noted_down_must_still_be_there(app: Flask) -> None:
    write(2)
    noted = last_link(session())
    write(1)
    assert last_link(session(), noted) == noted
    assert last_link(session(), noted[:-1] + "x") == ""
    assert last_link(session(), "nonsense") == ""


@pytest.mark.usefixtures("as_system")
def test_the_command_tells_a_whole_log_from_a_broken_one(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    site = context().site
    monkeypatch.setattr("app.access.commands.chosen_sites", lambda slug: [site])
    write(2)
    session.commit()
    whole = CliRunner().invoke(qiao, ["audit", "verify"])
    assert whole.exit_code == 0, whole.output
    assert "2 entries, whole" in whole.output
    tamper(update(AuditEntry).where(AuditEntry.id == 2).values(label="别的"))
    broken = CliRunner().invoke(qiao, ["audit", "verify"])
    assert broken.exit_code == 1
    assert "NOT whole after 1 entries" in broken.output


@pytest.mark.usefixtures("as_system")
def test_a_set_based_verb_writes_an_entry_per_record(people: People) -> None:
    from app.customers.services import assign_customers

    made = [make_customer("甲", people.manager), make_customer("乙", people.manager)]
    before = verify(session())[0]
    assign_customers([c.id for c in made], people.colleague.employee_id, cause="manual")
    written = [e for e in entries() if e.id > before]
    assert {e.record_id for e in written if e.entity == "customer"} == {str(c.id) for c in made}
    assert session.scalar(select(func.count()).where(Customer.owner_id == people.colleague.employee_id)) == 2

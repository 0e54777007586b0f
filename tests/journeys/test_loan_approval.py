"""The loans of a real bank through its approval: imported, submitted as a set, decided by the right people.

The figures are counted here from the raw files with plain csv. A sixteenth of the 682 loans in every run on PostgreSQL,
a twentieth on SQLite; all of them with QIAO_WHOLE_DATA=1.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import column, func, select, table, update

from app.access.actors import acting_as, load_actor
from app.approvals.models import Case, Task, Visit
from app.approvals.services import decide, decide_many, verify_case
from app.base.security.logins import create_dormant_logins
from app.customers.models import Customer
from app.db import session, transaction
from app.jobs.leases import JOBS
from app.organisation.models import Employee
from app.testing.jobs import run_pending
from app.testing.people import People, Person
from app.transfer.models import Import
from app.transfer.rules.mapping import read_mapping
from app.transfer.services import imports
from app.transfer.services.running import run_import
from app.types import SYSTEM
from plugins.loans.approvals import LIMIT
from plugins.loans.jobs import SUBMIT, ask_many
from plugins.loans.models import Application, Instalment
from tests.journeys.data import DATA, data_is_there
from tests.journeys.loan_bank import Deciders, appoint, switch_on
from tests.journeys.test_real_data import MAPPINGS, berka
from tests.kernel.transfer.tables import Here, again

Loan = dict[str, str]
USER = table("ab_user", column("id"), column("active"))


def test_every_loan_is_decided_as_voted(people: People, database: str, tmp_path: Path) -> None:
    if not data_is_there("berka"):
        return
    loans = some_loans(database)
    branch, deciders = people.branch.code, appoint(people)
    switch_on()
    import_bank(branch, loans, tmp_path)
    assert submit_all() == len(loans)
    play(deciders, loans)
    check(loans)


def some_loans(database: str) -> list[Loan]:
    """The loans with the client who owns their account, from the raw files; those of this run."""
    owners = {one["account_id"]: one["client_id"] for one in berka("disp") if one["type"] == "OWNER"}
    loans = [{**one, "client_id": owners[one["account_id"]]} for one in berka("loan")]
    assert len(loans) == 682
    if os.environ.get("QIAO_WHOLE_DATA"):
        return loans
    return loans[:: 20 if database.startswith("sqlite") else 16]


def import_bank(branch: str, loans: list[Loan], folder: Path) -> None:
    """Districts as units of the branch, their managers with logins, clients with loans, and the loans as drafts."""
    with acting_as(SYSTEM):
        bring(DATA / "berka" / "district.asc.gz", "berka_districts", parent_id={"constant": branch, "lookup": "code"})
        bring(DATA / "berka" / "district.asc.gz", "berka_managers")
        owners = {one["client_id"] for one in loans}
        clients = [one for one in berka("client") if one["client_id"] in owners]
        for name, rows, mapping in (("clients", clients, "berka_clients"), ("loans", loans, "berka_loans")):
            made = bring(written(folder / f"{name}.csv", rows), mapping)
            assert (made.created_count, made.failed_count) == (len(rows), 0)
        managers = session.scalars(select(Employee).where(Employee.code.like("BK-M%"))).all()
        logins = create_dormant_logins([(one.code.lower(), one.name, "account_manager") for one in managers])
        with transaction() as current:
            current.execute(update(USER).where(USER.c.id.in_(logins.values())).values(active=True))
            for one in managers:
                one.user_id = logins[one.code.lower()]


def bring(path: Path, name: str, **more: Any) -> Import:
    """Import a file through the product, with a mapping of the repository and what else each row gets."""
    raw = yaml.safe_load((MAPPINGS / f"{name}.yaml").read_text(encoding="utf-8"))
    given = read_mapping({**raw, "fields": {**raw["fields"], **more}})
    with path.open("rb") as source:
        made = imports.upload(source, path.name, given.entity, mapping=given)
    imports.begin(made.id)
    run_import(Here(), made.id)
    return again(made)


def written(path: Path, rows: list[Loan]) -> Path:
    """The rows as a file like those of the bank."""
    with path.open("w", encoding="ascii", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), delimiter=";", quoting=csv.QUOTE_NONNUMERIC)
        table.writeheader()
        table.writerows(rows)
    return path


def submit_all() -> int:
    """Each manager submits what is theirs as a set; how many were."""
    with acting_as(SYSTEM):
        rows = session.execute(
            select(Employee.user_id, Application.id).join(Employee, Employee.id == Application.owner_id)
        ).all()
    mine = {user: [row.id for row in rows if row.user_id == user] for user in sorted({row.user_id for row in rows})}
    for user, ids in mine.items():
        actor = load_actor(user)
        assert actor is not None
        with acting_as(actor):
            job_id = ask_many(SUBMIT, ids)
        run_pending()
        result = session.connection().scalar(select(JOBS.c.result).where(JOBS.c.id == job_id))
        assert result == {"done": len(ids), "refused": 0}
    return len(rows)


def refused_by_risk(loan: Loan) -> bool:
    """Running and in debt; what goes to the committee is left to the committee."""
    return loan["status"] == "D" and not is_large(loan)


def is_large(loan: Loan) -> bool:
    return int(loan["amount"]) > LIMIT


def votes(loan: Loan) -> list[bool]:
    """How the three members vote, in their order, by what became of the loan in truth."""
    return [loan["status"] in "AC", int(loan["loan_id"]) % 2 == 0, int(loan["duration"]) <= 36]


def is_granted(loan: Loan) -> bool:
    """Counted from the file alone."""
    return not refused_by_risk(loan) and (not is_large(loan) or sum(votes(loan)) >= 2)


def play(deciders: Deciders, loans: list[Loan]) -> None:
    """Everybody does what waits for them; no amount at or above the limit passes as one of many."""
    by_purpose = {f"Berka loan {loan['loan_id']}": loan for loan in loans}
    with acting_as(SYSTEM):
        rows = session.execute(
            select(Case.id, Application.purpose).join(Application, Application.id == Case.record_id)
        ).all()
    loan_of = {row.id: by_purpose[row.purpose] for row in rows}
    refused = [one for one in waiting(deciders.risk) if refused_by_risk(loan_of[one[0]])]
    act_on_many(deciders.risk, refused, "refuse", 0)
    large = sum(map(is_large, loans))
    act_on_many(deciders.risk, waiting(deciders.risk), "approve", large)
    act_on_many(deciders.head, waiting(deciders.head), "approve", large)
    for place, member in enumerate(deciders.committee):
        with acting_as(member.actor):
            for case_id, seat in waiting(member):
                decide(case_id, seat, "approve" if votes(loan_of[case_id])[place] else "refuse", "表决")
    act_on_many(deciders.finance, waiting(deciders.finance), "approve", None)


def waiting(person: Person) -> list[tuple[int, int]]:
    with acting_as(SYSTEM):
        wanted = select(Task.case_id, Task.seat).where(Task.employee_id == person.employee_id, Task.said == "open")
        return [tuple(row) for row in session.execute(wanted.order_by(Task.id))]


def act_on_many(person: Person, chosen: list[tuple[int, int]], act: str, one_by_one: int | None) -> None:
    """Decide on all of them, those that are too large one by one; as many as are expected."""
    with acting_as(person.actor):
        left = [one for one in decide_many(chosen, act, "批量") if one.problem]
        assert one_by_one in (None, len(left)), left[:3]
        for one in left:
            decide(one.case_id, one.seat, act, "逐笔")


def check(loans: list[Loan]) -> None:
    with acting_as(SYSTEM):
        through = session.scalar(select(func.count(func.distinct(Visit.case_id))).where(Visit.step == "committee"))
        assert through == sum(map(is_large, loans)) > 0
        states = dict(map(tuple, session.execute(select(Application.purpose, Application.state))))
        expected = {f"Berka loan {one['loan_id']}": "granted" if is_granted(one) else "refused" for one in loans}
        assert states == expected
        assert set(states.values()) == {"granted", "refused"}
        statuses = Counter(session.scalars(select(Case.status)))
        granted = sum(map(is_granted, loans))
        assert statuses == {"approved": granted, "refused": len(loans) - granted}
        # The schedules of the product are those of the bank: equal payments without interest.
        first = select(Application.purpose, Instalment.principal).join(Application).where(Instalment.number == 1)
        payments = {f"Berka loan {one['loan_id']}": float(one["payments"]) for one in loans}
        assert {row[0]: float(row[1]) for row in session.execute(first)} == payments
        assert session.scalar(select(func.count(Customer.id))) == len(loans)
        assert not [verify_case(number) for number in session.scalars(select(Case.id).limit(3)) if verify_case(number)]

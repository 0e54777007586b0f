"""The demonstration data: the same every time, with numbers whose check digits are right."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import column, func, select, table

from app import create_app
from app.access.actors import load_actor
from app.access.audit import verify
from app.activities.calls.models import CallRecord
from app.activities.models import Activity
from app.customers.models import Contact, Customer, CustomerOwnership
from app.db import db, session
from app.demo import commands, crowd, happenings
from app.demo.calls import KNOWN, UNKNOWN
from app.demo.crowd import CUSTOMERS
from app.demo.happenings import ACTIVITIES
from app.demo.numbers import organisation_check
from app.demo.services import write_bank
from app.fields.rules import id_number_facts, read_id_number, read_phone, read_uscc
from app.host.commands.demo import load_demo_data
from app.host.context import context
from app.organisation.models import Employee, Post, Unit
from app.testing.databases import copy_database, drop_database
from app.testing.plugin import site_in, template

TODAY = date(2026, 6, 30)


def bank(seed: int = 5) -> None:
    write_bank(Random(seed), lambda _text: None, TODAY)


@pytest.mark.parametrize(
    ("locale", "said", "customers", "activities"),
    [("zh", "条跟进记录", CUSTOMERS, ACTIVITIES), ("en", "follow-ups", 400, 1600)],
    ids=["zh-whole", "en-small"],
)
def test_what_is_done_is_told_in_the_language_of_the_site(
    app: Flask, monkeypatch: pytest.MonkeyPatch, locale: str, said: str, customers: int, activities: int
) -> None:
    monkeypatch.setattr(crowd, "CUSTOMERS", customers)
    monkeypatch.setattr(happenings, "ACTIVITIES", activities)
    told: list[str] = []
    load_demo_data(replace(context().site, locale=locale), told.append)
    assert sum(said in line for line in told) == 1


@pytest.mark.usefixtures("as_system")
def test_the_bank_is_whole_and_its_numbers_are_valid() -> None:
    bank()
    people = session.scalars(select(Customer)).all()
    assert len(people) == CUSTOMERS
    for one in people:
        assert read_phone(one.mobile) == one.mobile
        if one.id_number:
            assert read_id_number(one.id_number) == one.id_number
            assert id_number_facts(one.id_number) == (one.birth_date, one.sex)
        else:
            assert read_uscc(one.uscc) == one.uscc
            assert organisation_check(one.uscc[8:16]) == one.uscc[16]
        assert one.search_tokens
        assert one.created_at.date() <= TODAY
    states = dict(session.execute(select(CallRecord.state, func.count()).group_by(CallRecord.state)).all())
    assert states["matched"] > KNOWN / 2 and states["unmatched"] == UNKNOWN + 1
    assert session.scalar(select(func.count(Activity.id))) == ACTIVITIES + states["matched"]
    assert session.scalar(select(func.max(Activity.at))).date() < TODAY
    assert session.scalar(select(func.min(Activity.at))).date() > TODAY - timedelta(days=550)
    first_day = func.date(Customer.created_at) <= func.date(Activity.at)
    orphaned = select(func.count()).select_from(Activity).join(Customer).where(~first_day)
    assert session.scalar(orphaned) < ACTIVITIES / 50
    assert session.scalar(select(func.count(Activity.id)).where(Activity.result == "deal")) > 100
    assert session.scalar(select(func.count(Contact.id))) > 1000
    assert session.scalar(select(func.count(Unit.id))) == 19
    assert session.scalar(select(func.count(Employee.id))) > 40
    assert session.scalar(select(func.count(Post.id))) == 4
    owned = select(func.count(Customer.id)).where(Customer.owner_id.is_not(None))
    moves = select(func.count(CustomerOwnership.id)).where(CustomerOwnership.cause == "create")
    assert session.scalar(owned) == session.scalar(moves)
    followed = select(func.count(Customer.id)).where(Customer.last_followed_at.is_(None))
    assert 0 < session.scalar(followed) < CUSTOMERS / 2
    session.commit()
    assert verify(session())[1] == ""


def rows() -> list[tuple]:
    found = []
    for model, left_out in (
        (Unit, ()),
        (Employee, ("user_id",)),
        (Customer, ("updated_at", "owned_since_at")),
        (Contact, ("updated_at",)),
        (Activity, ("created_at", "updated_at")),
    ):
        names = [c.name for c in model.__table__.columns if c.name not in left_out]
        found += session.execute(select(*(model.__table__.c[n] for n in names)).order_by(model.id)).all()
    return [tuple(row) for row in found]


@pytest.mark.usefixtures("as_system")
def test_the_same_seed_makes_the_same_bank(
    app: Flask, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kind = session.get_bind().dialect.name
    bank(7)
    first = rows()
    session.rollback()
    other = copy_database(template(kind, tmp_path_factory.getbasetemp() / "templates"), tmp_path)
    second_app = create_app(site_in(tmp_path / "second", other))
    with second_app.app_context():
        bank(7)
        second = rows()
        session.rollback()
        session.remove()
        db.engine.dispose()
    drop_database(other)
    assert first == second
    assert len(first) > CUSTOMERS + ACTIVITIES


@pytest.mark.usefixtures("as_system")
def test_its_logins_sleep_until_they_are_woken(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    bank()
    session.commit()
    user = table("ab_user", column("id"), column("active"), column("password"))
    states = session.execute(select(user.c.active, user.c.password)).all()
    assert len(states) > 40
    assert {tuple(state) for state in states} == {(True, "!")}, "they take part in approvals; nobody has a password"
    number = session.scalar(select(func.min(user.c.id)))

    @contextmanager
    def here(_site: object) -> Iterator[Flask]:
        yield app

    site = context(app).site
    monkeypatch.setattr(commands, "chosen_site", lambda _slug: site)
    monkeypatch.setattr(commands, "in_site", here)
    said = CliRunner().invoke(commands.demo_logins, [], catch_exceptions=False)
    kept = site.folder / commands.FILE
    assert said.exit_code == 0
    assert kept.stat().st_mode & 0o777 == 0o600
    lines = [line.split("\t") for line in kept.read_text("utf-8").splitlines()]
    assert len(lines) == len(states)
    assert not any(password in said.output for _login, password, *_rest in lines)
    chief = load_actor(number)
    assert chief is not None
    assert {grant.role for grant in chief.grants} <= {"management", "loans_committee"}

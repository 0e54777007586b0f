"""WSP-3: whom a notice reaches, in whose language, and that nobody reads another's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_ngettext
from sqlalchemy import column, func, insert, select, table, update

from app.access.actors import acting_as
from app.access.preferences import set_preference
from app.api import Telling, notify, notify_each
from app.customers.services import Move, assign_customers, move_customers
from app.db import now, session, transaction
from app.host.context import context
from app.jobs.services import enqueue
from app.notices.choices import choose
from app.notices.feed import count_unread, mark_all_read, read_feed
from app.notices.models import Message, Notice
from app.notices.services import CHOICES
from app.testing.factories import make_customer, make_employee
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, Person, login
from app.testing.statements import heard
from app.types import SYSTEM, NoticeKind

TASK, NEWS = "test.task", "test.news"
#: A message with its Chinese in the catalogues.
SAYING = "Notices, %(count)s unread"


@pytest.fixture(autouse=True)
def kinds(app: Flask) -> Iterator[None]:
    declared = context(app).notice_kinds
    declared[TASK] = NoticeKind(TASK, "Task <b>", mandatory=True)
    declared[NEWS] = NoticeKind(NEWS, "News", ways=("app", "mail"))
    yield


def titles(person: Person, **asked) -> list[str]:
    with acting_as(person.actor):
        return [line.title for line in read_feed(**asked).lines]


def test_each_reader_reads_in_their_own_language(people: People) -> None:
    with acting_as(SYSTEM):
        set_preference("language", "en", user_id=people.head.user_id)
        told = notify(TASK, _l(SAYING, count=Decimal("1234.50")), employees=[people.manager.employee_id],
                      users=[people.head.user_id, people.manager.user_id])  # fmt: skip
    assert told == 2
    assert titles(people.manager) == ["通知，1,234.50 条未读"]
    assert titles(people.head) == ["Notices, 1,234.50 unread"]
    assert titles(people.stranger) == []


def test_plain_text_is_told_as_it_is(people: People) -> None:
    with acting_as(SYSTEM):
        notify(TASK, "100% of %(this)s <script>", users=[people.manager.user_id])
        notify(TASK, _l("%(missing)s %(given)s", given=1), users=[people.manager.user_id])
        notify(TASK, lazy_ngettext("%(num)s task, %(record)s", "%(num)s tasks", 2), users=[people.manager.user_id])
    assert titles(people.manager) == ["2 tasks", "%(missing)s %(given)s", "100% of %(this)s <script>"]


def test_each_person_is_told_their_own_in_as_many_statements_as_one(people: People) -> None:
    told, silent = [people.manager, people.head, people.colleague], make_employee(people.north)
    with acting_as(people.colleague.actor):
        choose({f"{NEWS}:mail"})
    said = [Telling(one.employee_id, _l(SAYING, count=place), link="/x/") for place, one in enumerate(told, 1)]
    asked: list[int] = []
    with acting_as(SYSTEM):
        for some in (said[:1], [*said, Telling(silent.id, "nobody reads it")]):
            with heard() as statements:
                assert notify_each(NEWS, some, group_key="g") == min(len(some), 3)
            asked.append(len(statements))
        assert notify_each(NEWS, []) == 0
        assert titles(people.head) == ["通知，2 条未读"] and titles(people.colleague) == []
        n = Notice
        shown = session.execute(select(n.user_id, n.shown, n.group_key).order_by(n.message_id)).all()
        assert shown == [(one.user_id, one is not people.colleague, "g") for one in (told[0], *told)]
        assert asked[0] == asked[1]
        with pytest.raises(LookupError):
            notify_each("test.unknown", said)
        with pytest.raises(ValueError):
            notify_each(NEWS, [Telling(people.head.employee_id, "x", link="https://elsewhere")])


def test_nothing_is_told_when_the_work_is_undone(people: People) -> None:
    with acting_as(SYSTEM), pytest.raises(ZeroDivisionError), transaction():
        notify(TASK, "x", users=[people.manager.user_id])
        raise ZeroDivisionError
    assert session.scalar(select(func.count(Message.id))) == 0


def test_ten_thousand_readers_are_one_statement(people: People) -> None:
    names = ("id", "username", "first_name", "last_name", "email", "active")
    rows = [(1000 + n, f"many{n}", "n", "m", f"m{n}@x", n > 0) for n in range(10_001)]
    session.execute(insert(table("ab_user", *map(column, names))), [dict(zip(names, row, strict=True)) for row in rows])
    session.commit()
    with acting_as(SYSTEM), heard() as statements:
        told = notify(NEWS, "x", users=[row[0] for row in rows])
    assert told == 10_000, "a login that is not active is told nothing"
    assert sum(statement.startswith("INSERT INTO notices_notice") for statement in statements) == 1
    assert len(statements) <= 4


def test_a_record_out_of_reach_shows_nothing_of_itself(people: People) -> None:
    customer = make_customer(owner=people.manager, name="远山公司")
    with acting_as(SYSTEM):
        both = [people.manager.user_id, people.stranger.user_id]
        saying = _l("%(record)s, %(who)s", who="王二")
        notify(TASK, saying, "secret", users=both, entity="customer", record_id=customer.id)
    with acting_as(people.manager.actor):
        line = read_feed().lines[0]
        assert (line.title, line.text) == ("远山公司, 王二", "secret")
    with acting_as(people.stranger.actor):
        line = read_feed().lines[0]
        assert (line.title, line.link, line.record) == ("Task <b>", None, None)
        assert "secret" not in line.text
    with acting_as(None):
        assert read_feed().lines == ()


def test_who_wants_no_news_gets_none_but_tasks_stay(people: People) -> None:
    with acting_as(people.manager.actor):
        choose(set())
    with acting_as(SYSTEM):
        notify(NEWS, "news", users=[people.manager.user_id, people.head.user_id])
        notify(TASK, "task", users=[people.manager.user_id])
    assert titles(people.manager) == ["task"]
    assert titles(people.head) == ["news"]
    with acting_as(people.manager.actor):
        choose({f"{NEWS}:app", "test.unknown:app", f"{NEWS}:unknown"})
        notify(NEWS, "again", users=[people.manager.user_id])
    assert titles(people.manager) == ["again", "task"]
    with acting_as(SYSTEM):
        set_preference(CHOICES + TASK, {"app": False}, user_id=people.manager.user_id)
        notify(TASK, "must", users=[people.manager.user_id])
    assert titles(people.manager)[0] == "must"


def test_lines_pages_and_what_is_read(people: People) -> None:
    me = [people.manager.user_id]
    with acting_as(SYSTEM):
        for number in range(3):
            notify(TASK, f"case {number}", users=me, group_key="case:1")
        for number in range(4):
            notify(NEWS, f"news {number}", users=me)
    with acting_as(people.manager.actor):
        assert count_unread() == 7
        feed = read_feed(limit=3)
        assert [line.title for line in feed.lines] == ["news 3", "news 2", "news 1"]
        rest = read_feed(limit=3, before=feed.older)
        assert [(line.title, line.count, line.unread) for line in rest.lines] == [("news 0", 1, 1), ("case 2", 3, 3)]
        assert rest.older is None
        assert [line.title for line in read_feed(group_key="case:1").lines] == ["case 2", "case 1", "case 0"]
        assert {line.kind for line in read_feed(kind=TASK).lines} == {TASK}
        assert mark_all_read(feed.lines[1].id) == 6
        assert [line.title for line in read_feed(unread=True).lines] == ["news 3"]
        session.execute(insert(Notice.__table__), [
            {"message_id": message_id, "user_id": me[0], "kind": NEWS} for message_id in _more_messages(120)
        ])  # fmt: skip
        session.commit()
        assert count_unread() == 100


def _more_messages(count: int) -> list[int]:
    row = {"kind": NEWS, "title": "x", "text": ""}
    made = session.execute(insert(Message.__table__).returning(Message.__table__.c.id), [row] * count)
    return list(made.scalars())


def test_a_link_leads_nowhere_else(people: People) -> None:
    with acting_as(SYSTEM):
        for link in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a b", "x"):
            with pytest.raises(ValueError, match="page of this site"):
                notify(TASK, "x", users=[people.manager.user_id], link=link)
        with pytest.raises(LookupError):
            notify("test.unknown", "x", users=[people.manager.user_id])


def test_the_screens_show_ones_own(client: Browser, people: People) -> None:
    customer = make_customer(owner=people.manager)
    with acting_as(SYSTEM):
        notify(TASK, "<i>mine</i>", users=[people.manager.user_id], link="/customer/list/", group_key="a")
        notify(TASK, "about a record", users=[people.manager.user_id], entity="customer", record_id=customer.id)
        notify(TASK, "not yours", users=[people.stranger.user_id])
    mine, foreign = (
        session.scalars(select(Notice.id).where(Notice.user_id == person.user_id).order_by(Notice.id)).all()
        for person in (people.manager, people.stranger)
    )
    assert client.get("/notices/").status_code == 302, "nobody has none"
    login(client, people.manager)
    assert 'class="notice-count" aria-hidden="true">2<' in client.get("/notices/bell").get_data(as_text=True)
    for address in ("/notices/", "/notices/panel"):
        page = client.get(address).get_data(as_text=True)
        assert "&lt;i&gt;mine&lt;/i&gt;" in page
        assert "Task &lt;b&gt;" in page
        assert "not yours" not in page
    assert client.get(f"/notices/open/{mine[0]}").location == "/customer/list/"
    assert client.get(f"/notices/open/{mine[1]}").location == f"/customer/show/{customer.id}"
    assert "notice-count" not in client.get("/notices/bell").get_data(as_text=True)
    for answer in (
        client.get(f"/notices/open/{foreign[0]}"),
        client.post(f"/notices/read/{foreign[0]}"),
        client.post(f"/api/v1/notice/{foreign[0]}/read"),
    ):
        assert answer.status_code == 404
    client.post("/notices/read", data={"until": foreign[0]})
    assert session.scalar(select(Notice.read_at).where(Notice.id == foreign[0])) is None
    assert client.post("/notices/read", data={"until": 1}, csrf=False).status_code == 400


def test_rest_lists_and_marks_ones_own(client: Browser, people: People) -> None:
    with acting_as(SYSTEM):
        notify(TASK, "one", users=[people.manager.user_id], urgent=True)
        notify(NEWS, "two", users=[people.manager.user_id])
    assert client.get("/api/v1/notice/").status_code == 401
    login(client, people.manager)
    found = client.get("/api/v1/notice/").json
    assert [line["title"] for line in found["result"]] == ["two", "one"]
    assert (found["unread"], found["older"], found["result"][1]["urgent"]) == (2, None, True)
    assert client.post(f"/api/v1/notice/{found['result'][0]['id']}/read").json == {"read": 1}
    assert client.get("/api/v1/notice/?unread=1").json["unread"] == 1
    assert client.post("/api/v1/notice/read", json={"until": "x"}).status_code == 400
    assert client.post("/api/v1/notice/read", json={"until": found["result"][0]["id"]}).json == {"read": 1}


def test_old_notices_go(people: People) -> None:
    with acting_as(SYSTEM):
        notify(TASK, "old", users=[people.manager.user_id])
        old = session.scalar(select(func.max(Message.id)))
        notify(TASK, "new", users=[people.manager.user_id])
        session.execute(update(Message).where(Message.id == old).values(created_at=now() - timedelta(days=91)))
        session.commit()
        enqueue("notices.tidy")
    run_pending()
    assert titles(people.manager) == ["new"]
    assert session.scalar(select(func.count(Notice.id))) == 1


def test_who_is_given_customers_is_told(people: People) -> None:
    one, other = (make_customer(owner=people.manager, name=name) for name in ("甲公司", "乙公司"))
    with acting_as(people.head.actor):
        assign_customers([one.id], people.colleague.employee_id, cause="order")
        assign_customers([one.id, other.id], people.head.employee_id, cause="order")
        moves = [Move(each.id, people.colleague.employee_id, people.north.id, from_id=people.head.employee_id)
                 for each in (one, other)]  # fmt: skip
        move_customers(moves, cause="rule")
    assert titles(people.colleague) == ["有客户已分配给您", "甲公司 已分配给您"]
    assert titles(people.head) == [], "nobody is told what they did themselves"

"""WSP-3: mail and robots of groups: who gets what, when, in which words; what fails, is cut off and is tried again."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from app.access.actors import acting_as
from app.access.preferences import preference, set_preference
from app.api import notify
from app.db import now, session
from app.host.context import context
from app.host.outgoing import Channel, Mail, Outgoing
from app.jobs.leases import JOBS
from app.jobs.services import enqueue
from app.notices.choices import choose
from app.notices.feed import mark_all_read
from app.notices.models import Delivery
from app.notices.outside import delivering
from app.notices.outside.checking import check_ways
from app.notices.outside.claiming import LEASE
from app.notices.rules import Wishes, due_moment, is_quiet, one_line, shortened
from app.notices.services import CHOICES, DELIVER, WISHES
from app.organisation.models import Employee
from app.testing.factories import make_customer
from app.testing.jobs import run_pending
from app.testing.people import Browser, People, Person, login
from app.types import SYSTEM, NoticeKind, Refused
from tests.kernel.notices.servers import MailServer, Robots, mail_server, robots

TASK = "test.task"
SENT = Delivery.__table__
SAYING = _l("Notices, %(count)s unread", count=3)


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[MailServer, Robots]]:
    with mail_server() as mails, robots() as posts:
        yield mails, posts


@pytest.fixture
def outside(app: Flask, people: People, servers: tuple[MailServer, Robots]) -> tuple[MailServer, Robots]:
    """A site with a mail server and three robots; the kind is told by all of them."""
    mails, posts = servers
    for kept in (mails.letters, mails.unknown, posts.posts, posts.answers):
        kept.clear()
    mails.trouble = 0
    carried = context(app)
    channels = {kind: Channel(kind, kind, kind, kind, posts.url(f"{kind}/hook?key=token-{kind}"))
                for kind in ("wecom", "dingtalk", "feishu")}  # fmt: skip
    for kind in ("dingtalk", "feishu"):
        channels[kind] = replace(channels[kind], secret="SEC-of-robot")
    mail = Mail("127.0.0.1", mails.port, "none", "Qiao <qiao@bank.example>")
    carried.site = replace(carried.site, outgoing=Outgoing(mail, channels, "https://crm.example.com"))
    carried.notice_kinds[TASK] = NoticeKind(TASK, "Task", ways=("app", "mail", "robots"))
    return mails, posts


def tell(person: Person, title: object = SAYING, text: str = "", **more) -> None:
    with acting_as(SYSTEM):
        notify(TASK, title, text, users=[person.user_id], **more)


def send() -> None:
    with acting_as(SYSTEM):
        enqueue(DELIVER)
    run_pending()
    session.expire_all()


def states(*ways: str) -> dict[str, str]:
    rows = session.execute(select(SENT.c.way, SENT.c.state))
    return {row.way: row.state for row in rows if not ways or row.way in ways}


def only(person: Person, *ways: str) -> None:
    with acting_as(person.actor):
        choose({f"{TASK}:{way}" for way in ways})


def test_everybody_is_told_by_every_way_in_its_own_form(people: People, outside: tuple[MailServer, Robots]) -> None:
    mails, posts = outside
    staff = Employee.__table__
    session.execute(update(staff).where(staff.c.id == people.manager.employee_id).values(mobile="+86 13800000001"))
    session.commit()
    with acting_as(SYSTEM):
        set_preference("language", "en", user_id=people.head.user_id)
        both = [people.manager.user_id, people.head.user_id]
        notify(TASK, SAYING, "第二行", users=both, link="/customer/list/", urgent=True)
    send()
    assert set(states().values()) == {"sent"}
    by_name = {letter["To"]: letter for letter in mails.letters}
    mine, english = by_name["zhang@example.com"], by_name["wu@example.com"]
    assert mine["Subject"].endswith("通知，3 条未读")
    assert english["Subject"].endswith("Notices, 3 unread")
    assert mine["From"] == "Qiao <qiao@bank.example>"
    assert mine["Message-ID"] != english["Message-ID"]
    body = mine.get_content()
    assert "https://crm.example.com/notices/open/" in body
    assert "第二行" not in body, "texts stay in the product unless the site says otherwise"
    (wecom,), (dingtalk,), (feishu,) = posts.of("wecom"), posts.of("dingtalk"), posts.of("feishu")
    assert wecom["msgtype"] == dingtalk["msgtype"] == "text"
    assert wecom["text"]["mentioned_mobile_list"] == dingtalk["at"]["atMobiles"] == ["13800000001"]
    assert dingtalk["text"]["content"].endswith("@13800000001")
    assert feishu["msg_type"] == "text"
    for text in (wecom["text"]["content"], dingtalk["text"]["content"], feishu["content"]["text"]):
        assert text.count("通知，3 条未读\nhttps://crm.example.com/customer/list/") == 1
    asked = parse_qs(urlsplit(next(path for path, _body in posts.posts if "dingtalk" in path)).query)
    stamp = asked["timestamp"][0]
    sign = hmac.new(b"SEC-of-robot", f"{stamp}\nSEC-of-robot".encode(), hashlib.sha256).digest()
    assert asked["sign"] == [base64.b64encode(sign).decode()]
    sign = hmac.new(f"{feishu['timestamp']}\nSEC-of-robot".encode(), b"", hashlib.sha256).digest()
    assert feishu["sign"] == base64.b64encode(sign).decode()
    send()
    assert (len(mails.letters), len(posts.posts)) == (2, 3), "nothing goes out twice"


def test_only_by_the_ways_a_person_wants(people: People, outside: tuple[MailServer, Robots]) -> None:
    mails, _posts = outside
    only(people.manager, "app", "feishu")
    tell(people.manager)
    send()
    assert states() == {"feishu": "sent"}
    assert mails.letters == []


def test_names_in_mails_are_the_readers_and_groups_see_numbers(
    people: People, outside: tuple[MailServer, Robots]
) -> None:
    mails, posts = outside
    customer = make_customer(owner=people.manager, name="远山公司")
    with acting_as(SYSTEM):
        both = [people.manager.user_id, people.stranger.user_id]
        notify(TASK, _l("%(record)s"), "x", users=both, entity="customer", record_id=customer.id)
    send()
    by_name = {letter["To"]: letter.as_string() + letter["Subject"] for letter in mails.letters}
    assert "远山公司" in by_name["zhang@example.com"]
    assert "远山公司" not in by_name["wang@example.com"]
    assert all("远山公司" not in str(post) and f"#{customer.id}" in str(post) for _path, post in posts.posts)


def test_nothing_slips_into_headers_or_calls_everybody(people: People, outside: tuple[MailServer, Robots]) -> None:
    mails, posts = outside
    tell(people.manager, 'x\r\nBcc: thief@evil.example <at user_id="all">all</at>')
    send()
    (letter,) = mails.letters
    assert letter["Bcc"] is None
    assert "x Bcc: thief@evil.example" in letter["Subject"]
    assert "<at" not in posts.of("feishu")[0]["content"]["text"]


def test_a_broken_way_stops_no_other_and_is_tried_again(people: People, outside: tuple[MailServer, Robots]) -> None:
    mails, posts = outside
    mails.trouble = 451
    posts.answers |= {
        "wecom": (200, {"errcode": 45009, "errmsg": "api freq out of limit token-wecom"}),
        "dingtalk": (302, posts.url("elsewhere")),
    }
    tell(people.manager)
    send()
    assert states() == {"mail": "failed", "wecom": "failed", "dingtalk": "failed", "feishu": "sent"}
    errors = dict(session.execute(select(SENT.c.way, SENT.c.error)).all())
    assert "45009" in errors["wecom"]
    assert "token-wecom" not in errors["wecom"]
    assert "451" in errors["mail"]
    assert posts.of("elsewhere") == []
    send()
    assert states("wecom") == {"wecom": "failed"}, "not before its pause is over"
    mails.trouble = 0
    posts.answers.clear()
    session.execute(update(SENT).values(due_at=now()))
    session.commit()
    send()
    assert set(states().values()) == {"sent"}


def test_what_is_refused_for_good_is_given_up(people: People, outside: tuple[MailServer, Robots]) -> None:
    mails, _posts = outside
    mails.unknown.add("zhang@example.com")
    for person in (people.manager, people.head):
        only(person, "app", "mail")
        tell(person)
    send()
    rows = session.execute(select(SENT.c.user_id, SENT.c.state, SENT.c.error)).all()
    found = {row.user_id: (row.state, row.error) for row in rows}
    assert found[people.manager.user_id] == ("given_up", "550 no such mailbox")
    assert found[people.head.user_id][0] == "sent"


def test_a_worker_killed_between_sending_and_noting(
    people: People, outside: tuple[MailServer, Robots], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail goes out again as the same mail; the group hears it once, and an administrator is told."""
    mails, posts = outside
    only(people.manager, "app", "mail", "wecom")
    tell(people.manager)

    class Killed(BaseException):
        pass

    def dies(*_args: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(delivering.claiming, "note_sent", dies)
        for _way in ("mail", "wecom"):
            with pytest.raises(Killed):
                send()
            session.rollback()
            session.execute(update(JOBS).values(status="cancelled"))
            session.commit()
    assert states() == {"mail": "sending", "wecom": "sending"}
    send()
    assert (len(mails.letters), len(posts.posts)) == (1, 1), "somebody may be sending still"
    session.execute(update(SENT).values(tried_at=now() - LEASE - timedelta(seconds=1)))
    session.commit()
    send()
    assert states() == {"mail": "sent", "wecom": "unknown"}
    assert len(posts.posts) == 1
    first, second = mails.letters
    assert first["Message-ID"] == second["Message-ID"]


def test_a_robot_that_says_nothing_is_not_asked_twice(people: People, outside: tuple[MailServer, Robots]) -> None:
    _mails, posts = outside
    only(people.manager, "app", "wecom")
    posts.answers["wecom"] = (0, None)
    tell(people.manager)
    send()
    session.execute(update(SENT).values(due_at=now()))
    session.commit()
    send()
    assert states() == {"wecom": "unknown"}
    assert len(posts.posts) == 1


def test_several_notices_are_one_mail_and_what_was_read_is_none(
    people: People, outside: tuple[MailServer, Robots]
) -> None:
    mails, _posts = outside
    with acting_as(people.manager.actor):
        choose({f"{TASK}:app", f"{TASK}:mail"})
        set_preference(WISHES, {"digest_at": "07:00"})
    for number in range(3):
        tell(people.manager, f"number {number}")
    send()
    assert mails.letters == []
    due = session.scalars(select(SENT.c.due_at)).all()
    assert {at.astimezone(UTC).time() for at in due} == {time(23)}, "seven in the morning in Shanghai"
    session.execute(update(SENT).values(due_at=now()))
    session.commit()
    send()
    (letter,) = mails.letters
    assert "3" in letter["Subject"]
    assert all(f"number {number}" in letter.get_content() for number in range(3))
    tell(people.manager, "read meanwhile")
    send()
    with acting_as(people.manager.actor):
        mark_all_read(10**9)
    session.execute(update(SENT).values(due_at=now()))
    session.commit()
    send()
    assert len(mails.letters) == 1
    tell(people.manager, "urgent", urgent=True)
    send()
    assert len(mails.letters) == 2


NIGHT = Wishes(quiet_from=time(22), quiet_until=time(7))


@pytest.mark.parametrize(
    ("clock", "wishes", "due"),
    [
        ("21:59", NIGHT, "02 21:59"),
        ("22:00", NIGHT, "03 07:00"),
        ("06:59", NIGHT, "02 07:00"),
        ("07:00", NIGHT, "02 07:00"),
        ("12:00", Wishes(quiet_from=time(12), quiet_until=time(14)), "02 14:00"),
        ("12:00", Wishes(quiet_from=time(12), quiet_until=time(12)), "02 12:00"),
        ("08:00", Wishes(digest_at=time(9)), "02 09:00"),
        ("09:00", Wishes(digest_at=time(9)), "03 09:00"),
        ("23:00", replace(NIGHT, digest_at=time(9)), "03 09:00"),
    ],
)
def test_when_a_mail_may_go(clock: str, wishes: Wishes, due: str) -> None:
    at = datetime.combine(datetime(2026, 3, 2), time.fromisoformat(clock), UTC)
    assert due_moment(at, wishes, UTC).strftime("%d %H:%M") == due
    assert is_quiet(time(3), NIGHT) and not is_quiet(time(12), NIGHT)


def test_texts_are_cut_within_what_a_messenger_takes() -> None:
    assert len(shortened("客户" * 2000, 1900).encode()) <= 1900
    assert one_line(" a\tb\n\x1b[0m ") == "a b [0m"


def test_an_administrator_sees_what_failed_and_tries_again(
    people: People, outside: tuple[MailServer, Robots], client: Browser
) -> None:
    mails, _posts = outside
    mails.unknown.add("zhang@example.com")
    only(people.manager, "app", "mail")
    tell(people.manager, "the title")
    send()
    number = session.scalar(select(SENT.c.id))
    keeper = people.add("xi", "奚系统", people.branch, "consultant")
    assert login(client, people.manager).get("/notice_delivery/list/").status_code == 403
    assert client.post("/notice_delivery/retry", data={"ids": number}).status_code == 403
    login(client, keeper)
    page = client.get("/notice_delivery/list/").get_data(as_text=True)
    assert "550 no such mailbox" in page
    assert "张经理" in page
    assert "the title" not in page
    mails.unknown.clear()
    assert client.post("/notice_delivery/retry", data={"ids": number}).status_code == 303
    run_pending()
    session.expire_all()
    assert states() == {"mail": "sent"}
    client.post("/notice_delivery/retry", data={"ids": number})
    run_pending()
    assert len(mails.letters) == 1, "what was sent is not sent again"


def test_the_page_of_choices_keeps_ways_and_hours(
    people: People, outside: tuple[MailServer, Robots], client: Browser
) -> None:
    login(client, people.manager)
    page = client.get("/notices/choices").get_data(as_text=True)
    assert f'value="{TASK}:dingtalk"' in page
    assert "token-" not in page
    wrong = client.post("/notices/choices", data={"quiet_from": "25:00", "on": []})
    assert wrong.status_code == 422
    hours = {"quiet_from": "22:00", "quiet_until": "07:00", "digest_at": ""}
    assert client.post("/notices/choices", data={"on": [f"{TASK}:mail"], **hours}).status_code == 302
    with acting_as(people.manager.actor):
        assert preference(WISHES) == {"quiet_from": "22:00", "quiet_until": "07:00"}
        assert preference(CHOICES + TASK) == {"app": False, "dingtalk": False, "feishu": False, "wecom": False}


def test_the_ways_are_tried_by_hand(people: People, outside: tuple[MailServer, Robots]) -> None:
    mails, posts = outside
    posts.answers["wecom"] = (200, {"errcode": 93000, "errmsg": "invalid webhook url token-wecom"})
    told = list(check_ways("zhang"))
    assert [line.partition(":")[0] for line in told] == ["mail", "dingtalk", "feishu", "wecom"]
    assert "sent to zhang@example.com" in told[0]
    assert "93000" in told[3]
    assert "token-" not in "".join(told)
    assert len(mails.letters) == 1
    for wrong in (("nobody", ""), ("zhang", "fax")):
        with pytest.raises(Refused):
            list(check_ways(*wrong))

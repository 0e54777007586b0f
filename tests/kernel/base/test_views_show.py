"""A record's page: header, sections, tabs and timeline of the modules, history, related lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from markupsafe import Markup

from app.access.actors import acting_as
from app.base.views.happenings import PAGE, read_timeline
from app.base.views.related import related_list, related_tab
from app.hookspecs import hookimpl
from app.host.context import context, entity
from app.testing.factories import make_activity, make_contact, make_customer, uscc
from app.testing.people import Browser, People, login
from app.types import Actor, Tab, TimelineItem

START = datetime(2024, 1, 1, 8, tzinfo=UTC)


def use(name: str, **hooks: Any) -> None:
    """Register a module that brings these hooks."""
    module = SimpleNamespace(**hooks)
    context().hooks.modules[name] = module  # type: ignore[assignment]
    context().hooks.manager.register(module, name=name)


def test_sections_follow_the_kind_of_the_record(client: Browser, people: People) -> None:
    person = make_customer("张伟", people.manager, annual_income="350000", level="key")
    firm = make_customer("瑞丰公司", people.manager, kind="corporate", uscc=uscc(7))
    login(client, people.manager)
    one, other = (client.get(f"/customer/show/{pk}").text for pk in (person.id, firm.id))
    assert "<h1" in one and ">张伟</h1>" in one
    assert 'title="350,000.00 元"' in one and "35.00万元" in one
    assert uscc(7) in other and uscc(7) not in one
    assert f'href="/employee/show/{people.manager.employee_id}"' in one
    assert f"/customer/edit/{person.id}" in one and f"/customer/delete/{person.id}" not in one


def tabs(entity: str, actor: Actor) -> Sequence[Tab]:
    """Four tabs: one for all, one without permission, one that fails, one of the contacts."""
    if entity != "customer":
        return ()
    return (
        Tab("open", "敞开", lambda record: Markup("<p>给 {}</p>").format(record.name), order=2),
        Tab("closed", "关着", lambda record: Markup("秘密"), view="NobodyView"),
        Tab("broken", "坏的", lambda record: 1 / 0, order=3),
        related_tab("contact", "customer_id", label="联系人", order=1),
    )


def test_tabs_are_contributed_ordered_and_guarded(client: Browser, people: People) -> None:
    use("tabbed", record_tabs=hookimpl(tabs))
    mine, theirs = make_customer("<i>我</i>", people.manager), make_customer("别人", people.stranger)
    make_contact(mine, "甲联系人")
    login(client, people.manager)
    page = client.get(f"/customer/show/{mine.id}").text
    assert page.index("联系人</a>") < page.index("敞开</a>") < page.index("坏的</a>")
    assert "关着" not in page
    base = f"/customer/show/{mine.id}/tab"
    assert client.get(f"{base}/open", htmx=True).text == "<p>给 &lt;i&gt;我&lt;/i&gt;</p>"
    whole = client.get(f"{base}/open").text
    assert "<!doctype html>" in whole and "给 &lt;i&gt;我" in whole
    assert "甲联系人" in client.get(f"{base}/contact", htmx=True).text
    assert "暂时无法显示" in client.get(f"{base}/broken", htmx=True).text
    for address in (f"{base}/closed", f"{base}/nosuch", f"/customer/show/{theirs.id}/tab/open"):
        for htmx in (True, False):
            answer = client.get(address, htmx=htmx)
            assert answer.status_code == 404 and "秘密" not in answer.text


def test_a_related_list_shows_children_in_scope_and_adds_prefilled(client: Browser, people: People) -> None:
    use("tabbed", record_tabs=hookimpl(tabs))
    mine = make_customer("我的", people.manager)
    for number in range(22):
        make_contact(mine, f"联系人{number}", role="family")
    login(client, people.manager)
    text = client.get(f"/customer/show/{mine.id}/tab/contact", htmx=True).text
    assert text.count("<tr>") == 21
    assert f'href="/contact/add?customer_id={mine.id}&amp;next=/customer/show/{mine.id}"' in text
    assert f'href="/contact/list/?f.customer_id={mine.id}"' in text
    assert len(client.get(f"/contact/list/?f.customer_id={mine.id}&size=50").text.split("data-row=")) == 23
    with context_of(client), acting_as(Actor(None, "nobody")):
        assert related_list("contact", "customer_id", mine) == ""


def context_of(client: Browser) -> Any:
    """A request of the app, for pieces that make addresses."""
    return client.application.test_request_context("/")


def happened(*moments: datetime) -> Any:
    """A timeline hook with an event at each of these moments."""

    def timeline(entity: str, record: Any, before: datetime | None, limit: int) -> Sequence[TimelineItem]:
        found = sorted((at for at in moments if before is None or at < before), reverse=True)
        return [TimelineItem(at, f"<b>{at:%d %H}</b>", who="某人", icon="phone-call") for at in found[:limit]]

    return hookimpl(timeline)


def test_the_timeline_merges_modules_and_goes_on(client: Browser, people: People) -> None:
    mine = make_customer("我的", people.manager)
    first = [START + timedelta(hours=2 * n) for n in range(20)]
    second = [START + timedelta(hours=2 * n + 1) for n in range(20)]
    use("first", timeline=happened(*first))
    use("second", timeline=happened(*second))
    with acting_as(people.manager.actor):
        seen: list[datetime] = []
        before: datetime | None = None
        while True:
            lines, onward = read_timeline(entity("customer"), mine, before)
            ours = [line.item.at for line in lines if line.item.who == "某人"]
            seen.extend(ours)
            assert len(lines) <= PAGE + 1
            if onward is None:
                break
            before = datetime.fromisoformat(onward)
    assert seen == sorted(first + second, reverse=True)
    login(client, people.manager)
    page = client.get(f"/customer/show/{mine.id}/timeline", htmx=True).text
    assert "&lt;b&gt;" in page and "<b>" not in page and "更早" in page
    assert client.get(f"/customer/show/{mine.id}/timeline?before=yesterday").status_code == 400
    assert client.get(f"/customer/show/{mine.id}/timeline?before=2024-01-01").status_code == 400


def test_events_of_one_moment_are_not_torn_apart(people: People) -> None:
    mine = make_customer("我的", people.manager)
    later = [START + timedelta(hours=n + 1) for n in range(PAGE - 1)]
    use("twins", timeline=happened(*later, START, START))
    with acting_as(people.manager.actor):
        lines, onward = read_timeline(entity("customer"), mine, START + timedelta(days=300))
    assert [line.item.at for line in lines].count(START) == 2
    assert onward is None


def test_a_failing_module_leaves_only_its_piece_out(client: Browser, people: People) -> None:
    def fails(**_arguments: Any) -> Any:
        raise RuntimeError("broken")

    def timeline(entity: str) -> Any:
        return fails()

    def record_tabs(entity: str) -> Any:
        return fails()

    use("broken", timeline=hookimpl(timeline), record_tabs=hookimpl(record_tabs))
    mine = make_customer("我的", people.manager)
    login(client, people.manager)
    assert client.get(f"/customer/show/{mine.id}").status_code == 200
    assert client.get(f"/customer/show/{mine.id}/timeline", htmx=True).status_code == 200


def test_history_tells_who_changed_what_in_words(client: Browser, people: People) -> None:
    mine = make_customer("旧名", people.manager, level="normal")
    login(client, people.manager)
    edit = f"/customer/edit/{mine.id}"
    answer = client.post(edit, data={"name": "新名", "level": "key", "annual_income": "1000"})
    assert answer.status_code == 303
    text = client.get(f"/customer/show/{mine.id}/tab/history", htmx=True).text
    assert "<strong>张经理</strong> 修改" in text
    assert '<span class="change-was">旧名</span>' in text and '<span class="change-is">新名</span>' in text
    assert "1,000.00" in text
    assert "search_" not in text and ">version<" not in text
    for number in range(25):
        client.post(edit, data={"name": f"名{number}"})
    page = client.get(f"/customer/show/{mine.id}/tab/history", htmx=True).text
    assert page.count("<article") == 20
    onward = page[page.index("?before=") : page.index('"', page.index("?before="))]
    rest = client.get(f"/customer/show/{mine.id}/tab/history{onward}", htmx=True).text
    assert 5 <= rest.count("<article") <= 8 and "旧名" in rest
    assert client.get(f"/customer/show/{mine.id}/tab/history?before=x", htmx=True).status_code == 400


def test_a_link_out_of_scope_shows_no_name(client: Browser, people: People) -> None:
    parent = make_customer("外部集团", people.stranger, kind="corporate", uscc=uscc(1))
    child = make_customer("子公司", people.manager, kind="corporate", uscc=uscc(2), parent_id=parent.id)
    make_activity(child, people.manager)
    text = login(client, people.manager).get(f"/customer/show/{child.id}").text
    assert "无权查看" in text and "外部集团" not in text
    assert "外部集团" in login(client, people.admin).get(f"/customer/show/{child.id}").text

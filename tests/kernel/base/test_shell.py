"""The frame: navigation by permission, switches, safe ways back, branding."""

from __future__ import annotations

import pytest
from flask import Flask

from app.access.actors import acting_as, load_actor
from app.access.preferences import preference, preferences, set_preference
from app.base.brand import BLACK, DARK_GROUND, LIGHT_GROUND, WHITE, brand_css, contrast, parse
from app.base.language import language, timezone
from app.base.shell import safe_target
from app.host.context import context
from app.testing.people import Browser, People, login
from app.types import MenuGroup, MenuItem


def test_the_frame_is_ours_in_the_first_language(client: Browser, people: People) -> None:
    page = login(client, people.admin).get("/").text
    assert 'lang="zh-CN"' in page
    assert 'class="rail offcanvas' in page
    assert "/customer/list/" in page


def test_a_line_without_permission_is_not_shown(client: Browser, people: People) -> None:
    group = MenuGroup(
        "x", "X", "list", (MenuItem("x", "Only for nobody", "CustomerView.list", "NobodyView"),)
    )
    context().menu.append(group)
    page = login(client, people.manager).get("/").text
    assert "/customer/list/" in page
    assert "Only for nobody" not in page


def test_groups_of_one_name_are_merged_and_dead_ends_left_out(client: Browser, people: People) -> None:
    lines = (
        MenuItem("late", "Late line", "CustomerView.list", "CustomerView", order=99),
        MenuItem("dead", "Dead end", "GoneView.list", "CustomerView"),
    )
    context().menu.append(MenuGroup("customers", "Other label", "list", lines))
    page = login(client, people.admin).get("/").text
    assert page.count('data-group="customers"') == 1
    assert "Late line" in page
    assert "Dead end" not in page
    assert "Other label" not in page


def test_the_line_of_the_page_shown_is_marked(client: Browser, people: People) -> None:
    page = login(client, people.admin).get("/customer/list/").text
    assert page.count('aria-current="page"') == 1
    assert 'href="/customer/list/" aria-current="page"' in page


def test_quarantine_is_told_to_administrators_only(client: Browser, people: People) -> None:
    context().hooks.quarantined["pools"] = "settings: no such field"
    assert "no such field" in login(client, people.admin).get("/").text
    assert "no such field" not in login(client, people.manager).get("/").text


def test_language_is_kept_for_the_person_and_the_machine(client: Browser, people: People) -> None:
    login(client, people.manager)
    answer = client.get("/language/en?next=/customer/list/")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/customer/list/"
    assert client.get_cookie("qiao_language").value == "en"
    assert 'lang="en"' in client.get("/").text
    client.delete_cookie("qiao_language")
    assert 'lang="en"' in client.get("/").text
    assert preference("language", user_id=people.manager.user_id) == "en"
    assert 'lang="zh-CN"' in login(client, people.admin).get("/").text


def test_before_the_login_cookie_then_browser_then_site(client: Browser, people: People) -> None:
    assert 'lang="zh-CN"' in client.get("/login/").text
    assert 'lang="en"' in client.get("/login/", headers={"Accept-Language": "fr, en-GB;q=0.8"}).text
    assert 'lang="zh-CN"' in client.get("/login/", headers={"Accept-Language": "fr"}).text
    client.get("/language/en")
    assert 'lang="en"' in client.get("/login/", headers={"Accept-Language": "zh-CN"}).text
    assert client.get("/language/xx").status_code == 404


def test_a_job_speaks_the_language_of_its_actor(app: Flask, people: People) -> None:
    user_id = people.manager.user_id
    assert language() == "zh"
    set_preference("language", "en", user_id=user_id)
    set_preference("timezone", "Europe/Prague", user_id=user_id)
    with acting_as(load_actor(user_id)):
        assert (language(), timezone()) == ("en", "Europe/Prague")
    assert (language(), timezone()) == ("zh", "Asia/Shanghai")


def test_theme_is_a_cookie_and_a_preference(client: Browser, people: People) -> None:
    login(client, people.manager)
    assert 'data-theme-choice="auto"' in client.get("/").text
    client.get("/theme/dark")
    assert 'data-bs-theme="dark"' in client.get("/").text
    assert preference("theme", user_id=people.manager.user_id) == "dark"
    assert client.get("/theme/pink").status_code == 404


def test_preferences_are_each_persons_own(app: Flask, people: People) -> None:
    set_preference("list.customer", ["name"], user_id=people.manager.user_id)
    set_preference("list.contact", ["name", "role"], user_id=people.manager.user_id)
    assert preferences("list.", user_id=people.manager.user_id) == {
        "list.customer": ["name"],
        "list.contact": ["name", "role"],
    }
    assert preferences("list.", user_id=people.admin.user_id) == {}
    set_preference("list.customer", None, user_id=people.manager.user_id)
    assert preference("list.customer", 1, user_id=people.manager.user_id) == 1
    with pytest.raises(ValueError, match="too long"):
        set_preference("x", "y" * 30_000, user_id=people.manager.user_id)


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example", "/\\evil.example", "///evil.example", "https://evil.example/",
        "javascript:alert(1)", "/\t/evil.example", "\\\\evil.example", "http:evil.example", "evil.example",
        "", None, "/%0a/\n", "http://localhost.evil.example/",
    ],
)  # fmt: skip
def test_nobody_is_sent_elsewhere(target: str | None) -> None:
    with Flask("x").test_request_context("/", base_url="http://localhost"):
        assert safe_target(target) == "/"


@pytest.mark.parametrize(
    ("target", "path"),
    [("/customer/list/?q=%E5%BC%A0", "/customer/list/?q=%E5%BC%A0"), ("http://localhost/a?b=1", "/a?b=1")],
)
def test_the_way_back_is_kept(target: str, path: str) -> None:
    with Flask("x").test_request_context("/", base_url="http://localhost"):
        assert safe_target(target) == path


@pytest.mark.parametrize(
    "accent", ["#1b6ec2", "#ffe600", "#000000", "#ffffff", "#e4002b", "no colour", "#12345"]
)
def test_any_accent_stays_readable(accent: str) -> None:
    css = brand_css(accent)
    button = parse(css.split("--tblr-primary:")[1][:7])
    on = parse(css.split("--tblr-primary-fg:")[1][:7])
    light, dark = (parse(part) for part in css.split("light-dark(")[1].split(")")[0].split(","))
    assert button and on and light and dark
    assert contrast(button, on) >= 4.5
    assert contrast(light, WHITE) >= 4.5 and contrast(light, LIGHT_GROUND) >= 4.5
    assert contrast(dark, BLACK) >= 4.5 and contrast(dark, DARK_GROUND) >= 4.5


def test_the_accent_of_the_site_is_served_and_cached(client: Browser, app: Flask) -> None:
    answer = client.get("/brand.css")
    assert answer.mimetype == "text/css"
    assert "--tblr-primary:#1b6ec2" in answer.text
    assert "immutable" in answer.headers["Cache-Control"]

"""The frame of every page: navigation, language, theme, branding, as the templates see them (`shell`)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, g, redirect, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.routing import BuildError

from app.access.actors import ADMIN_ROLE
from app.access.preferences import preference, set_preference
from app.base.brand import brand_css
from app.base.language import COOKIE as LANGUAGE_COOKIE
from app.base.language import LANGUAGES, TAGS, choose_language_by_person, language
from app.base.protection import public
from app.base.recent import note_opened_records
from app.base.security.manager import acting
from app.base.security.roles.grants import role_labels
from app.db import writing
from app.host.context import context
from app.types import Actor, MenuGroup, MenuItem

THEMES = ("light", "dark", "auto")
THEME_COOKIE = "qiao_theme"
RAIL_COOKIE = "qiao_rail"
CLOSED_COOKIE = "qiao_rail_closed"
#: How many different rails a process keeps.
KEPT_RAILS = 500
YEAR = 365 * 24 * 3600

frame = Blueprint("shell", __name__)


def add_shell(app: Flask) -> None:
    """Give every template the `shell`, and the app the routes behind its switches."""
    choose_language_by_person(app)
    note_opened_records(app)
    app.register_blueprint(frame)
    app.context_processor(lambda: {"shell": Shell()})
    app.jinja_env.globals["icon"] = icon


def icon(name: str, class_: str = "", label: str = "") -> Markup:
    """An icon of the sprite by its Tabler name. With `label` it speaks for itself, without it is decoration."""
    if "icons_url" not in g:
        g.icons_url = url_for("static", filename="vendor/icons.svg")
    return _drawn(g.icons_url, name, class_, label)


@lru_cache(maxsize=4096)
def _drawn(sprite: str, name: str, class_: str, label: str) -> Markup:
    role = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="icon {}" {}><use href="{}#{}"></use></svg>').format(class_, role, sprite, name)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the rail, its address worked out."""

    label: Any
    icon: str
    url: str
    is_current: bool
    #: Where the number beside it is asked for.
    count_url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A heading of the rail with the lines the person may open."""

    name: str
    label: Any
    icon: str
    items: tuple[Line, ...]
    is_open: bool


class Shell:
    """What the frame shows in this request; worked out only when a template asks."""

    @cached_property
    def actor(self) -> Actor | None:
        return acting()

    @property
    def person(self) -> str:
        return self.actor.name if self.actor else ""

    @property
    def viewer(self) -> str:
        """Who looks as the person shown; empty when it is they themselves."""
        return self.actor.viewer if self.actor else ""

    @property
    def viewed_name(self) -> str:
        """The login or the role looked as."""
        if self.actor is None or self.actor.name != self.actor.viewer:
            return self.person
        return ", ".join(role_labels().get(grant.role_id, grant.role) for grant in self.actor.grants)

    @property
    def may_view_as(self) -> bool:
        return self.actor is not None and not self.viewer and self.actor.can("can_start", "ViewAsView")

    @property
    def site_name(self) -> str:
        return context().site.name

    @property
    def language(self) -> str:
        return language()

    @property
    def language_tag(self) -> str:
        return TAGS[self.language]

    @property
    def languages(self) -> list[tuple[str, str]]:
        return list(LANGUAGES.items())

    @cached_property
    def theme(self) -> str:
        chosen = request.cookies.get(THEME_COOKIE, "auto")
        return chosen if chosen in THEMES else "auto"

    @property
    def themes(self) -> list[tuple[str, str, str]]:
        """(code, name, icon) of every theme."""
        return [
            ("light", _("Light"), "sun"),
            ("dark", _("Dark"), "moon"),
            ("auto", _("Like the system"), "device-desktop"),
        ]

    def language_url(self, code: str) -> str:
        return url_for("shell.switch_language", code=code, next=self._here)

    def theme_url(self, choice: str) -> str:
        return url_for("shell.switch_theme", choice=choice, next=self._here)

    @cached_property
    def _here(self) -> str:
        """This page, to come back to; a page that was posted to is no place to come back to."""
        if request.method != "GET" or request.headers.get("HX-Request"):
            return "/"
        return request.full_path.removesuffix("?")

    @property
    def rail_collapsed(self) -> bool:
        return request.cookies.get(RAIL_COOKIE) == "1"

    @property
    def brand_url(self) -> str:
        return url_for("shell.brand", v=hashlib.sha256(context().site.accent.encode()).hexdigest()[:8])

    @property
    def home_url(self) -> str:
        return url_for("HomeView.index")

    @property
    def is_home(self) -> bool:
        return request.endpoint == "HomeView.index"

    @property
    def quarantined(self) -> dict[str, str]:
        """Modules set aside with the reason, for administrators."""
        return context().hooks.quarantined if self.actor and is_administrator(self.actor) else {}

    @property
    def menu(self) -> list[Group]:
        return visible_menu(self.actor) if self.actor else []

    @property
    def search_url(self) -> str | None:
        return open_url(self.actor, "SearchView.index")

    @property
    def suggest_url(self) -> str | None:
        return open_url(self.actor, "SearchView.suggest")

    @property
    def notifications_url(self) -> str | None:
        return None if self.viewer else open_url(self.actor, "NoticeView.bell")

    @property
    def profile_url(self) -> str | None:
        return open_url(self.actor, "ProfileView.profile")

    @property
    def password_url(self) -> str | None:
        return open_url(self.actor, "ProfileView.password")

    @property
    def logout_url(self) -> str | None:
        return open_url(self.actor, "LoginView.logout")


def is_administrator(actor: Actor) -> bool:
    """Whether the person holds the administrator's role."""
    return actor.is_system or any(grant.role == ADMIN_ROLE for grant in actor.grants)


def open_url(actor: Actor | None, endpoint: str) -> str | None:
    """The address of an endpoint for someone logged in; None where the site has no such endpoint."""
    if actor is None or endpoint not in current_app.view_functions:
        return None
    return url_for(endpoint)


def visible_menu(actor: Actor) -> list[Group]:
    """The rail for one person: groups of one name merged, lines without permission or address left out."""
    offered = _offered(actor)
    closed = set(request.cookies.get(CLOSED_COOKIE, "").split("."))
    current = _current_item([item for _head, lines in offered for item, _line in lines])
    groups = []
    for head, lines in offered:
        shown = tuple(replace(line, is_current=True) if item is current else line for item, line in lines)
        is_open = head.name not in closed or any(line.is_current for line in shown)
        groups.append(Group(head.name, head.label, head.icon, shown, is_open))
    return groups


#: The groups of a rail, each with its items and their lines, none of them current.
_Offered = list[tuple[MenuGroup, list[tuple[MenuItem, Line]]]]


def _offered(actor: Actor) -> _Offered:
    """What the permissions leave of the menu, with its words and addresses, kept in the process."""
    rails = context().rails
    key = (actor.permissions, actor.is_system, language(), request.root_path)
    if key not in rails:
        if len(rails) >= KEPT_RAILS:
            rails.clear()
        rails[key] = _work_out(actor)
    return rails[key]


def _work_out(actor: Actor) -> _Offered:
    merged: dict[str, tuple[MenuGroup, list[MenuItem]]] = {}
    for group in context().menu:
        merged.setdefault(group.name, (group, []))[1].extend(group.items)
    offered = []
    for group, items in merged.values():
        lines = list(_lines(actor, sorted(items, key=lambda item: item.order)))
        if lines:
            offered.append((replace(group, label=str(group.label)), lines))
    return offered


def _lines(actor: Actor, items: list[MenuItem]) -> Iterator[tuple[MenuItem, Line]]:
    for item in items:
        if not actor.can(item.permission, item.view):
            continue
        try:
            url = url_for(item.endpoint, **item.args)
            count_url = url_for(item.count) if item.count else ""
        except BuildError:
            continue  # its module is quarantined
        yield item, Line(str(item.label), item.icon, url, False, count_url)


def _current_item(items: list[MenuItem]) -> MenuItem | None:
    """The line of the page shown: the same endpoint and arguments, else the same screen."""
    asked = {**(request.view_args or {}), **request.args.to_dict()}
    same_screen = None
    for item in items:
        if item.endpoint.partition(".")[0] != request.blueprint:
            continue
        given = {key: str(value) for key, value in item.args.items()}
        if item.endpoint == request.endpoint and given.items() <= asked.items():
            if given or not asked:
                return item
            same_screen = item
        elif same_screen is None and not given:
            same_screen = item
    return same_screen


# --- the switches: links that work without scripts ----------------------------------------------------------


@frame.get("/language/<code>")
@public
def switch_language(code: str) -> Any:
    """Show everything in another language from now on, on this machine and for this person."""
    if code not in LANGUAGES:
        abort(404)
    with writing():
        set_preference("language", code if acting() else None)
    return _remember(LANGUAGE_COOKIE, code)


@frame.get("/theme/<choice>")
@public
def switch_theme(choice: str) -> Any:
    """Light, dark, or as the system has it, from now on."""
    if choice not in THEMES:
        abort(404)
    with writing():
        set_preference("theme", choice if acting() else None)
    return _remember(THEME_COOKIE, choice)


def _remember(cookie: str, value: str) -> Any:
    response = redirect(safe_target(request.args.get("next")))
    remember(response, cookie, value)
    return response


def remember(response: Any, cookie: str, value: str) -> None:
    """Set a cookie of the screen; it says nothing about the person and scripts may read it."""
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    response.set_cookie(cookie, value, max_age=YEAR, samesite="Lax", secure=secure)


def restore_choices(response: Any, user_id: int) -> None:
    """At the login: this machine takes over the person's theme and language."""
    for key, cookie, allowed in (
        ("theme", THEME_COOKIE, THEMES),
        ("language", LANGUAGE_COOKIE, tuple(LANGUAGES)),
    ):
        value = preference(key, user_id=user_id)
        if value in allowed:
            remember(response, cookie, value)


#: A path of this site: begins with one slash, and no character a browser would read as a second one.
_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


def safe_target(target: str | None) -> str:
    """Where to go next: a path of this site, else the home page. No other host, scheme, or trick spelling."""
    own = request.host_url.rstrip("/")
    path = target.removeprefix(own) if target and target.startswith(f"{own}/") else target
    return path if path and _PATH.fullmatch(path) else "/"


@frame.get("/brand.css")
@public
def brand() -> Response:
    """The site's accent colour as a style sheet; its address changes with the colour."""
    response = Response(brand_css(context().site.accent), mimetype="text/css")
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    return response

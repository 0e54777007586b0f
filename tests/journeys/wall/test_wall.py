"""The wall: every route of a site with all modules on, as nobody, with and without its permission, from both sides.

`routes.toml` beside this file is the matrix.

A permission only ever opens, and each scope holds the narrower ones. So a route is asked at its four corners: by
somebody who holds everything but what it needs, by somebody who holds nothing else, by somebody who may do everything
and sees nothing, and by somebody who may do everything and sees all but the other side. Who is refused with more is
refused with less: this holds for every role delivered and for every role a client will make, and is narrower than
asking as each role. Delivered roles walk every route, too, as strangers from the other branch.

The asking person of 支行北 owns one record of every kind; its twin belongs to a person of 支行南. What they may do
follows from the matrix, what they see from the widths of their scopes alone, never from the product's own conditions.
After every refusal the database is as before. Refused requests are asked as htmx asks: the same decision, without
the page around the words.
On SQLite, whose `data_version` tells at once whether anybody has written; that both databases hold the scope is
tested in tests/kernel/access.
"""

from __future__ import annotations

import hashlib
import sqlite3
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from app import create_app
from app.access.actors import ADMIN_ROLE, acting_as
from app.access.models import RoleInfo
from app.base.security import manager
from app.db import session, transaction
from app.host.context import context
from app.testing.databases import copy_database
from app.testing.people import Browser, People, Person, login, make_people
from app.testing.plugin import site_in, template
from app.types import SYSTEM, Actor, Scope
from tests.journeys.wall.records import records

MATRIX = tomllib.loads((Path(__file__).parent / "routes.toml").read_text("utf-8"))
SCREENS = {
    "list": ("list", "chart", "board", "board_cards", "ids", "filters"),
    "show": ("show", "tab", "timeline"),
    "add": ("add",),
    "edit": ("edit", "cell"),
    "delete": ("delete", "delete_many"),
}
REST = {"list": ("get_list",), "show": ("get",), "add": ("post",), "edit": ("put",), "delete": ("delete",)}
#: Kinds whose rows are seen by whoever may open their screen, and by whose scope the others are seen.
PUBLIC = {"unit", "employee", "post", "pools_pool", "pools_rule", "custom_field", "custom_entity", "calendar_day"}
PUBLIC |= {"notice_delivery", "activity_call_source", "pools_run", "pools_member"}
#: Of these, kinds that are written within the scope of the role only.
LOOKED_AT = {"pools_pool", "pools_rule", "pools_member"}
FOLLOWS = {
    **dict.fromkeys(("contact", "activity", "customer_share", "customer_ownership", "attachment"), "customer"),
    **dict.fromkeys(("activity_call", "pools_movement", "relations_relation"), "customer"),
    "loans_instalment": "loans_application",
    "assignment_target": "assignment_rule",
}
#: Kinds that belong to whoever started them.
OWN = {"job", "export", "import", "bulk_edit", "saved_view"}
#: What may change when somebody is refused: the audit log, and when a session was last seen.
ALIVE = ("access_audit", "access_session", "sqlite_")
REFUSED = {403, 404}
ARGUMENTS = {"code": "zh", "choice": "light", "filename": "css/app.css", "slug": "pools"} | {
    "kind": "customer",
    "name": "history",
}


@dataclass(frozen=True)
class Route:
    """A route with what it needs: any of `needs`, or "guest" or "login"; about a record of `kind`, one or many."""

    endpoint: str
    method: str
    rule: Any
    needs: tuple[str, ...]
    kind: str = ""
    many: bool = False

    @property
    def is_api(self) -> bool:
        return self.rule.rule.startswith("/api/")

    @property
    def is_standard(self) -> bool:
        return self.endpoint not in MATRIX["routes"]


@dataclass
class Bank:
    """The site, its people, and a record of every kind on both sides of the wall."""

    app: Flask
    people: People
    file: Path
    inside: dict[str, int] = field(default_factory=dict)
    outside: dict[str, int] = field(default_factory=dict)

    def contents(self) -> str:
        """A digest of every row, but for what lives on by itself."""
        digest = hashlib.sha256()
        with sqlite3.connect(self.file) as connection:
            tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in sorted(name for name in tables if not name.startswith(ALIVE)):
                for row in connection.execute(f'SELECT * FROM "{name}"'):
                    digest.update(repr(row).encode())
        return digest.hexdigest()


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    folder = tmp_path_factory.mktemp("wall")
    templates = tmp_path_factory.getbasetemp() / "templates"
    templates.mkdir(exist_ok=True)
    url = copy_database(template("sqlite", templates), folder)
    app = create_app(site_in(folder / "instance", url))
    app.config.update(TESTING=True)
    app.test_client_class = Browser
    with app.app_context(), acting_as(None):
        people = make_people()
        made = Bank(app, people, Path(url.removeprefix("sqlite:///")))
        made.inside = records(people.manager, people.colleague, "in")
        made.outside = records(people.stranger, people.stranger, "out")
        session.remove()
    yield made


def routes(app: Flask) -> list[Route]:
    """Every route and method with what the matrix says of it."""
    return [
        Route(rule.endpoint, method, rule, *_demand(rule.endpoint))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def _demand(endpoint: str) -> tuple[tuple[str, ...], str, bool]:
    """(any of these permissions, the kind of record, whether many). Raises `LookupError` where the matrix lacks it."""
    if needs := MATRIX["routes"].get(endpoint):
        how, _, kind = MATRIX["records"].get(endpoint, "").partition(" ")
        return tuple(needs.split(", ")), kind, how == "many"
    name, _, route = endpoint.partition(".")
    for slug, entity in MATRIX["entities"].items():
        view = entity["view"]
        if name not in (view, view.removesuffix("View") + "Api"):
            continue
        acts = entity["screens"].split()
        for act, names in (SCREENS if name == view else REST).items():
            if route in names and act in (acts if name == view else entity["rest"].split()):
                about = slug if act in ("show", "edit", "delete") else ""
                return (f"can_{act} {view}",), about, route == "delete_many"
        if route == "pick":
            return tuple(f"can_{act} {view}" for act in ("list", "add", "edit")), "", False
        if route == "info":
            return tuple(f"can_{act} {view}" for act in ("list", "show")), "", False
        if route == "form_state":
            return tuple(f"can_{act} {view}" for act in ("add", "edit")), "", False
    raise LookupError(f"{endpoint} is not in tests/journeys/wall/routes.toml")


def test_the_matrix_knows_every_route_and_no_other(bank: Bank) -> None:
    endpoints = {rule.endpoint for rule in bank.app.url_map.iter_rules()}
    unknown = []
    for endpoint in sorted(endpoints):
        try:
            _demand(endpoint)
        except LookupError as error:
            unknown.append(str(error))
    assert unknown == []
    assert sorted(set(MATRIX["routes"]) - endpoints) == []
    assert sorted(set(MATRIX["records"]) - set(MATRIX["routes"])) == []
    for slug, entity in MATRIX["entities"].items():
        assert f"{entity['view']}.list" in endpoints or "list" not in entity["screens"], slug


class Walker:
    """Asks as one person and watches the database."""

    def __init__(self, bank: Bank, person: Person | None) -> None:
        self.bank, self.person = bank, person
        self.client = bank.app.test_client()
        self.watch = sqlite3.connect(bank.file)
        self.faults: list[str] = []
        self.asked = 0
        with bank.app.app_context():
            login(self.client, person)
        self.before = bank.contents()
        self.seen = self.version()

    def version(self) -> int:
        return int(self.watch.execute("PRAGMA data_version").fetchone()[0])

    def ask(self, route: Route, ids: dict[str, int], *, whole: bool = False) -> Any:
        """The answer of a route about the records `ids`: the whole page, or what htmx gets."""
        self.asked += 1
        given = {name: self.argument(route, name, ids) for name in route.rule.arguments}
        with self.bank.app.test_request_context():
            address = self.bank.app.url_for(route.endpoint, **given)
        sent: dict[str, Any] = {}
        if route.method != "GET":
            sent = {"json": {"ids": [ids[route.kind]]} if route.many else {}} if route.is_api else {
                "data": {"ids": str(ids[route.kind])} if route.many else {}
            }  # fmt: skip
        if route.endpoint == "AttachmentView.add":
            sent["data"] = {"file": (BytesIO(b"%PDF-1.7\n"), "a.pdf")}
        return self.client.open(address, method=route.method, htmx=not whole, **sent)

    def argument(self, route: Route, name: str, ids: dict[str, int]) -> Any:
        if name == "field":
            view = route.endpoint.partition(".")[0]
            with self.bank.app.app_context():
                entity = next(e for e in context().entities.values() if e.view_name == view)
            return next((f.name for f in entity.fields if f.target), "none")
        if name == "entity":
            return "customer"
        if name in ARGUMENTS:
            return ARGUMENTS[name]
        if route.kind:
            return ids[route.kind]
        return {"employee_id": ids["employee"], "user_id": 10**6, "role_id": 10**6, "key_id": 10**6}.get(name, 10**6)

    def fault(self, route: Route, why: str, answer: Any) -> None:
        self.faults.append(f"{route.method} {route.rule.rule}: {why}, got {answer.status_code}")

    def refused(self, route: Route, answer: Any, allowed: set[int], why: str) -> None:
        """The answer is a refusal and nothing has been written."""
        if answer.status_code not in allowed:
            self.fault(route, why, answer)
        if self.version() != self.seen:
            self.seen, now_holds = self.version(), self.bank.contents()
            if now_holds != self.before:
                self.before = now_holds
                self.fault(route, f"{why}, and the database has changed", answer)


def test_nobody_gets_in_without_a_login(bank: Bank) -> None:
    walker = Walker(bank, None)
    for route in routes(bank.app):
        if route.needs == ("guest",):
            continue
        answer = walker.ask(route, bank.inside, whole=True)
        sent_away = answer.status_code == 302 and "/login/" in answer.headers["Location"]
        walker.refused(route, answer, {401, 302} if sent_away or answer.status_code != 302 else {401}, "a guest")
    assert walker.faults == []
    assert walker.asked > 300


def _hold(bank: Bank, person: Person, role: str) -> Actor:
    """Let the person hold this role and no other; returns the actor of their next request."""
    with bank.app.app_context(), acting_as(SYSTEM), transaction() as current:
        roles = current.execute(text("SELECT id FROM ab_role WHERE name = :name"), {"name": role}).scalars().all()
        role_id = roles[0] if roles else current.scalar(select(RoleInfo.role_id).where(RoleInfo.template == role))
        current.execute(text("DELETE FROM ab_user_role WHERE user_id = :user"), {"user": person.user_id})
        current.execute(text("UPDATE org_post SET role_id = :role"), {"role": role_id})
        current.execute(
            text("INSERT INTO ab_user_role (user_id, role_id) VALUES (:user, :role)"),
            {"user": person.user_id, "role": role_id},
        )
    with bank.app.app_context():
        return person.actor


def _sees(actor: Actor, kind: str, own: bool) -> bool | None:
    """Whether the actor sees a record: their own, or the stranger's; None where it may be either."""
    if kind in PUBLIC:
        return True
    if kind in OWN:
        sees_all = actor.can("can_list_all", "JobView") or any(grant.role == ADMIN_ROLE for grant in actor.grants)
        return True if own else None if sees_all else False
    width = actor.widest(FOLLOWS.get(kind, kind))
    if own and (kind == "pools_entry" or (width is Scope.NONE and kind.startswith("loans_"))):
        return None  # a member of the unit's pool may see what lies in it, and the new owner what was begun
    if width is Scope.NONE:
        return False
    return True if own else width is Scope.ALL


def _opens(bank: Bank, walker: Walker, route: Route, actor: Actor, ids: dict[str, int]) -> None:
    """The actor, who holds a needed permission, gets what their scope reaches."""
    answer = walker.ask(route, ids, whole=True)
    sees = _sees(actor, route.kind, True) if route.kind and not route.many else True
    allowed = {200} if sees else REFUSED if sees is False else {200, *REFUSED}
    allowed |= {422} if route.many else set()  # none were chosen
    # an entity may have no link to pick, and no history to show
    may_lack = answer.status_code == 404 and route.endpoint.endswith((".pick", ".tab", ".cell"))
    if answer.status_code not in allowed and not may_lack:
        walker.fault(route, "with the permission", answer)
    walker.seen = walker.version()


def _hides(walker: Walker, route: Route, ids: dict[str, int], why: str) -> None:
    """A record the actor does not see is absent, whatever they may do."""
    # several records at once are answered one by one, on the page they come back to
    allowed = REFUSED if not route.many else {200, 204, 302, 303, 400, 403, 404, 409, 422}
    walker.refused(route, walker.ask(route, ids), allowed, why)


def _walk(bank: Bank, walker: Walker, actor: Actor, inside: dict[str, int], outside: dict[str, int]) -> None:
    for route in asked(bank.app):
        if not any(need == "login" or actor.can(*need.split(" ")) for need in route.needs):
            walker.refused(route, walker.ask(route, inside), REFUSED, "without the permission")
            continue
        if route.method == "GET" and route.is_standard:
            _opens(bank, walker, route, actor, inside)
        if route.kind and _sees(actor, route.kind, False) is False:
            _hides(walker, route, outside, "about a stranger's record")


def asked(app: Flask) -> list[Route]:
    """The routes that ask who somebody is, but for those that end the session."""
    ends = {"LoginView.logout", "SecurityApi.logout"}
    return [route for route in routes(app) if "guest" not in route.needs and route.endpoint not in ends]


class Corner:
    """A person whose permissions and scope are set for each request, as a role of a client might."""

    def __init__(self, bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
        self.person = bank.people.manager
        self.every = _hold(bank, self.person, ADMIN_ROLE).permissions
        self.base = _hold(bank, self.person, "department_head")
        self.actor = self.base
        monkeypatch.setattr(manager, "load_actor", lambda *_user, **_site: self.actor)
        self.walker = Walker(bank, self.person)

    def needs(self, route: Route) -> set[tuple[str, str]]:
        """The permissions of which the route needs any; none where a login is enough."""
        if route.needs == ("login",):
            return set()
        needed = {pair for pair in self.every if f"{pair[0]} {pair[1]}" in route.needs}
        assert needed, f"no role can hold what {route} needs"
        return needed

    def set(self, permissions: Iterable[tuple[str, str]], scope: Scope) -> Actor:
        grants = tuple(replace(grant, scopes={}, default=scope) for grant in self.base.grants)
        self.actor = replace(self.base, permissions=frozenset(permissions), grants=grants)
        return self.actor


@pytest.fixture
def corner(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> Corner:
    return Corner(bank, monkeypatch)


def test_everything_but_the_permission_is_not_enough(bank: Bank, corner: Corner) -> None:
    for route in asked(bank.app):
        if needed := corner.needs(route):
            corner.set(corner.every - needed, Scope.ALL)
            corner.walker.refused(route, corner.walker.ask(route, bank.inside), REFUSED, "without the permission")
    assert corner.walker.faults == []
    assert corner.walker.asked > 500


def test_the_permission_alone_is_enough(bank: Bank, corner: Corner) -> None:
    for route in asked(bank.app):
        if route.method == "GET" and route.is_standard:
            for pair in sorted(corner.needs(route)):
                _opens(bank, corner.walker, route, corner.set({pair}, Scope.UNIT), bank.inside)
    assert corner.walker.faults == []
    assert corner.walker.asked > 200


@pytest.mark.parametrize("scope", [Scope.NONE, Scope.UNIT_AND_BELOW])
def test_no_permission_reaches_past_the_scope(bank: Bank, corner: Corner, scope: Scope) -> None:
    own = scope is Scope.NONE
    actor = corner.set(corner.every - {("can_list_all", "JobView")}, scope)
    for route in asked(bank.app):
        ids, why = bank.inside if own else bank.outside, f"with the scope {scope}"
        if route.kind and _sees(actor, route.kind, own) is False:
            _hides(corner.walker, route, ids, why)
        elif route.kind in LOOKED_AT and route.method != "GET":  # a form leads back to the page, which says why
            corner.walker.refused(route, corner.walker.ask(route, ids), {303, 422, *REFUSED}, why)
    assert corner.walker.faults == []
    assert corner.walker.asked > 100


@pytest.mark.parametrize("role", ["account_manager", "department_head"])
def test_a_stranger_from_another_branch_sees_the_other_side_only(bank: Bank, role: str) -> None:
    actor = _hold(bank, bank.people.stranger, role)
    walker = Walker(bank, bank.people.stranger)
    _walk(bank, walker, actor, bank.outside, bank.inside)
    assert walker.faults == []
    assert walker.asked > 100

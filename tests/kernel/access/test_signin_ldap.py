"""Signing in by the client's directory, over a real socket: who gets in, as whom, and who does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update

from app.access.actors import acting_as
from app.access.preferences import set_preference
from app.access.signin.factors import begin_factor, confirm_factor
from app.access.signin.models import LoginSession
from app.base.security.accounts import set_active
from app.base.security.checking import check_provider
from app.base.security.logins import find_login
from app.base.security.outside import link_by_hand, unlink_by_hand
from app.base.security.stamps import MUST_CHANGE
from app.db import session, transaction
from app.host.settings import change_settings
from app.organisation.models import Employee
from app.testing.people import PASSWORD, Browser, People, login
from app.types import SYSTEM, Refused
from tests.kernel.access.ldap_server import BASE, READER, DirectoryServer, running
from tests.kernel.access.signin_sites import acts, allow, role_names
from tests.kernel.access.test_factors import code_of

API = "/api/v1/security/login"
SECRET = "their own there 1"
SITE = f"""
[signin]
emergency = ["admin"]
[signin.providers.directory]
kind = "ldap"
url = "ldap://127.0.0.1:PORT"
tls = "none"
base = "ou=people,{BASE}"
bind_dn = "{READER}"
bind_password = "reading"
filter = "(|(uid={{login}})(mail={{login}}))"
subject = "entryUUID"
"""


@pytest.fixture
def directory(people: People) -> Iterator[DirectoryServer]:
    """Zhang is in the directory by the name of his login here, Sun by hers and nowhere else."""
    with running() as server:
        server.add("zhang", SECRET, "uuid-zhang", f"cn=Sales,{BASE}")
        server.add("sun", SECRET, "uuid-sun", f"cn=Sales,{BASE}", f"cn=Unmapped,{BASE}")
        server.add("admin", SECRET, "uuid-admin")
        yield server


def allow_directory(server: DirectoryServer, more: str = "", head: str = "") -> None:
    text = SITE.replace("PORT", str(server.server_address[1])).replace("[signin]\n", f"[signin]\n{head}\n")
    allow(f"{text}\n{more}")


def enter(client: Browser, name: str, password: str = SECRET) -> Any:
    return client.post("/login/", data={"username": name, "password": password})


def test_who_has_no_login_of_their_own_here_is_told_so_and_written_down(client: Browser, directory: Any) -> None:
    allow_directory(directory)
    answer = enter(client, "zhang")
    assert answer.status_code == 403 and "没有与此账号对应的用户" in answer.text
    assert client.get("/").status_code == 302
    assert acts() == [("login_failed", "zhang", None)]
    assert enter(client, "zhang", PASSWORD).status_code == 302, "and comes in by the password of the login here"


def test_names_that_agree_are_linked_once_and_for_good(client: Browser, people: People, directory: Any) -> None:
    allow_directory(directory, 'link = "login"')
    set_preference(MUST_CHANGE, True, user_id=people.manager.user_id)
    assert enter(client, "ZHANG@corp.example").status_code == 302
    assert client.get("/customer/list/").status_code == 200, "no password of ours is asked to be changed"
    row = session.scalar(select(LoginSession).where(LoginSession.user_id == people.manager.user_id))
    assert row is not None and row.provider == "directory"
    assert acts() == [("link_login", "zhang", "directory"), ("login", "zhang", "directory")]
    client.post("/logout/")
    directory.entries = {}
    directory.add("zhang", SECRET, "uuid-of-the-next-zhang")
    assert enter(client, "zhang").status_code == 403, "a name used again there is somebody else"


def test_a_session_ends_with_the_login_the_employee_and_the_provider(
    client: Browser, people: People, directory: Any
) -> None:
    allow_directory(directory, 'link = "login"')
    zhang = people.manager

    def comes_in() -> bool:
        assert enter(client, "zhang").status_code == 302
        return bool(client.get("/customer/list/").status_code == 200)

    assert comes_in()
    allow("")
    assert client.get("/customer/list/").status_code == 302, "the provider is no way in any more"
    allow_directory(directory, 'link = "login"')
    assert comes_in()
    with acting_as(people.admin.actor):
        set_active(zhang.user_id, False)
    assert client.get("/customer/list/").status_code == 302
    assert enter(client, "zhang").status_code == 403
    with acting_as(people.admin.actor):
        set_active(zhang.user_id, True)
    assert comes_in()
    with acting_as(SYSTEM), transaction() as current:
        current.execute(update(Employee).where(Employee.id == zhang.employee_id).values(left_on=date(2020, 1, 1)))
    assert client.get("/customer/list/").status_code == 302
    assert enter(client, "zhang").status_code == 403


def test_administrators_and_emergency_logins_are_nobody_the_directory_may_name(
    client: Browser, people: People, directory: DirectoryServer
) -> None:
    allow_directory(directory, 'link = "login"\nunknown = "create"')
    assert enter(client, "admin").status_code == 422
    assert directory.binds == [], "the directory never hears of the password of an emergency login"
    directory.add("boss", SECRET, "uuid-boss")
    with acting_as(SYSTEM), transaction():
        find_login("admin").username = "boss"
    assert enter(client, "boss").status_code == 403, "an administrator is linked by hand only"
    link_by_hand("boss", "directory", "uuid-boss")
    assert enter(client, "boss").status_code == 302


def test_only_emergency_logins_come_in_by_passwords_of_ours_where_the_site_says_so(
    client: Browser, people: People, directory: DirectoryServer
) -> None:
    allow_directory(directory, head='form = "emergency"')
    assert enter(client, "zhang", PASSWORD).status_code == 422
    assert enter(client, "admin", PASSWORD).status_code == 302


def test_a_new_login_holds_what_the_mapping_names_and_nothing_else(client: Browser, directory: Any) -> None:
    roles = f'[signin.providers.directory.roles]\n"CN=sales, {BASE}" = "Sales"\n"cn=nobody" = "Audit"'
    with acting_as(SYSTEM), transaction():
        for name in ("Sales", "Audit"):
            client.application.appbuilder.sm.add_role(name)  # type: ignore[attr-defined]
    allow_directory(directory, f'unknown = "create"\n{roles}')
    assert enter(client, "sun").status_code == 302
    made = find_login("sun")
    assert role_names("sun") == {"Sales"} and made.email == "sun@corp.example"
    assert ("create_login", "sun", "directory") in acts()
    client.post("/logout/")
    with acting_as(SYSTEM), transaction():
        made.roles.append(client.application.appbuilder.sm.find_role("Audit"))  # type: ignore[attr-defined]
    directory.entries[f"uid=sun,ou=people,{BASE}"]["memberOf"] = []
    assert enter(client, "sun").status_code == 302
    assert role_names("sun") == {"Sales", "Audit"}, "roles are added only"
    client.post("/logout/")
    allow_directory(directory, f'unknown = "create"\nroles_mode = "replace"\n{roles}')
    assert enter(client, "sun").status_code == 302
    assert role_names("sun") == set()


def test_failures_lock_the_login_whichever_spelling_is_tried(
    client: Browser, people: People, directory: DirectoryServer
) -> None:
    with acting_as(SYSTEM), transaction():
        change_settings({"access.lock_after": "3"})
    allow_directory(directory, 'link = "login"')
    assert enter(client, "zhang").status_code == 302
    client.post("/logout/")
    tried = [enter(client, name, "a guess").status_code for name in ("zhang@corp.example", "zhang", "ZHANG")]
    assert tried == [422] * 3
    assert enter(client, "zhang@corp.example").status_code == 429
    assert enter(client, "zhang", PASSWORD).status_code == 429, "the password of ours is locked with it"
    assert acts()[-4:] == [("login_failed", "zhang", None)] * 3 + [("lock", "zhang", None)]


@pytest.mark.parametrize("name", ["*", "zhang)(uid=*", "zhang\\2a", "no body", "*)(|(uid=*"])
def test_a_name_is_never_read_as_a_filter_and_no_password_is_no_password(
    client: Browser, directory: DirectoryServer, name: str
) -> None:
    allow_directory(directory, 'unknown = "create"\nlink = "login"')
    assert enter(client, name).status_code == 422
    assert enter(client, "zhang", "").status_code == 422
    assert client.get("/").status_code == 302


def test_the_second_factor_is_asked_for_unless_the_provider_is_trusted(client: Browser, directory: Any) -> None:
    with acting_as(SYSTEM), transaction():
        change_settings({"access.second_factor": "everybody"})
    allow_directory(directory, 'link = "login"')
    assert enter(client, "zhang").status_code == 302
    assert client.get("/").location == "/profile/second-factor/"
    client.post("/logout/")
    assert client.post(API, json={"username": "zhang", "password": SECRET}, csrf=False).status_code == 403
    allow_directory(directory, 'link = "login"\nsecond_factor = "provider"')
    assert enter(client, "zhang").status_code == 302
    assert client.get("/customer/list/").status_code == 200


def test_a_second_factor_of_ours_is_asked_for_in_between(client: Browser, people: People, directory: Any) -> None:
    allow_directory(directory, 'link = "login"\nlabel_zh = "公司目录"')
    zhang = people.manager
    assert begin_factor(zhang.user_id)
    confirm_factor(zhang.user_id, code_of(zhang, -1))
    assert enter(client, "zhang").location == "/login/code/"
    assert client.get("/profile/").status_code == 302, "the password alone opens nothing"
    assert client.post("/login/code/", data={"code": code_of(zhang)}).status_code == 302
    assert acts()[-1] == ("login", "zhang", "directory, code")
    assert "公司目录" in client.get("/profile/sessions/").text
    login(client, people.admin)
    page = client.get(f"/accounts/{zhang.employee_id}").text
    assert "uuid-zhang" in page and "公司目录" in page


def test_rest_takes_the_directory_s_password_and_counts_failures(client: Browser, directory: Any) -> None:
    allow_directory(directory, 'link = "login"')

    def ask(**more: str) -> Any:
        return client.post(API, json={"username": "zhang", "password": SECRET, **more}, csrf=False)

    assert ask(provider="db").status_code == 401
    assert ask(provider="another").status_code == 422
    token = ask(provider="directory").json["access_token"]
    shown = client.get("/api/v1/customer/", headers={"Authorization": f"Bearer {token}"})
    assert shown.status_code == 200
    assert acts()[-1] == ("login", "zhang", "directory, REST")


def test_a_directory_that_is_away_keeps_nobody_with_a_password_of_ours_out(client: Browser, directory: Any) -> None:
    allow_directory(directory)
    directory.passwords.pop(READER)
    answer = enter(client, "sun")
    assert answer.status_code == 503 and "目录服务暂时没有响应" in answer.text
    assert enter(client, "zhang", PASSWORD).status_code == 302


def test_who_sets_it_up_sees_what_the_directory_says(people: People, directory: DirectoryServer) -> None:
    allow_directory(directory, f'[signin.providers.directory.roles]\n"cn=Sales,{BASE}" = "Nowhere"')
    told = "\n".join(check_provider("directory", "zhang"))
    assert "roles that do not exist here: Nowhere" in told and "subject uuid-zhang" in told
    assert "login here: none is linked" in told and SECRET not in told
    link_by_hand("zhang", "directory", "uuid-zhang")
    assert "login here: zhang" in list(check_provider("directory", "zhang"))
    with pytest.raises(Refused, match="对应一个用户"):
        link_by_hand("li", "directory", "uuid-zhang")
    unlink_by_hand("zhang", "directory")
    assert "login here: none is linked" in list(check_provider("directory", "zhang"))
    directory.passwords.pop(READER)
    with pytest.raises(Refused, match="refuses bind_dn"):
        list(check_provider("directory"))

"""Signing in at an OpenID Connect provider, over real sockets: the code, its proof, and who is not let in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import jwt
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import func, select

from app.access.actors import acting_as
from app.access.signin.locks import count_failure
from app.access.signin.models import LoginSession, SignInRequest
from app.access.signin.outside import oidc
from app.access.signin.outside.claims import NotProven
from app.base.security.accounts import set_active
from app.base.security.logins import find_login
from app.base.security.outside import link_by_hand
from app.db import session, transaction
from app.host.context import context
from app.host.settings import change_settings
from app.testing.people import PASSWORD, Browser, People, login
from app.types import SYSTEM
from tests.kernel.access.oidc_server import CLIENT, SECRET, Provider, running
from tests.kernel.access.signin_sites import acts, allow, role_names

HOME = "http://localhost"
START, BACK = "/login/with/keycloak/", f"{HOME}/login/with/keycloak/callback/"
NOT_ASKED_FOR = "此应答不属于当前浏览器"


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        return None


@pytest.fixture
def keycloak(people: People) -> Iterator[Provider]:
    with running(BACK) as provider:
        allow_provider(provider)
        yield provider


def allow_provider(provider: Provider, more: str = "", head: str = "") -> None:
    allow(
        f'[signin]\naddress = "{HOME}"\nemergency = ["admin"]\n{head}\n[signin.providers.keycloak]\nkind = "oidc"\n'
        f'label_zh = "统一认证"\nlabel_en = "Staff account"\nissuer = "{provider.issuer}"\n'
        f'client_id = "{CLIENT}"\nclient_secret = "{SECRET}"\n{more}'
    )


def visit(address: str) -> str:
    """Log in at the provider as its person; where it sends the browser back to."""
    try:
        build_opener(_Stay).open(address, timeout=10)
    except HTTPError as answer:
        if answer.code == 302:
            return str(answer.headers["Location"])
        raise
    raise AssertionError("the provider sent nobody back")


def there(client: Browser, path: str = START) -> str:
    """Begin here, log in there; the way back."""
    return visit(client.get(path).location).removeprefix(HOME)


def is_in(client: Browser) -> bool:
    return bool(client.get("/profile/").status_code == 200)


def test_who_is_linked_comes_in_with_a_session_of_their_own(
    client: Browser, people: People, keycloak: Provider
) -> None:
    assert "使用统一认证登录" in client.get("/login/").text
    link_by_hand("zhang", "keycloak", "248289")
    back = there(client, f"{START}?next=/customer/list/")
    answer = client.get(back)
    assert (answer.status_code, answer.location) == (302, "/customer/list/")
    assert is_in(client)
    row = session.scalar(select(LoginSession).where(LoginSession.user_id == people.manager.user_id))
    assert row is not None and row.provider == "keycloak"
    assert acts() == [("link_login", "zhang", "keycloak"), ("login", "zhang", "keycloak")]
    assert session.scalar(select(func.count()).select_from(SignInRequest)) == 0
    client.post("/logout/")
    again = client.get(back)
    assert again.status_code == 400 and NOT_ASKED_FOR in again.text, "an answer counts once"


def test_an_answer_belongs_to_the_browser_that_was_sent(client: Browser, keycloak: Provider) -> None:
    link_by_hand("zhang", "keycloak", "248289")
    back = there(client)
    other = client.application.test_client()
    assert other.get(back).status_code == 400
    other.get(START)
    assert other.get(back).status_code == 400, "the state is that of another request"
    assert client.get(back.replace("state=", "state=0")).status_code == 400
    assert client.get(back).status_code == 400, "the request is over with the first answer, whatever it was"
    assert not is_in(client)


def test_a_token_that_proves_nothing_opens_nothing(client: Browser, keycloak: Provider) -> None:
    link_by_hand("zhang", "keycloak", "248289")
    fitting = dict(keycloak.claims)
    for claims in (
        {"aud": ["somebody else"]},
        {"aud": [CLIENT, "somebody else"]},
        {"azp": "somebody else"},
        {"iss": "http://127.0.0.1:1"},
        {"nonce": "0" * 64},
        {"exp": 1_700_000_000},
        {"iat": 4_000_000_000},
        {"sub": ""},
    ):
        keycloak.claims = fitting | claims
        answer = client.get(there(client))
        assert answer.status_code == 403 and "验证未通过" in answer.text, claims
        assert not is_in(client)
    keycloak.claims = fitting
    assert client.get(there(client)).status_code == 302


def test_a_token_signed_with_a_key_that_is_not_the_provider_s_opens_nothing(
    client: Browser, keycloak: Provider
) -> None:
    link_by_hand("zhang", "keycloak", "248289")
    keycloak.key = RSAKey.generate_key(2048, {"kid": "1"})
    assert client.get(there(client)).status_code == 403
    assert not is_in(client)


def test_tokens_are_never_signed_with_what_we_share_or_with_nothing(keycloak: Provider) -> None:
    options = context().site.signin.providers["keycloak"].options
    assert isinstance(options, oidc.Oidc)
    for key, algorithm in ((SECRET, "HS256"), (None, "none")):
        token = jwt.encode({"sub": "248289", "nonce": "n"}, key, algorithm)
        with pytest.raises(NotProven, match="signed with"):
            oidc.verified(options, token, "n")


def test_strangers_are_refused_or_made_without_any_role(client: Browser, keycloak: Provider) -> None:
    keycloak.claims |= {"preferred_username": "sun", "email": "zhang@example.com", "groups": ["Admin", "boss"]}
    answer = client.get(there(client))
    assert answer.status_code == 403 and "没有与此账号对应的用户" in answer.text
    allow_provider(keycloak, 'unknown = "create"')
    assert client.get(there(client)).status_code == 302
    assert role_names("sun") == set()
    assert find_login("sun").email == "sun@login.invalid", "an address nobody has verified is nobody's"
    assert ("create_login", "sun", "keycloak") in acts()
    client.post("/logout/")
    keycloak.claims |= {"sub": "another", "preferred_username": "zhang"}
    assert client.get(there(client)).status_code == 403, "and nobody becomes the one whose name they have"


def test_who_is_switched_off_or_locked_stays_out(client: Browser, people: People, keycloak: Provider) -> None:
    link_by_hand("zhang", "keycloak", "248289")
    with acting_as(people.admin.actor):
        set_active(people.manager.user_id, False)
    assert client.get(there(client)).status_code == 403
    assert acts()[-1] == ("login_failed", "zhang", "keycloak")
    with acting_as(people.admin.actor):
        set_active(people.manager.user_id, True)
    with acting_as(SYSTEM), transaction():
        change_settings({"access.lock_after": "2"})
        count_failure("zhang", "192.0.2.1")
    assert client.get(there(client)).status_code == 429
    assert not is_in(client)


def test_next_stays_on_this_site(client: Browser, keycloak: Provider) -> None:
    link_by_hand("zhang", "keycloak", "248289")
    for target in ("//evil.example", "/\\evil.example", "https://evil.example"):
        answer = client.get(there(client, f"{START}?next={target}"))
        assert answer.location == "/"
        client.post("/logout/")


def test_what_goes_to_the_provider(client: Browser, keycloak: Provider) -> None:
    asked = parse_qs(urlsplit(client.get(START).location).query)
    assert asked["redirect_uri"] == [BACK] and asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"] and asked["client_id"] == [CLIENT]
    assert len(asked["state"][0]) == len(asked["nonce"][0]) == 64
    assert SECRET not in str(asked)


def test_the_form_gives_way_where_the_site_says_so(client: Browser, keycloak: Provider) -> None:
    allow_provider(keycloak, head='form = "emergency"')
    page = client.get("/login/").text
    assert 'name="password"' not in page and START in page
    assert 'name="password"' in client.get("/login/?form=1").text
    answer = client.post("/login/", data={"username": "admin", "password": PASSWORD})
    assert answer.status_code == 302 and is_in(client)


def test_a_provider_that_is_away_says_so_and_one_that_is_unknown_is_not_there(client: Browser, people: People) -> None:
    allow(
        f'[signin]\naddress = "{HOME}"\n[signin.providers.keycloak]\nkind = "oidc"\n'
        'issuer = "http://127.0.0.1:1"\nclient_id = "x"\n'
    )
    answer = client.get(START)
    assert answer.status_code == 503 and "暂时没有响应" in answer.text
    assert client.get("/login/with/nobody/").status_code == 404
    assert client.get("/login/with/nobody/callback/").status_code == 404
    login(client, people.manager)
    assert client.get(START).location == "/"

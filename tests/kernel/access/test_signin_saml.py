"""Signing in by SAML: the response to a request of this browser, signed, for us, now, once; all else is refused."""

from __future__ import annotations

import base64
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from app.access.actors import acting_as
from app.base.security.accounts import set_active
from app.base.security.outside import link_by_hand
from app.host.context import context
from app.testing.people import Browser, People
from tests.kernel.access.saml_provider import (
    CERTIFICATE,
    ISSUER,
    NS,
    Request,
    new_key,
    posted,
    response,
    signed,
    with_signed_assertion,
)
from tests.kernel.access.signin_sites import acts, allow

START, ACS = "/login/with/adfs/", "/login/with/adfs/acs/"
FINISH = "/login/with/adfs/finish/"
NOT_PROVEN, NOT_ASKED_FOR = "/login/?refused=proof", "/login/?refused=request"
OTHER_KEY, OTHER_CERTIFICATE = new_key()


@pytest.fixture(autouse=True)
def adfs(people: People) -> None:
    """The site trusts one provider; zhang belongs to somebody there."""
    folder: Path = context().site.folder
    (folder / "adfs.pem").write_text(CERTIFICATE, "utf-8")
    allow(
        '[signin]\naddress = "http://localhost"\n[signin.providers.adfs]\nkind = "saml"\n'
        f'issuer = "{ISSUER}"\nsso_url = "https://adfs.example.com/adfs/ls/"\ncertificates = ["adfs.pem"]\n'
    )
    link_by_hand("zhang", "adfs", "s-1")


def sent(client: Browser, path: str = START) -> Request:
    return Request(client.get(path).location)


def post(client: Browser, made: Any) -> Any:
    """What another site's form posts: without the session's cookie, and without a token of ours."""
    return client.application.test_client().post(ACS, data=posted(made), csrf=False)  # type: ignore[call-arg]


def is_in(client: Browser) -> bool:
    return bool(client.get("/profile/").status_code == 200)


@pytest.mark.parametrize("sign", [with_signed_assertion, signed], ids=["assertion", "response"])
def test_a_signed_answer_lets_the_browser_in_that_asked(client: Browser, sign: Callable[[Any], Any]) -> None:
    made = sign(response(sent(client, f"{START}?next=/customer/list/")))
    answer = post(client, made)
    assert (answer.status_code, answer.location) == (303, FINISH)
    assert "Set-Cookie" not in answer.headers
    assert client.application.test_client().get(FINISH).status_code == 400, "another browser gets nothing"
    assert client.get(FINISH).location == "/customer/list/"
    assert is_in(client)
    assert acts()[-1] == ("login", "zhang", "adfs")
    client.post("/logout/")
    assert client.get(FINISH).status_code == 400
    assert post(client, made).location == NOT_ASKED_FOR, "an answer counts once"


def test_an_answer_nobody_asked_for_or_to_another_browser_opens_nothing(client: Browser) -> None:
    request = sent(client)
    request.number = "_" + "0" * 64
    assert post(client, signed(response(request))).location == NOT_ASKED_FOR
    theirs = client.application.test_client()
    assert post(client, signed(response(sent(theirs)))).status_code == 303  # type: ignore[arg-type]
    sent(client)
    assert client.get(FINISH).status_code == 400
    assert not is_in(client)


def wrapped(made: Any) -> Any:
    """The signed assertion moved aside, one of the attacker's own in its place."""
    made = with_signed_assertion(made)
    true = made.find("a:Assertion", NS)
    false = deepcopy(true)
    false.find("a:Subject/a:NameID", NS).text = "s-1"
    false.set("ID", "_evil")
    aside = etree.SubElement(made, "{urn:oasis:names:tc:SAML:2.0:protocol}Extensions")
    made.replace(true, false)
    aside.append(true)
    return made


def second(made: Any) -> Any:
    """A second assertion beside the signed one."""
    made = with_signed_assertion(made)
    more = deepcopy(made.find("a:Assertion", NS))
    more.set("ID", "_a2")
    made.insert(2, more)
    return made


def changed(made: Any) -> Any:
    """Another person written into what was signed."""
    made = signed(made)
    made.find(".//a:NameID", NS).text = "s-1"
    return made


def commented(made: Any) -> Any:
    """A comment that cuts a name in two for careless readers; it survives the signature."""
    made = signed(made)
    made.find(".//a:NameID", NS).insert(0, etree.Comment("x"))
    return made


def signed_elsewhere(made: Any) -> Any:
    return signed(made, OTHER_KEY, OTHER_CERTIFICATE)


def failed(made: Any) -> Any:
    made.find(".//p:StatusCode", NS).set("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
    return signed(made)


def transient(made: Any) -> Any:
    made.find(".//a:NameID", NS).set("Format", "urn:oasis:names:tc:SAML:2.0:nameid-format:transient")
    return signed(made)


def unconfirmed(made: Any) -> Any:
    made.find(".//a:SubjectConfirmation", NS).set("Method", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches")
    return signed(made)


def test_whatever_does_not_prove_who_it_is_opens_nothing(client: Browser) -> None:
    request = sent(client)
    answers = {
        "unsigned": response(request),
        "another key": signed_elsewhere(response(request)),
        "wrapped": wrapped(response(request, "s-2")),
        "two": second(response(request, "s-2")),
        "changed": changed(response(request, "s-2")),
        "commented": commented(response(request)),
        "failed": failed(response(request)),
        "transient": transient(response(request)),
        "unconfirmed": unconfirmed(response(request)),
        "another issuer": signed(response(request, issuer="https://evil.example")),
        "another audience": signed(response(request, audience="https://other.example")),
        "another recipient": signed(response(request, acs="http://localhost/elsewhere/")),
        "too late": signed(response(request, minutes=-5)),
        "too early": signed(response(request, now="2099-01-01T00:00:00Z")),
        "not asked for": signed(response(request, request="")),
    }
    for name, made in answers.items():
        answer = post(client, made)
        assert answer.location == NOT_PROVEN, name
        assert "Set-Cookie" not in answer.headers, name
    assert post(client, signed(response(request))).status_code == 303, "the request still waits for a good one"


def test_what_is_no_response_is_refused(client: Browser) -> None:
    entities = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    for text in ("", "not base64 !", base64.b64encode(b"<open").decode(), base64.b64encode(entities).decode()):
        answer = client.application.test_client().post(ACS, data={"SAMLResponse": text}, csrf=False)  # type: ignore[call-arg]
        assert answer.location == NOT_PROVEN
    assert "验证未通过" in client.get(NOT_PROVEN).text


def test_who_is_switched_off_or_a_stranger_stays_out(client: Browser, people: People) -> None:
    with acting_as(people.admin.actor):
        set_active(people.manager.user_id, False)
    for subject, told in (("s-1", "已停用"), ("s-9", "没有与此账号对应的用户")):
        assert post(client, signed(response(sent(client), subject))).status_code == 303
        answer = client.get(FINISH)
        assert answer.status_code == 403 and told in answer.text
        assert not is_in(client)


def test_what_the_provider_s_administrator_imports(client: Browser) -> None:
    about = etree.fromstring(client.get("/login/with/adfs/metadata/").data)
    assert about.get("entityID") == "http://localhost/login/with/adfs/metadata/"
    assert about[0][0].get("Location") == "http://localhost" + ACS
    assert client.get("/login/with/adfs/callback/").status_code == 404

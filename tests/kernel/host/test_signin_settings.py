"""What a site's file says about signing in: read whole, or refused with the place and the reason."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from app.host.signin import Ldap, Oidc
from app.host.signin.reading import read_signin
from app.host.sites import SiteError, create_site, load_site

LDAP = 'kind = "ldap"\nurl = "ldaps://dc.example.com"\nbase = "dc=example,dc=com"\n'
OIDC = 'kind = "oidc"\nissuer = "https://id.example.com/realms/staff"\nclient_id = "qiao"\n'
SAML = 'kind = "saml"\nissuer = "x"\nsso_url = "https://idp.example.com/"\ncertificates = ["idp.pem"]\n'
HEAD = '[signin]\naddress = "https://crm.example.com"\n'


def test_the_examples_of_the_page_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[3] / "docs" / "sign-in.md").read_text("utf-8")
    examples = [part.partition("```")[0] for part in page.split("```toml\n")[1:]]
    monkeypatch.setenv("QIAO_OIDC_SECRET", "from the environment")
    for name in ("ldap.secret", "company-ca.pem", "adfs.pem"):
        (tmp_path / name).write_text("from a file\n", "utf-8")
    found = read_signin(tomllib.loads("\n".join(examples))["signin"], tmp_path).providers
    assert [each.kind for each in found.values()] == ["ldap", "oidc", "saml"]
    directory, keycloak = found["ad"].options, found["keycloak"].options
    assert isinstance(directory, Ldap) and directory.bind_password == "from a file"
    assert isinstance(keycloak, Oidc) and keycloak.client_secret == "from the environment"
    assert "from" not in repr(found), "secrets are never shown"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (HEAD + "color = 1", "unknown settings: color"),
        (HEAD + 'form = "emergency"', "needs emergency"),
        ('[signin]\naddress = "http://crm.example.com"', "must begin with https"),
        (HEAD + "[signin.providers.db]\n" + LDAP, "for its name"),
        (HEAD + '[signin.providers.x]\nkind = "kerberos"', "kind must be one of"),
        (HEAD + "[signin.providers.x]\n" + LDAP + 'colour = "red"', "unknown settings: colour"),
        (HEAD + "[signin.providers.x]\n" + LDAP.replace("ldaps", "ldap") + 'tls = "none"', "passwords in clear"),
        (HEAD + "[signin.providers.x]\n" + LDAP + 'filter = "(uid=*)"', "filter must hold"),
        (HEAD + "[signin.providers.x]\n" + LDAP + 'bind_dn = "cn=reader"', "belong together"),
        (HEAD + "[signin.providers.x]\n" + LDAP + 'roles = {a = "Admin"}', "gives_administrator"),
        ("[signin.providers.x]\n" + OIDC, "needs address"),
        (HEAD + "[signin.providers.x]\n" + OIDC.replace("https", "http"), "must begin with https"),
        (HEAD + "[signin.providers.x]\n" + OIDC + 'client_secret = "env:QIAO_NOT_THERE"', "has no QIAO_NOT_THERE"),
        (HEAD + "[signin.providers.x]\n" + SAML, "cannot be read"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_signin(tomllib.loads(text)["signin"], tmp_path)


def test_a_site_with_a_wrong_way_in_is_not_opened(tmp_path: Path) -> None:
    made = create_site(tmp_path, "one")
    with (made.folder / "site.toml").open("a") as file:
        file.write(HEAD + "[signin.providers.x]\n" + OIDC.replace("client_id", "client"))
    assert os.stat(made.folder / "site.toml").st_mode & 0o077 == 0
    with pytest.raises(SiteError, match=r"signin.providers.x\] needs client_id"):
        load_site(tmp_path, "one")

"""What a site's file says about ways out: read whole, or refused with the place; secrets are shown nowhere."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from app.host.outgoing import read_outgoing
from app.host.sites import SiteError, create_site, load_site
from config import ROOT

MAIL = '[notices.mail]\nhost = "smtp.example.com"\nfrom = "qiao@example.com"\n'
GROUP = '[notices.channels.x]\nkind = "wecom"\n'


def test_the_example_of_the_page_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "admins.md").read_text("utf-8")
    example = next(part.partition("```")[0] for part in page.split("```toml\n") if part.startswith("[notices]"))
    (tmp_path / "wecom-credit.url").write_text("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=hidden-1\n")
    monkeypatch.setenv("QIAO_MAIL_PASSWORD", "hidden-2")
    monkeypatch.setenv("QIAO_DINGTALK_URL", "https://oapi.dingtalk.com/robot/send?access_token=hidden-3")
    monkeypatch.setenv("QIAO_DINGTALK_SECRET", "hidden-4")
    found = read_outgoing(tomllib.loads(example)["notices"], tmp_path, "")
    assert found.mail is not None
    assert (found.mail.port, found.mail.password, found.address) == (587, "hidden-2", "https://crm.example.com")
    assert [found.channels[key].kind for key in ("credit", "branch")] == ["wecom", "dingtalk"]
    assert found.channels["credit"].url.endswith("hidden-1")
    assert "hidden" not in repr(found)
    assert found.channels["branch"].host == "oapi.dingtalk.com"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[notices]\nadress = 1", "unknown settings: adress"),
        ('[notices]\naddress = "http://crm.example.com"', "must begin with https"),
        (MAIL + 'tls = "ssl"', "tls must be one of"),
        (MAIL + 'username = "x"', "belong together"),
        (MAIL + 'tls = "none"\nusername = "x"\npassword = "y"', "in clear"),
        (MAIL.replace("qiao@example.com", "qiao"), "must look like"),
        (MAIL + "port = 99999", "port"),
        (GROUP, "url must begin with https"),
        (GROUP + 'url = "http://intranet.example.com/x"', "url must begin with https"),
        (GROUP + 'url = "https://user@host/x"', "url must begin with https"),
        (GROUP + 'url = "file:missing"', "cannot be read"),
        (GROUP + 'url = "https://h/x"\nsecret = "s"', "signs nothing"),
        (GROUP.replace("wecom", "slack"), "kind must be one of"),
        (GROUP.replace(".x", ".mail"), "small letters"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, why: str) -> None:
    site = create_site(tmp_path, "bank")
    (site.folder / "site.toml").write_text(text, "utf-8")
    with pytest.raises(SiteError, match=why) as refused:
        load_site(tmp_path, "bank")
    assert "https://user@host/x" not in str(refused.value)

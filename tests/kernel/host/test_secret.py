"""A site whose secret could be guessed does not start in production."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from app.host import sites
from app.host.secret import why_weak
from app.host.sites import SiteError, create_site, load_site
from app.host.wsgi import readable_sites
from config import Settings

GUESSED = (
    "x" * 64,
    "short-but-random-8f3kq",
    "ab12" * 16,
    "8fK2-pQz7Lm4XvRt" * 3,
    "CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET",
    "\\2\\1thisismyscretkey\\1\\2\\e\\y\\y\\h",
    "django-insecure-4b!k2@9z#q7&x0w$e5r6t8y1u3i",
    "your-random-key-goes-here-please-1234",
    "zX9-abcdefghijklmnop-7Qw2Er4Ty6Ui8Op",
)


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> None:
    strong = Settings(production=True, password_passes=3, password_memory_kib=65536)
    monkeypatch.setattr(sites, "settings", lambda: strong)


@pytest.mark.parametrize("secret", GUESSED)
def test_what_could_be_guessed_is_named_and_refused(secret: str, tmp_path: Path, production: None) -> None:
    assert why_weak(secret)
    site = create_site(tmp_path, "bank")
    (site.folder / "secret").write_text(secret)
    with pytest.raises(SiteError, match="could be guessed") as refused:
        load_site(tmp_path, "bank")
    assert secret not in str(refused.value), "nor is it shown"


def test_random_ones_are_taken(tmp_path: Path, production: None) -> None:
    for _ in range(300):
        assert why_weak(secrets.token_urlsafe(48)) == ""
        assert why_weak(secrets.token_hex(32)) == ""
    assert create_site(tmp_path, "bank").secret


def test_a_trial_installation_starts_and_is_told_by_the_doctor(tmp_path: Path) -> None:
    site = create_site(tmp_path, "bank")
    (site.folder / "secret").write_text(GUESSED[4])
    assert load_site(tmp_path, "bank").secret == GUESSED[4]
    (site.folder / "secret").write_text(GUESSED[1])
    with pytest.raises(SiteError, match="22 characters"):
        load_site(tmp_path, "bank")


def test_the_web_server_leaves_such_a_site_closed(
    tmp_path: Path, production: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for slug in ("good", "weak"):
        create_site(tmp_path, slug, hosts=(f"{slug}.example",))
    (tmp_path / "sites" / "weak" / "secret").write_text(GUESSED[0])
    monkeypatch.setattr("app.host.wsgi.settings", lambda: Settings(instance=tmp_path))
    assert [site.slug for site in readable_sites()] == ["good"]
    assert "could be guessed" in caplog.text

"""How passwords are kept: argon2id, older hashes made anew at the login, no weak cost in production."""

from __future__ import annotations

import pytest
from flask_appbuilder.security.sqla.models import User
from pydantic import ValidationError
from sqlalchemy import select, update
from werkzeug.security import generate_password_hash

from app.base.security.hashing import fits_password, hash_password, is_outdated
from app.db import session, transaction
from app.testing.people import PASSWORD, Browser, People, Person
from config import Settings


def kept(person: Person) -> str:
    return str(session.scalar(select(User.password).where(User.id == person.user_id)))


def keep(person: Person, hashed: str) -> None:
    with transaction() as current:
        current.execute(update(User).where(User.id == person.user_id).values(password=hashed))


def enter(client: Browser, password: str) -> int:
    return int(client.post("/login/", data={"username": "zhang", "password": password}).status_code)


def test_a_new_hash_is_argon2id_with_a_salt_of_its_own() -> None:
    first, second = hash_password(PASSWORD), hash_password(PASSWORD)
    assert first.startswith("$argon2id$v=19$") and first != second and len(first) < 256
    assert fits_password(first, PASSWORD) and not fits_password(first, PASSWORD + "x")
    assert not is_outdated(first)


@pytest.mark.parametrize("odd", ["", "!", "plain text", "$argon2id$v=19$broken", "md5$x$y", "scrypt:1$x$y", None])
def test_what_is_no_hash_fits_nothing(odd: str | None) -> None:
    assert not fits_password(odd, "") and not fits_password(odd, str(odd))


@pytest.mark.parametrize("method", ["scrypt:1024:8:1", "pbkdf2:sha256:1"])
def test_an_older_hash_fits_once_more_and_is_made_anew(client: Browser, people: People, method: str) -> None:
    keep(people.manager, generate_password_hash(PASSWORD, method=method))
    assert enter(client, "wrong") == 422
    assert kept(people.manager).startswith(method.split(":")[0]), "a wrong password changes nothing"
    assert enter(client, PASSWORD) == 302
    assert kept(people.manager).startswith("$argon2id$")
    assert client.get("/").status_code == 200
    client.post("/logout/")
    assert enter(client, PASSWORD) == 302


def test_a_hash_of_another_cost_is_made_anew(client: Browser, people: People) -> None:
    from argon2 import PasswordHasher

    keep(people.manager, PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD))
    before = kept(people.manager)
    assert is_outdated(before)
    assert enter(client, PASSWORD) == 302
    assert kept(people.manager) != before and not is_outdated(kept(people.manager))
    again = kept(people.manager)
    client.post("/logout/")
    assert enter(client, PASSWORD) == 302
    assert kept(people.manager) == again, "only once"


def test_a_password_of_nul_bytes_or_none_is_nobodys(app: object, people: People) -> None:
    from flask import current_app

    manager = current_app.appbuilder.sm
    for password in ("", "\0", "\0\0", None):
        assert manager.auth_user_db("zhang", password) is None
    assert manager.auth_user_db("", PASSWORD) is None
    assert manager.auth_user_db("zhang@example.com", PASSWORD).username == "zhang"


def test_the_cost_is_strong_by_default_and_cannot_be_weak_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PASSES", "MEMORY_KIB", "THREADS"):
        monkeypatch.delenv(f"QIAO_PASSWORD_{name}")
    asked = Settings(_env_file=None, production=True)
    assert (asked.password_passes, asked.password_memory_kib, asked.password_threads) == (3, 65536, 4)
    for weak in ({"password_passes": 1}, {"password_memory_kib": 8192}):
        with pytest.raises(ValidationError, match="QIAO_PASSWORD_PASSES must be at least 2"):
            Settings(_env_file=None, production=True, **weak)

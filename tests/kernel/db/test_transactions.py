"""What waits for a commit has a transaction of its own."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app.access.models import Preference
from app.db import after_commit, session, transaction


def _prefer(key: str) -> None:
    with transaction() as current:
        current.add(Preference(user_id=1, key=key, value="1"))


def _kept() -> list[str]:
    """What a process that begins now would read."""
    session.rollback()
    return sorted(session.scalars(select(Preference.key)))


def test_what_is_written_after_a_commit_is_kept(app: Flask) -> None:
    with transaction():
        _prefer("first")
        after_commit(lambda: _prefer("after"))
    assert _kept() == ["after", "first"]


def test_what_fails_after_a_commit_takes_back_its_own_only(app: Flask) -> None:
    def fail() -> None:
        with transaction():
            _prefer("after")
            raise LookupError

    with pytest.raises(LookupError), transaction():
        _prefer("first")
        after_commit(fail)
    assert _kept() == ["first"]
    _prefer("later")
    assert _kept() == ["first", "later"]


def test_what_waits_for_a_commit_that_never_comes_is_forgotten(app: Flask) -> None:
    with pytest.raises(LookupError), transaction():
        after_commit(lambda: _prefer("after"))
        raise LookupError
    _prefer("later")
    assert _kept() == ["later"]

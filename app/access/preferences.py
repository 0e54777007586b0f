"""A person's own settings of the screen: language, theme, time zone, list columns, home cards."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import delete, insert, select, update

from app.access.actors import current_actor
from app.access.models import Preference
from app.db import session, transaction

#: Longer values are refused: a preference is a setting, not a store.
MAX_LENGTH = 20_000


def preference(key: str, default: Any = None, *, user_id: int | None = None) -> Any:
    """The person's setting of that key, `default` when there is none. Without `user_id`: who acts now."""
    person = user_id if user_id is not None else _acting_user()
    if person is None:
        return default
    text = session.scalar(select(Preference.value).where(Preference.user_id == person, Preference.key == key))
    return default if text is None else json.loads(text)


def preferences(prefix: str, *, user_id: int | None = None) -> dict[str, Any]:
    """All settings of the person whose key begins with `prefix`, in one statement."""
    person = user_id if user_id is not None else _acting_user()
    rows = session.execute(
        select(Preference.key, Preference.value).where(
            Preference.user_id == person, Preference.key.startswith(prefix, autoescape=True)
        )
    )
    return {key: json.loads(text) for key, text in rows}


def set_preference(key: str, value: Any, *, user_id: int | None = None) -> None:
    """Keep a setting of the person; None forgets it. Nobody acting, or somebody who only looks: nothing is kept.

    Raises `ValueError` for a value longer than `MAX_LENGTH` as JSON.
    """
    person = user_id if user_id is not None else _acting_user()
    actor = current_actor()
    if person is None or (actor is not None and actor.viewer):
        return
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if len(text) > MAX_LENGTH:
        raise ValueError(f"the setting {key} is too long")
    place = (Preference.user_id == person, Preference.key == key)
    with transaction():
        if value is None:
            session.execute(delete(Preference).where(*place))
        elif not session.execute(update(Preference).where(*place).values(value=text)).rowcount:  # type: ignore[attr-defined]
            session.execute(insert(Preference).values(user_id=person, key=key, value=text))


def _acting_user() -> int | None:
    actor = current_actor()
    return actor.user_id if actor else None

"""API keys of integrations: shown once, kept as a hash, narrower than their owner, revocable."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_appbuilder.security.sqla.models import ApiKey, User
from flask_babel import gettext as _
from sqlalchemy import select, update

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.base.security.sessions import has_left
from app.db import now, session, transaction, writing
from app.host.context import context
from app.types import Actor, Refused

PREFIX = "qk_"
#: What a key may be given per entity, and the permissions it stands for.
GRANTS: Mapping[str, tuple[str, ...]] = {
    "read": ("can_list", "can_show"),
    "create": ("can_add",),
    "update": ("can_edit",),
    "delete": ("can_delete",),
}
LONGEST_DAYS = 366
MAX_KEYS = 20
#: The last use is written down at most this often.
USE_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Key:
    """A key as its owner sees it; times are UTC."""

    id: int
    name: str
    start: str
    scopes: tuple[str, ...]
    created_at: datetime | None
    expires_at: datetime | None
    used_at: datetime | None
    revoked: bool

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= now()


def offered_scopes(actor: Actor) -> dict[str, tuple[str, ...]]:
    """{entity slug: grants} the actor may give a key: only what the actor may do."""
    found: dict[str, tuple[str, ...]] = {}
    for entity in context().entities.values():
        grants = tuple(
            grant
            for grant, permissions in GRANTS.items()
            if all(actor.can(permission, entity.view_name) for permission in permissions)
        )
        if grants:
            found[entity.slug] = grants
    return found


def make_key(name: str, scopes: Iterable[str], expires_on: date) -> str:
    """A new key of the acting person, told only now; valid through the day `expires_on`.

    `scopes` are ``customer:read`` and the like. Raises `Refused` by field for an empty name, no or an unknown
    scope, one the person does not hold, a date that is past or more than a year away, and too many keys.
    """
    actor = require_actor()
    zone = ZoneInfo(context().site.timezone)
    today = now().astimezone(zone).date()
    offered = offered_scopes(actor)
    chosen = list(dict.fromkeys(scopes))
    errors: dict[str, Any] = {}
    if not 1 <= len(name.strip()) <= 100 or "\0" in name:
        errors["name"] = _("Give the key a name of at most 100 characters")
    if not chosen:
        errors["scopes"] = _("Choose what the key may do")
    elif not all(_is_offered(scope, offered) for scope in chosen):
        errors["scopes"] = _("You cannot give a key more than you may do yourself")
    if not today <= expires_on <= today + timedelta(days=LONGEST_DAYS):
        errors["expires_on"] = _("Choose a day within the next twelve months")
    if errors:
        raise Refused(errors=errors)
    raw = PREFIX + secrets.token_urlsafe(32)
    ends = datetime.combine(expires_on + timedelta(days=1), time(), zone)
    with transaction() as current:
        held = current.scalars(select(ApiKey.id).where(ApiKey.user_id == actor.user_id, ApiKey.active)).all()
        if len(held) >= MAX_KEYS:
            raise Refused(_("You have %(count)s keys already; revoke one first", count=MAX_KEYS))
        made = ApiKey(
            name=name.strip(),
            key_hash=key_hash(raw),
            lookup_hash=key_hash(raw),
            key_prefix=raw[:8],
            user_id=actor.user_id,
            scopes=" ".join(chosen),
            active=True,
            created_on=_naive(now()),
            expires_on=_naive(ends),
        )
        current.add(made)
        current.flush()
        changes = {"scopes": [None, " ".join(chosen)], "expires_on": [None, expires_on.isoformat()]}
        record_acts(current, [Act("create_key", "api_key", str(made.id), made.name, changes)])
    return raw


def _is_offered(scope: str, offered: Mapping[str, tuple[str, ...]]) -> bool:
    slug, _colon, grant = scope.partition(":")
    return grant in offered.get(slug, ())


def revoke_key(key_id: int) -> None:
    """End a key of the acting person at once. Raises `Refused` when there is no such key."""
    actor = require_actor()
    with transaction() as current:
        key = current.scalar(select(ApiKey).where(ApiKey.id == key_id, ApiKey.user_id == actor.user_id, ApiKey.active))
        if key is None:
            raise Refused(_("There is no such key"))
        key.active, key.revoked_on = False, _naive(now())
        record_acts(current, [Act("revoke_key", "api_key", str(key.id), key.name)])


def keys_of(user_id: int) -> list[Key]:
    """The person's keys, newest first, revoked ones too."""
    rows = session.scalars(select(ApiKey).where(ApiKey.user_id == user_id).order_by(ApiKey.id.desc()))
    return [
        Key(
            key.id,
            key.name,
            key.key_prefix,
            tuple((key.scopes or "").split()),
            _aware(key.created_on),
            _aware(key.expires_on),
            _aware(key.last_used_on),
            not key.active or key.revoked_on is not None,
        )
        for key in rows
    ]


@dataclass(frozen=True, slots=True)
class FoundKey:
    """What a valid key stands for; `said` is how logs call the key."""

    user_id: int
    scopes: frozenset[str]
    said: str


def find_key(raw: str) -> FoundKey | None:
    """What a valid key stands for, None for any other. Notes when it was used."""
    key = session.execute(
        select(
            *(ApiKey.id, ApiKey.user_id, ApiKey.name, ApiKey.scopes),
            *(ApiKey.expires_on, ApiKey.last_used_on, ApiKey.revoked_on),
        )
        .join(User, User.id == ApiKey.user_id)
        .where(ApiKey.lookup_hash == key_hash(raw), ApiKey.active, ~has_left())
    ).one_or_none()
    moment = _naive(now())
    if key is None or key.revoked_on is not None or (key.expires_on is not None and key.expires_on <= moment):
        return None
    if key.last_used_on is None or key.last_used_on < moment - USE_EVERY:
        session.rollback()
        with writing():
            session.execute(update(ApiKey).where(ApiKey.id == key.id).values(last_used_on=moment))
            session.commit()
    return FoundKey(key.user_id, frozenset((key.scopes or "").split()), f"{key.name} #{key.id}")


def narrowed(actor: Actor, scopes: Iterable[str]) -> Actor:
    """The actor with only what the scopes allow, and never more than the person holds now."""
    allowed: set[tuple[str, str]] = set()
    for scope in scopes:
        slug, _colon, grant = scope.partition(":")
        entity = context().entities.get(slug)
        if entity is not None:
            allowed |= {(permission, entity.view_name) for permission in GRANTS.get(grant, ())}
    return replace(actor, permissions=actor.permissions & frozenset(allowed))


def key_hash(raw: str) -> str:
    """How a key is kept: its MAC under the site's secret; 256 random bits need no slow hash."""
    return hmac.new(f"key:{context().site.secret}".encode(), raw.encode(), hashlib.sha256).hexdigest()


def _naive(moment: datetime) -> datetime:
    """UTC without zone, as Flask-AppBuilder's column keeps it."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def _aware(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)

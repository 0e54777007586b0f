"""Who comes from a provider outside: which login they get, and with which roles."""

from __future__ import annotations

import logging
from typing import Any

from flask_appbuilder.security.sqla.models import Role, User, assoc_user_role
from flask_babel import gettext as _
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from app.access.actors import ADMIN_ROLE
from app.access.audit import Act, record_acts
from app.access.sessions import end_sessions
from app.access.signin.outside.claims import Person, given_roles, is_login_name, named_roles
from app.access.signin.outside.identities import has_identity, identities_of, link, linked_login, note_use, unlink
from app.base.security.logins import NO_PASSWORD, find_login, has_administrator
from app.base.security.roles.grants import role_labels, roles_of
from app.base.security.sessions import has_left, provider_label
from app.db import session, transaction
from app.host.context import context
from app.host.signin import Provider
from app.types import Refused

log = logging.getLogger(__name__)


def admit(provider: Provider, person: Person) -> Any:
    """The switched-on login of somebody the provider has proven, with the roles their groups give.

    Raises `Refused` for a stranger the site does not want made a login of, and for who is switched off or has left.
    """
    try:
        return _admit(provider, person)
    except IntegrityError:  # the same person came in twice at once for the first time
        session.rollback()
        return _admit(provider, person)


def known_login(person: Person) -> Any:
    """The login that belongs to somebody, switched on or not; None for a stranger."""
    found = linked_login(person.provider, person.subject)
    return session.get(User, found) if found is not None else None


def _admit(provider: Provider, person: Person) -> Any:
    with transaction() as current:
        found = linked_login(provider.key, person.subject)
        user = session.get(User, found) if found is not None else None
        if found is None:
            user = _by_login(provider, person)
        if user is None and found is None and provider.creates:
            user = _created(provider, person)
        if user is None:
            raise Refused(_("Nobody is known here by this account; ask an administrator."))
        _refuse_gone(user)
        if found is None:
            link(user.id, provider.key, person.subject)
            record_acts(current, [_act("link_login", user, provider)])
        _give_roles(provider, person, user)
        note_use(provider.key, person.subject)
        return user


def _act(action: str, user: Any, provider: Provider, **changes: list[Any]) -> Act:
    return Act(action, "user", str(user.id), user.username, {**changes, "via": [None, provider.key]})


def _refuse_gone(user: Any) -> None:
    if not user.is_active or session.scalar(select(has_left()).where(User.id == user.id)):
        raise Refused(_("This login is switched off; ask an administrator."))


def _by_login(provider: Provider, person: Person) -> Any:
    """The existing login of the same name, where the site says that names agree.

    Never an emergency login or an administrator's, and never one that belongs to somebody else there already:
    whoever may name accounts in the directory could else become them.
    """
    if not provider.links_by_login or not is_login_name(person.login):
        return None
    user = session.scalar(select(User).where(func.lower(User.username) == person.login.lower()))
    if user is None or user.username.lower() in context().site.signin.emergency:
        return None
    if has_identity(user.id, provider.key):
        return None
    admin = session.scalar(select(Role.id).where(Role.name == ADMIN_ROLE))
    return None if admin in roles_of(user.id) else user


def _created(provider: Provider, person: Person) -> Any:
    """A new login without password, roles and employee. Raises `Refused` when its name cannot be used."""
    name = person.login
    if not is_login_name(name) or name.lower() in context().site.signin.emergency:
        raise Refused(_("Your account has no login name that can be used here; ask an administrator."))
    if session.scalar(select(User.id).where(func.lower(User.username) == name.lower())) is not None:
        raise Refused(_("The login name of your account belongs to somebody else here; ask an administrator."))
    email = person.email if 0 < len(person.email) <= 320 and "@" in person.email else ""
    if email and session.scalar(select(User.id).where(func.lower(User.email) == email.lower())) is not None:
        email = ""
    made = User(
        username=name,
        first_name=(person.name or name)[:64],
        last_name="",
        email=email or f"{name}@login.invalid",
        password=NO_PASSWORD,
        active=True,
    )
    session.add(made)
    session.flush()
    record_acts(session(), [_act("create_login", made, provider)])
    return made


def _give_roles(provider: Provider, person: Person, user: Any) -> None:
    """Let the login hold what its groups give: beside what it has, or in its place. Nothing without a mapping."""
    if not provider.roles:
        return
    ids = {name: role_id for role_id, name in session.execute(select(Role.id, Role.name))}
    if missing := named_roles(provider) - set(ids):
        log.warning("provider %s names roles that do not exist: %s", provider.key, ", ".join(sorted(missing)))
    wanted = {ids[name] for name in given_roles(provider, person.groups) if name in ids}
    own = assoc_user_role
    held = set(session.scalars(select(own.c.role_id).where(own.c.user_id == user.id)))
    removed = held - wanted if provider.replaces_roles else set()
    if not provider.gives_administrator:
        removed.discard(ids.get(ADMIN_ROLE, 0))  # given here, taken here
    added = wanted - held
    if not (added or removed):
        return
    with transaction() as current:
        if removed:
            current.execute(delete(own).where(own.c.user_id == user.id, own.c.role_id.in_(removed)))
        if ids.get(ADMIN_ROLE) in removed and not has_administrator():
            removed.discard(ids[ADMIN_ROLE])  # the last one stays
            added.add(ids[ADMIN_ROLE])
        if added:
            current.execute(insert(own), [{"user_id": user.id, "role_id": role_id} for role_id in sorted(added)])
        labels = role_labels()
        before, after = ([labels[i] for i in sorted(ids)] for ids in (held, (held - removed) | added))
        if before != after:
            record_acts(current, [_act("update", user, provider, roles=[before, after])])
    session.expire(user)


def outside_accounts(user_id: int) -> list[tuple[str, str]]:
    """(way in as the screen calls it, subject there) of everybody outside a login belongs to."""
    return [(provider_label(each.provider), each.subject) for each in identities_of(user_id)]


def link_by_hand(username: str, provider: str, subject: str) -> None:
    """Let a login belong to somebody of a provider. Raises `Refused` for unknown names, and where one is taken."""
    known = _known(provider)
    with transaction() as current:
        user = find_login(username)
        if not subject.strip() or linked_login(provider, subject.strip()) is not None:
            raise Refused(_("This account belongs to a login already"))
        link(user.id, provider, subject.strip())
        record_acts(current, [_act("link_login", user, known)])


def unlink_by_hand(username: str, provider: str) -> None:
    """Let a login belong to nobody of a provider any more. Raises `Refused` where it does not."""
    with transaction() as current:
        user = find_login(username)
        if not unlink(user.id, provider):
            raise Refused(_("This login belongs to nobody there"))
        end_sessions(user.id, "ended")
        act = Act("unlink_login", "user", str(user.id), user.username, {"via": [provider, None]})
        record_acts(current, [act])


def _known(provider: str) -> Provider:
    found = context().site.signin.providers.get(provider)
    if found is None:
        raise Refused(_("The site has no way to sign in of the name %(name)s", name=provider))
    return found

"""The session's look at the screens as somebody else: begun and ended by name, read-only between."""

from __future__ import annotations

from flask import abort, request, session
from flask_babel import gettext as _

from app.access.actors import current_actor, load_actor, set_actor
from app.access.audit import Act, record_acts
from app.access.viewing import as_login, as_role
from app.base.security.roles.grants import Holding, holdings, is_within, roles_of
from app.db import transaction
from app.types import Actor, Refused, Scope

#: What the session keeps: [kind, id of the login or role, id of the viewer's login].
KEY = "_viewing"
LOGIN, ROLE = "login", "role"
VIEW = "ViewAsView"
#: The changes that stay open while one looks.
_OPEN = (f"{VIEW}.end", "LoginView.logout")
_SAFE = ("GET", "HEAD", "OPTIONS")


def viewed(actor: Actor) -> Actor:
    """Whom the session of `actor` looks as; the actor where it looks as nobody, or may not any more."""
    kept = session.get(KEY)
    if not kept:
        return actor
    kind, number, user_id = kept
    found = _look(actor, kind, number) if user_id == actor.user_id else None
    if found is None:
        session.pop(KEY, None)
        return actor
    return found


def look_as_role(actor: Actor, role_id: int) -> Actor | None:
    """The actor with that role and no other, where the session may look as it; else None."""
    return _look(actor, ROLE, role_id)


def _look(actor: Actor, kind: str, number: int) -> Actor | None:
    """The actor one would be; None where there is none, or where it holds anything the actor does not."""
    if not actor.can("can_start", VIEW) or actor.viewer:
        return None
    wanted = roles_of(number) if kind == LOGIN else {number}
    found = holdings(wanted)
    # what they hold themselves counts, not what they may give others
    if len(found) != len(wanted) or not all(is_within(actor, held) for held in found):
        return None
    if kind == ROLE:
        return as_role(actor, number)
    return as_login(actor, number) if all(_reaches_all(actor, held) for held in found) else None


def _reaches_all(actor: Actor, held: Holding) -> bool:
    """Whether the actor sees every row of what a role shows: the login stands in another place than the actor."""
    shown = (slug for slug, scope in held.scopes.items() if scope is not Scope.NONE)
    return all(actor.widest(slug) is Scope.ALL for slug in shown)


def start_viewing(actor: Actor, kind: str, number: int, label: str) -> None:
    """Let the session look as a login or a role from the next request on, and write it down.

    Raises `Refused` for oneself and for whoever holds more than the actor.
    """
    if kind == LOGIN and number == actor.user_id:
        raise Refused(_("This is yourself"))
    found = _look(actor, kind, number)
    if found is None:
        raise Refused(_("You can look as those only who hold nothing you do not hold"))
    with transaction() as current:
        record_acts(current, [Act("view_as", kind, str(number), label or found.name)])
    session[KEY] = [kind, number, actor.user_id]


def end_viewing() -> bool:
    """Be oneself again, and write it down; whether anything was ended."""
    kept = session.pop(KEY, None)
    if not kept:
        return False
    kind, number, user_id = kept
    name = current_actor()
    label = name.name if kind == LOGIN and name is not None else ""
    set_actor(load_actor(user_id))
    with transaction() as current:
        record_acts(current, [Act("view_as_end", kind, str(number), label)])
    return True


def hold_still() -> None:
    """Refuse every change while the session looks as somebody else."""
    actor = current_actor()
    if actor is not None and actor.viewer and request.method not in _SAFE and request.endpoint not in _OPEN:
        abort(403, description=_("You are looking as somebody else: nothing can be changed meanwhile"))

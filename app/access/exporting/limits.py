"""Reading and keeping the limits of roles, and the one of the site for roles without their own."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, insert, select

from app.access.exporting.models import ExportLimit
from app.access.exporting.rules import LARGEST, widest
from app.access.held import roles_held
from app.access.models import RoleVersion
from app.db import session, transaction
from app.host.settings import setting
from app.types import Actor, Kind, Setting

DEFAULT = "access.export_rows"
SETTINGS = (
    Setting(
        DEFAULT,
        _l("Most rows of one export, for roles without a limit of their own"),
        Kind.INTEGER,
        10_000,
        help=_l("0 means no limit"),
        minimum=0,
        maximum=LARGEST,
    ),
)


def limit_of_role(role_id: int) -> int | None:
    """The role's own limit: the most rows an export may hold; None: that of the site (`default_limit`)."""
    return session.scalar(select(ExportLimit.rows).where(ExportLimit.role_id == role_id))


def default_limit() -> int | None:
    """The most rows an export of a role without a limit of its own may hold; None: as many as there are."""
    return setting(DEFAULT) or None


def limit_in_force(own: int | None) -> int | None:
    """What a role's own limit, or its absence, comes to; None: as many rows as there are."""
    return default_limit() if own is None else own


def keep_limit(role_id: int, rows: int | None) -> None:
    """Let exports of the role hold at most `rows` rows from the next one on; None: the site's limit."""
    with transaction() as current:
        current.execute(delete(ExportLimit).where(ExportLimit.role_id == role_id))
        if rows is not None:
            current.execute(insert(ExportLimit).values(role_id=role_id, rows=rows))


def limit_of(actor: Actor, view: str) -> int | None:
    """The most rows one export of this screen may hold for the actor: the widest of the roles that may export it.

    A role that does not give the export opens nothing here either. None: no limit.
    """
    if actor.is_system:
        return None
    token = session.scalar(select(RoleVersion.token)) or ""
    held = roles_held(token, {grant.role_id for grant in actor.grants})
    exporting = [role_id for role_id, role in held.items() if ("can_export", view) in role.permissions]
    if not exporting:
        return None
    rows = session.execute(select(ExportLimit.role_id, ExportLimit.rows).where(ExportLimit.role_id.in_(exporting)))
    known = {role_id: most for role_id, most in rows}  # noqa: C416
    return widest(limit_in_force(known.get(role_id)) for role_id in exporting)

"""How many people hold roles, counted in sets."""

from __future__ import annotations

from collections.abc import Iterable

from flask_appbuilder.security.sqla.models import assoc_group_role, assoc_user_group, assoc_user_role
from sqlalchemy import func, select, union

from app.db import Model, session


def count_holders(role_ids: Iterable[int]) -> dict[int, int]:
    """{role: logins that hold it themselves, by a group, or by a post of their employee}; one statement."""
    wanted = set(role_ids)
    direct = select(assoc_user_role.c.role_id, assoc_user_role.c.user_id)
    grouped = select(assoc_group_role.c.role_id, assoc_user_group.c.user_id).join(
        assoc_user_group, assoc_user_group.c.group_id == assoc_group_role.c.group_id
    )
    parts = [direct.where(assoc_user_role.c.role_id.in_(wanted)), grouped.where(assoc_group_role.c.role_id.in_(wanted))]
    post = Model.metadata.tables.get("org_post")
    employee = Model.metadata.tables.get("org_employee")
    if post is not None and employee is not None:
        posts = select(post.c.role_id, employee.c.user_id).join(employee, employee.c.id == post.c.employee_id)
        parts.append(posts.where(post.c.role_id.in_(wanted), employee.c.user_id.is_not(None)))
    held = union(*parts).subquery()
    rows = session.execute(select(held.c.role_id, func.count()).group_by(held.c.role_id))
    return {role_id: count for role_id, count in rows}  # noqa: C416

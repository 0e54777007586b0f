"""What the room brings to every site."""

from __future__ import annotations

from collections.abc import Sequence

from app.access.role_templates import KERNEL_TEMPLATES
from app.access.signin.settings import SETTINGS
from app.hookspecs import hookimpl
from app.types import RoleTemplate, Setting


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    return KERNEL_TEMPLATES


@hookimpl
def settings() -> Sequence[Setting]:
    return SETTINGS

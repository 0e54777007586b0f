"""What rankings bring to a site."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

from app.api import hookimpl
from app.types import MenuGroup, MenuItem, RoleTemplate, Scope, Setting
from plugins.ranking.services import SCOPE
from plugins.ranking.settings import SETTINGS
from plugins.ranking.views import RankingView

#: How far each role sees other people's figures.
SEEN = {
    "account_manager": Scope.UNIT,
    "department_head": Scope.UNIT,
    "city_manager": Scope.UNIT_AND_BELOW,
    "management": Scope.ALL,
}


@hookimpl
def views() -> Sequence[type]:
    return (RankingView,)


@hookimpl
def settings() -> Sequence[Setting]:
    return SETTINGS


@hookimpl
def menu() -> Sequence[MenuGroup]:
    item = MenuItem("ranking", _l("Monthly ranking"), "RankingView.list", "RankingView", icon="trophy")
    return (MenuGroup("ranking", _l("Performance"), "trophy", (item,), order=400),)


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    permissions = {"RankingView": ("can_list", "can_chart")}
    return tuple(RoleTemplate(slug, "", permissions, {SCOPE: scope}) for slug, scope in SEEN.items())

"""What notices bring to every site: the bell, the list of one's own, mail and robots, the removal of old ones."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

from app.hookspecs import hookimpl
from app.notices.outside.delivering import deliver
from app.notices.outside.schemas import DELIVERY
from app.notices.outside.screens import ACTIONS, VIEW, NoticeDeliveryView
from app.notices.outside.wording import EXTENT
from app.notices.services import DELIVER
from app.notices.tidying import KEEP_DAYS, remove_old_notices
from app.notices.views import NoticeApi, NoticeView
from app.types import Action, Actor, Choice, Entity, JobSpec, Kind, MenuGroup, MenuItem, RoleTemplate, Setting


@hookimpl
def entities() -> Sequence[Entity]:
    return (DELIVERY,)


@hookimpl
def views() -> Sequence[type]:
    return (NoticeView, NoticeApi, NoticeDeliveryView)


@hookimpl
def record_actions(entity: str, actor: Actor) -> Sequence[Action]:
    return ACTIONS if entity == DELIVERY.slug else ()


@hookimpl
def role_templates() -> Sequence[RoleTemplate]:
    return (RoleTemplate("consultant", "", {VIEW: ("can_list", "can_show", "can_retry")}),)


@hookimpl
def menu() -> Sequence[MenuGroup]:
    line = MenuItem("deliveries", _l("Deliveries"), f"{VIEW}.list", VIEW, icon="send", order=30)
    return (MenuGroup("background", _l("Background work"), "clock", (line,), order=850),)


@hookimpl
def jobs() -> Sequence[JobSpec]:
    return (
        JobSpec("notices.tidy", _l("Removal of old notices"), remove_old_notices, schedule="40 3 * * *"),
        # The schedule only catches what was said at the moment another run ended.
        JobSpec(DELIVER, _l("Notices out of the product"), deliver, schedule="*/30 * * * *"),
    )


@hookimpl
def settings() -> Sequence[Setting]:
    extents = (Choice("title", _l("Only titles")), Choice("text", _l("Titles and texts")))
    return (
        Setting(KEEP_DAYS, _l("Days notices are kept"), Kind.INTEGER, 90, minimum=7, maximum=3650),
        Setting(EXTENT, _l("What mails and robots say"), Kind.CHOICE, "title", choices=extents),
    )

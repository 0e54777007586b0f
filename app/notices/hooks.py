"""What notices bring to every site: the bell, the list of one's own, the removal of old ones."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l

from app.hookspecs import hookimpl
from app.notices.tidying import KEEP_DAYS, remove_old_notices
from app.notices.views import NoticeApi, NoticeView
from app.types import JobSpec, Kind, Setting


@hookimpl
def views() -> Sequence[type]:
    return (NoticeView, NoticeApi)


@hookimpl
def jobs() -> Sequence[JobSpec]:
    return (JobSpec("notices.tidy", _l("Removal of old notices"), remove_old_notices, schedule="40 3 * * *"),)


@hookimpl
def settings() -> Sequence[Setting]:
    return (Setting(KEEP_DAYS, _l("Days notices are kept"), Kind.INTEGER, 90, minimum=7, maximum=3650),)

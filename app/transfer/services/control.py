"""What every export is held to (SEC-7): a reason, rows by role and by day; its watermark; who fetched the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import column, func, select, table, update
from sqlalchemy.orm import Session

from app.access.actors import require_actor
from app.access.audit import Act, record_acts
from app.access.exporting.limits import limit_of
from app.access.models import AuditHead
from app.db import now, session, transaction, writing
from app.host.context import context
from app.host.settings import setting
from app.transfer.models import Export
from app.transfer.rules import exported
from app.types import Entity, Kind, Level, Refused, Setting

REASON, HOURS, PER_DAY = "transfer.export_reason", "transfer.export_hours", "transfer.export_rows_per_day"
SETTINGS = (
    Setting(REASON, _l("Every export asks for a reason"), Kind.BOOLEAN, True),
    Setting(HOURS, _l("Hours an exported file is kept"), Kind.INTEGER, 168, minimum=1, maximum=2160),
    Setting(
        PER_DAY,
        _l("Rows one person may export in a day"),
        Kind.INTEGER,
        0,
        help=_l("All exports together; 0 means as many as they like"),
        minimum=0,
        maximum=100_000_000,
    ),
)
#: How the log calls the fetching of a file, and the making of one that is not an export of a list.
FETCHED, EXPORTED = "export_file", "export"

_user = table("ab_user", column("id"), column("username"))


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a file says about itself: who made it, when, where and as which export."""

    number: int
    who: str
    login: str
    made_at: datetime
    site: str
    entity: str
    reason: str

    def facts(self, rows: int) -> list[tuple[str, str]]:
        """(name, value) in the language of whoever exports."""
        return [
            (_("Export no."), str(self.number)),
            (_("Site"), self.site),
            (_("Records"), self.entity),
            (_("Exported by"), f"{self.who} ({self.login})" if self.login else self.who),
            (_("When"), f"{self.made_at:%Y-%m-%d %H:%M} {self.made_at.tzname() or ''}".strip()),
            (_("Rows"), f"{rows:,}"),
            (_("Reason"), self.reason or "--"),
        ]


def read_reason(text: str) -> str:
    """The reason as it is kept. Raises `Refused` where the site asks for one and there is none."""
    if not text.strip() and not setting(REASON):
        return ""
    try:
        return exported.clean_reason(text)
    except ValueError:
        least, most = exported.LEAST_REASON, exported.LONGEST_REASON
        raise Refused(_("Say why you export, in %(least)s to %(most)s characters", least=least, most=most)) from None


def most_rows(entity: Entity) -> int | None:
    """The most rows one export of the entity may hold for the actor by their roles; None: no limit."""
    return limit_of(require_actor(), entity.view_name)


def refuse_beyond(entity: Entity, rows: int, technical: int) -> None:
    """Refuse an export of so many rows (counted up to one more than `technical`). Raises `Refused`."""
    refuse_more(most_rows(entity), rows, f"{technical:,}+" if rows > technical else "")
    if rows > technical:
        raise Refused(_("At most %(count)s rows at a time; please narrow the list", count=f"{technical:,}"))


def refuse_more(most: int | None, rows: int, counted: str = "") -> None:
    """Refuse more rows than the roles of the actor allow (None: as many as there are). Raises `Refused`."""
    if most is not None and rows > most:
        raise Refused(
            _(
                "The list has %(count)s rows; your roles export at most %(most)s at a time. Please narrow the list",
                count=counted or f"{rows:,}",
                most=f"{most:,}",
            )
        )


def refuse_beyond_day(current: Session, rows: int) -> None:
    """Refuse what goes beyond the person's rows of the day, with the running transaction. Raises `Refused`."""
    per_day, actor = setting(PER_DAY), require_actor()
    if not per_day or actor.user_id is None:
        return
    # Whoever writes the log holds its head: two exports at once cannot both be the last one that fits.
    current.execute(select(AuditHead.id).with_for_update())
    today = rows_today()
    left = exported.rows_left(per_day, today)
    if left is not None and rows > left:
        raise Refused(
            _(
                "The list has %(count)s rows; you have exported %(today)s today, and %(most)s a day are allowed",
                count=f"{rows:,}",
                today=f"{today:,}",
                most=f"{per_day:,}",
            )
        )


def rows_today() -> int:
    """The rows the person has exported since midnight on their clock."""
    actor = require_actor()
    midnight = now().astimezone(ZoneInfo(actor.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    statement = select(func.coalesce(func.sum(Export.row_count), 0)).where(
        Export.created_by == actor.user_id, Export.created_at >= midnight.astimezone(UTC), Export.status != "failed"
    )
    return int(session.scalar(statement) or 0)


def expires_at() -> datetime:
    """Until when a file made now may be fetched."""
    return now() + timedelta(hours=setting(HOURS))


def login_of(user_id: int | None) -> str:
    """The name somebody logs in with; empty for nobody."""
    return str(session.scalar(select(_user.c.username).where(_user.c.id == user_id)) or "") if user_id else ""


def stamp_of(made: Export, entity: Entity) -> Stamp:
    """The watermark of an export."""
    at = made.created_at.astimezone(ZoneInfo(require_actor().timezone))
    site = context().site.name
    return Stamp(made.id, made.created_by_name, made.login, at, site, str(entity.label), made.reason)


def note_download(made: Export, label: str) -> None:
    """Count a fetching of the file and write it to the audit log."""
    number, slug, rows = made.id, made.entity, made.row_count
    session.rollback()  # what a GET reads in SQLite cannot go on to write
    with writing(), transaction() as current:
        one_more = {"download_count": Export.download_count + 1, "downloaded_at": now()}
        current.execute(update(Export).where(Export.id == number).values(**one_more))
        changes = {"export_number": [None, number], "rows": [None, rows]}
        record_acts(current, [Act(FETCHED, slug, "", label[:200], changes)])


def note_file(entity: str, record_id: int | str, label: str, file: str, rows: int) -> None:
    """Write to the audit log that a file other than an export of a list left the product, with so many rows."""
    session.rollback()
    with writing(), transaction() as current:
        changes: dict[str, list[Any]] = {"file": [None, file], "rows": [None, rows]}
        record_acts(current, [Act(EXPORTED, entity, str(record_id), label[:200], changes)])


def personal_among(entity: Entity, names: Sequence[str]) -> list[str]:
    """Those of the columns that hold personal data in clear: fields that would be masked for others."""
    fields = (entity.field(name) for name in names)
    return [field.name for field in fields if field is not None and field.mask and field.level >= Level.READ]


def masked_among(entity: Entity, names: Sequence[str]) -> list[str]:
    """Those of the columns that come masked to the actor."""
    fields = (entity.field(name) for name in names)
    return [field.name for field in fields if field is not None and field.level < Level.READ]

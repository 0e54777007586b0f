"""The audit administrator's screen (SEC-5): the log, searched, each change as from → to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.access.actors import require_actor
from app.access.audit.reading import MAX_EXPORTED, PAGE_SIZE, read_entries
from app.access.masks import masked
from app.access.models import AuditEntry
from app.access.policy import seen_by, shown_changes, title_text
from app.base.page import PageView, expose, has_access
from app.base.security.audit_query import range_in_words, read_asked, read_query, things
from app.base.views.asked import asked_links, in_words, list_asked
from app.base.views.cells import plain, zone
from app.base.views.formats import moment_text
from app.base.views.state import ListState
from app.base.views.titles import Titles, read_titles, record_url
from app.host.context import context
from app.types import SYSTEM, Entity, Field, Kind, Level, Refused, Text

ACTIONS: dict[str, Text] = {
    "create": _l("Created"),
    "update": _l("Changed"),
    "delete": _l("Deleted"),
    "login": _l("Logged in"),
    "login_failed": _l("Failed to log in"),
    "logout": _l("Logged out"),
    "create_login": _l("Made a login"),
    "password_changed": _l("Changed the own password"),
    "set_password": _l("Set a password"),
    "reset_password": _l("Reset a password"),
    "lock": _l("Locked after failures"),
    "unlock": _l("Unlocked"),
    "end_session": _l("Ended sessions"),
    "factor_on": _l("Switched the second factor on"),
    "factor_off": _l("Switched the second factor off"),
    "factor_codes": _l("Made new recovery codes"),
    "factor_reset": _l("Reset the second factor"),
    "link_login": _l("Linked with an outside account"),
    "unlink_login": _l("Unlinked from an outside account"),
    "create_key": _l("Made an API key"),
    "revoke_key": _l("Revoked an API key"),
    "assign": _l("Assigned"),
    "close": _l("Closed a customer"),
    "reopen": _l("Opened a customer again"),
    "unmask": _l("Showed a masked value"),
    "view_as": _l("Looked as somebody else"),
    "view_as_end": _l("Was themselves again"),
    "read_rest": _l("Read by REST"),
    "export": _l("Exported"),
    "export_file": _l("Fetched an exported file"),
    "import": _l("Imported"),
    "undo_import": _l("Undid an import"),
    "attach": _l("Attached a file"),
    "detach": _l("Removed an attached file"),
    "create_many": _l("Created many at once"),
    "hand_over": _l("Handed a task over"),
    "move": _l("Moved in the tree"),
    "start": _l("Started a run"),
    "cancel": _l("Cancelled a job"),
    "retry": _l("Ran a job again"),
    "finish": _l("Finished a run"),
    "undo": _l("Began to undo"),
    "undone": _l("Undid as a whole"),
    "hand_over_share": _l("Handed a share over"),
    "enable_module": _l("Switched a module on"),
    "disable_module": _l("Switched a module off"),
    "upgrade_module": _l("Upgraded a module"),
    "remove_module_data": _l("Removed a module's data"),
    "change_settings": _l("Changed settings"),
    "publish": _l("Published"),
    "apply_blueprint": _l("Applied a blueprint"),
    "approval.carry_out": _l("Carried out what was approved"),
    "approval.retire": _l("Took an approval flow out of force from the command line"),
}
FIELDS: dict[str, Text] = {
    "permissions": _l("Permissions"),
    "may_give": _l("May be given by its holders"),
    "filter": _l("Filter"),
    "records": _l("Record numbers"),
    "api_key": _l("API key"),
    "rows": _l("Rows"),
    "format": _l("Format"),
    "columns": _l("Columns"),
    "masked": _l("Masked columns"),
    "reason": _l("Reason"),
    "file": _l("File"),
    "export_number": _l("Export number"),
    "export_limit": _l("Most rows of one export"),
    "roles": _l("Roles"),
    "active": _l("Switched on"),
    "scopes": _l("What the key may do"),
    "expires_on": _l("Expires on"),
    "label_zh": _l("Chinese name"),
    "label_en": _l("English name"),
    "user_id": _l("Login"),
    "via": _l("By way of"),
    "sessions": _l("Open sessions"),
    "second_factor": _l("Second factor required"),
    "source": _l("Made from"),
    "case": _l("Approval number"),
    "applicant": _l("Applicant"),
}
#: What a role may do with a field, by the word it is stored as.
LEVELS: dict[str, Text] = {
    "hidden": _l("Hidden"),
    "masked": _l("Masked"),
    "read": _l("Read only"),
    "write": _l("Read and write"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One field of an entry, as people read it."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as the screen shows it."""

    entry: AuditEntry
    who: str
    action: str
    thing: str
    label: str
    url: str | None
    changes: tuple[Change, ...]


class AuditView(PageView):
    """The audit log, for whoever may read everything that was done."""

    route_base = "/audit"
    default_view = "list"

    @expose("/")
    @has_access
    def list(self) -> Any:
        """Entries that match, newest first; nothing for a question that is not understood."""
        asked, errors = read_asked(request.args), {}
        entries: Sequence[AuditEntry] = ()
        before: int | None = None
        try:
            entries, before = read_entries(read_query(asked))
        except Refused as refused:
            errors = refused.errors
        older = {**{k: v for k, v in asked.items() if v}, "before": str(before)} if before else None
        newest = {k: v for k, v in asked.items() if v and k != "before"}
        page = self.render_template(
            "access/audit.html",
            asked=asked,
            errors=errors,
            range="" if errors else range_in_words(asked),
            lines=lines(entries),
            older=f"?{urlencode(older)}" if older else None,
            newest=f"?{urlencode(newest)}" if asked["before"] else None,
            searched_to=before if len(entries) < PAGE_SIZE else None,
            can_export=require_actor().can("can_export", "AuditView"),
            most=MAX_EXPORTED,
            things=things(),
            actions=ACTIONS,
            moment=moment,
        )
        return page, (400 if errors else 200)


def moment(value: datetime, seconds: bool = False) -> str:
    """A moment in the reader's time zone."""
    return moment_text(value, zone(), seconds=seconds)


def lines(entries: Sequence[AuditEntry]) -> list[Line]:
    """Entries with names in the place of numbers: all links of the page in one statement.

    Of records the reader sees what their roles let them see of the fields, here as on the record's own page.
    """
    actor = require_actor()
    entities = {slug: seen_by(one, actor) for slug, one in context().entities.items()}
    lists = {entry.id: _list(entry) for entry in entries if "filter" in (entry.changes or {})}
    asked = {link for state in lists.values() if state is not None for link in asked_links(state)}
    titles = read_titles(_links(entries) | asked)
    known = things()
    return [
        Line(
            entry,
            _("The system") if is_system(entry) else entry.user_name or "--",
            str(ACTIONS.get(entry.action, entry.action)),
            known.get(entry.entity, entry.entity),
            title_text(entry.entity, entry.label, entry.record_id) if entry.label else "",
            _url(entry, titles),
            tuple(_changes(entities.get(entry.entity), _worded(entry, lists.get(entry.id), titles), titles)),
        )
        for entry in entries
    ]


def is_system(entry: AuditEntry) -> bool:
    """Whether the installation did it by itself."""
    return entry.user_id is None and entry.user_name == SYSTEM.name


def _list(entry: AuditEntry) -> ListState | None:
    """The list an export or a reading was of; None for what asked something else, or is no longer understood."""
    query = entry.changes["filter"][-1]
    return list_asked(entry.entity, query) if isinstance(query, str) else None


def _worded(entry: AuditEntry, state: ListState | None, titles: Titles) -> Mapping[str, Any]:
    """The changes of an entry with the filter of its list in words, as the reader's fields allow."""
    if state is None:
        return entry.changes or {}
    return {**entry.changes, "filter": [None, "; ".join(in_words(state, titles))]}


def _links(entries: Sequence[AuditEntry]) -> set[tuple[str, int]]:
    wanted: set[tuple[str, int]] = set()
    for entry in entries:
        entity = context().entities.get(entry.entity)
        if entity is None:
            continue
        if entry.record_id.isdecimal() and len(entry.record_id) < 19:
            wanted.add((entity.slug, int(entry.record_id)))
        for name, change in (entry.changes or {}).items():
            field = entity.field(name)
            if field is not None and field.kind is Kind.LINK and field.target:
                wanted |= {(field.target, value) for value in change if isinstance(value, int)}
    return wanted


def _url(entry: AuditEntry, titles: Titles) -> str | None:
    """The record's page, when it is still there and the reader may open it."""
    if not entry.record_id.isdecimal() or (entry.entity, int(entry.record_id)) not in titles:
        return None
    return record_url(entry.entity, int(entry.record_id))


def _changes(entity: Entity | None, changes: Mapping[str, Any], titles: Titles) -> Iterable[Change]:
    if entity is not None:
        changes = shown_changes(entity, changes, require_actor())
    for name, change in changes.items():
        field = entity.field(name) if entity is not None else None
        label = str(field.label) if field is not None else _named(name)
        before, after = change if isinstance(change, list) and len(change) == 2 else (None, change)
        if name.startswith("field."):
            before, after = (str(LEVELS.get(str(level), level)) for level in (before, after))
        yield Change(label, _said(field, before, titles), _said(field, after, titles))


def _named(name: str) -> str:
    kind, _dot, slug = name.partition(".")
    if kind == "scope" and slug in context().entities:
        return _("Scope of %(what)s", what=str(context().entities[slug].label))
    owner, _dot, one = slug.partition(".")
    if kind == "field" and owner in context().entities:
        described = context().entities[owner].field(one)
        label = str(described.label) if described is not None else one
        return _("Field %(field)s of %(what)s", field=label, what=str(context().entities[owner].label))
    return str(FIELDS.get(name, name))


def _said(field: Field | None, value: Any, titles: Titles) -> str:
    if value is None or value == "":
        return "--"
    if field is not None and field.level < Level.READ:
        return masked(field, value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    listed = isinstance(value, list) and field is not None and field.choices
    if field is not None and (field.said is not None or field.kind in (Kind.REGION, Kind.FILES) or listed):
        return plain(field, value, zone())
    if isinstance(value, list):
        return "、".join(str(item) for item in value) or "--"
    if field is not None and field.kind is Kind.LINK and isinstance(value, int):
        return titles.get((field.target or "", value), f"#{value}")
    if field is not None and field.choices:
        return next((str(c.label) for c in field.choices if c.value == value), str(value))
    return str(value)

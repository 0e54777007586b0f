"""The screens of calls and of connections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from flask import Response, abort, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.access.actors import require_actor
from app.access.policy import title_text
from app.activities.calls.deciding import candidates_of, create_customer_of, ignore_calls, match_calls, undo_calls
from app.activities.calls.rules import WAITING
from app.activities.calls.schemas import CALL, SOURCE
from app.activities.calls.seeing import MATCH
from app.activities.calls.sources import issue_secret
from app.base.page import expose
from app.base.views.acts import chosen_ids
from app.base.views.dialogs import asking, form_dialog, read_dialog
from app.base.views.entity import EntityView
from app.base.views.guard import needs, own_path
from app.base.views.inputs import first_values
from app.base.views.replies import dialog, done
from app.base.views.saving import posted_values
from app.base.views.screen import Link
from app.customers.schemas import KINDS
from app.types import Action, Choice, Entity, Field, Kind, Refused

VIEW, SOURCES = CALL.view_name, SOURCE.view_name
#: As much of a reason as is kept.
REASON = 300

WHOSE = asking("match_call", _l("Match"), (
    Field("customer_id", _l("Customer"), Kind.LINK, target="customer", required=True),
))  # fmt: skip
WHO = asking("call_customer", _l("New customer"), (
    Field("name", _l("Customer name"), required=True, max_length=200),
    Field("kind", _l("Type"), Kind.CHOICE, required=True, choices=tuple(Choice(k.value, k.label) for k in KINDS),
          default="personal"),
    Field("remark", _l("Remark"), Kind.LONG_TEXT, max_length=4000),
))  # fmt: skip
WHY = asking("ignore_call", _l("Ignore"), (Field("reason", _l("Reason"), required=True, max_length=REASON),))


class ActivityCallView(EntityView):
    """Calls, and those that wait for somebody to say whose they are."""

    entity = CALL
    base_permissions = (MATCH, "can_unmask")
    permission_labels: ClassVar[dict[str, Any]] = {MATCH: _l("Match")}

    def list_links(self) -> Sequence[Link]:
        """The calls that wait."""
        if not require_actor().can(MATCH, VIEW):
            return ()
        return (Link(_("Without a customer"), self.url("list", **{"f.state": list(WAITING)}), "user-question"),)

    def mark(self, record: Any) -> str:
        """Calls that wait stand out, quietly: in their own list all of them do."""
        return "warning" if record.state in WAITING else ""

    def badge_fields(self, record: Any) -> tuple[str, ...]:
        """Where it stands, and which way it went."""
        return ("state", "direction")

    def offers(self, record: Any, act: str) -> bool:
        """A waiting call is settled, a settled one taken back."""
        waits = record.state in WAITING
        if act in ("match", "ignore"):
            return waits
        return {"customer": waits and bool(record.line) and _may_create(), "undo": not waits}.get(act, True)

    @expose("/match", methods=("GET", "POST"))
    @needs(MATCH)
    def match(self) -> Response:
        """Say whose calls these are."""
        return self._asked(WHOSE, _("Match with a customer"), _("Match"), self._match)

    @expose("/customer", methods=("GET", "POST"))
    @needs(MATCH)
    def customer(self) -> Response:
        """Make the customer a call is from."""
        return self._asked(WHO, _("New customer from this call"), _("Create"), self._create)

    @expose("/ignore", methods=("GET", "POST"))
    @needs(MATCH)
    def ignore(self) -> Response:
        """Say that calls do not matter."""
        return self._asked(WHY, _("Ignore calls"), _("Ignore"), self._ignore)

    @expose("/undo", methods=("POST",))
    @needs(MATCH)
    def undo(self) -> Response:
        """Take back what was said of calls."""
        try:
            count = undo_calls(chosen_ids())
        except Refused as refused:
            return done(self._back(), str(refused), "danger")
        return done(self._back(), _("%(count)s calls wait again", count=count), "success" if count else "info")

    def _asked(self, asked: Entity, heading: str, submit: str, act: Callable[[list[int], Any], str]) -> Response:
        values, ids = posted_values(request.form), []
        try:
            ids = chosen_ids()
            if request.method == "POST":
                return done(self._back(), act(ids, read_dialog(asked)))
            refused = None
        except Refused as error:
            refused = error
        return form_dialog(
            asked,
            values if request.method == "POST" else first_values(asked),
            address=request.path,
            heading=heading,
            submit=submit,
            pick_url=lambda name: self.url("pick", field=name),
            note=self._note(ids, asked),
            ids=ids,
            next_url=request.values.get("next", ""),
            refused=refused,
        )

    def _note(self, ids: list[int], asked: Entity) -> str:
        """How many calls it is about; of a single one, the customers it may be from."""
        if len(ids) > 1:
            return _("%(count)s calls", count=f"{len(ids):,}")
        names = candidates_of(ids[0]) if asked is WHOSE and ids else []
        return _("Customers with this number: %(names)s", names=_(", ").join(names)) if names else ""

    def _match(self, ids: list[int], values: dict[str, Any]) -> str:
        return _("%(count)s calls were matched and recorded", count=match_calls(ids, values["customer_id"]))

    def _create(self, ids: list[int], values: dict[str, Any]) -> str:
        if not _may_create():
            raise Refused(_("You may not create customers"))
        if len(ids) != 1:
            raise Refused(_("Choose one call: a customer has the number of that call"))
        made, count = create_customer_of(ids[0], values)
        name = title_text("customer", made.name, made.id)
        return _("%(name)s was created; calls matched: %(count)s", name=name, count=count)

    def _ignore(self, ids: list[int], values: dict[str, Any]) -> str:
        return _("%(count)s calls were ignored", count=ignore_calls(ids, values["reason"]))

    def _back(self) -> str:
        return own_path(request.form.get("next"), self.home_url())


class ActivityCallSourceView(EntityView):
    """Connections of call centres, and their secrets."""

    entity = SOURCE
    base_permissions = ("can_issue",)
    permission_labels: ClassVar[dict[str, Any]] = {"can_issue": _l("Issue secret")}

    def badge_fields(self, record: Any) -> tuple[str, ...]:
        """None: it is in use or not."""
        return ()

    @expose("/secret", methods=("GET", "POST"))
    @needs("can_issue")
    def secret(self) -> Response:
        """Ask, then show a new secret once."""
        refused = None
        ids = chosen_ids()
        if request.method == "POST":
            try:
                source, text = issue_secret(ids[0])
            except LookupError:
                abort(404)
            except Refused as error:
                refused = error
            else:
                return dialog("calls/secret.html", source=source, secret=text, address=url_for("CallRecordApi.post"))
        return form_dialog(
            asking("secret", _("New secret"), ()),
            {},
            address=self.url("secret"),
            heading=_("Issue a new secret?"),
            submit=_("Issue secret"),
            pick_url=lambda _name: "",
            note=_("It is shown once. A secret issued before stops at once."),
            ids=ids[:1],
            refused=refused,
        )


def _may_create() -> bool:
    return require_actor().can("can_add", "CustomerView")


def _act(name: str, label: Any, icon: str, *, bulk: bool = True) -> Action:
    address = f"{VIEW}.{name}"
    return Action(name, label, address, VIEW, MATCH, icon, dialog_endpoint=address, bulk=bulk)


ACTIONS = {
    CALL.slug: (
        _act("match", _l("Match with a customer"), "user-check"),
        _act("customer", _l("New customer from this call"), "user-plus", bulk=False),
        _act("ignore", _l("Ignore"), "eye-off"),
        Action("undo", _l("Let wait again"), f"{VIEW}.undo", VIEW, MATCH, "arrow-back-up",
               _l("Let these calls wait again? The follow-ups of matched ones are removed.")),
    ),
    SOURCE.slug: (
        Action("secret", _l("Issue secret"), f"{SOURCES}.secret", SOURCES, "can_issue", "key",
               dialog_endpoint=f"{SOURCES}.secret", bulk=False),
    ),
}  # fmt: skip

__all__ = ["ACTIONS", "SOURCES", "VIEW", "ActivityCallSourceView", "ActivityCallView"]

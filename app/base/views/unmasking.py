"""The dialog behind the eye beside a masked value on a record's page."""

from __future__ import annotations

from flask import Response, abort, request
from flask_appbuilder import expose
from flask_babel import gettext as _

from app.access.policy import whole
from app.access.unmasking import LONGEST_REASON, unmask
from app.base.views.cells import plain, zone
from app.base.views.dialogs import asking, form_dialog
from app.base.views.guard import needs
from app.base.views.replies import dialog
from app.base.views.screen import EntityScreen
from app.types import Field, Level, Refused

REASON = "reason"


class UnmaskScreen(EntityScreen):
    """`/show/<pk>/unmask/<name>`."""

    @expose("/show/<int:pk>/unmask/<name>", methods=["GET", "POST"])
    @needs("can_unmask")
    def unmask(self, pk: int, name: str) -> Response:
        """Ask for the reason, then show the value; 404 for a field that is not masked to the actor."""
        record, _writable = self.find(pk)
        field = self.seen().field(name)
        if field is None or field.level is not Level.MASKED:
            abort(404)
        refused = None
        reason = request.form.get(REASON, "")
        if request.method == "POST":
            try:
                value = unmask(whole(self.entity), record, field, reason)
            except Refused as error:
                refused = error
            else:
                shown = whole(self.entity).field(name) or field
                return dialog("entity/unmasked.html", label=shown.label, text=plain(shown, value, zone()))
        return form_dialog(
            asking("unmask", _("Show"), [Field(REASON, _("Reason"), required=True, max_length=LONGEST_REASON)]),
            {REASON: reason},
            address=self.url("unmask", pk=pk, name=name),
            heading=_("Show “%(what)s” in full", what=field.label),
            submit=_("Show"),
            note=_("Your name, the time, the field and the reason are written to the audit log."),
            pick_url=lambda _name: "",
            refused=refused,
        )

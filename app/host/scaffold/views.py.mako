"""The screens of items: the generated ones, with the act of closing."""

from __future__ import annotations

from typing import Any, ClassVar

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.api import EntityView, chosen_ids, done, expose, needs, own_path
from app.types import Refused
from ${package}.schemas import ITEM
from ${package}.services import close_items


class ${cls}ItemView(EntityView):
    """List, form and detail of items, and closing them singly or in bulk."""

    entity = ITEM
    permission_labels: ClassVar[dict[str, Any]] = {"can_close": _l("Close")}

    @expose("/close", methods=["POST"])
    @needs("can_close")
    def close(self) -> Any:
        """Close the items chosen in the list, or the one shown."""
        address = own_path(request.form.get("next"), url_for("${cls}ItemView.list"))
        try:
            count = close_items(chosen_ids())
        except Refused as refused:
            return done(address, refused, "danger")
        return done(address, _("%(count)s items closed", count=count))

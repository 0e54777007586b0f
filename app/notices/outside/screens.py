"""The list of deliveries, and trying them again."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.base.page import expose
from app.base.views.acts import chosen_ids
from app.base.views.entity import EntityView
from app.base.views.guard import needs, own_path
from app.base.views.replies import done
from app.notices.outside.retrying import retry_deliveries
from app.notices.outside.schemas import DELIVERY
from app.types import Action, Refused

VIEW = DELIVERY.view_name

ACTIONS: Sequence[Action] = (
    Action(
        "retry",
        _l("Try again"),
        f"{VIEW}.retry",
        VIEW,
        "can_retry",
        "refresh",
        confirm=_l("Send these again? What is not known to have failed may arrive twice."),
    ),
)


class NoticeDeliveryView(EntityView):
    """What went out of the product, and what did not."""

    entity = DELIVERY
    base_permissions = ("can_retry",)

    @expose("/retry", methods=("POST",))
    @needs("can_retry")
    def retry(self) -> Response:
        """Send what failed, was given up or is not known once more."""
        back = own_path(request.form.get("next"), self.home_url())
        try:
            count = retry_deliveries(chosen_ids())
        except Refused as refused:
            return done(back, str(refused), "danger")
        return done(back, _("%(count)s deliveries are tried again", count=count), "success" if count else "info")


__all__ = ["ACTIONS", "VIEW", "NoticeDeliveryView"]

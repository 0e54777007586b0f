"""The screens of follow-ups, and the quick way to record one from a customer's page or list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import Response, request
from flask_babel import gettext as _
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from app.access.actors import require_actor
from app.access.policy import title_text
from app.access.scope import UNSCOPED, scope_condition
from app.activities.schemas import ACTIVITY
from app.activities.services import record_activities
from app.base.page import expose
from app.base.views.acts import chosen_ids
from app.base.views.dialogs import form_dialog, read_dialog
from app.base.views.entity import EntityView
from app.base.views.guard import needs, own_path
from app.base.views.inputs import first_values
from app.base.views.models import FormToken
from app.base.views.replies import done
from app.base.views.saving import new_token, posted_values
from app.customers.models import Customer
from app.db import session, transaction
from app.fields.bulk import among
from app.host.context import entity
from app.types import Refused, Section

#: What the quick dialog asks: what happened, with what result, what next.
QUICK_FIELDS = (
    "kind",
    "at",
    "subject",
    "result",
    "effective",
    "duration_seconds",
    "amount",
    "content",
    "next_step",
    "next_on",
)
QUICK = replace(
    ACTIVITY,
    fields=tuple(field for field in ACTIVITY.fields if field.name in QUICK_FIELDS),
    sections=(Section("", QUICK_FIELDS),),
)


class ActivityView(EntityView):
    """List, page and form of follow-ups."""

    entity = ACTIVITY

    @expose("/record", methods=("GET", "POST"))
    @needs("can_add")
    def record(self) -> Response:
        """Record the same follow-up with one or many customers (a call; a salon with twenty guests)."""
        values, token, ids = posted_values(request.form), request.form.get("_token", ""), []
        try:
            ids = chosen_ids()
            if request.method == "GET":
                return self._dialog(ids, first_values(QUICK), new_token(), None)
            read = read_dialog(QUICK)
            number = record_once([{"customer_id": one, **read} for one in ids], token)
        except Refused as refused:
            return self._dialog(ids, values or first_values(QUICK), token or new_token(), refused)
        said = _("The follow-up was recorded") if number else _("The follow-up was recorded already")
        return done(own_path(request.form.get("next"), self.home_url()), said)

    def _dialog(self, ids: list[int], values: dict[str, str], token: str, refused: Refused | None) -> Response:
        names = self._names(ids)
        note = _("With %(count)s customers", count=f"{len(ids):,}")
        if len(ids) == 1 and names:
            note = _("With %(name)s", name=names[0])
        return form_dialog(
            QUICK,
            values,
            address=self.url("record"),
            heading=_("Record follow-up"),
            submit=_("Record"),
            pick_url=lambda name: self.url("pick", field=name),
            note=note,
            ids=ids,
            next_url=request.values.get("next", ""),
            hidden={"_token": token},
            refused=refused,
        )

    def _names(self, ids: list[int]) -> Sequence[str]:
        statement = select(Customer.id, Customer.name).where(
            among(session(), Customer.id, ids[:1]), scope_condition(entity("customer"), require_actor())
        )
        rows = session.execute(statement.execution_options(**{UNSCOPED: True}))
        return [title_text("customer", row.name, row.id) for row in rows]


def record_once(rows: Sequence[dict[str, object]], token: str) -> int:
    """Record follow-ups for a form; 0 when this form (its token) has done so already.

    Raises `Refused`; then nothing is kept and the same form may be sent again.
    """
    if not 20 <= len(token) <= 40:
        raise Refused(_("This form is out of date; please send it once more"))
    actor = require_actor()
    try:
        with transaction() as current:
            current.execute(insert(FormToken).values(token=token, user_id=actor.user_id, entity=ACTIVITY.slug))
            return len(record_activities(rows))
    except IntegrityError:
        mine = select(FormToken.token).where(FormToken.token == token, FormToken.user_id == actor.user_id)
        if session.scalar(mine) is None:
            raise
        return 0

"""The screens of customers: the 360° page, assigning, sharing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.access.actors import require_actor
from app.access.policy import title_text
from app.access.scope import UNSCOPED, held_condition, scope_condition
from app.base.page import expose
from app.base.views.acts import chosen_ids
from app.base.views.dialogs import asking, form_dialog, read_dialog
from app.base.views.entity import EntityView
from app.base.views.guard import needs, own_path
from app.base.views.replies import done
from app.base.views.saving import posted_values
from app.base.views.screen import Figure
from app.customers import figures
from app.customers.models import Customer
from app.customers.rules import HANDOVER
from app.customers.schemas import CUSTOMER
from app.customers.services import ANYBODY, assign_customers, share_customer
from app.db import session
from app.fields.bulk import among
from app.types import Field, Kind, Refused

NEW_OWNER = asking(
    "assign_customers",
    _l("Assign"),
    (
        Field("owner_id", _l("New account manager"), Kind.LINK, target="employee", required=True),
        Field("reason", _l("Reason"), max_length=300),
    ),
)
COLLEAGUE = asking(
    "share_customer",
    _l("Share customer"),
    (
        Field("employee_id", _l("Colleague"), Kind.LINK, target="employee", required=True),
        Field("can_write", _l("May change"), Kind.BOOLEAN, default=False),
    ),
)


class CustomerView(EntityView):
    """List, 360° page and form of customers, with the acts on their ownership."""

    entity = CUSTOMER

    def figures(self, record: Any) -> Sequence[Figure]:
        """Days since the last follow-up, number of follow-ups, next step, age or years in business."""
        return figures.figures_of(record)

    def home_url(self, record_id: int | None = None) -> str:
        """The customer's page, unless a rule has given it away beyond one's own reach."""
        if record_id is not None and not self._named([record_id], scope_condition(self.entity, require_actor())):
            record_id = None
        return super().home_url(record_id)

    @expose("/assign", methods=("GET", "POST"))
    @needs("can_assign")
    def assign(self) -> Response:
        """Give one or many customers to another account manager."""
        values = posted_values(request.form) if request.method == "POST" else {}
        ids: list[int] = []
        try:
            ids = chosen_ids()
            if request.method == "POST":
                return self._assign(ids, values)
            return self._ask_owner(ids, {}, None)
        except Refused as refused:
            return self._ask_owner(ids, values, refused)

    def _assign(self, ids: list[int], values: dict[str, str]) -> Response:
        expected: Any = ANYBODY
        if len(ids) == 1 and "from" in values:
            text = values["from"]
            expected = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
        read = read_dialog(NEW_OWNER)
        moved = assign_customers(
            ids,
            read["owner_id"],
            cause=HANDOVER,
            reason=read.get("reason") or "",
            from_employee_id=expected,
        )
        said = _("%(count)s customers now belong to the new account manager", count=f"{len(moved):,}")
        return done(self._back(ids), said if moved else _("Nothing was changed"))

    def _ask_owner(self, ids: list[int], values: dict[str, str], refused: Refused | None) -> Response:
        reach = held_condition(self.entity, require_actor())
        rows = self._named(ids, reach)
        number = max(len(ids), _number(request.args.get("number"))) if not refused else len(ids)
        note = _("%(count)s customers chosen", count=f"{number:,}")
        if len(ids) == 1 and rows:
            note = _(
                "%(name)s will be handed over with the whole history",
                name=title_text("customer", rows[0].name, rows[0].id),
            )
        elif len(rows) < len(ids):
            beyond = len(ids) - len(rows)
            note = _("%(count)s of the customers chosen are not yours to assign", count=f"{beyond:,}")
        only = str(rows[0].owner_id or "") if len(ids) == 1 and rows else None
        return form_dialog(
            NEW_OWNER,
            values,
            address=self.url("assign"),
            heading=_("Assign customers"),
            submit=_("Assign"),
            pick_url=lambda _name: self.url("pick", field="owner_id"),
            note=note,
            ids=ids,
            next_url=request.values.get("next", ""),
            hidden={} if only is None else {"from": values.get("from", only)},
            refused=refused,
        )

    @expose("/share", methods=("GET", "POST"))
    @needs("can_share")
    def share(self) -> Response:
        """Let a colleague see, or also change, one customer."""
        values = posted_values(request.form) if request.method == "POST" else {}
        ids: list[int] = []
        try:
            ids = chosen_ids()[:1]
            if request.method == "POST":
                share_customer({"customer_id": ids[0], **read_dialog(COLLEAGUE)})
                return done(self._back(ids), _("The customer is shared"))
            return self._ask_colleague(ids, {}, None)
        except Refused as refused:
            return self._ask_colleague(ids, values, refused)

    def _ask_colleague(self, ids: list[int], values: dict[str, str], refused: Refused | None) -> Response:
        rows = self._named(ids, scope_condition(self.entity, require_actor()))
        note = (
            _("Who may see %(name)s besides you?", name=title_text("customer", rows[0].name, rows[0].id))
            if rows
            else ""
        )
        return form_dialog(
            COLLEAGUE,
            values,
            address=self.url("share"),
            heading=_("Share customer"),
            submit=_("Share customer"),
            pick_url=lambda _name: self.url("pick", field="owner_id"),
            note=note,
            ids=ids,
            next_url=request.values.get("next", ""),
            refused=refused,
        )

    def _named(self, ids: list[int], condition: Any) -> Sequence[Any]:
        statement = select(Customer.id, Customer.name, Customer.owner_id)
        statement = statement.where(among(session(), Customer.id, ids), condition)
        return session.execute(statement.execution_options(**{UNSCOPED: True})).all()

    def _back(self, ids: list[int]) -> str:
        alone = ids[0] if len(ids) == 1 else None
        if alone is not None and not self._named(ids, scope_condition(self.entity, require_actor())):
            return self.home_url()  # handed over beyond one's own reach: the page is gone
        return own_path(request.form.get("next"), self.home_url(alone))


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 8 else 0

"""Deleting: asked first, then done by POST only; one record or those chosen in the list."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, request
from flask_appbuilder import expose
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from app.access.actors import require_actor
from app.access.scope import UNSCOPED, scope_condition
from app.base.views.acts import chosen_ids
from app.base.views.guard import is_htmx, needs, own_path
from app.base.views.replies import done, say_held
from app.base.views.saving import remove
from app.base.views.screen import EntityScreen
from app.db import session, transaction
from app.types import Refused

#: A bulk deletion goes record by record, each with its own checks and history, so it stays small.
DELETE_LIMIT = 500


class DeleteScreen(EntityScreen):
    """`/delete/<pk>` and `/delete/`: GET asks, POST does."""

    @expose("/delete/<int:pk>", methods=("GET", "POST"))
    @needs("can_delete")
    def delete(self, pk: int) -> Response:
        """Ask about one record, or delete it."""
        record, writable = self.find(pk)
        address = self.url("delete", pk=pk)
        if not writable:
            return self._ask([record], address, _("You may see this record, but not change it"), 403)
        if request.method == "GET":
            return self._ask([record], address)
        name = self.title(record)
        try:
            held = remove(self.entity, record)
        except Refused as refused:
            record, _writable = self.find(pk)
            return self._ask([record], address, str(refused), 422)
        if held is not None:
            say_held(held)
            return done(self.home_url(pk))
        back = self.url("list") if self.can("list") else "/"
        return done(own_path(request.form.get("next"), back), _("%(name)s was deleted", name=name))

    @expose("/delete/", methods=("GET", "POST"))
    @needs("can_delete")
    def delete_many(self) -> Response:
        """Ask about the chosen records, or delete all of them or none."""
        address = self.url("delete_many")
        try:
            ids = chosen_ids()
            if len(ids) > DELETE_LIMIT:
                raise Refused(
                    _("At most %(count)s records at a time; please narrow the list", count=DELETE_LIMIT)
                )
            records = self._chosen(ids)
        except Refused as refused:
            return self._ask([], address, str(refused), 422)
        if request.method == "GET":
            return self._ask(records, address)
        try:
            with transaction():
                held = [one for record in records if (one := remove(self.entity, record)) is not None]
        except Refused as refused:
            return self._ask(self._chosen(ids), address, str(refused), 422)
        if held:
            sent = _("%(count)s sent for approval", count=len(held))
            flash(sent, "info")
        number = len(records) - len(held)
        text = ngettext("%(num)s record was deleted", "%(num)s records were deleted", number)
        back = self.url("list") if self.can("list") else "/"
        return done(own_path(request.form.get("next"), back), text if number else "")

    def _chosen(self, ids: list[int]) -> list[Any]:
        """The records, all of which the actor must be allowed to change. Raises `Refused` otherwise."""
        entity = self.entity
        statement = select(entity.model).where(
            entity.model.id.in_(ids), scope_condition(entity, require_actor(), write=True)
        )
        records = list(session.scalars(statement.execution_options(**{UNSCOPED: True})))
        records.sort(key=lambda record: ids.index(record.id))
        if len(records) != len(ids):
            raise Refused(_("Some of these records are gone, or you may not change them"))
        return records

    def _ask(self, records: list[Any], address: str, reason: str = "", status: int = 200) -> Response:
        template = "entity/delete_dialog.html" if is_htmx() else "entity/delete.html"
        page = self.render(
            template,
            names=[self.title(record) for record in records[:8]],
            number=len(records),
            ids=",".join(str(record.id) for record in records),
            address=address,
            reason=reason,
            next=own_path(request.values.get("next"), ""),
            back_url=self.url("list") if self.can("list") else "/",
        )
        return make_response(page, status)

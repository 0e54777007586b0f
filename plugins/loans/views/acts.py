"""Acts on one or several records, as buttons and as dialogs, each record with its own answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, flash, request
from flask_babel import gettext as _
from sqlalchemy import select

from app.api import (
    EntityView,
    among,
    chosen_ids,
    done,
    form_dialog,
    own_path,
    posted_values,
    read_dialog,
    session,
)
from app.types import Entity, Refused

#: The most records one act is about: each has its own checks and its own answer.
MOST = 100


class ActsView(EntityView):
    """Acts on one or several records, each with its own answer."""

    def act_on_each(self, ids: Sequence[int], act: Callable[[Any], None], said: str) -> Response:
        """Do it to each record, each in a transaction of its own; those refused are named with their reason."""
        if len(ids) > MOST:
            raise Refused(_("At most %(count)s records at a time; please narrow the list", count=MOST))
        model = self.entity.model
        records = session.scalars(select(model).where(among(session(), model.id, ids)).order_by(model.id)).all()
        count, refusals = 0, []
        for record in records:
            try:
                act(record)
                count += 1
            except Refused as refused:
                refusals.append(
                    f"{self.title(record)}: {refused.reason or '; '.join(map(str, refused.errors.values()))}"
                )
        if len(records) < len(ids):
            refusals.append(_("%(count)s records were not found", count=len(ids) - len(records)))
        for text in refusals[:10]:
            flash(text, "warning")
        back = own_path(request.form.get("next"), self.home_url(ids[0] if len(ids) == 1 else None))
        return done(back, said % {"count": count} if count else "")

    def post_each(self, act: Callable[[Any], None], said: str) -> Response:
        """The act of a plain button."""
        try:
            return self.act_on_each(chosen_ids(), act, said)
        except Refused as refused:
            return done(own_path(request.form.get("next"), self.url("list")), str(refused), "danger")

    def ask_each(self, asked: Entity, route: str, submit: str, act: Callable[[Any, str], None], said: str) -> Response:
        """The act of a button that asks for a sentence first: the dialog, then the act."""
        ids: list[int] = []
        refused: Refused | None = None
        try:
            ids = chosen_ids()
            if request.method == "POST":
                text = next(iter(read_dialog(asked).values()), None) or ""
                return self.act_on_each(ids, lambda record: act(record, text), said)
        except Refused as wrong:
            refused = wrong
        return form_dialog(
            asked,
            posted_values(request.form) if request.method == "POST" else {},
            address=self.url(route),
            heading=asked.label,
            submit=submit,
            pick_url=lambda _name: "",
            note=_("%(count)s records chosen", count=len(ids)) if len(ids) > 1 else "",
            ids=ids,
            next_url=request.values.get("next", ""),
            refused=refused,
        )

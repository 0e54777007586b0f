"""Acts on one or several records, as buttons and as dialogs, each record with its own answer."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, flash, request, url_for
from flask_babel import gettext as _

from app.api import EntityView, chosen_ids, done, form_dialog, own_path, posted_values, read_dialog, require_actor
from app.types import Entity, Refused
from plugins.loans.jobs import ManyAct, ask_many, do_one

#: Records an act is done to while the person waits; more are done by a job.
AT_ONCE = 100


class ActsView(EntityView):
    """Acts on one or several records, each with its own answer."""

    def act_on_each(self, ids: Sequence[int], act: ManyAct, text: str = "") -> Response:
        """Do it to each record, each in a transaction of its own; those refused are named with their reason."""
        back = own_path(request.form.get("next"), self.home_url(ids[0] if len(ids) == 1 else None))
        if len(ids) > AT_ONCE:
            job_id = ask_many(act, ids, text)
            if require_actor().can("can_show", "JobView"):
                back = url_for("JobView.show", pk=job_id)
            return done(back, _("This is done in the background; the task tells of each record that is refused"))
        refusals = [problem for number in ids if (problem := do_one(act, number, text))]
        for problem in refusals[:10]:
            flash(problem, "warning")
        count = len(ids) - len(refusals)
        return done(back, str(act.said) % {"count": count} if count else "")

    def post_each(self, act: ManyAct) -> Response:
        """The act of a plain button."""
        try:
            return self.act_on_each(chosen_ids(), act)
        except Refused as refused:
            return done(own_path(request.form.get("next"), self.url("list")), str(refused), "danger")

    def ask_each(self, asked: Entity, act: ManyAct) -> Response:
        """The act of a button that asks for a sentence first: the dialog, then the act."""
        ids: list[int] = []
        refused: Refused | None = None
        try:
            ids = chosen_ids()
            if request.method == "POST":
                text = next(iter(read_dialog(asked).values()), None) or ""
                return self.act_on_each(ids, act, text)
        except Refused as wrong:
            refused = wrong
        return form_dialog(
            asked,
            posted_values(request.form) if request.method == "POST" else {},
            address=self.url(act.name),
            heading=asked.label,
            submit=act.label,
            pick_url=lambda _name: "",
            note=_("%(count)s records chosen", count=len(ids)) if len(ids) > 1 else "",
            ids=ids,
            next_url=request.values.get("next", ""),
            refused=refused,
        )

"""The rules, what they would move tonight, and a run at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.api import (
    EntityView,
    Link,
    check_condition,
    check_links,
    condition_builder,
    condition_text,
    done,
    enqueue,
    expose,
    needs,
    read_values,
    require_actor,
)
from app.types import SYSTEM, Refused
from plugins.pools.schemas import RULE
from plugins.pools.services import business_today, coming_night
from plugins.pools.services.explaining import explain_ladder
from plugins.pools.views.files import hand_over, may_export
from plugins.pools.views.reminders import NAMES, ReminderTable, reminder_table
from plugins.pools.views.tonight import tonight_book, tonight_values


class PoolsRuleView(EntityView):
    """The rules, what they would move tonight, and a run at once."""

    entity = RULE
    route_base = "/pools_rule"
    form_template = "pools/rule_form.html"
    own_inputs = frozenset({"condition"})
    #: Fields the form shows in one table.
    reminders = NAMES

    def render(self, template: str, **values: Any) -> str:
        """The form asks the view for the builder of its condition."""
        return super().render(template, **{"view": self, **values})

    def posted(self) -> dict[str, str]:
        """The builder of conditions sends one line."""
        values = super().posted()
        if "where" in values:
            values["condition"] = values.pop("where")
        return values

    def condition_builder(self, text: str) -> dict[str, Any] | None:
        """What the condition is built from; None for one the actor may not change."""
        return condition_builder("customer", text)

    def condition_text(self, text: str) -> str:
        """A condition in words."""
        return condition_text("customer", text)

    def reminders_of(self, inputs: Sequence[Any]) -> ReminderTable | None:
        """The table of reminders of a section of the form."""
        return reminder_table(inputs)

    def customer_pick(self, name: str) -> str:
        """Where the inputs of a condition look for linked records."""
        return url_for("CustomerView.pick", field=name)

    def list_links(self) -> Sequence[Link]:
        """A way to the forecast."""
        if not require_actor().can("can_preview", self.class_permission_name):
            return ()
        trial = Link(_l("Trial on the last nights"), url_for("PoolsSimulationView.list"), "history")
        return (Link(_l("What moves tonight"), self.url("preview"), "moon"), trial)

    @expose("/explain", methods=("POST",))
    @needs("can_list")
    def explain(self) -> str:
        """What the rule in the form would mean, while it is being typed; nothing is saved."""
        today, reason, rungs, condition, trial = business_today(), "", [], "", ""
        try:
            filled = {name: text for name, text in self.posted().items() if text.strip()}
            said = {"trigger": "follow_up"} | read_values(RULE, typed_texts(filled), creating=False)
            check_links(RULE, said)
            kept = check_condition("customer", said.get("condition") or "", "condition")
            condition = condition_text("customer", kept)
            rungs = explain_ladder(said, today)
            trial = self._trial(kept) if rungs else ""
        except Refused as refused:
            reason = "; ".join(str(text) for text in refused.errors.values()) or str(refused)
        values = {"rungs": rungs, "reason": reason, "today": today, "condition": condition, "trial": trial}
        return render_template("pools/rule_explained.html", **values)

    def _trial(self, condition: str) -> str:
        """Where the rule in the form is tried on the last nights."""
        if not require_actor().can("can_preview", self.class_permission_name):
            return ""
        given: dict[str, Any] = {name: text for name, text in typed_texts(self.posted()).items() if text.strip()}
        return url_for(
            "PoolsSimulationView.list", **{**given, "condition": condition, "rule": request.args.get("rule")}
        )

    @expose("/preview")
    @needs("can_preview")
    def preview(self) -> Any:
        """What every rule will do in the coming night, as the customers stand; nothing is saved."""
        may_run, night = require_actor().can("can_run", self.class_permission_name), coming_night()
        values = tonight_values(night, request.args, lambda **given: self.url("preview", **given))
        urls = {"run_url": self.url("run") if may_run else None, "list_url": self.url("list")}
        urls["file_url"] = self.url("preview_file", **self._narrowing()) if may_export() else None
        return self.render("pools/tonight.html", night=night, **values, **urls)

    @expose("/preview/file", methods=("GET", "POST"))
    @needs("can_export")
    def preview_file(self) -> Response:
        """Ask for the reason, then hand over as a workbook what the coming night will do."""
        return hand_over(self, tonight_book(coming_night(), request.args, self.url("preview", **self._narrowing())))

    def _narrowing(self) -> dict[str, str]:
        return {name: request.args[name] for name in ("rule", "act") if name in request.args}

    @expose("/run", methods=("POST",))
    @needs("can_run")
    def run(self) -> Response:
        """Start the recycle of today now, as a job."""
        night = business_today()
        enqueue(
            "pools.recycle",
            {"business_date": night.isoformat()},
            actor=SYSTEM,
            unique_key=night.isoformat(),
        )
        return done(self.url("preview"), _("The run was started; this page shows what is left to move"))


def typed_texts(posted: Mapping[str, str]) -> dict[str, str]:
    """What of a form are values of a rule."""
    return {name: text for name, text in posted.items() if (field := RULE.field(name)) and not field.computed}


__all__ = ["PoolsRuleView"]

"""The nights: what each did by rule and step, whom it left and why, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from flask import Response, abort, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from app.api import (
    EntityView,
    Figure,
    Link,
    acting_as,
    chosen_ids,
    done,
    expose,
    find_job,
    needs,
    number_text,
    require_actor,
)
from app.types import SYSTEM, Action, Refused, Tab
from plugins.pools.models import PoolRun
from plugins.pools.schemas import ACTS, RUN
from plugins.pools.services.taking_back import VIEW, start_reversal
from plugins.pools.services.told import broken_rules, lines_of, stayed_rows
from plugins.pools.views.addresses import whole_number

#: What a night does, and its reversal, in the order of the ladder.
DONE = ("amber", "red", "recycle", "escalate", "reverse")


class PoolsRunView(EntityView):
    """The nightly runs, and taking one back."""

    entity = RUN
    route_base = "/pools_run"
    permission_labels: ClassVar[dict[str, Any]] = {"can_reverse": _l("Reverse")}

    def list_links(self) -> Sequence[Link]:
        """A way to what comes next, where a run can be started."""
        if not require_actor().can("can_preview", "PoolsRuleView"):
            return ()
        return (Link(_("What moves tonight"), url_for("PoolsRuleView.preview"), "moon"),)

    def title(self, record: Any) -> str:
        """Its night."""
        return _("Night of %(day)s", day=record.business_date)

    def figures(self, record: Any) -> Sequence[Figure]:
        """How long it took, and how many it left where they stand."""
        left = record.notes.get("stayed_count", 0)
        return (
            Figure(_("Duration"), _duration(record)),
            Figure(_("Customers that stayed"), number_text(left), tone="warning" if left else ""),
        )

    def offers(self, record: Any, act: str) -> bool:
        """A night is taken back once."""
        return act != "reverse" or record.state != "reversed"

    @expose("/reverse", methods=("POST",))
    @needs("can_reverse")
    def reverse(self) -> Response:
        """Take back what nothing has happened to since."""
        number = chosen_ids()[0]
        address = self.url("tab", pk=number, name="result")
        try:
            start_reversal(number)
        except LookupError:
            abort(404)
        except Refused as refused:
            return done(address, str(refused), "danger")
        return done(address, _("The night is being taken back"))


def result_tab(run: PoolRun) -> Markup:
    """Progress, counts by rule and step that lead to the ledger, and who stayed."""
    page = max(1, whole_number(request.args.get("page", ""), 4))
    kept = "kept" if run.state in ("reversing", "reversed") else "stayed"
    rows, more = stayed_rows(run, kept, page)
    with acting_as(SYSTEM):
        number = run.reverse_job_id if run.state in ("reversing", "reversed") else run.job_id
        job = find_job(number) if number is not None and run.state in ("running", "reversing") else None

    def url(_line: Any = 0, _state: str = "", page: int | None = None) -> str:
        said: dict[str, Any] = {"page": page} if page else {}
        return url_for(f"{VIEW}.tab", pk=run.id, name="result", **said)

    return Markup(  # noqa: S704  (rendered by an escaping template)
        render_template(
            "pools/run_result.html",
            run=run,
            job=job,
            lines=lines_of(run),
            acts=[choice for name in DONE for choice in ACTS if choice.value == name],
            ledger=lambda key, act: ledger_url(run.id, key, act),
            broken=broken_rules(run),
            rows=rows,
            total=run.notes.get(f"{kept}_count", 0),
            reversal=kept == "kept",
            url=url,
            pages=(page - 1 if page > 1 else None, page + 1 if more else None),
        )
    )


def ledger_url(run_id: int, key: str, act: str = "") -> str:
    """The rows of the ledger behind a count: of a run, a rule with its version (``rule.version``), an act."""
    rule, _dot, version = key.partition(".")
    between = {"f.rule_version.from": version, "f.rule_version.to": version}
    said: dict[str, Any] = {"f.run_id": run_id, "f.rule_id": rule, **between, "f.act": act}
    told = {name: value for name, value in said.items() if value not in ("", "None")}
    return url_for("PoolsMovementView.list", **told)


def _duration(run: PoolRun) -> str:
    if run.finished_at is None:
        return "--"
    minutes, seconds = divmod(round((run.finished_at - run.started_at).total_seconds()), 60)
    if not minutes:
        return _("%(seconds)s s", seconds=seconds)
    return _("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=seconds)


RESULT = Tab("result", _l("Result"), result_tab, VIEW, "can_show", order=10)
REVERSE = Action(
    "reverse", _l("Take this night back"), f"{VIEW}.reverse", VIEW, "can_reverse", "arrow-back-up",
    _l("Take back everything this night moved? Customers something has happened to since stay and are listed."),
    bulk=False,
)  # fmt: skip

__all__ = ["RESULT", "REVERSE", "PoolsRunView"]

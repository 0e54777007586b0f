"""`/approval-flows/`: the list of flows, the designer of one, its versions; every change is checked by the services."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar

from flask import abort, flash, jsonify, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.access.actors import require_actor
from app.approvals.checking.messages import told, told_shape
from app.approvals.models import Definition
from app.approvals.rules.document import Document
from app.approvals.rules.writing import BadDocument, read_document
from app.approvals.services import definitions as flows
from app.approvals.services.known import flow_entities, flow_things
from app.approvals.services.moving import running_by_version
from app.approvals.services.trying import dry_run
from app.approvals.views.designing import FINDS, OUTCOMES, board, branch_name, called, differences
from app.approvals.views.inbox import named_entity
from app.approvals.views.moving import Moving
from app.base.page import PageView, expose, has_access
from app.base.views.cells import zone
from app.base.views.formats import moment_text
from app.base.views.pickers import pick
from app.fields.expressions.compiling import BadExpression, compile_condition, compile_expression
from app.fields.expressions.messages import told as told_expression
from app.types import SYSTEM, Field, Kind, Refused

_EMPLOYEE = Field("employee", "", Kind.LINK, target="employee")
LONGEST = 400_000


class ApprovalDefinitionView(Moving, PageView):
    """What approval flows there are, and how each goes."""

    route_base = "/approval-flows"
    default_view = "list"
    label = _l("Approval flows")
    permission_labels: ClassVar[dict[str, Any]] = {
        "can_list": _l("See the flows"),
        "can_edit": _l("Design flows"),
        "can_publish": _l("Publish"),
    }
    method_permission_name: ClassVar[dict[str, str]] = {
        "list": "list",
        "create": "edit",
        "edit": "edit",
        "save": "edit",
        "check": "edit",
        "people": "edit",
        "records": "edit",
        "trial": "edit",
        "rename": "edit",
        "discard": "edit",
        "versions": "edit",
        "back": "edit",
        "delete": "edit",
        "move": "publish",
        "publish": "publish",
        "activate": "publish",
    }

    @expose("/")
    @has_access
    def list(self) -> Any:
        """The flows of the site, by name, state and kind of record."""
        asked = {name: request.args.get(name, "") for name in ("q", "entity", "state")}
        total = flows.count_definitions(asked["q"], asked["entity"], asked["state"])
        pages = max(1, -(-total // flows.PAGE))
        page = min(max(1, _asked_page()), pages)
        rows = flows.definitions(asked["q"], asked["entity"], asked["state"], page)
        told: dict[str, Any] = {name: text for name, text in asked.items() if text}
        around = {
            "rel": [
                url_for("ApprovalDefinitionView.list", **told, page=other) if 1 <= other <= pages else ""
                for other in (page - 1, page + 1)
            ],
            "first": (page - 1) * flows.PAGE + 1, "page": page, "pages": pages,
        }  # fmt: skip
        things = flow_things()
        return self._page(
            "approvals/flows.html", rows=rows, asked=asked, entities=things, total=total, around=around,
            named_entity=named_entity,
        )  # fmt: skip

    @expose("/new", methods=["POST"])
    @has_access
    def create(self) -> Any:
        """Make a flow and open the designer."""
        name, name_en, entity = (request.form.get(key, "") for key in ("name", "name_en", "entity"))
        try:
            made = flows.create(name, name_en, entity, request.form.get("code", ""))
        except Refused as refused:
            flash(str(refused.reason), "error")
            return redirect(url_for("ApprovalDefinitionView.list"), 303)
        return redirect(url_for("ApprovalDefinitionView.edit", pk=made.id), 303)

    @expose("/<int:pk>/")
    @has_access
    def edit(self, pk: int) -> Any:
        """The designer."""
        definition = _definition(pk)
        try:
            document = flows.working(definition)
        except Refused as refused:
            flash(str(refused.reason), "error")
            document = flows.EMPTY
        data = {**board(definition, document), "findings": _said(definition, document), "urls": _urls(pk)}
        return self._page("approvals/designer.html", definition=definition, data=data)

    @expose("/<int:pk>/save", methods=["POST"])
    @has_access
    def save(self, pk: int) -> Any:
        """Keep the draft as it is on screen; answers what is wrong with it, as JSON."""
        definition = _definition(pk)
        try:
            document = _posted()
            version = flows.save_draft(pk, document, _number("version"))
        except flows.Stale as stale:
            return jsonify({"reason": str(stale)}), 409
        except Refused as refused:
            return jsonify({"reason": str(refused.reason)}), 422
        return jsonify({"version": version, "findings": _said(definition, document)})

    @expose("/<int:pk>/check", methods=["POST"])
    @has_access
    def check(self, pk: int) -> Any:
        """Whether a condition (or with ``kind=expression`` an expression) can be used; as JSON."""
        definition, text = _definition(pk), request.form.get("text", "")[:4_000]
        described = flow_entities().get(definition.entity)
        fields = {field.name: field for field in described.fields} if described else {}
        try:
            (compile_expression if request.form.get("kind") == "expression" else compile_condition)(text, fields)
        except BadExpression as bad:
            return jsonify({"wrong": told_expression(bad, text)})
        return jsonify({"wrong": ""})

    @expose("/<int:pk>/people")
    @has_access
    def people(self, pk: int) -> Any:
        """Employees within one's scope whom a step may name: at most twenty that match ``q``."""
        _definition(pk)
        return jsonify(pick(_EMPLOYEE, request.args.get("q", "")))

    @expose("/<int:pk>/records")
    @has_access
    def records(self, pk: int) -> Any:
        """Records within one's scope to try the flow on: at most twenty that match ``q``."""
        entity = flow_entities().get(_definition(pk).entity)
        if entity is None or not require_actor().can("can_list", entity.view_name):
            return jsonify({"items": [], "more": ""})
        return jsonify(pick(Field("record", "", Kind.LINK, target=entity.slug), request.args.get("q", "")))

    @expose("/<int:pk>/trial", methods=["POST"])
    @has_access
    def trial(self, pk: int) -> Any:
        """Who would be asked on a record, and why; nothing is saved."""
        definition = _definition(pk)
        chosen = {name[7:]: _number(name) for name, text in request.form.items() if name[:7] == "branch." and text}
        words = {"finds": FINDS, "outcomes": OUTCOMES, "called": called, "branch_name": branch_name}
        try:
            tried = dry_run(definition, flows.working(definition), _number("record"), _number("applicant"), chosen)
        except Refused as refused:
            return self.render_template("approvals/trial.html", reason=str(refused.reason))
        return self.render_template("approvals/trial.html", reason="", trial=tried, instead=chosen, **words)

    @expose("/<int:pk>/rename", methods=["POST"])
    @has_access
    def rename(self, pk: int) -> Any:
        """Call it something else."""
        names = (request.form.get("name", ""), request.form.get("name_en", ""))
        return self._act(pk, lambda: flows.rename(pk, *names, _number("version")), _("The flow has a new name"))

    @expose("/<int:pk>/publish", methods=["POST"])
    @has_access
    def publish(self, pk: int) -> Any:
        """Put the draft in force for new cases."""
        note = request.form.get("note", "")
        text = _("Published: new cases follow it from now on, running ones keep theirs")
        return self._act(pk, lambda: flows.publish(pk, _number("version"), note), text)

    @expose("/<int:pk>/discard", methods=["POST"])
    @has_access
    def discard(self, pk: int) -> Any:
        """Throw the draft away."""
        return self._act(pk, lambda: flows.discard_draft(pk, _number("version")), _("The draft is thrown away"))

    @expose("/<int:pk>/activate", methods=["POST"])
    @has_access
    def activate(self, pk: int) -> Any:
        """Let new cases begin, or with ``on=`` empty no more."""
        on = request.form.get("on") == "yes"
        text = _("New cases can begin") if on else _("No new cases begin; running ones go on")
        return self._act(pk, lambda: flows.set_active(pk, on, _number("version")), text)

    @expose("/<int:pk>/delete", methods=["POST"])
    @has_access
    def delete(self, pk: int) -> Any:
        """Remove a flow nothing was published of."""
        _definition(pk)
        return self._act(pk, lambda: flows.delete(pk, _number("version")), _("The flow is deleted"), "list")

    @expose("/<int:pk>/versions")
    @has_access
    def versions(self, pk: int) -> Any:
        """What was published, when, by whom, and what changed each time."""
        definition = _definition(pk)
        found = flows.versions_of(pk)
        read = {one.number: flows.read_kept(one.document) for one in found}
        changed = {n: differences(read.get(n - 1, flows.EMPTY), read[n]) for n in read if n - 1 in read}
        return self._page(
            "approvals/flow_versions.html", definition=definition, versions=found, changed=changed, system=SYSTEM.name,
            running=running_by_version(pk),
        )  # fmt: skip

    @expose("/<int:pk>/back", methods=["POST"])
    @has_access
    def back(self, pk: int) -> Any:
        """Begin a draft from an earlier version."""
        text = _("The draft is what that version was; publish it to put it in force")
        return self._act(pk, lambda: flows.draft_from(pk, _number("number"), _number("version")), text)

    def _act(self, pk: int, act: Callable[[], Any], text: str, route: str = "edit") -> Any:
        _definition(pk)
        try:
            act()
        except Refused as refused:
            flash(str(refused.reason), "error")
            route = "edit"
        else:
            flash(text, "success")
        kept: dict[str, Any] = {"pk": pk} if route == "edit" else {}
        return redirect(url_for(f"ApprovalDefinitionView.{route}", **kept), 303)

    def _page(self, template: str, **values: Any) -> str:
        clock, actor = zone(), require_actor()
        may = {name: actor.can(name, type(self).__name__) for name in ("can_edit", "can_publish")}
        return self.render_template(template, moment=lambda at: moment_text(at, clock), may=may, **values)


def _asked_page() -> int:
    text = request.args.get("page", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 1


def _definition(pk: int) -> Definition:
    found = flows.definition_of(pk)
    if found is None:
        abort(404)
    return found


def _posted() -> Document:
    text = request.form.get("document", "")
    try:
        if len(text) > LONGEST:
            raise BadDocument("", "too_long")
        return read_document(json.loads(text))
    except BadDocument as bad:
        raise Refused(told_shape(bad)) from bad
    except (ValueError, RecursionError) as broken:
        raise Refused(told_shape(BadDocument("", "not_an_object"))) from broken


def _said(definition: Definition, document: Document) -> list[dict[str, Any]]:
    found = flows.findings(definition, document)
    return [{"path": one.path, "step": one.step, "text": told(one), "stops": one.stops} for one in found]


def _urls(pk: int) -> dict[str, str]:
    return {name: url_for(f"ApprovalDefinitionView.{name}", pk=pk) for name in ("save", "check", "people")}


def _number(name: str) -> int:
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0

"""`/approval-flows/<id>/move`: running cases of an older version are moved to the one in force, tried first."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _

from app.approvals.messages import told
from app.approvals.models import Definition
from app.approvals.rules.document import Document
from app.approvals.rules.moving import first_guess, mapped_steps
from app.approvals.services import case_path
from app.approvals.services import definitions as flows
from app.approvals.services.moving import TOLD, move_cases, preview_move, running_by_version
from app.approvals.views.designing import KINDS, called
from app.base.page import expose, has_access
from app.types import Refused


class Moving:
    """The page of a move, for the screen of flows."""

    _page: Any

    @expose("/<int:pk>/move", methods=["GET", "POST"])
    @has_access
    def move(self, pk: int) -> Any:
        """A map from the steps of version ``from`` to those in force; ``do=try`` looks, ``do=go`` moves."""
        definition = _definition(pk)
        version = _asked(pk, definition)
        try:
            old, new = flows.version_of(pk, version), flows.version_of(pk, definition.published)
        except Refused as refused:
            flash(str(refused.reason), "error")
            return redirect(url_for("ApprovalDefinitionView.versions", pk=pk), 303)
        posted = request.method == "POST"
        goals, tried, reason = _posted(old) if posted else first_guess(old, new), None, ""
        try:
            if posted and request.form.get("do") == "go":
                move_cases(pk, version, definition.published, goals)
                flash(_("The cases are being moved; what stays behind keeps its version"), "success")
                return redirect(url_for("ApprovalDefinitionView.versions", pk=pk), 303)
            if posted:
                tried = preview_move(pk, version, definition.published, goals)
        except Refused as refused:
            reason = str(refused.reason)
        names = {step.id: called(step) for step in old.walk()}
        page = self._page(
            "approvals/flow_move.html", definition=definition, version=version, goals=goals, tried=tried, reason=reason,
            steps=mapped_steps(old), choices=mapped_steps(new), called=called, kinds=KINDS, names=names, told=told,
            case_path=case_path, most=TOLD, running=running_by_version(pk).get(version, 0),
        )  # fmt: skip
        return (page, 422) if reason else page


def _definition(pk: int) -> Definition:
    found = flows.definition_of(pk)
    if found is None:
        abort(404)
    return found


def _asked(pk: int, definition: Definition) -> int:
    """The version asked for, else the oldest with running cases that is not in force; 0: there is none."""
    text = request.values.get("from", "")
    if text:
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0
    return next((number for number in running_by_version(pk) if number != definition.published), 0)


def _posted(old: Document) -> dict[str, str]:
    """The map as it was chosen; a step without a goal is left out."""
    chosen = {step.id: request.form.get(f"goal.{step.id}", "") for step in mapped_steps(old)}
    return {step: goal for step, goal in chosen.items() if goal}


__all__ = ["Moving"]

"""The screens of the organisation: the tree of units with moves, employees with their second posts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, abort, make_response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from markupsafe import Markup
from sqlalchemy import select

from app.access.actors import require_actor
from app.access.models import RoleInfo
from app.base.page import expose
from app.base.views.acts import chosen_ids, optional_url
from app.base.views.cells import language
from app.base.views.dialogs import asking, form_dialog, read_dialog
from app.base.views.entity import EntityView
from app.base.views.guard import is_htmx, needs, own_path
from app.base.views.replies import done, say_held
from app.base.views.saving import posted_values
from app.base.views.screen import Link
from app.db import session
from app.fields.records import create_record, find_record
from app.host.context import entity
from app.organisation.models import Employee, Post, Unit
from app.organisation.schemas import EMPLOYEE, LEVELS, UNIT
from app.organisation.services import branch_size, move_unit, roles_to_give
from app.organisation.services.second_posts import ask_post
from app.organisation.services.widening import refuse_widening, widenings
from app.organisation.tree import children_of, search_units
from app.types import Choice, Entity, Field, Kind, Refused

NEW_PARENT = asking(
    "move_unit",
    _l("Move"),
    (Field("parent_id", _l("New parent unit"), Kind.LINK, target="unit", required=True),),
)


class UnitView(EntityView):
    """The tree of units, and list, page and form of a unit."""

    entity = UNIT

    def list_links(self) -> Sequence[Link]:
        """The way from the flat list to the tree."""
        return (Link(_("Tree"), self.url("tree"), "hierarchy"),)

    @expose("/tree/")
    @needs("can_list")
    def tree(self) -> Response:
        """The tree with its first two levels, or what a search finds."""
        term = request.args.get("q", "").strip()[:100]
        values: dict[str, Any] = {"term": term, "levels": LEVELS}
        if term:
            values["found"] = search_units(term)
        else:
            roots = children_of(None)
            values["roots"] = roots
            values["open"] = {root.id: children_of(root.id) for root in roots[:3] if root.children}
        template = "organisation/branch.html" if is_htmx() else "organisation/tree.html"
        response = make_response(self._tree(template, **values))
        response.headers["Vary"] = "HX-Request"
        return response

    @expose("/tree/<int:pk>")
    @needs("can_list")
    def branch(self, pk: int) -> str:
        """The units right below one, as a fragment."""
        if not 0 < pk < 2**31:
            abort(404)
        return self._tree("organisation/branch.html", term="", roots=children_of(pk), open={}, levels=LEVELS)

    @expose("/move", methods=("GET", "POST"))
    @needs("can_edit")
    def move(self) -> Response:
        """Put a unit with everything below it under another one, after showing how much that is."""
        values = posted_values(request.form) if request.method == "POST" else {}
        unit: Unit | None = None
        try:
            unit = find_record(self.entity, chosen_ids()[0], write=True)
            if unit is None:
                abort(404)
            if request.method == "POST":
                parent_id = read_dialog(NEW_PARENT)["parent_id"]
                changes = self._changes(unit, parent_id)
                if changes and request.form.get("confirmed") != str(parent_id):
                    refuse_widening(unit, session.get(Unit, parent_id))
                    return self._ask_parent(unit, values, None, changes, parent_id)
                moved = move_unit(unit.id, parent_id)
                said = ngettext("%(num)d unit was moved", "%(num)d units were moved", moved)
                back = own_path(request.form.get("next"), self.home_url(unit.id))
                return done(back, said if moved else _("Nothing was changed"))
            return self._ask_parent(unit, values, None)
        except Refused as refused:
            return self._ask_parent(unit, values, refused)

    def _changes(self, unit: Unit, parent_id: int) -> list[str]:
        """Who would see more or less by the move, in sentences; nothing for a move that is refused anyway."""
        parent = session.get(Unit, parent_id)
        if parent is None or parent.id == unit.parent_id or parent.path.startswith(unit.path):
            return []
        return [text for one in widenings(unit, parent) for text in one.sentences()]

    def _ask_parent(
        self,
        unit: Unit | None,
        values: dict[str, str],
        refused: Refused | None,
        changes: Sequence[str] = (),
        confirmed: int | None = None,
    ) -> Response:
        """The dialog; with `changes` it says what the move does to who sees what, and asks once more."""
        note = ""
        if unit is not None:
            units, staff = branch_size(unit)
            note = _(
                "%(name)s moves with everything below it: %(units)s units, %(staff)s employees.",
                name=unit.name,
                units=f"{units:,}",
                staff=f"{staff:,}",
            )
        return form_dialog(
            NEW_PARENT,
            values,
            address=self.url("move"),
            heading=_("Move unit"),
            submit=_("Move all the same") if changes else _("Move"),
            pick_url=lambda name: self.url("pick", field=name),
            note=note,
            warnings=changes,
            hidden={"confirmed": str(confirmed)} if confirmed is not None else None,
            ids=[unit.id] if unit is not None else (),
            next_url=request.values.get("next", ""),
            refused=refused,
        )

    def _tree(self, template: str, **values: Any) -> str:
        may = {act: self.can(act) for act in ("add", "edit", "show")}
        employees = optional_url("EmployeeView.list")
        if not require_actor().can("can_list", "EmployeeView"):
            employees = None
        return self.render(template, view=self, may=may, employees_url=employees, here=self.url("tree"), **values)


class EmployeeView(EntityView):
    """List, page and form of employees, and their second posts."""

    entity = EMPLOYEE

    @expose("/add-post", methods=("GET", "POST"))
    @needs("can_edit")
    def add_post(self) -> Response:
        """Give an employee a second post with a role."""
        values = posted_values(request.form) if request.method == "POST" else {}
        asked = new_post()
        employee: Employee | None = None
        try:
            employee = find_record(self.entity, chosen_ids()[0], write=True)
            if employee is None:
                abort(404)
            if request.method == "POST":
                read = read_dialog(asked)
                role_id = int(read.pop("role_id"))
                raw = {"employee_id": employee.id, "role_id": role_id, **read}
                if (held := ask_post(employee, raw)) is not None:
                    say_held(held)
                    return done(own_path(request.form.get("next"), self.home_url(employee.id)))
                create_record(entity("post"), raw)
                said = _("%(name)s has a second post", name=employee.name)
                return done(own_path(request.form.get("next"), self.home_url(employee.id)), said)
            return self._ask_post(asked, employee, values, None)
        except Refused as refused:
            return self._ask_post(asked, employee, values, refused)

    def _ask_post(
        self, asked: Entity, employee: Employee | None, values: dict[str, str], refused: Refused | None
    ) -> Response:
        return form_dialog(
            asked,
            values,
            address=self.url("add_post"),
            heading=_("Second post"),
            submit=_("Add"),
            pick_url=lambda _name: self.url("pick", field="unit_id"),
            note=employee.name if employee is not None else "",
            ids=[employee.id] if employee is not None else (),
            next_url=request.values.get("next", ""),
            refused=refused,
        )


def new_post() -> Entity:
    """What the dialog of a second post asks; the roles are those the actor may give now."""
    roles = tuple(Choice(str(number), name) for number, name in roles_to_give(language() == "zh"))
    return asking(
        "new_post",
        _l("Second post"),
        (
            Field("unit_id", _l("Unit"), Kind.LINK, target="unit", required=True),
            Field("role_id", _l("Role"), Kind.CHOICE, choices=roles, required=True),
            Field("title", _l("Title"), max_length=60),
        ),
    )


def posts_tab(employee: Employee) -> Markup:
    """The second posts of an employee, with “add” and “end”."""
    actor = require_actor()
    label = RoleInfo.label_zh if language() == "zh" else RoleInfo.label_en
    rows = session.execute(
        select(Post, Unit.name, label)
        .join(Unit, Unit.id == Post.unit_id)
        .outerjoin(RoleInfo, RoleInfo.role_id == Post.role_id)
        .where(Post.employee_id == employee.id)
        .order_by(Post.id)
    ).all()
    may_add = actor.can("can_edit", "EmployeeView")
    may_end = actor.can("can_delete", "PostView")
    here = url_for("EmployeeView.tab", pk=employee.id, name="posts")
    return Markup(  # noqa: S704  (rendered by an escaping template)
        render_template(
            "organisation/posts.html",
            rows=[
                (post, unit, role, url_for("PostView.delete", pk=post.id, next=here) if may_end else None)
                for post, unit, role in rows
            ],
            add_url=url_for("EmployeeView.add_post", ids=employee.id, next=here) if may_add else None,
        )
    )

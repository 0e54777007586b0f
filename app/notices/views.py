"""The bell, the list of one's own notices, how one wants to be told, and the same by REST."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, flash, jsonify, redirect, request, url_for
from flask_babel import gettext as _

from app.base.page import PageView, expose
from app.base.rest.access import api_needs, way
from app.base.rest.resource import Resource, told
from app.base.rest.resource import expose as resource_route
from app.base.views.cells import zone
from app.base.views.formats import moment_text
from app.base.views.guard import is_htmx, mine, own_path
from app.base.views.replies import done
from app.db import transaction, writing
from app.host.context import context
from app.notices.choices import choose, matrix, site_ways, wish, wishes
from app.notices.feed import PANEL, Feed, Line, count_unread, mark_all_read, mark_read, open_notice, read_feed
from app.notices.rules import LONGEST_GROUP, counted
from app.types import Refused


class NoticeView(PageView):
    """What one is told, for everybody who is logged in; each sees their own."""

    route_base = "/notices"
    default_view = "list"

    @expose("/")
    @mine
    def list(self) -> str:
        """One's own notices in lines, newest first, filtered by kind and by whether they are read."""
        asked = _asked()
        feed = read_feed(**asked)
        kinds = {name: str(kind.label) for name, kind in sorted(context().notice_kinds.items())}
        return self.render_template("notices/list.html", feed=feed, asked=asked, kinds=kinds, moment=_moment)

    @expose("/bell")
    @mine
    def bell(self) -> str:
        """The bell with its count, fetched by every page once it is shown."""
        number = count_unread()
        return self.render_template("notices/bell.html", number=number, counted=counted(number))

    @expose("/panel")
    @mine
    def panel(self) -> str:
        """The newest notices, under the bell."""
        return self.render_template("notices/panel.html", feed=read_feed(limit=PANEL), moment=_moment)

    @expose("/open/<int:pk>")
    @mine
    def open(self, pk: int) -> Any:
        """Go where a notice of one's own leads; it counts as read from now on."""
        with writing():
            target = open_notice(pk)
        return redirect(own_path(target, url_for("NoticeView.list")))

    @expose("/read/<int:pk>", methods=["POST"])
    @mine
    def read(self, pk: int) -> Response:
        """Mark a notice of one's own and the earlier ones of its line as read."""
        mark_read(pk)
        return done(own_path(request.form.get("next"), url_for("NoticeView.list")))

    @expose("/read", methods=["POST"])
    @mine
    def read_all(self) -> Response:
        """Mark all one's own notices as read, up to the newest that was on the screen."""
        mark_all_read(_number(request.form.get("until")) or 0)
        if is_htmx():
            return Response(status=204, headers={"HX-Trigger": "notices"})
        return done(own_path(request.form.get("next"), url_for("NoticeView.list")))

    @expose("/choices", methods=["GET", "POST"])
    @mine
    def choices(self) -> Any:
        """By which ways one wants to be told of what."""
        clocks, errors = wishes(), {}
        if request.method == "POST":
            clocks = {name: request.form.get(name, "").strip()[:5] for name in clocks}
            try:
                with transaction():
                    wish(clocks)
                    choose(set(request.form.getlist("on")))
            except Refused as refused:
                errors = refused.errors
            else:
                flash(_("Your settings are saved."), "success")
                return redirect(url_for("NoticeView.choices"))
        page = self.render_template(
            "notices/choices.html", rows=matrix(), ways=site_ways(), clocks=clocks, errors=errors
        )
        return page, 422 if errors else 200


_LINE = {
    "type": "object",
    "required": ["id", "kind", "title", "text", "link", "at", "urgent", "count", "unread", "group"],
    "properties": {
        "id": {"type": "integer"},
        **{name: {"type": "string"} for name in ("kind", "title", "text", "group")},
        "link": {"type": "string", "nullable": True},
        "at": {"type": "string", "format": "date-time"},
        "urgent": {"type": "boolean"},
        "count": {"type": "integer"},
        "unread": {"type": "integer"},
    },
}
_PAGE = {
    "type": "object",
    "required": ["unread", "older", "result"],
    "properties": {
        "unread": {"type": "integer"},
        "older": {"type": "integer", "nullable": True},
        "result": {"type": "array", "items": _LINE},
    },
}
_QUERY = {
    "unread": {"type": "string", "enum": ["1"]},
    "kind": {"type": "string"},
    "group": {"type": "string", "maxLength": LONGEST_GROUP},
    "before": {"type": "integer", "minimum": 1},
}
_READ = {"type": "object", "required": ["read"], "properties": {"read": {"type": "integer"}}}
_UNTIL = {"type": "object", "required": ["until"], "properties": {"until": {"type": "integer", "minimum": 1}}}


class NoticeApi(Resource):
    """`/api/v1/notice`: one's own notices. A key of an integration has none."""

    resource_name = "notice"

    @resource_route("/", methods=["GET"])
    @api_needs()
    @told(query=_QUERY, answer=_PAGE)
    def get_list(self) -> Response:
        """A page of one's own notices in lines; ``unread=1``, ``kind``, ``group`` and ``before`` narrow it."""
        _no_key()
        feed = read_feed(**_asked())
        return jsonify(unread=count_unread(), older=feed.older, result=[_plain(line) for line in feed.lines])

    @resource_route("/<int:pk>/read", methods=["POST"])
    @api_needs()
    @told(answer=_READ, refusals=("404",))
    def read(self, pk: int) -> Response:
        """Mark a notice of one's own and the earlier ones of its line as read."""
        _no_key()
        try:
            return jsonify(read=mark_read(pk))
        except LookupError:
            abort(404)

    @resource_route("/read", methods=["POST"])
    @api_needs()
    @told(body=_UNTIL, answer=_READ, refusals=("400",))
    def read_all(self) -> Response:
        """Mark one's own notices as read, up to the id ``until``."""
        _no_key()
        body = request.get_json(silent=True)
        until = body.get("until") if isinstance(body, dict) else None
        if not isinstance(until, int) or isinstance(until, bool) or until < 1:
            abort(400)
        return jsonify(read=mark_all_read(until))


def _no_key() -> None:
    if "api_key" in way():
        abort(403)


def _plain(line: Line) -> dict[str, Any]:
    return {
        "id": line.id,
        "kind": line.kind,
        "title": line.title,
        "text": line.text,
        "link": line.url,
        "at": line.at.isoformat(),
        "urgent": line.urgent,
        "count": line.count,
        "unread": line.unread,
        "group": line.group_key,
    }


def _asked() -> dict[str, Any]:
    """What the address asks for; what is not understood asks for nothing."""
    kind = request.args.get("kind", "")
    return {
        "before": _number(request.args.get("before")),
        "unread": request.args.get("unread") == "1",
        "kind": kind if kind in context().notice_kinds else None,
        "group_key": request.args.get("group", "")[:LONGEST_GROUP] or None,
    }


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else None


def _moment(line: Line) -> str:
    return moment_text(line.at, zone())


__all__ = ["Feed", "NoticeApi", "NoticeView"]

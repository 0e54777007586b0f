"""The graph of a customer: a tab that draws it, and the JSON it is drawn from."""

from __future__ import annotations

from typing import Any

from flask import abort, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from app.api import EntityView, as_seen, current_actor, entity, expose, find_record, has_access, may_ask
from plugins.relations.rules import KINDS, Edge, Node, Walk, layout
from plugins.relations.schemas import KINDS as KIND_CHOICES
from plugins.relations.schemas import RELATION
from plugins.relations.services import names_of, neighbourhood

MAX_DEPTH = 4


class RelationsRelationView(EntityView):
    """List, page and form of relations, and the graph around a customer or contact."""

    entity = RELATION
    route_base = "/relations"

    @expose("/graph/<string:kind>/<int:pk>")
    @has_access
    def graph(self, kind: str, pk: int) -> ResponseReturnValue:
        """Nodes, links and categories around a party, as JSON. 404 outside the scope, 400 for odd filters."""
        if kind not in ("customer", "contact") or not 0 < pk < 2**63:
            abort(404)
        if find_record(entity(kind), pk) is None:
            abort(404)
        depth = request.args.get("depth", "2")
        strength = request.args.get("strength", "1")
        kinds = [one for one in request.args.getlist("kinds") if one]
        if not (depth.isdecimal() and 1 <= int(depth) <= MAX_DEPTH and strength.isdecimal() and int(strength) <= 5):
            abort(400)
        if unknown := set(kinds) - set(KINDS):
            abort(400, description=_("Unknown relation type: %(kind)s", kind=", ".join(sorted(unknown))[:60]))
        asked = {"kind": bool(kinds), "strength": strength not in ("0", "1")}
        for name, is_asked in asked.items():
            if is_asked and not may_ask(RELATION, name, current_actor()):
                abort(400)
        start: Node = (kind, pk)
        found = neighbourhood(start, depth=int(depth), kinds=kinds, min_strength=int(strength))
        return jsonify(drawing(found, start))


def drawing(found: Walk, start: Node) -> dict[str, Any]:
    """What `static/js/charts.js` draws: positions by the server, names as data, the start marked."""
    names = names_of(found.distance)
    if len(found.distance) == 1:
        return {"empty": _("No relations yet. Add one to see who is tied to this party.")}
    places = layout(found)
    order = [node for node in found.distance if node in names]
    index = {node: number for number, node in enumerate(order)}
    labels = {choice.value: str(choice.label) for choice in KIND_CHOICES}
    shown = [e for e in found.edges.values() if e.source in index and e.target in index]
    return {
        "label": _("Relations of %(name)s", name=names[start][0]),
        "categories": [{"name": _("Company")}, {"name": _("Person")}, {"name": _("Contact")}],
        "nodes": [
            {
                "id": f"{node[0]}-{node[1]}",
                "name": names[node][0],
                "x": places[node][0],
                "y": places[node][1],
                "category": _category(node, names[node][1]),
                "symbol": "roundRect" if _category(node, names[node][1]) == 0 else "circle",
                "symbolSize": 44 if node == start else 30 if node[0] == "customer" else 22,
                "more": node in found.cut,
                "graph": url_for("RelationsRelationView.graph", kind=node[0], pk=node[1]),
                "url": url_for(f"{'CustomerView' if node[0] == 'customer' else 'ContactView'}.show", pk=node[1]),
            }
            for node in order
        ],
        "links": [
            {
                "source": index[edge.source],
                "target": index[edge.target],
                "text": _edge_text(edge, labels),
                "lineStyle": {"width": edge.strength * 0.8},
            }
            for edge in shown
        ],
        "cut": bool(found.cut),
    }


def _edge_text(edge: Edge, labels: dict[str, str]) -> str:
    """What a relation is called and how large the share is, as far as the actor may read it."""
    slug = RELATION.slug
    share = as_seen(slug, "percent", edge.percent, f"{edge.percent.normalize():f}%" if edge.percent else "")
    return f"{as_seen(slug, 'kind', edge.kind, labels.get(edge.kind, edge.kind))} {share}".strip()


def _category(node: Node, what: str) -> int:
    if node[0] == "contact":
        return 2
    return 0 if what in ("corporate", "channel") else 1


def graph_tab(record: Any) -> Markup:
    """The tab 关系图谱 of a customer's page."""
    actor = current_actor()
    may_add = actor is not None and actor.can("can_add", RELATION.view_name)
    return Markup(  # noqa: S704  (rendered by an escaping template)
        render_template(
            "relations/graph.html",
            record=record,
            kinds=KIND_CHOICES,
            depths=range(1, MAX_DEPTH + 1),
            url=url_for("RelationsRelationView.graph", kind="customer", pk=record.id),
            add_url=url_for("RelationsRelationView.add", from_customer_id=record.id) if may_add else None,
        )
    )
